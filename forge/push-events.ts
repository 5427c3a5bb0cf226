/** What follows from moved refs: push, create and delete webhooks, and pull requests that follow their branches. */
import { accountOfEmail } from './author.ts';
import { closeLinkedIssues } from './closing-words.ts';
import { carry } from './forks.ts';
import type { Forge, Push } from './forge.ts';
import type { PushedRef } from './git/pushed-commands.ts';
import type { Commit } from './git/repository.ts';
import type { Pull } from './pull-rows.ts';
import {
  closePull,
  dismissApprovals,
  emitPullEvent,
  isOpen,
  markMerged,
  measure,
  repositoryOf,
  touch,
  type Doer,
} from './pulls.ts';
import { nowhere } from './ref-moves.ts';
import { repositoryPage } from './render/repository.ts';
import { baseRules } from './merge-state.ts';
import { followLines } from './review-threads.ts';
import { where, type Repository } from './state.ts';

/** A push webhook holds at most this many commits (GitHub: 2,048; more than twenty matter to nobody here). */
const mostCommits = 20;

/** Handles every moved ref before whoever moved it gets his answer. */
export function watchPushes(forge: Forge): void {
  forge.pushes.listen(async (push) => {
    const { account } = push.caller;
    if (account === null) throw new Error('a ref moved and nobody moved it');
    const doer: Doer = { actor: account, caller: push.caller };
    push.repository.pushedAt = forge.clock.timestamp();
    for (const ref of push.refs) {
      if (ref.ref.startsWith('refs/pull/')) continue;
      await tellPush(forge, { push, ref, doer });
      if (ref.ref.startsWith('refs/heads/')) await followBranch(forge, { push, ref, doer });
    }
  });
}

type Moved = { push: Push; ref: PushedRef; doer: Doer };

async function tellPush(forge: Forge, { push, ref, doer }: Moved): Promise<void> {
  const { repository, caller } = push;
  const created = ref.before === nowhere;
  const deleted = ref.after === nowhere;
  const emit = (event: string, payload: Record<string, unknown>) =>
    forge.webhooks.emit({ event, action: null, payload, sender: doer.actor, repository, caller });
  const name = ref.ref.replace(/^refs\/(heads|tags)\//, '');
  const kind = ref.ref.startsWith('refs/tags/') ? 'tag' : 'branch';
  const named = { ref: name, ref_type: kind, pusher_type: 'user' };
  if (created)
    emit('create', {
      ...named,
      master_branch: repository.defaultBranch,
      description: repository.description,
    });
  if (deleted) emit('delete', named);
  const commits = deleted ? [] : await newCommits(forge, repository, ref);
  const shown = await Promise.all(commits.map((commit) => renderPushedCommit(forge, repository, commit)));
  const head = deleted ? null : await forge.git(repository).readCommit(ref.after);
  const git = forge.git(repository);
  emit('push', {
    ref: ref.ref,
    before: ref.before,
    after: ref.after,
    created,
    deleted,
    forced: !created && !deleted && !(await git.isAncestor(ref.before, ref.after)),
    base_ref: null,
    compare: created
      ? `${repositoryPage(forge, repository)}/compare/${name}`
      : `${repositoryPage(forge, repository)}/compare/${ref.before.slice(0, 12)}...${ref.after.slice(0, 12)}`,
    commits: shown,
    head_commit: head === null ? null : await renderPushedCommit(forge, repository, head),
    pusher: { name: doer.actor.login, email: doer.actor.email },
  });
}

/** Oldest first: what the ref gained; of a new branch what the default branch doesn't have. */
async function newCommits(forge: Forge, repository: Repository, ref: PushedRef): Promise<Commit[]> {
  const git = forge.git(repository);
  const main = await git.resolve(`refs/heads/${repository.defaultBranch}`);
  const known = ref.before === nowhere ? main : ref.before;
  const isMain = ref.ref === `refs/heads/${repository.defaultBranch}`;
  const not = known === null || (ref.before === nowhere && isMain) ? {} : { not: known };
  return (await git.log(ref.after, { ...not, limit: mostCommits })).toReversed();
}

async function renderPushedCommit(forge: Forge, repository: Repository, commit: Commit) {
  const files = await forge.git(repository).changedFiles(commit.parents[0] ?? null, commit.sha);
  const named = (statuses: string[]) =>
    files.filter((file) => statuses.includes(file.status)).map((file) => file.filename);
  const renamed = files.flatMap((file) =>
    file.previousFilename === undefined ? [] : [file.previousFilename],
  );
  const person = (who: { name: string; email: string; date: string }) => {
    const account = accountOfEmail(forge.state, who.email);
    return { name: who.name, email: who.email, ...(account === null ? {} : { username: account.login }) };
  };
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: commit.committer.date,
    url: `${repositoryPage(forge, repository)}/commit/${commit.sha}`,
    author: person(commit.author),
    committer: person(commit.committer),
    added: named(['added', 'renamed']),
    removed: [...named(['removed']), ...renamed],
    modified: named(['modified', 'changed']),
  };
}

