/** Git over smart HTTP at `/{owner}/{repo}.git`: tokens and roles here, git itself in git/http.ts. */
import { authorize, may } from './access.ts';
import { refusalsOf } from './branch-rules.ts';
import { maintainedHeads } from './forks.ts';
import type { Forge } from './forge.ts';
import { askForCredentials, basicAuthToken, gitService, handleGitHttp } from './git/http.ts';
import { GitHubError } from './github-error.ts';
import { repositoryFormerly, repositoryNamed } from './rest.ts';
import { reads, writes } from './route.ts';
import { callerOf } from './tokens.ts';

/** @returns null when the request is not git's */
export function createGitDoor(forge: Forge): (request: Request) => Promise<Response | null> {
  return async (request) => {
    const { pathname } = new URL(request.url);
    const [, owner, name] =
      /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(?:info\/refs|git-upload-pack|git-receive-pack)$/.exec(pathname) ?? [];
    const service = gitService(request);
    if (owner === undefined || name === undefined || service === null) return null;
    try {
      const token = basicAuthToken(request);
      const caller = await callerOf(forge, token);
      const named = [decodeURIComponent(owner), decodeURIComponent(name)] as const;
      const repository = repositoryNamed(forge.state, ...named) ?? repositoryFormerly(forge.state, ...named);
      if (repository === null)
        return token === null
          ? askForCredentials()
          : new Response('Repository not found.\n', { status: 404 });
      const isWriter = may(forge.state, caller, { repository, access: writes('write', 'contents') });
      const heads = isWriter ? [] : maintainedHeads(forge, caller, repository);
      const canWrite = isWriter || heads.length > 0;
      if (service === 'read') authorize(forge.state, caller, { repository, access: reads('contents') });
      else if (!canWrite)
        throw caller.kind === 'anonymous' ? new GitHubError(401, '') : new GitHubError(403, '');
      forge.calls.record(service === 'write' ? 'git/push' : 'git/fetch');
      return await handleGitHttp(forge.git(repository), request, {
        user: caller.account?.login ?? null,
        canWrite,
        refuse: (change) =>
          isWriter || heads.includes(change.ref)
            ? refusalsOf(forge, caller, { repository, change })
            : [{ when: 'always', reason: 'Only heads of pull requests may be pushed here.' }],
        onPush: async (refs) => {
          await forge.pushes.tell({ repository, caller, refs });
          await forge.save();
        },
      });
    } catch (error) {
      if (!(error instanceof GitHubError)) throw error;
      // git asks for a password only after a 401; what is private is a question too, until somebody says who he is.
      if (error.status === 401 || (error.status === 404 && basicAuthToken(request) === null))
        return askForCredentials();
      const words =
        error.status === 403 ? `Permission to ${owner}/${name}.git denied.\n` : 'Repository not found.\n';
      return new Response(words, { status: error.status });
    }
  };
}
