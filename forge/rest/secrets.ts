/** Secrets of a repository's workflows: their names, which is all that GitHub ever tells. */
import { paginate } from '../page.ts';
import { repositoryRoute, type Route } from '../route.ts';
import { actionsOf } from '../workflow-settings.ts';

export const secretRoutes: Route[] = [
  repositoryRoute(
    'actions/list-repo-secrets',
    // People need write: whoever only reads a repository does not see what it hides.
    { role: 'write', level: 'read', permissions: ['secrets'] },
    (request) => {
      const { forge, repository } = request;
      const all = Object.keys(actionsOf(forge.state, repository).secrets).toSorted();
      const { rows, headers } = paginate(request, all);
      const { createdAt: created_at } = repository;
      const secrets = rows.map((name) => ({ name, created_at, updated_at: created_at }));
      const body = { total_count: all.length, secrets };
      return { status: 200, headers, body };
    },
  ),
];
