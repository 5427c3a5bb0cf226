/** For tests of pull requests: branches with commits, pull requests, and every webhook that goes with them. */
import type { Seed, SeedRepository } from './seed.ts';
import type { ForgeOptions } from './server.ts';
import { acmeSeed, openBed, type Bed } from './test-bed.ts';

export const shop = { owner: 'acme', repo: 'shop' };

const events = [
  ...acmeSeed.app.events,
  'check_suite',
  'create',
  'delete',
  'fork',
  'issue_dependencies',
  'sub_issues',
  'merge_group',
  'status',
  'workflow_dispatch',
  'workflow_job',
];

export type PullBed = Bed & {
  /** Commits files on a branch through the API as the App (on main as ana); the branch is made from main. Gives the new sha. */
  commit(branch: string, files: Record<string, string>, message?: string): Promise<string>;
  /** A pull request of that branch into main. */
  pull(branch: string, options?: { as?: string; draft?: boolean; base?: string }): Promise<number>;
};

/** What makes commits and pull requests, as whoever the Octokits stand for. */
export function pullTools(octokits: Pick<Bed, 'as' | 'installation'>): Pick<PullBed, 'commit' | 'pull'> {
  const commit: PullBed['commit'] = async (branch, files, message = 'Change') => {
    // A ruleset lets admins alone move main.
    const octokit = branch === 'main' ? octokits.as('ana') : octokits.installation;
    const refs = await octokit.request('GET /repos/{owner}/{repo}/git/matching-refs/{ref}', {
      ...shop,
      ref: `heads/${branch}`,
    });
    const present = refs.data.find((one) => one.ref === `refs/heads/${branch}`);
    const main = await octokit.request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
      ...shop,
      ref: 'heads/main',
    });
    const parent = present?.object.sha ?? main.data.object.sha;
    const { data: base } = await octokit.request('GET /repos/{owner}/{repo}/git/commits/{commit_sha}', {
      ...shop,
      commit_sha: parent,
    });
    const entries = Object.entries(files).map(([path, content]) => ({
      path,
      content,
      mode: '100644' as const,
      type: 'blob' as const,
    }));
    const { data: tree } = await octokit.request('POST /repos/{owner}/{repo}/git/trees', {
      ...shop,
      base_tree: base.tree.sha,
      tree: entries,
    });
    const { data: made } = await octokit.request('POST /repos/{owner}/{repo}/git/commits', {
      ...shop,
      message,
      tree: tree.sha,
      parents: [parent],
    });
    if (present === undefined)
      await octokit.request('POST /repos/{owner}/{repo}/git/refs', {
        ...shop,
        ref: `refs/heads/${branch}`,
        sha: made.sha,
      });
    else
      await octokit.request('PATCH /repos/{owner}/{repo}/git/refs/{ref}', {
        ...shop,
        ref: `heads/${branch}`,
        sha: made.sha,
      });
    return made.sha;
  };

  const pull: PullBed['pull'] = async (branch, { as, draft = false, base = 'main' } = {}) => {
    const octokit = as === undefined ? octokits.installation : octokits.as(as);
    const { data } = await octokit.request('POST /repos/{owner}/{repo}/pulls', {
      ...shop,
      title: `Work on ${branch}`,
      head: branch,
      base,
      draft,
      body: 'Part of #7',
    });
    return data.number;
  };
  return { commit, pull };
}

/** A forge whose `shop` has this seed on top of the usual one. */
export async function openPullBed(
  change: Partial<SeedRepository> = {},
  options: Partial<ForgeOptions> = {},
): Promise<PullBed> {
  const bed = await openBed({ seed: pullSeed(change), ...options });
  return Object.assign(bed, pullTools(bed));
}

/** The usual seed with another `shop`, and an App that hears of everything. */
export function pullSeed(change: Partial<SeedRepository> = {}): Seed {
  const repositories = acmeSeed.repositories.map((one) =>
    one.name === 'shop' ? { ...one, ...change } : one,
  );
  return { ...acmeSeed, app: { ...acmeSeed.app, events }, repositories };
}
