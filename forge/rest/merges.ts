/** Merging pull requests and branches. */
import type { components } from '@octokit/openapi-types';
import { github, personOf } from '../author.ts';
import { pushRefusal } from '../branch-rules.ts';
import { mergeCommits } from '../git/merge.ts';
import { entryOf } from '../merge-entries.ts';
import { GitHubError, notFound } from '../github-error.ts';
import { mergePull, mergeRequestOf, type MergeOrder, pendingMergeRequest, requestMerge } from '../merges.ts';
import { updateFromBase } from '../merge-update.ts';
import type { MergeRequest, Pull } from '../pull-rows.ts';
import { isOpen, pullNumbered } from '../pulls.ts';
import { moveRefNow } from '../ref-moves.ts';
import { renderCommit } from '../render/commit.ts';
import { pullUrls } from '../render/pull.ts';
import { reads, repositoryRoute, writes, type RepositoryRequest, type Route } from '../route.ts';

type MergeBody = {
  sha?: string;
  merge_method?: 'merge' | 'squash' | 'rebase';
  commit_title?: string;
  commit_message?: string;
};

const orderOf = (pull: Pull, body: MergeBody | null | undefined): MergeOrder => ({
  pull,
  method: body?.merge_method ?? 'merge',
  sha: body?.sha,
  title: body?.commit_title,
  message: body?.commit_message,
});

type AsyncResult = components['schemas']['pull-request-merge-async-result'];

/** What stands in the row, which merges.ts alone writes; a queue that merged it in the meantime shows, too. */
function resultOf(request: MergeRequest, pull: Pull): AsyncResult {
  if (request.result['status'] === 'enqueued' && pull.mergedAt !== null) return mergedResult(pull);
  return request.result as AsyncResult;
}

const mergedResult = ({ mergeCommitSha }: Pull, message = 'Pull request was merged.'): AsyncResult => ({
  status: 'merged',
  details: { message, sha: mergeCommitSha ?? '' },
});

const direct = repositoryRoute(
  'pulls/merge',
  writes('write', 'contents'),
  async ({ forge, repository, params, body, actor, caller }) => {
    const pull = pullNumbered(forge, repository, params.pull_number);
    const done = await mergePull(forge, { actor, caller }, orderOf(pull, body));
    if (done.outcome === 'moved') throw new GitHubError(409, done.message);
    if (done.outcome === 'refused') throw new GitHubError(405, done.message);
    return {
      status: 200,
      body: { sha: done.sha, merged: true, message: 'Pull Request successfully merged' },
    };
  },
);

/** Answers 400 and 409 in the shape of a result too (G20), which `repositoryRoute` leaves to thrown refusals. */
const asynchronous: Route = {
  id: 'pulls/merge-async',
  access: writes('write', 'contents'),
  handle: (request) => answerAsync(request as RepositoryRequest<'pulls/merge-async'>),
};

function answerAsync(request: RepositoryRequest<'pulls/merge-async'>): { status: number; body: AsyncResult } {
  const { forge, repository, params, body, actor, caller } = request;
  const pull = pullNumbered(forge, repository, params.pull_number);
  if (pull.mergedAt !== null)
    return { status: 200, body: mergedResult(pull, 'Pull request is already merged.') };
  if (entryOf(forge, pull) !== null) {
    const details = { message: 'Pull request is already in the merge queue.' };
    return { status: 200, body: { status: 'enqueued', details } };
  }
  const failed = (message: string): AsyncResult => ({ status: 'failed', details: { message } });
  if (!isOpen(forge, pull)) return { status: 400, body: failed('Pull request is closed.') };
  if (pull.draft) return { status: 400, body: failed('Pull request is still a draft.') };
  const action = body?.merge_action ?? 'default';
  const pending = pendingMergeRequest(forge, pull);
  if (pending !== null)
    return { status: 409, body: saying(pending, 'A merge request already exists for this pull request.') };
  const started = requestMerge(forge, { actor, caller }, { ...orderOf(pull, body), action });
  return { status: 202, body: saying(started, 'Merge request enqueued.') };
}

/** A pending request in other words. */
function saying({ result }: MergeRequest, message: string): AsyncResult {
  const { details, status } = result as AsyncResult;
  return { status, details: { ...details, message } };
}

const branches = repositoryRoute(
  'repos/merge',
  writes('write', 'contents'),
  async ({ forge, repository, body, actor, caller }) => {
    const git = forge.git(repository);
    return git.serially(async () => {
      const ref = `refs/heads/${body.base}`;
      const forbidden = await pushRefusal(forge, caller, { repository, ref });
      if (forbidden !== null)
        throw new GitHubError(409, `Repository rule violations found\n\n${forbidden}\n`);
      const base = await git.resolve(ref);
      const head = await git.resolve(body.head);
      if (base === null || head === null)
        throw new GitHubError(404, base === null ? 'Base does not exist' : 'Head does not exist');
      if (await git.isAncestor(head, base)) return { status: 204 };
      const merged = await mergeCommits(git.git, {
        method: 'merge',
        base,
        head,
        message: body.commit_message ?? `Merge ${body.head} into ${body.base}`,
        author: { ...personOf(actor), date: forge.clock.timestamp() },
        committer: { ...github, date: forge.clock.timestamp() },
      });
      if (!('sha' in merged)) throw new GitHubError(409, 'Merge conflict');
      await moveRefNow(forge, { repository, caller, ref, sha: merged.sha, mode: 'update', before: base });
      const commit = await git.readCommit(merged.sha);
      if (commit === null) throw new Error(`git lost the commit ${merged.sha} it just made`);
      return { status: 201, body: renderCommit(forge, repository, commit) };
    });
  },
);

const updateBranch = repositoryRoute(
  'pulls/update-branch',
  writes('write', 'pull_requests'),
  async ({ forge, repository, params, body, actor, caller }) => {
    const pull = pullNumbered(forge, repository, params.pull_number);
    const doer = { actor, caller };
    const expected = body?.expected_head_sha;
    const refused = await updateFromBase(forge, doer, { pull, expected, method: 'merge' });
    if (refused !== null) throw new GitHubError(422, refused);
    return {
      status: 202,
      body: { message: 'Updating pull request branch.', url: pullUrls(forge, pull).page },
    };
  },
);

export const mergeRoutes: Route[] = [
  direct,
  asynchronous,
  repositoryRoute(
    'pulls/get-merge-async-result',
    reads('contents', 'pull_requests'),
    ({ forge, repository, params }) => {
      const pull = pullNumbered(forge, repository, params.pull_number);
      const request = mergeRequestOf(forge, pull, params.uuid);
      if (request === null) throw notFound();
      return { status: 200, body: resultOf(request, pull) };
    },
  ),
  branches,
  updateBranch,
];
