/** Reactions on issues, comments and review comments: 201 when new, 200 when it was there (G3). */
import { may } from '../access.ts';
import type { Caller } from '../caller.ts';
import type { Forge } from '../forge.ts';
import { notAdmin, notByIntegration, notFound } from '../github-error.ts';
import { issueNumbered } from '../issues.ts';
import { paginate } from '../page.ts';
import { renderReaction } from '../render/issue.ts';
import { reads, repositoryRoute, writes, type Route } from '../route.ts';
import {
  find,
  nextId,
  where,
  type Account,
  type Reaction,
  type ReactionContent,
  type Repository,
} from '../state.ts';

const permissions = ['issues', 'pull_requests'];
const reacts = { role: 'read', level: 'write', permissions } as const;

interface NewReaction {
  subjectId: number;
  actor: Account;
  content: ReactionContent;
}

function react(forge: Forge, { subjectId, actor, content }: NewReaction) {
  const { state, clock } = forge;
  const present = find(
    state.reactions,
    (row) => row.subjectId === subjectId && row.accountId === actor.id && row.content === content,
  );
  if (present !== undefined) return { status: 200 as const, body: renderReaction(forge, present) };
  const id = nextId(state);
  const reaction: Reaction = { id, subjectId, accountId: actor.id, content, createdAt: clock.timestamp() };
  state.reactions.set(id, reaction);
  return { status: 201 as const, body: renderReaction(forge, reaction) };
}

const on = (forge: Forge, subjectId: number, content?: string): Reaction[] =>
  where(
    forge.state.reactions,
    (row) => row.subjectId === subjectId && (content ?? row.content) === row.content,
  );

/** One's own reaction; other people's only from write up. */
function unreact(
  forge: Forge,
  caller: Caller,
  { repository, subjectId, id }: { repository: Repository; subjectId: number; id: number },
): void {
  const reaction = forge.state.reactions.get(id);
  if (reaction === undefined || reaction.subjectId !== subjectId) throw notFound();
  const mine = reaction.accountId === caller.account?.id;
  if (!mine && !may(forge.state, caller, { repository, access: writes('write', ...permissions) }))
    throw caller.kind === 'installation' ? notByIntegration() : notAdmin();
  forge.state.reactions.delete(id);
}

const commentIn = (forge: Forge, repository: Repository, id: number): number => {
  if (forge.state.comments.get(id)?.repositoryId !== repository.id) throw notFound();
  return id;
};

const reviewCommentIn = ({ state }: Forge, repository: Repository, id: number): number => {
  const comment = state.reviewComments.get(id);
  const pull = comment === undefined ? undefined : state.pulls.get(comment.pullId);
  if (pull?.repositoryId !== repository.id) throw notFound();
  return id;
};

const onIssues: Route[] = [
  repositoryRoute('reactions/create-for-issue', reacts, ({ forge, repository, params, body, actor }) => {
    const subjectId = issueNumbered(forge, repository, params.issue_number).id;
    return react(forge, { subjectId, actor, content: body.content });
  }),
  repositoryRoute('reactions/list-for-issue', reads(...permissions), (request) => {
    const { forge, repository, params } = request;
    const subjectId = issueNumbered(forge, repository, params.issue_number).id;
    const { rows, headers } = paginate(request, on(forge, subjectId, params.content));
    return { status: 200, headers, body: rows.map((reaction) => renderReaction(forge, reaction)) };
  }),
  repositoryRoute('reactions/delete-for-issue', reacts, ({ forge, repository, params, caller }) => {
    const subjectId = issueNumbered(forge, repository, params.issue_number).id;
    unreact(forge, caller, { repository, subjectId, id: params.reaction_id });
    return { status: 204 };
  }),
];

const onComments: Route[] = [
  repositoryRoute(
    'reactions/create-for-issue-comment',
    reacts,
    ({ forge, repository, params, body, actor }) => {
      const subjectId = commentIn(forge, repository, params.comment_id);
      return react(forge, { subjectId, actor, content: body.content });
    },
  ),
  repositoryRoute('reactions/list-for-issue-comment', reads(...permissions), (request) => {
    const { forge, repository, params } = request;
    const subjectId = commentIn(forge, repository, params.comment_id);
    const { rows, headers } = paginate(request, on(forge, subjectId, params.content));
    return { status: 200, headers, body: rows.map((reaction) => renderReaction(forge, reaction)) };
  }),
  repositoryRoute('reactions/delete-for-issue-comment', reacts, ({ forge, repository, params, caller }) => {
    const subjectId = commentIn(forge, repository, params.comment_id);
    unreact(forge, caller, { repository, subjectId, id: params.reaction_id });
    return { status: 204 };
  }),
];

const onReviewComments: Route[] = [
  repositoryRoute('reactions/create-for-pull-request-review-comment', reacts, (request) => {
    const { forge, repository, params, body, actor } = request;
    const subjectId = reviewCommentIn(forge, repository, params.comment_id);
    return react(forge, { subjectId, actor, content: body.content });
  }),
  repositoryRoute('reactions/list-for-pull-request-review-comment', reads(...permissions), (request) => {
    const { forge, repository, params } = request;
    const subjectId = reviewCommentIn(forge, repository, params.comment_id);
    const { rows, headers } = paginate(request, on(forge, subjectId, params.content));
    return { status: 200, headers, body: rows.map((reaction) => renderReaction(forge, reaction)) };
  }),
  repositoryRoute(
    'reactions/delete-for-pull-request-comment',
    reacts,
    ({ forge, repository, params, caller }) => {
      const subjectId = reviewCommentIn(forge, repository, params.comment_id);
      unreact(forge, caller, { repository, subjectId, id: params.reaction_id });
      return { status: 204 };
    },
  ),
];

export const reactionRoutes: Route[] = [...onIssues, ...onComments, ...onReviewComments];
