/** Commit statuses: made, told, and what they come to together. */
import type { Forge } from './forge.ts';
import { nodeId } from './ids.ts';
import type { Doer } from './pulls.ts';
import { renderUserById } from './render/account.ts';
import { renderCommit } from './render/commit.ts';
import { fullName, repositoryUrl } from './render/repository.ts';
import { isProtected } from './rulesets.ts';
import { nextId, row, where, type Repository } from './state.ts';
import type { CommitStatus } from './status-rows.ts';

export type NewStatus = Pick<CommitStatus, 'sha' | 'state' | 'context' | 'description' | 'targetUrl'>;

/** All statuses of a commit, newest first. */
export function statusesOf(forge: Forge, repositoryId: number, sha: string): CommitStatus[] {
  return where(
    forge.state.statuses,
    (status) => status.repositoryId === repositoryId && status.sha === sha,
  ).toSorted((a, b) => b.id - a.id);
}

/** The newest of each context; contexts are compared without case. */
export function latestStatuses(forge: Forge, repositoryId: number, sha: string): CommitStatus[] {
  const latest = new Map<string, CommitStatus>();
  for (const status of statusesOf(forge, repositoryId, sha).toReversed())
    latest.set(status.context.toLowerCase(), status);
  return [...latest.values()];
}

/** GitHub's combined state: pending also when nobody has said anything. */
export function combinedState(latest: readonly CommitStatus[]): 'failure' | 'pending' | 'success' {
  if (latest.some(({ state }) => state === 'failure' || state === 'error')) return 'failure';
  return latest.length > 0 && latest.every(({ state }) => state === 'success') ? 'success' : 'pending';
}

export async function addStatus(
  forge: Forge,
  { actor, caller }: Doer,
  { repository, given }: { repository: Repository; given: NewStatus },
): Promise<CommitStatus> {
  const status: CommitStatus = {
    ...given,
    id: nextId(forge.state),
    repositoryId: repository.id,
    creatorId: actor.id,
    appId: caller.app?.id ?? null,
    createdAt: forge.clock.timestamp(),
  };
  forge.state.statuses.set(status.id, status);
  forge.webhooks.emit({
    event: 'status',
    action: null,
    payload: await payloadOf(forge, repository, status),
    sender: actor,
    repository,
    caller,
  });
  return status;
}

/** A webhook names at most this many branches. */
const mostBranches = 10;

async function payloadOf(
  forge: Forge,
  repository: Repository,
  status: CommitStatus,
): Promise<Record<string, unknown>> {
  const git = forge.git(repository);
  const commit = await git.readCommit(status.sha);
  if (commit === null) throw new Error(`git lost the commit ${status.sha}`);
  const { id, sha, context, description, state, targetUrl, createdAt } = status;
  const holding = await git.refsWith(sha, { prefix: 'refs/heads/', limit: mostBranches });
  const { files: _files, stats: _stats, ...shown } = renderCommit(forge, repository, commit);
  return {
    id,
    sha,
    name: fullName(forge, repository),
    target_url: targetUrl,
    avatar_url: renderUserById(forge, status.creatorId).avatar_url,
    context,
    description,
    state,
    commit: shown,
    branches: holding.map((ref) => ({
      name: ref.ref.slice('refs/heads/'.length),
      commit: { sha: ref.sha, url: `${repositoryUrl(forge, repository)}/commits/${ref.sha}` },
      protected: isProtected(forge, repository, ref.ref),
    })),
    created_at: createdAt,
    updated_at: createdAt,
  };
}

/** Fits `simple-commit-status`; with `creator` also `status`. */
export function renderStatus(forge: Forge, status: CommitStatus) {
  const repository = row(forge.state.repositories, status.repositoryId);
  return {
    url: `${repositoryUrl(forge, repository)}/statuses/${status.sha}`,
    avatar_url: renderUserById(forge, status.creatorId).avatar_url,
    id: status.id,
    node_id: nodeId('Status', status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: status.createdAt,
    updated_at: status.createdAt,
  };
}
