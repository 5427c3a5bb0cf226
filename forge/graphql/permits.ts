/** Nodes by their id, and who may change them. */
import { idOfNode } from '../ids.ts';
import type { Pull, ReviewThread } from '../pull-rows.ts';
import { writes } from '../route.ts';
import { row } from '../state.ts';
import { permit, unresolvable, type GraphqlRequest } from './request.ts';

export function pullOf({ forge }: GraphqlRequest, node: string): Pull {
  const pull = forge.state.pulls.get(idOfNode('PullRequest', node) ?? 0);
  if (pull === undefined) throw unresolvable(node);
  return pull;
}

export function threadOf({ forge }: GraphqlRequest, node: string): ReviewThread {
  const thread = forge.state.reviewThreads.get(idOfNode('PullRequestReviewThread', node) ?? 0);
  if (thread === undefined) throw unresolvable(node);
  return thread;
}

/** People: the author, or write; installations: pull_requests and, as is reported, contents (G12). */
export function permitChange(request: GraphqlRequest, pull: Pull): void {
  const { forge, actor } = request;
  const repository = row(forge.state.repositories, pull.repositoryId);
  const isAuthor = row(forge.state.issues, pull.id).authorId === actor.id;
  const role = isAuthor ? 'read' : 'write';
  permit(request, repository, writes(role, 'pull_requests'));
  permit(request, repository, writes(role, 'contents'));
}

/** People with write; installations with pull_requests and contents. */
export function permitMerge(request: GraphqlRequest, pull: Pull): void {
  const repository = row(request.forge.state.repositories, pull.repositoryId);
  permit(request, repository, writes('write', 'pull_requests'));
  permit(request, repository, writes('write', 'contents'));
}
