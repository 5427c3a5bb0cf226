/** `repository_dispatch` (G31): an event of somebody's own making, for workflows on the default branch. */
import { notFound, GitHubError } from '../github-error.ts';
import { repositoryRoute, writes, type Route } from '../route.ts';

/** The description says 100 characters and 10 top-level keys; the size is GitHub's documentation's. */
const mostBytes = 64 * 1024;

export const dispatchRoutes: Route[] = [
  repositoryRoute('repos/create-dispatch-event', writes('write', 'contents'), async (request) => {
    const { forge, repository, body, actor, caller } = request;
    const { event_type: action, client_payload = {} } = body;
    if (Buffer.byteLength(JSON.stringify(client_payload)) > mostBytes)
      throw new GitHubError(422, 'client_payload is too large.');
    const branch = repository.defaultBranch;
    if ((await forge.git(repository).resolve(`refs/heads/${branch}`)) === null) throw notFound();
    forge.webhooks.emit({
      event: 'repository_dispatch',
      action,
      payload: { branch, client_payload },
      sender: actor,
      repository,
      caller,
    });
    return { status: 204 };
  }),
];
