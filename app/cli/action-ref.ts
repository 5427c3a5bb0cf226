/** Which commit of which action a workflow uses: always pinned, by default the copy of Entourage that runs here. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Octokit } from '@octokit/core';
import { ActionRef } from '../domain/workflow.ts';
import { GitHubRefusal, UsageError } from './failure.ts';
import { orMissing, type RepositoryName, type Site } from './site.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
/** Where the action lies in Entourage’s own repository. */
const folder = 'action';

/** `OWNER/REPO[/PATH]@REF` with the full commit id that REF means now. Throws `UsageError` when it can’t be told. */
export async function resolveAction(wanted: string, octokit: Octokit): Promise<string> {
  const [place = '', ref = '', ...more] = wanted.split('@');
  if (more.length > 0 || ref === '' || !ActionRef.safeParse(`${place}@${'0'.repeat(40)}`).success)
    throw new UsageError(`--action: expected owner/repository/${folder}@REF, got ${wanted}.`);
  if (/^[0-9a-f]{40}$/.test(ref)) return wanted;
  const [owner = '', repo = ''] = place.split('/');
  const help = `Give the full commit id: --action ${place}@<40 hex digits>.`;
  try {
    const commit = await orMissing(
      `${owner}/${repo} does not show ${ref}`,
      octokit.request('GET /repos/{owner}/{repo}/commits/{ref}', { owner, repo, ref }),
    );
    if (commit !== null) return `${place}@${commit.data.sha}`;
  } catch (error) {
    if (!(error instanceof GitHubRefusal)) throw error;
    throw new UsageError(`--action: ${error.message}\n${help}`);
  }
  throw new UsageError(`--action: ${owner}/${repo} has no ${ref}, or the token does not see it.\n${help}`);
}

/** This copy’s own repository and commit. Throws `UsageError` when jobs could not get the action from there. */
export async function ownAction(site: Site, directory = root): Promise<string> {
  const { host } = new URL(site.web);
  const give = `Give --action owner/repository/${folder}@REF: a copy of Entourage on ${host} that your repositories may use.`;
  const origin = await git(directory, ['remote', 'get-url', 'origin']);
  const head = await git(directory, ['rev-parse', 'HEAD']);
  const from = origin === null ? null : repositoryOf(origin, site);
  if (from === null || head === null)
    throw new UsageError(`Which action? This copy of Entourage was not cloned from ${host}.\n${give}`);
  if ((await git(directory, ['branch', '--remotes', '--contains', head])) === '')
    throw new UsageError(
      `Which action? This copy’s commit ${head.slice(0, 12)} is not on ${host} yet. Push it, or:\n${give}`,
    );
  if ((await git(directory, ['cat-file', '-e', `${head}:${folder}/dist/main.js`])) === null)
    throw new UsageError(
      `Which action? This copy’s commit ${head.slice(0, 12)} holds no bundle of it: run npm run build, commit ${folder}/dist and push, or:\n${give}`,
    );
  return `${from.owner}/${from.repo}/${folder}@${head}`;
}

/** The repository behind a remote’s address (https, ssh or scp-like), when it is on that site. */
export function repositoryOf(remote: string, site: Site): RepositoryName | null {
  const scp = /^(?:[^@/\s]+@)?([^:/\s]+):(?!\/)(.+)$/.exec(remote);
  const address = scp === null ? remote : `ssh://${scp[1] ?? ''}/${scp[2] ?? ''}`;
  if (!URL.canParse(address)) return null;
  const { protocol, host, hostname, pathname } = new URL(address);
  const ours = new URL(site.web);
  // By ssh the port is another one than the site’s.
  const same = protocol === 'ssh:' ? hostname === ours.hostname : host === ours.host;
  const found = /^\/([\w-]+)\/([\w.-]+?)(?:\.git)?\/?$/.exec(pathname);
  return same && found !== null ? { owner: found[1] ?? '', repo: found[2] ?? '' } : null;
}

/** One line of git’s answer, null where it has none. */
export async function git(directory: string, args: readonly string[]): Promise<string | null> {
  try {
    return (await run('git', ['-C', directory, ...args], { timeout: 10_000 })).stdout.trim();
  } catch (error) {
    // git’s own refusals are numbers; anything else is a machine without git.
    if (typeof (error as { code?: unknown }).code === 'number') return null;
    throw error;
  }
}