async function followBranch(forge: Forge, { push, ref, doer }: Moved): Promise<void> {
  const branch = ref.ref.slice('refs/heads/'.length);
  const { id } = push.repository;
  const open = where(forge.state.pulls, (pull) => isOpen(forge, pull));
  const deleted = ref.after === nowhere;
  for (const pull of open.filter((one) => one.repositoryId === id && one.baseRef === branch)) {
    if (deleted) await loseBase(forge, doer, pull);
    else await moveBase(forge, doer, { pull, sha: ref.after });
  }
  const from = forge.git(push.repository);
  for (const pull of open.filter((one) => one.headRepositoryId === id && one.headRef === branch)) {
    if (!isOpen(forge, pull)) continue;
    if (deleted) {
      closePull(forge, doer, pull);
      continue;
    }
    await carry({ from, to: forge.git(repositoryOf(forge, pull)), sha: ref.after });
    await moveHead(forge, doer, { pull, sha: ref.after });
  }
}

/**
 * The base is gone. Where it was the head of a pull request that is merged, those on top of it go on to that one's
 * base; all others close.
 */
async function loseBase(forge: Forge, doer: Doer, pull: Pull): Promise<void> {
  const [merged] = where(
    forge.state.pulls,
    (one) =>
      one.mergedAt !== null &&
      one.repositoryId === pull.repositoryId &&
      one.headRepositoryId === pull.repositoryId &&
      one.headRef === pull.baseRef,
  ).toSorted((a, b) => b.number - a.number);
  const onto =
    merged === undefined
      ? null
      : await forge.git(repositoryOf(forge, pull)).readRef(`refs/heads/${merged.baseRef}`);
  if (merged === undefined || onto === null) {
    closePull(forge, doer, pull);
    return;
  }
  const changes = { base: { ref: { from: pull.baseRef }, sha: { from: pull.baseSha } } };
  pull.baseRef = merged.baseRef;
  pull.baseSha = onto.sha;
  touch(forge, pull);
  await measure(forge, pull);
  emitPullEvent(forge, doer, { pull, action: 'edited', extra: { changes } });
}

/** The base went on. A base that contains the head has merged it; a related merge may change the diff (G18). */
async function moveBase(forge: Forge, doer: Doer, { pull, sha }: { pull: Pull; sha: string }): Promise<void> {
  const before = await diffOf(forge, pull);
  const had = await forge.git(repositoryOf(forge, pull)).isAncestor(pull.headSha, pull.baseSha);
  pull.baseSha = sha;
  if (!had && (await forge.git(repositoryOf(forge, pull)).isAncestor(pull.headSha, sha))) {
    markMerged(forge, doer, { pull, sha });
    closeLinkedIssues(forge, doer, pull);
    return;
  }
  await measure(forge, pull);
  await dismissStale(forge, doer, { pull, before });
}

async function moveHead(forge: Forge, doer: Doer, { pull, sha }: { pull: Pull; sha: string }): Promise<void> {
  const before = await diffOf(forge, pull);
  const beforeSha = pull.headSha;
  if (beforeSha === sha) return;
  pull.headSha = sha;
  pull.pushedById = doer.actor.id;
  touch(forge, pull);
  await measure(forge, pull);
  await setPullRef(forge, pull);
  // A head that was pushed back into its base has nothing left to merge.
  if (pull.commits === 0) {
    closePull(forge, doer, pull);
    return;
  }
  await followLines(forge, pull, beforeSha);
  emitPullEvent(forge, doer, { pull, action: 'synchronize', extra: { before: beforeSha, after: sha } });
  await dismissStale(forge, doer, { pull, before });
}

/** `refs/pull/1/head`, which everybody may fetch. */
export async function setPullRef(forge: Forge, pull: Pull): Promise<void> {
  await forge
    .git(repositoryOf(forge, pull))
    .git(['update-ref', `refs/pull/${pull.number}/head`, pull.headSha]);
}

/** The diff as reviewers see it; line numbers of hunks may move without changing it. */
async function diffOf(forge: Forge, pull: Pull): Promise<string> {
  if (baseRules(forge, pull).pull?.dismiss_stale_reviews_on_push !== true) return '';
  const comparison = await forge.git(repositoryOf(forge, pull)).compare(pull.baseSha, pull.headSha);
  const files = (comparison?.files ?? []).map(({ filename, status, patch, sha }) => ({
    filename,
    status,
    change: patch === undefined ? sha : patch.replaceAll(/^@@ .*$/gm, '@@'),
  }));
  return JSON.stringify(files);
}

async function dismissStale(
  forge: Forge,
  doer: Doer,
  { pull, before }: { pull: Pull; before: string },
): Promise<void> {
  if (baseRules(forge, pull).pull?.dismiss_stale_reviews_on_push !== true) return;
  if ((await diffOf(forge, pull)) !== before) dismissApprovals(forge, doer, pull);
}
