/** Check suites and check runs: made, changed, told. */
import type { Caller } from './caller.ts';
import type { CheckRun, CheckSuite } from './check-rows.ts';
import type { Forge } from './forge.ts';
import { validationFailed } from './github-error.ts';
import type { Doer } from './pulls.ts';
import { renderCheckRun, renderCheckSuite } from './render/check.ts';
import { find, nextId, row, where, type Repository } from './state.ts';

/** The App's suite at a commit, made when there is none. */
export function ensureSuite(
  forge: Forge,
  {
    repository,
    appId,
    headSha,
    headBranch,
  }: { repository: Repository; appId: number; headSha: string; headBranch: string | null },
): CheckSuite {
  const present = find(
    forge.state.checkSuites,
    (suite) => suite.repositoryId === repository.id && suite.appId === appId && suite.headSha === headSha,
  );
  return present ?? addSuite(forge, { repository, appId, headSha, headBranch });
}

/** A suite of its own, as each workflow run has one. */
export function addSuite(
  forge: Forge,
  {
    repository,
    appId,
    headSha,
    headBranch,
  }: { repository: Repository; appId: number; headSha: string; headBranch: string | null },
): CheckSuite {
  const now = forge.clock.timestamp();
  const suite: CheckSuite = {
    id: nextId(forge.state),
    repositoryId: repository.id,
    appId,
    headSha,
    headBranch,
    before: null,
    status: 'queued',
    conclusion: null,
    createdAt: now,
    updatedAt: now,
  };
  forge.state.checkSuites.set(suite.id, suite);
  return suite;
}

/** The branch a commit is the head of, for suites; null when it is none's. */
export async function branchAt(forge: Forge, repository: Repository, sha: string): Promise<string | null> {
  const refs = await forge.git(repository).refs('refs/heads/');
  const found = refs.find((ref) => ref.sha === sha);
  return found === undefined ? null : found.ref.slice('refs/heads/'.length);
}

export function addCheckRun(
  forge: Forge,
  suite: CheckSuite,
  { name, externalId }: { name: string; externalId: string },
): CheckRun {
  const run: CheckRun = {
    id: nextId(forge.state),
    repositoryId: suite.repositoryId,
    suiteId: suite.id,
    appId: suite.appId,
    name,
    headSha: suite.headSha,
    status: 'queued',
    conclusion: null,
    externalId,
    detailsUrl: null,
    startedAt: forge.clock.timestamp(),
    completedAt: null,
    title: null,
    summary: null,
    text: null,
    annotations: [],
    actions: [],
  };
  forge.state.checkRuns.set(run.id, run);
  return run;
}

/** `created`, `completed`, `rerequested` or `requested_action`; the last two go to the owning App alone. */
export function emitCheckRunEvent(
  forge: Forge,
  { actor, caller }: Doer,
  { run, action, extra = {} }: { run: CheckRun; action: string; extra?: Record<string, unknown> },
): void {
  const mine = action === 'rerequested' || action === 'requested_action';
  forge.webhooks.emit({
    event: 'check_run',
    action,
    payload: { check_run: renderCheckRun(forge, run), ...extra },
    sender: actor,
    repository: row(forge.state.repositories, run.repositoryId),
    caller,
    ...(mine ? { onlyAppId: run.appId } : {}),
  });
}

/** Somebody presses one of a check run's buttons. Throws 422 for a button it doesn't have. */
export function requestAction(
  forge: Forge,
  doer: Doer,
  { run, identifier }: { run: CheckRun; identifier: string },
): void {
  if (!run.actions.some((action) => action.identifier === identifier))
    throw validationFailed({ resource: 'CheckRun', code: 'invalid', field: 'identifier', value: identifier });
  const extra = { requested_action: { identifier } };
  emitCheckRunEvent(forge, doer, { run, action: 'requested_action', extra });
}

/** Brings a suite up to what its runs say; tells when that completes it. Apps hear of their own suites only. */
export async function settleSuite(forge: Forge, doer: Doer, suite: CheckSuite): Promise<void> {
  // A job that ran again left a check run of the same name behind.
  const newest = new Map<string, CheckRun>();
  for (const run of where(forge.state.checkRuns, (one) => one.suiteId === suite.id))
    newest.set(run.name, run);
  const runs = [...newest.values()];
  const done = runs.length > 0 && runs.every((run) => run.status === 'completed');
  const before = suite.status;
  suite.status = done ? 'completed' : runs.some((run) => run.status !== 'queued') ? 'in_progress' : 'queued';
  suite.conclusion = done ? worst(runs.map((run) => run.conclusion ?? 'neutral')) : null;
  suite.updatedAt = forge.clock.timestamp();
  if (done && before !== 'completed') await emitSuiteEvent(forge, doer, { suite, action: 'completed' });
}

export async function emitSuiteEvent(
  forge: Forge,
  { actor, caller }: { actor: Doer['actor']; caller: Caller },
  { suite, action }: { suite: CheckSuite; action: string },
): Promise<void> {
  forge.webhooks.emit({
    event: 'check_suite',
    action,
    payload: { check_suite: await renderCheckSuite(forge, suite) },
    sender: actor,
    repository: row(forge.state.repositories, suite.repositoryId),
    caller,
    // GitHub tells an App of its own suites, and everybody of a completed one who reads checks.
    ...(action === 'completed' ? {} : { onlyAppId: suite.appId }),
  });
}

const order = [
  'failure',
  'timed_out',
  'cancelled',
  'action_required',
  'stale',
  'success',
  'neutral',
  'skipped',
];

function worst(conclusions: readonly string[]): string {
  return order.find((conclusion) => conclusions.includes(conclusion)) ?? 'neutral';
}
