/** One workflow run: its jobs in the order of their needs. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Groups } from './concurrency.ts';
import { githubContext } from './context.ts';
import { holds, type Json, plainText, type Scope, textOf, valueOf } from './expression.ts';
import { runJob } from './job.ts';
import { permissionsOf } from './permissions.ts';
import type { Patience } from './process-group.ts';
import { ActionsError } from './refusal.ts';
import type { RunRequest } from './run-request.ts';
import type { Runners } from './runners.ts';
import type { Conclusion, JobState, RunState } from './run-state.ts';
import type { Workflow, WorkflowJob } from './workflow.ts';

/** Told of every change, in order, and awaited. The states are live: copy what you keep. */
export type RunWatcher = {
  onRun(run: RunState): Promise<void> | void;
  onJob(job: JobState, run: RunState): Promise<void> | void;
};

export type RunHouse = {
  root: string;
  patience: Patience;
  now: () => Date;
  runners: Runners;
  groups: Groups;
  /** Aborted when the forge stops. */
  stop: AbortSignal;
};

export type RunOrder = {
  request: RunRequest;
  workflow: Workflow;
  state: RunState;
  watcher: RunWatcher;
  house: RunHouse;
  cancel: AbortController;
  /** Ends the run without letting its jobs clean up. */
  force: AbortController;
  /** When its first jobs began to wait for a runner, in milliseconds of the house's clock. */
  asked: number;
};

/** Runs the workflow; `state` has the conclusion when it resolves. Rejects only when a watcher does. */
export async function runWorkflow(order: RunOrder): Promise<void> {
  const { state, request } = order;
  const scope = runScope(request, {});
  let group: Concurrency | null;
  try {
    if (order.workflow.runName !== undefined) state.name = textOf(order.workflow.runName, scope);
    await order.watcher.onRun(state);
    group = concurrencyOf(order.workflow.concurrency, scope);
  } catch (error) {
    if (!(error instanceof ActionsError)) throw error;
    state.errors.push(error.message);
    return endRun(order, 'failure');
  }
  const leave = await enterRunGroup(order, group);
  if (leave === null) return endRun(order, 'cancelled');
  try {
    const ended = new Map<string, Promise<JobState>>();
    // The parser has refused cycles, so each job's needs are put into the map before anybody awaits them.
    const start = (job: WorkflowJob): Promise<JobState> => {
      const known = ended.get(job.key);
      if (known !== undefined) return known;
      const needs = job.needs
        .map((key) => order.workflow.jobs.find((other) => other.key === key))
        .filter((need) => need !== undefined);
      const promise = Promise.all(needs.map((need) => start(need))).then((states) =>
        oneJob(order, job, states),
      );
      ended.set(job.key, promise);
      return promise;
    };
    const jobs = await Promise.all(order.workflow.jobs.map((job) => start(job)));
    await endRun(order, overall(jobs, order));
  } finally {
    leave();
  }
}

async function endRun(order: RunOrder, conclusion: Conclusion): Promise<void> {
  order.state.status = 'completed';
  order.state.conclusion = conclusion;
  await order.watcher.onRun(order.state);
}

function overall(jobs: readonly JobState[], order: RunOrder): Conclusion {
  if (jobs.some((job) => resultOf(job, order) === 'failure')) return 'failure';
  if (jobs.some((job) => job.conclusion === 'cancelled')) return 'cancelled';
  return jobs.every((job) => job.conclusion === 'skipped') ? 'skipped' : 'success';
}

/** What the run and its other jobs make of a job: one that may fail counts as a success. */
function resultOf(job: JobState, order: RunOrder): Conclusion | null {
  if (job.conclusion !== 'failure') return job.conclusion;
  const token = order.workflow.jobs.find((one) => one.key === job.key)?.continueOnError;
  const tolerated = token !== undefined && textOf(token, runScope(order.request, {})) === 'true';
  return tolerated ? 'success' : 'failure';
}

function runScope(request: RunRequest, needs: Record<string, Json>): Scope {
  return {
    contexts: {
      github: githubContext(request, null),
      vars: { ...request.variables },
      inputs: { ...request.inputs },
      needs,
    },
    status: { success: true, failure: false, cancelled: false },
  };
}

/** A run that has to wait for others of its group is pending meanwhile. */
async function enterRunGroup(order: RunOrder, group: Concurrency | null): Promise<(() => void) | null> {
  const { state, watcher } = order;
  const entering = enterGroup(order, group, order.cancel);
  const waits = await Promise.race([entering.then(() => false), nextTurn(true)]);
  if (waits) {
    state.status = 'pending';
    await watcher.onRun(state);
  }
  const leave = await entering;
  if (leave !== null && waits) {
    order.asked = order.house.now().getTime();
    state.status = 'queued';
    await watcher.onRun(state);
  }
  return leave;
}

type Concurrency = { group: string; cancelInProgress: boolean; queue: 'single' | 'max' };

function concurrencyOf(token: WorkflowJob['concurrency'], scope: Scope): Concurrency | null {
  if (token === undefined) return null;
  const value = valueOf(token, scope);
  if (typeof value === 'string') return { group: value, cancelInProgress: false, queue: 'single' };
  const fields = value as Record<string, Json>;
  return {
    group: plainText(fields['group'] ?? ''),
    cancelInProgress: plainText(fields['cancel-in-progress'] ?? false) === 'true',
    queue: fields['queue'] === 'max' ? 'max' : 'single',
  };
}

