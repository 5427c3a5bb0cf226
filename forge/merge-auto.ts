/** Auto-merge: a pull request that merges, or enters the queue, as soon as nothing stands in its way (G22). */
import { may } from './access.ts';
import { appDoer } from './app-doer.ts';
import type { Forge, ForgeEvent } from './forge.ts';
import type { MergeMethod } from './git/merge.ts';
import { enqueue, entryOf, queueRule } from './merge-entries.ts';
import { mergeStateStatus } from './merge-state.ts';
import { mergePull } from './merges.ts';
import type { Pull } from './pull-rows.ts';
import { type Doer, emitPullEvent, isOpen, repositoryOf, settleMergeable, touch } from './pulls.ts';
import { writes } from './route.ts';
import { isProtected } from './rulesets.ts';
import { find, row, where, type Repository } from './state.ts';

export interface AutoOrder {
  pull: Pull;
  method: MergeMethod;
  /** Head the caller saw. */
  sha: string | null;
  title: string | null;
  message: string | null;
}

/** Null when it is switched on, else why not, in GitHub's words as far as reports tell them. */
export async function enableAutoMerge(forge: Forge, doer: Doer, order: AutoOrder): Promise<string | null> {
  const refusal = await whyNot(forge, order);
  if (refusal !== null) return `Pull request ${refusal}`;
  const { pull, method, title, message } = order;
  const { caller, actor } = doer;
  pull.autoMerge = {
    enabledById: actor.id,
    enabledAt: forge.clock.timestamp(),
    method,
    title,
    message,
    workflowRunId: caller.kind === 'installation' ? caller.workflowRunId : null,
  };
  touch(forge, pull);
  emitPullEvent(forge, doer, { pull, action: 'auto_merge_enabled' });
  return null;
}

async function whyNot(forge: Forge, { pull, method, sha }: AutoOrder): Promise<string | null> {
  const repository = repositoryOf(forge, pull);
  if (!repository.allowAutoMerge) return 'Auto merge is not allowed for this repository';
  if (!isOpen(forge, pull)) return 'is closed';
  if (pull.draft) return 'is still a draft';
  if (sha !== null && sha !== pull.headSha)
    return 'Head branch was modified. Review and try the merge again.';
  if (!isProtected(forge, repository, `refs/heads/${pull.baseRef}`))
    return 'Protected branch rules not configured for this branch';
  if (!repository.mergeMethods.includes(method))
    return `Merge method ${method} is not allowed on this repository`;
  await settleMergeable(forge, pull);
  const state = mergeStateStatus(forge, pull);
  return state === 'CLEAN' || state === 'UNSTABLE'
    ? `Pull request is in ${state.toLowerCase()} status`
    : null;
}

/** False when it was off. */
export function disableAutoMerge(
  forge: Forge,
  doer: Doer,
  { pull, reason }: { pull: Pull; reason: string },
): boolean {
  if (pull.autoMerge === null) return false;
  pull.autoMerge = null;
  touch(forge, pull);
  emitPullEvent(forge, doer, { pull, action: 'auto_merge_disabled', extra: { reason } });
  return true;
}

/** Pull requests of a repository that wait for their merge. */
export function autoPulls(forge: Forge, repository: Repository): Pull[] {
  return where(
    forge.state.pulls,
    (pull) => pull.repositoryId === repository.id && pull.autoMerge !== null && isOpen(forge, pull),
  );
}

/** Merges what may be merged by now, as who asked for it; not for who runs serially. */
export async function mergeReady(forge: Forge, repository: Repository): Promise<void> {
  for (const pull of autoPulls(forge, repository)) {
    if (pull.autoMerge === null || entryOf(forge, pull) !== null) continue;
    await settleMergeable(forge, pull);
    if (!['CLEAN', 'UNSTABLE'].includes(mergeStateStatus(forge, pull))) continue;
    const doer = enablerOf(forge, repository, pull);
    const { method, title, message } = pull.autoMerge;
    const sha = pull.headSha;
    if (queueRule(forge, pull) === null)
      await mergePull(forge, doer, {
        pull,
        method,
        sha,
        title: title ?? undefined,
        message: message ?? undefined,
      });
    else {
      await forge.git(repository).serially(() => enqueue(forge, doer, { pull, sha }));
      forge.queues.look(repository);
    }
  }
}

/** Who switched it on, with what he may do here. */
function enablerOf(forge: Forge, repository: Repository, { autoMerge }: Pull): Doer {
  const { state } = forge;
  const actor = row(state.accounts, autoMerge?.enabledById ?? 0);
  const app = find(state.apps, ({ botId }) => botId === actor.id);
  if (app === undefined) return { actor, caller: { kind: 'user', account: actor, app: null } };
  return appDoer(forge, app, {
    accountId: repository.ownerId,
    workflowRunId: autoMerge?.workflowRunId ?? null,
  });
}

/** Pushes by people without write, another base, and closing switch it off. */
export function watchAutoMerges(forge: Forge): void {
  forge.webhooks.listen((told) => {
    const { event, payload, repository, sender, caller } = told;
    if (event !== 'pull_request' || repository === null) return;
    const pull = find(
      forge.state.pulls,
      (one) => one.repositoryId === repository.id && one.number === payload['number'],
    );
    const reason = pull === undefined ? null : endOf(forge, { told, repository, pull });
    if (pull !== undefined && reason !== null)
      disableAutoMerge(forge, { actor: sender, caller }, { pull, reason });
  });
}

/** Why what was told ends an auto-merge; null when it doesn't. */
function endOf(
  forge: Forge,
  { told, repository, pull }: { told: ForgeEvent; repository: Repository; pull: Pull },
): string | null {
  const { action, payload, caller } = told;
  if (action === 'closed') return pull.mergedAt === null ? 'Pull request was closed' : null;
  if (action === 'edited')
    return 'base' in ((payload['changes'] ?? {}) as object) ? 'Base branch was changed' : null;
  const mayPush = may(forge.state, caller, { repository, access: writes('write', 'contents') });
  return action === 'synchronize' && !mayPush
    ? 'Head branch was pushed to by a user without write access'
    : null;
}
