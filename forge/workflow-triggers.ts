/** What an event checks out, and what the filters of workflows look at. */
import { asksToSkip, type TriggerEvent } from './actions/trigger.ts';
import { github } from './author.ts';
import type { Forge, ForgeEvent } from './forge.ts';
import { mergeCommits } from './git/merge.ts';
import type { Pull } from './pull-rows.ts';
import { forkPoint } from './pulls.ts';
import { find, row, type Repository } from './state.ts';

export type Trigger = {
  event: TriggerEvent;
  sha: string;
  ref: string;
  headSha: string;
  headBranch: string;
  headRef: string | null;
  baseRef: string | null;
  pullIds: number[];
  /** What the run is called where the file has no `run-name`. */
  title: string;
  /** A pull request from a fork: read only, no secrets, no OIDC. */
  fromFork: boolean;
};

/** Null for an event that starts nothing here. */
export async function triggerOf(
  forge: Forge,
  event: ForgeEvent,
  repository: Repository,
): Promise<Trigger | null> {
  switch (event.event) {
    case 'push':
      return pushTrigger(forge, event, repository);
    case 'pull_request':
      return pullTrigger(forge, event, repository);
    case 'merge_group':
      return mergeGroupTrigger(forge, event, repository);
    case 'repository_dispatch':
      return dispatchTrigger(forge, event, repository);
    default:
      return null;
  }
}

const subjectOf = (message: string): string => message.split('\n')[0] ?? '';

async function pushTrigger(
  forge: Forge,
  { payload }: ForgeEvent,
  repository: Repository,
): Promise<Trigger | null> {
  const { ref, before, after, created, deleted } = payload as Record<string, unknown>;
  if (deleted === true || typeof ref !== 'string' || typeof before !== 'string' || typeof after !== 'string')
    return null;
  const git = forge.git(repository);
  const commit = await git.readCommit(after);
  if (commit === null || asksToSkip(commit.message)) return null;
  const from = created === true ? await branchPoint(forge, repository, after) : before;
  const files = await git.changedFiles(from ?? commit.parents[0] ?? null, after);
  return {
    event: { name: 'push', action: null, ref, changedPaths: files.map((file) => file.filename) },
    sha: after,
    ref,
    headSha: after,
    headBranch: ref.replace(/^refs\/(heads|tags)\//, ''),
    headRef: null,
    baseRef: null,
    pullIds: [],
    title: subjectOf(commit.message),
    fromFork: false,
  };
}

/** Where a new branch left the default branch. */
async function branchPoint(forge: Forge, repository: Repository, sha: string): Promise<string | null> {
  const git = forge.git(repository);
  const main = await git.resolve(`refs/heads/${repository.defaultBranch}`);
  return main === null || main === sha ? null : git.mergeBase(main, sha);
}

/** Checks out the test merge of head and base; a pull request in conflict has none and starts nothing. */
async function pullTrigger(forge: Forge, event: ForgeEvent, repository: Repository): Promise<Trigger | null> {
  const number = event.payload['number'];
  const pull = find(forge.state.pulls, (one) => one.repositoryId === repository.id && one.number === number);
  if (pull === undefined) return null;
  const git = forge.git(repository);
  const head = await git.readCommit(pull.headSha);
  if (head === null || asksToSkip(head.message)) return null;
  const sha = pull.mergedAt === null ? await testMerge(forge, repository, pull) : pull.mergeCommitSha;
  if (sha === null) return null;
  const files = await git.changedFiles(await forkPoint(forge, pull), pull.headSha);
  return {
    event: {
      name: 'pull_request',
      action: event.action,
      ref: `refs/heads/${pull.baseRef}`,
      changedPaths: files.map((file) => file.filename),
    },
    sha,
    ref: `refs/pull/${pull.number}/merge`,
    headSha: pull.headSha,
    headBranch: pull.headRef,
    headRef: pull.headRef,
    baseRef: pull.baseRef,
    pullIds: [pull.id],
    title: row(forge.state.issues, pull.id).title,
    fromFork: isFork(event, repository),
  };
}

function isFork(event: ForgeEvent, repository: Repository): boolean {
  const pull = event.payload['pull_request'] as { head: { repo: { id: number } | null } };
  return pull.head.repo?.id !== repository.id;
}

async function testMerge(forge: Forge, repository: Repository, pull: Pull): Promise<string | null> {
  const { git } = forge.git(repository);
  const merged = await mergeCommits(git, {
    method: 'merge',
    base: pull.baseSha,
    head: pull.headSha,
    message: `Merge ${pull.headSha} into ${pull.baseSha}`,
    author: github,
    committer: github,
  });
  if (!('sha' in merged)) return null;
  await git(['update-ref', `refs/pull/${pull.number}/merge`, merged.sha]);
  return merged.sha;
}

/** A merge queue's group: its branch is checked out, filters look at the base branch. */
async function mergeGroupTrigger(
  forge: Forge,
  event: ForgeEvent,
  repository: Repository,
): Promise<Trigger | null> {
  if (event.action !== 'checks_requested') return null;
  const group = event.payload['merge_group'] as { head_sha: string; head_ref: string; base_ref: string };
  const commit = await forge.git(repository).readCommit(group.head_sha);
  if (commit === null) return null;
  return {
    event: { name: 'merge_group', action: event.action, ref: group.base_ref, changedPaths: null },
    sha: group.head_sha,
    ref: group.head_ref,
    headSha: group.head_sha,
    headBranch: group.head_ref.replace('refs/heads/', ''),
    headRef: null,
    baseRef: null,
    pullIds: [],
    title: subjectOf(commit.message),
    fromFork: false,
  };
}

/** The default branch as it is now; the type is somebody's own word (G31). */
async function dispatchTrigger(
  forge: Forge,
  event: ForgeEvent,
  repository: Repository,
): Promise<Trigger | null> {
  const ref = `refs/heads/${repository.defaultBranch}`;
  const sha = await forge.git(repository).resolve(ref);
  if (sha === null) return null;
  return {
    event: { name: 'repository_dispatch', action: event.action, ref, changedPaths: null },
    sha,
    ref,
    headSha: sha,
    headBranch: repository.defaultBranch,
    headRef: null,
    baseRef: null,
    pullIds: [],
    title: event.action ?? '',
    fromFork: false,
  };
}
