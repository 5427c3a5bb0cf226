/** Every route of the forge, by room. A new file of routes is added here. */
import { actionRoutes } from './rest/actions.ts';
import { appRoutes } from './rest/app.ts';
import { branchRoutes } from './rest/branches.ts';
import { checkRoutes } from './rest/checks.ts';
import { collaboratorRoutes } from './rest/collaborators.ts';
import { commentRoutes } from './rest/comments.ts';
import { contentRoutes } from './rest/contents.ts';
import { deliveryRoutes } from './rest/deliveries.ts';
import { historyRoutes } from './rest/git-data-history.ts';
import { forkRoutes } from './rest/forks.ts';
import { dispatchRoutes } from './rest/dispatches.ts';
import { gitDataRoutes } from './rest/git-data.ts';
import { issueRoutes } from './rest/issues.ts';
import { labelRoutes } from './rest/labels.ts';
import { mergeRoutes } from './rest/merges.ts';
import { metaRoutes } from './rest/meta.ts';
import { reviewerRoutes } from './rest/pull-reviewers.ts';
import { pullRoutes } from './rest/pulls.ts';
import { reactionRoutes } from './rest/reactions.ts';
import { repositoryRoutes } from './rest/repositories.ts';
import { repositoryChangeRoutes } from './rest/repository-changes.ts';
import { reviewCommentRoutes } from './rest/review-comments.ts';
import { reviewRoutes } from './rest/reviews.ts';
import { workflowRoutes } from './rest/workflows.ts';
import { rulesetRoutes } from './rest/rulesets.ts';
import { secretRoutes } from './rest/secrets.ts';
import { statusRoutes } from './rest/statuses.ts';
import { subIssueRoutes } from './rest/sub-issues.ts';
import type { Route } from './route.ts';

export const routes: Route[] = [
  ...actionRoutes,
  ...appRoutes,
  ...branchRoutes,
  ...checkRoutes,
  ...collaboratorRoutes,
  ...commentRoutes,
  ...contentRoutes,
  ...deliveryRoutes,
  ...forkRoutes,
  ...dispatchRoutes,
  ...gitDataRoutes,
  ...historyRoutes,
  ...issueRoutes,
  ...labelRoutes,
  ...mergeRoutes,
  ...metaRoutes,
  ...pullRoutes,
  ...reactionRoutes,
  ...repositoryRoutes,
  ...repositoryChangeRoutes,
  ...reviewCommentRoutes,
  ...reviewRoutes,
  ...reviewerRoutes,
  ...rulesetRoutes,
  ...secretRoutes,
  ...statusRoutes,
  ...subIssueRoutes,
  ...workflowRoutes,
];
