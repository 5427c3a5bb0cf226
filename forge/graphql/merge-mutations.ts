/** Mutations that merge or prepare a merge: the queue, auto-merge, and the base brought into the head. */
import { GitHubError } from '../github-error.ts';
import type { MergeMethod } from '../git/merge.ts';
import { disableAutoMerge, enableAutoMerge } from '../merge-auto.ts';
import { enqueue, entryOf } from '../merge-entries.ts';
import { leave } from '../merge-queue.ts';
import { updateFromBase } from '../merge-update.ts';
import { repositoryOf } from '../pulls.ts';
import { actorObject } from './actor-object.ts';
import { pullOf, permitMerge } from './permits.ts';
import { entryObject, pullObject } from './pull-object.ts';
import { doerOf, refusal, type GraphqlRequest } from './request.ts';

interface Named {
  clientMutationId?: string | null;
}

const named = ({ clientMutationId }: Named) => ({ clientMutationId: clientMutationId ?? null });

interface EnqueueInput extends Named {
  pullRequestId: string;
  expectedHeadOid?: string | null;
  jump?: boolean | null;
}

/** G21, G23. */
export async function enqueuePullRequest({ input }: { input: EnqueueInput }, request: GraphqlRequest) {
  const { forge } = request;
  const pull = pullOf(request, input.pullRequestId);
  permitMerge(request, pull);
  const repository = repositoryOf(forge, pull);
  const entered = await forge.git(repository).serially(() =>
    enqueue(forge, doerOf(request), {
      pull,
      sha: input.expectedHeadOid,
      jump: input.jump ?? false,
    }),
  );
  if ('refused' in entered) throw refusal('UNPROCESSABLE', entered.refused);
  forge.queues.look(repository);
  return { ...named(input), mergeQueueEntry: () => entryObject(forge, entered.entry) };
}

/** `id` is the pull request's, not the entry's. */
export async function dequeuePullRequest(
  { input }: { input: Named & { id: string } },
  request: GraphqlRequest,
) {
  const { forge } = request;
  const pull = pullOf(request, input.id);
  permitMerge(request, pull);
  const repository = repositoryOf(forge, pull);
  const doer = doerOf(request);
  const left = await forge.git(repository).serially(async () => {
    const entry = entryOf(forge, pull);
    if (entry !== null)
      await leave(forge, { repository, baseRef: entry.baseRef }, { entry, reason: 'MANUAL', doer });
    return entry;
  });
  if (left === null) throw refusal('UNPROCESSABLE', `Failed to remove PR #${pull.number} from the queue`);
  forge.queues.look(repository);
  return { ...named(input), mergeQueueEntry: () => entryObject(forge, left) };
}

interface UpdateInput extends Named {
  pullRequestId: string;
  expectedHeadOid?: string | null;
  updateMethod?: 'MERGE' | 'REBASE' | null;
}

export async function updatePullRequestBranch({ input }: { input: UpdateInput }, request: GraphqlRequest) {
  const { forge } = request;
  const pull = pullOf(request, input.pullRequestId);
  permitMerge(request, pull);
  const method = input.updateMethod === 'REBASE' ? 'rebase' : 'merge';
  const order = { pull, expected: input.expectedHeadOid, method } as const;
  const refused = await updateFromBase(forge, doerOf(request), order).catch((error: unknown) => {
    if (error instanceof GitHubError) throw refusal('FORBIDDEN', error.message);
    throw error;
  });
  if (refused !== null) throw refusal('UNPROCESSABLE', refused);
  return { ...named(input), pullRequest: () => pullObject(forge, pull) };
}

interface AutoInput extends Named {
  pullRequestId: string;
  expectedHeadOid?: string | null;
  mergeMethod?: 'MERGE' | 'SQUASH' | 'REBASE' | null;
  commitHeadline?: string | null;
  commitBody?: string | null;
}

/** G22. */
export async function enablePullRequestAutoMerge({ input }: { input: AutoInput }, request: GraphqlRequest) {
  const { forge, actor } = request;
  const pull = pullOf(request, input.pullRequestId);
  permitMerge(request, pull);
  const refused = await enableAutoMerge(forge, doerOf(request), {
    pull,
    method: (input.mergeMethod ?? 'MERGE').toLowerCase() as MergeMethod,
    sha: input.expectedHeadOid ?? null,
    title: input.commitHeadline ?? null,
    message: input.commitBody ?? null,
  });
  if (refused !== null) throw refusal('UNPROCESSABLE', refused);
  return {
    ...named(input),
    actor: () => actorObject(forge, actor),
    pullRequest: () => pullObject(forge, pull),
  };
}

export function disablePullRequestAutoMerge(
  { input }: { input: Named & { pullRequestId: string } },
  request: GraphqlRequest,
) {
  const { forge, actor } = request;
  const pull = pullOf(request, input.pullRequestId);
  permitMerge(request, pull);
  const reason = 'Manually disabled by user';
  if (!disableAutoMerge(forge, doerOf(request), { pull, reason }))
    throw refusal('UNPROCESSABLE', "Can't disable auto-merge for this pull request.");
  return {
    ...named(input),
    actor: () => actorObject(forge, actor),
    pullRequest: () => pullObject(forge, pull),
  };
}
