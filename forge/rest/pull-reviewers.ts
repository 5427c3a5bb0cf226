/** Who is asked to review a pull request. */
import { roleOf } from '../access.ts';
import type { Forge } from '../forge.ts';
import { GitHubError } from '../github-error.ts';
import type { Pull } from '../pull-rows.ts';
import { emitPullEvent, pullNumbered } from '../pulls.ts';
import { renderUserById } from '../render/account.ts';
import { renderPull } from '../render/pull.ts';
import { reads, repositoryRoute, writes, type Route } from '../route.ts';
import { find, row, type Account } from '../state.ts';

const permission = 'pull_requests';

/** G13: the author can't review his own, and only who sees the repository as a collaborator can be asked. */
function reviewersNamed(forge: Forge, pull: Pull, logins: readonly string[]): Account[] {
  const repository = row(forge.state.repositories, pull.repositoryId);
  return logins.map((login) => {
    const account = find(forge.state.accounts, (one) => one.login.toLowerCase() === login.toLowerCase());
    if (account?.id === row(forge.state.issues, pull.id).authorId)
      throw new GitHubError(422, 'Review cannot be requested from pull request author.');
    const collaborates =
      account !== undefined &&
      account.type === 'User' &&
      (roleOf(forge.state, { ...repository, private: true }, account) ?? null) !== null;
    if (!collaborates)
      throw new GitHubError(
        422,
        'Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the repository.',
      );
    return account;
  });
}

export const reviewerRoutes: Route[] = [
  repositoryRoute('pulls/list-requested-reviewers', reads(permission), ({ forge, repository, params }) => {
    const pull = pullNumbered(forge, repository, params.pull_number);
    return {
      status: 200,
      body: { users: pull.requestedReviewerIds.map((id) => renderUserById(forge, id)), teams: [] },
    };
  }),
  repositoryRoute(
    'pulls/request-reviewers',
    writes('triage', permission),
    ({ forge, repository, params, body, actor, caller }) => {
      const pull = pullNumbered(forge, repository, params.pull_number);
      for (const account of reviewersNamed(forge, pull, body?.reviewers ?? [])) {
        if (pull.requestedReviewerIds.includes(account.id)) continue;
        pull.requestedReviewerIds.push(account.id);
        const extra = { requested_reviewer: renderUserById(forge, account.id) };
        emitPullEvent(forge, { actor, caller }, { pull, action: 'review_requested', extra });
      }
      return { status: 201, body: renderPull(forge, pull) };
    },
  ),
  repositoryRoute(
    'pulls/remove-requested-reviewers',
    writes('triage', permission),
    ({ forge, repository, params, body, actor, caller }) => {
      const pull = pullNumbered(forge, repository, params.pull_number);
      const gone = new Set(body.reviewers.map((login) => login.toLowerCase()));
      for (const id of pull.requestedReviewerIds) {
        if (!gone.has(row(forge.state.accounts, id).login.toLowerCase())) continue;
        pull.requestedReviewerIds = pull.requestedReviewerIds.filter((one) => one !== id);
        const extra = { requested_reviewer: renderUserById(forge, id) };
        emitPullEvent(forge, { actor, caller }, { pull, action: 'review_request_removed', extra });
      }
      return { status: 200, body: renderPull(forge, pull) };
    },
  ),
];
