/** Every route of the forge, by room. A new file of routes is added here. */
import { appRoutes } from './rest/app.ts';
import { branchRoutes } from './rest/branches.ts';
import { collaboratorRoutes } from './rest/collaborators.ts';
import { commentRoutes } from './rest/comments.ts';
import { contentRoutes } from './rest/contents.ts';
import { deliveryRoutes } from './rest/deliveries.ts';
import { issueRoutes } from './rest/issues.ts';
import { labelRoutes } from './rest/labels.ts';
import { metaRoutes } from './rest/meta.ts';
import { reactionRoutes } from './rest/reactions.ts';
import { repositoryRoutes } from './rest/repositories.ts';
import { checkRoutes } from './rest/checks.ts';
import { gitDataRoutes } from './rest/git-data.ts';
import { historyRoutes } from './rest/git-data-history.ts';
import { mergeRoutes } from './rest/merges.ts';
import { pullRoutes } from './rest/pulls.ts';
import { reviewerRoutes } from './rest/pull-reviewers.ts';
import { reviewCommentRoutes } from './rest/review-comments.ts';
import { reviewRoutes } from './rest/reviews.ts';
import type { Route } from './route.ts';

export const routes: Route[] = [
  ...appRoutes,
  ...branchRoutes,
  ...collaboratorRoutes,
  ...commentRoutes,
  ...contentRoutes,
  ...deliveryRoutes,
  ...issueRoutes,
  ...labelRoutes,
  ...metaRoutes,
  ...reactionRoutes,
  ...repositoryRoutes,
  ...checkRoutes,
  ...gitDataRoutes,
  ...historyRoutes,
  ...mergeRoutes,
  ...pullRoutes,
  ...reviewerRoutes,
  ...reviewCommentRoutes,
  ...reviewRoutes,
];
