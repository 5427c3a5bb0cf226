/** `entourage init` on GitHub: one branch, one pull request; run again, it goes on where it was. */
import type { Octokit } from '@octokit/core';
import { workflowPath } from '../domain/workflow.ts';
import { policyPath, type FileStep, type Present } from './init-files.ts';
import { GitHubRefusal, UsageError } from './failure.ts';
import { orMissing, orRefused, readFile, type RepositoryName } from './site.ts';

/** Not below policy’s prefix for tasks. */
const initBranch = 'entourage-init';
const subject = 'Set up Entourage';

export type PullPlace = {
  octokit: Octokit;
  at: RepositoryName;
  base: string;
  /** The commit that base is on. */
  baseHead: string;
  /** Our branch’s commit, if there is one. */
  head: string | null;
  open: { number: number; url: string } | null;
};

/** Where a pull request would go. Throws `UsageError` for a repository that can’t take one, `GitHubRefusal` for others. */
export async function openPlace(octokit: Octokit, at: RepositoryName): Promise<PullPlace> {
  const name = `${at.owner}/${at.repo}`;
  const repository = await orMissing(
    `GitHub does not show ${name}`,
    octokit.request('GET /repos/{owner}/{repo}', at),
  );
  if (repository === null)
    throw new UsageError(`There is no repository ${name}, or the token does not see it.`);
  const { default_branch: base, permissions, archived } = repository.data;
  if (archived) throw new UsageError(`${name} is archived: nothing can be written to it.`);
  if (permissions?.push === false)
    throw new UsageError(`The token may not write to ${name}. Use one that may, or --local in a checkout.`);
  const baseHead = await headOf({ octokit, at }, base);
  if (baseHead === null)
    throw new UsageError(`${name} is empty. Give it a first commit, then run init again.`);
  const head = await headOf({ octokit, at }, initBranch);
  const { data: pulls } = await orRefused(
    `GitHub does not list pull requests of ${name}`,
    octokit.request('GET /repos/{owner}/{repo}/pulls', {
      ...at,
      base,
      head: `${at.owner}:${initBranch}`,
      state: 'open',
    }),
  );
  const pull = pulls.find((one) => one.head.ref === initBranch && one.head.repo?.id === repository.data.id);
  const open = pull === undefined || head === null ? null : { number: pull.number, url: pull.html_url };
  return { octokit, at, base, baseHead, head, open };
}

async function headOf(
  { octokit, at }: Pick<PullPlace, 'octokit' | 'at'>,
  branch: string,
): Promise<string | null> {
  const doing = `GitHub does not show the branch ${branch}`;
  try {
    const request = octokit.request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
      ...at,
      ref: `heads/${branch}`,
    });
    return (await orMissing(doing, request))?.data.object.sha ?? null;
  } catch (error) {
    // G10: an empty repository answers 409.
    if (error instanceof GitHubRefusal && error.status === 409) return null;
    throw error;
  }
}

/** As the open pull request has them, else as the default branch. */
export async function readPlace({ octokit, at, base, open }: PullPlace): Promise<Present> {
  const ref = open === null ? base : initBranch;
  return {
    workflow: await readFile(octokit, at, { path: workflowPath, ref }),
    policy: await readFile(octokit, at, { path: policyPath, ref }),
  };
}

/** Commits the files and opens the pull request where none is open. Answers its address. */
export async function writePlace(
  place: PullPlace,
  steps: readonly FileStep[],
  body: string,
): Promise<{ url: string; opened: boolean }> {
  const { octokit, at, base, open } = place;
  try {
    await pushCommit(place, steps);
    if (open !== null) return { url: open.url, opened: false };
    const { data } = await octokit.request('POST /repos/{owner}/{repo}/pulls', {
      ...at,
      title: subject,
      head: initBranch,
      base,
      body,
    });
    return { url: data.html_url, opened: true };
  } catch (error) {
    throw withHint(error);
  }
}

async function pushCommit(place: PullPlace, steps: readonly FileStep[]): Promise<void> {
  const { octokit, at, baseHead, head, open } = place;
  if (head !== null && open === null) await mustBeOurs(place, head);
  // What is in an open pull request stays in it; a branch that was left over begins anew.
  const parent = open !== null && head !== null ? head : baseHead;
  const { data: onto } = await octokit.request('GET /repos/{owner}/{repo}/git/commits/{commit_sha}', {
    ...at,
    commit_sha: parent,
  });
  const { data: tree } = await octokit.request('POST /repos/{owner}/{repo}/git/trees', {
    ...at,
    base_tree: onto.tree.sha,
    tree: steps.map(({ path, text }) => ({ path, mode: '100644', type: 'blob', content: text })),
  });
  const { data: commit } = await octokit.request('POST /repos/{owner}/{repo}/git/commits', {
    ...at,
    message: subject,
    tree: tree.sha,
    parents: [parent],
  });
  if (head === null)
    await octokit.request('POST /repos/{owner}/{repo}/git/refs', {
      ...at,
      ref: `refs/heads/${initBranch}`,
      sha: commit.sha,
    });
  else
    await octokit.request('PATCH /repos/{owner}/{repo}/git/refs/{ref}', {
      ...at,
      ref: `heads/${initBranch}`,
      sha: commit.sha,
      force: open === null,
    });
}

/** A branch of our name without a pull request is begun anew only when every commit on it is one of ours. */
async function mustBeOurs({ octokit, at, base }: PullPlace, head: string): Promise<void> {
  const { data } = await octokit.request('GET /repos/{owner}/{repo}/compare/{basehead}', {
    ...at,
    basehead: `${base}...${head}`,
  });
  if (
    data.commits.length === data.total_commits &&
    data.commits.every((one) => one.commit.message === subject)
  )
    return;
  throw new UsageError(
    `The branch ${initBranch} of ${at.owner}/${at.repo} has other people’s commits and no open pull request. Open one from it, or delete it, then run init again.`,
  );
}

/** GitHub says "not found" or "not accessible" to a token that may write, but not workflows. */
function withHint(error: unknown): Error {
  if (error instanceof UsageError || error instanceof GitHubRefusal) return error;
  const status = error instanceof Error && 'status' in error ? error.status : 0;
  const words = error instanceof Error ? error.message : String(error);
  const hint =
    status === 403 || status === 404
      ? '\nA token that writes workflow files needs the scope `workflow` (classic) or contents, pull requests and workflows: write (fine-grained). Without one: --local in a checkout.'
      : '';
  return new GitHubRefusal(`GitHub did not take the pull request: ${words}${hint}`, Number(status));
}