async function enterGroup(
  order: RunOrder,
  concurrency: Concurrency | null,
  own: AbortController,
): Promise<(() => void) | null> {
  if (concurrency === null || concurrency.group === '') return () => undefined;
  const { cancelInProgress, queue } = concurrency;
  // Group names do not tell upper from lower case.
  const key = `${order.request.repository.id}/${concurrency.group.toLowerCase()}`;
  const signal = AbortSignal.any([order.cancel.signal, own.signal]);
  return order.house.groups.enter({ key, cancelInProgress, queue, signal, cancel: () => own.abort() });
}

async function oneJob(order: RunOrder, job: WorkflowJob, needed: readonly JobState[]): Promise<JobState> {
  const { request, house, watcher, state } = order;
  const needs = Object.fromEntries(
    needed.map((need) => [need.key, { result: resultOf(need, order), outputs: need.outputs }]),
  );
  const scope = runScope(request, needs);
  scope.status = {
    success: needed.every((need) => resultOf(need, order) === 'success'),
    failure: needed.some((need) => resultOf(need, order) === 'failure'),
    cancelled: order.cancel.signal.aborted,
  };
  const own = queuedJob(job.key);
  state.jobs.push(own);
  const publish = async () => watcher.onJob(own, state);
  const earlier = request.earlier[job.key];
  if (earlier !== undefined) {
    Object.assign(own, { ...earlier, status: 'completed', earlier: true });
    return own;
  }
  let group: Concurrency | null;
  try {
    own.name = job.name === undefined ? job.key : textOf(job.name, scope);
    own.labels = labelsOf(job, scope);
    const refused = conditionOf(job, scope);
    if (refused !== 'run') return await endJob(own, { conclusion: refused, house, publish });
    group = concurrencyOf(job.concurrency, scope);
  } catch (error) {
    if (!(error instanceof ActionsError)) throw error;
    own.log = `${house.now().toISOString()} ${error.line()}\n`;
    return endJob(own, { conclusion: 'failure', house, publish });
  }
  await publish();
  const cancel = new AbortController();
  const leave = await enterGroup(order, group, cancel);
  if (leave === null) return endJob(own, { conclusion: 'cancelled', house, publish });
  try {
    return await withRunner(order, job, { own, needs, publish, cancel });
  } finally {
    leave();
  }
}

type Admitted = {
  own: JobState;
  needs: Record<string, Json>;
  publish: () => Promise<void>;
  cancel: AbortController;
};

/** Waits for a runner and runs the job on it. */
async function withRunner(order: RunOrder, job: WorkflowJob, admitted: Admitted): Promise<JobState> {
  const { request, house, workflow } = order;
  const { own, needs, publish, cancel } = admitted;
  const cancelled = AbortSignal.any([order.cancel.signal, cancel.signal]);
  const stop = AbortSignal.any([house.stop, order.force.signal]);
  const since = job.needs.length === 0 && job.concurrency === undefined ? order.asked : house.now().getTime();
  const signal = AbortSignal.any([cancelled, stop]);
  const lease = await queueForRunner(house, { labels: own.labels, since, signal });
  if (lease === null) return endJob(own, { conclusion: 'cancelled', house, publish });
  const { runner } = lease;
  try {
    Object.assign(own, { status: 'in_progress', startedAt: house.now().toISOString(), runner });
    if (order.state.status === 'queued') {
      order.state.status = 'in_progress';
      await order.watcher.onRun(order.state);
    }
    await publish();
    const permissions = permissionsOf(workflow, job, request.defaultPermissions);
    const grant = request.grant({ key: job.key, permissions, runner });
    const { root, patience, now } = house;
    const signals = { cancel: cancelled, stop };
    await runJob({
      request,
      workflow,
      job,
      state: own,
      runner,
      grant,
      needs,
      root,
      ...signals,
      patience,
      now,
      publish,
    });
    return own;
  } finally {
    lease.release();
  }
}

/** G33: a job that has been queued for a day is cancelled. The clock is the house's, which tests move. */
async function queueForRunner(
  house: RunHouse,
  { labels, since, signal }: { labels: readonly string[]; since: number; signal: AbortSignal },
): ReturnType<Runners['take']> {
  const late = new AbortController();
  const look = setInterval(() => {
    if (house.now().getTime() - since >= longestQueueMs) late.abort();
  }, 500);
  try {
    return await house.runners.take(labels, AbortSignal.any([signal, late.signal]));
  } finally {
    clearInterval(look);
  }
}

const longestQueueMs = 24 * 3_600_000;

function queuedJob(key: string): JobState {
  return {
    key,
    name: key,
    labels: [],
    runner: null,
    earlier: false,
    status: 'queued',
    conclusion: null,
    startedAt: null,
    completedAt: null,
    steps: [],
    annotations: [],
    summary: '',
    outputs: {},
    log: '',
  };
}

function labelsOf(job: WorkflowJob, scope: Scope): string[] {
  const labels = job.labels === undefined ? [] : valueOf(job.labels, scope);
  return (Array.isArray(labels) ? labels : [labels]).map((label) => plainText(label));
}

function conditionOf(job: WorkflowJob, scope: Scope): 'run' | 'skipped' | 'cancelled' {
  const { status } = scope;
  const success = status.success && !status.cancelled;
  if (holds(job.condition, { ...scope, status: { ...status, success } })) return 'run';
  return status.cancelled ? 'cancelled' : 'skipped';
}

async function endJob(
  job: JobState,
  end: { conclusion: Conclusion; house: RunHouse; publish: () => Promise<void> },
): Promise<JobState> {
  job.status = 'completed';
  job.conclusion = end.conclusion;
  job.completedAt = end.house.now().toISOString();
  job.startedAt ??= job.completedAt;
  await end.publish();
  return job;
}
