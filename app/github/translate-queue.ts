/** Webhooks of the merge queue and of commit statuses → what they mean here (G24, G27). */
import type { z } from 'zod';
import { fact, ignore, isUs, place, type Translated, type Us } from './translated.ts';
import type { MergeGroup, PullRequest, PullRequestDequeued, Status } from './webhook-payload.ts';

export const enqueued = ({ repository, pull_request: pull }: z.output<typeof PullRequest>): Translated[] => [
  fact('record_queued', { repository: repository.id, pull: pull.number }),
];

/**
 * Why is GitHub's word; what follows from it is looked at where the queue can be read (G24). When it was us, somebody
 * may have approved again since: that is a merge of its own.
 */
export function dequeued(
  { pull_request: pull, repository, reason, sender }: z.output<typeof PullRequestDequeued>,
  us: Us,
): Translated[] {
  if (reason === 'MANUAL' && isUs(sender, us)) return ignore('we took it out of the merge queue');
  return [fact('record_dequeued', { repository: repository.id, pull: pull.number, reason })];
}

export function grouped({ repository, merge_group: group }: z.output<typeof MergeGroup>): Translated[] {
  return [
    {
      kind: 'merge_group',
      repository: place(repository),
      head: group.head_sha,
      ref: group.head_ref,
      base: bareRef(group.base_ref),
    },
  ];
}

const bareRef = (ref: string): string => ref.replace(/^refs\/heads\//, '');

export const ungrouped = ({ repository, merge_group: group }: z.output<typeof MergeGroup>): Translated[] => [
  { kind: 'merge_group_gone', repository: place(repository), base: bareRef(group.base_ref) },
];

/** A commit status is how older CI reports; ours are check runs. */
export const reported = ({ repository, sha }: z.output<typeof Status>): Translated[] => [
  { kind: 'read_checks', repository: place(repository), head: sha },
];
