/** The top-level fields that the forge resolves. */
import { idOfNode } from '../ids.ts';
import { convertToDraft, isOpen, markReady } from '../pulls.ts';
import { repositoryNamed } from '../rest.ts';
import { reads } from '../route.ts';
import { find, row, type Repository } from '../state.ts';
import { resolveThread } from '../review-threads.ts';
import { actorObject } from './actor-object.ts';
import { pullObject, queueObject, threadObject } from './pull-object.ts';
import {
  dequeuePullRequest,
  disablePullRequestAutoMerge,
  enablePullRequestAutoMerge,
  enqueuePullRequest,
  updatePullRequestBranch,
} from './merge-mutations.ts';
import { plainRepositoryObject } from './repository-object.ts';
import { permitChange, pullOf, threadOf } from './permits.ts';
import { doerOf, permit, refusal, unresolvable, type GraphqlRequest } from './request.ts';

type Resolver = (input: never, request: GraphqlRequest) => unknown;

function repositoryObject(request: GraphqlRequest, repository: Repository): Record<string, unknown> {
  const { forge } = request;
  return {
    ...plainRepositoryObject(forge, repository),
    // The report reads an object's type beside its fields.
    __typename: 'Repository',
    mergeQueue: ({ branch }: { branch?: string | null }) => {
      permit(request, repository, reads('pull_requests', 'merge_queues'));
      return queueObject(forge, { repository, baseRef: branch ?? repository.defaultBranch });
    },
    pullRequest: ({ number }: { number: number }) => {
      permit(request, repository, reads('pull_requests'));
      const pull = find(
        forge.state.pulls,
        (row) => row.repositoryId === repository.id && row.number === number,
      );
      if (pull === undefined)
        throw refusal('NOT_FOUND', `Could not resolve to a PullRequest with the number of ${number}.`);
      return pullObject(forge, pull);
    },
  };
}

function setDraft(draft: boolean) {
  return (
    { input }: { input: { pullRequestId: string; clientMutationId?: string } },
    request: GraphqlRequest,
  ) => {
    const { forge } = request;
    const pull = pullOf(request, input.pullRequestId);
    permitChange(request, pull);
    if (!isOpen(forge, pull)) throw refusal('UNPROCESSABLE', 'The pull request is closed');
    (draft ? convertToDraft : markReady)(forge, doerOf(request), pull);
    return { clientMutationId: input.clientMutationId ?? null, pullRequest: () => pullObject(forge, pull) };
  };
}

function resolve(resolved: boolean) {
  return ({ input }: { input: { threadId: string; clientMutationId?: string } }, request: GraphqlRequest) => {
    const { forge } = request;
    const thread = threadOf(request, input.threadId);
    permitChange(request, row(forge.state.pulls, thread.pullId));
    resolveThread(forge, doerOf(request), { thread, resolved });
    return { clientMutationId: input.clientMutationId ?? null, thread: () => threadObject(forge, thread) };
  };
}

export const queries: Record<string, Resolver> = {
  viewer: (_: unknown, { forge, actor }) => ({
    ...actorObject(forge, actor),
    __typename: 'User',
    login: actor.login,
  }),
  repository: ({ owner, name }: { owner: string; name: string }, request: GraphqlRequest) => {
    const repository = repositoryNamed(request.forge.state, owner, name);
    const missing = refusal(
      'NOT_FOUND',
      `Could not resolve to a Repository with the name '${owner}/${name}'.`,
    );
    if (repository === null) throw missing;
    permit(request, repository, reads('metadata'));
    return repositoryObject(request, repository);
  },
  node: ({ id }: { id: string }, request: GraphqlRequest) => {
    const pull = request.forge.state.pulls.get(idOfNode('PullRequest', id) ?? 0);
    if (pull === undefined) throw unresolvable(id);
    permit(request, row(request.forge.state.repositories, pull.repositoryId), reads('pull_requests'));
    return pullObject(request.forge, pull);
  },
};

export const mutations: Record<string, Resolver> = {
  markPullRequestReadyForReview: setDraft(false),
  convertPullRequestToDraft: setDraft(true),
  resolveReviewThread: resolve(true),
  unresolveReviewThread: resolve(false),
  enqueuePullRequest,
  dequeuePullRequest,
  updatePullRequestBranch,
  enablePullRequestAutoMerge,
  disablePullRequestAutoMerge,
};
