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
];
