/** One job: a directory of its own, its steps in order, nothing of it left when it ends. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { baseEnvironment, githubContext, type JobDirectories } from './context.ts';
import { type Json, minutesOf, textsOf, type Scope, valueOf } from './expression.ts';
import { createJobLog } from './job-log.ts';
import { signalGroup, timeoutAfter } from './process-group.ts';
import { ActionsError } from './refusal.ts';
import type { RunRequest } from './run-request.ts';
import type { Conclusion, JobState, StepState } from './run-state.ts';
import { isWanted, jobOutputs, type RunningJob, runStep, stepName, stepScope } from './step.ts';
import type { Workflow, WorkflowJob } from './workflow.ts';

export type JobOrder = {
  request: RunRequest;
  workflow: Workflow;
  job: WorkflowJob;
  state: JobState;
  /** The `needs` context. */
  needs: Record<string, Json>;
  /** Where job directories are made. */
  root: string;
  /** Asks the job to end; steps with `always()` or `cancelled()` still run. */
  cancel: AbortSignal;
  /** Ends it at once: the forge stops. */
  stop: AbortSignal;
  graceMs: number;
  now: () => Date;
  /** Awaited at every change, so that listeners see states in order. */
  publish: () => Promise<void>;
};

const defaultMinutes = 360;

/** Runs the job to its end; `state` then has conclusion, outputs and log. */
export async function runJob(order: JobOrder): Promise<void> {
  const { state, request, now } = order;
  const log = createJobLog(now);
  for (const secret of [request.token, ...Object.values(request.secrets)]) log.mask(secret);
  state.status = 'in_progress';
  state.startedAt = now().toISOString();
  state.annotations = log.annotations;
  await order.publish();
  const root = await mkdtemp(join(order.root, `run-${request.id}-`));
  const groups = new Set<number>();
  let conclusion: Conclusion = 'failure';
  try {
    if (order.job.refusal !== undefined) throw new ActionsError('unsupported', order.job.refusal);
    conclusion = await runSteps(order, await prepare(order, { root, groups, log }));
  } catch (error) {
    if (!(error instanceof ActionsError)) throw error;
    log.say(error.line());
  } finally {
    // What the steps left running would outlive its directory.
    for (const group of groups) signalGroup(group, 'SIGKILL');
    await rm(root, { recursive: true, force: true, maxRetries: 3 });
  }
  state.log = log.text();
  state.status = 'completed';
  state.conclusion = conclusion;
  state.completedAt = now().toISOString();
  await order.publish();
}

async function prepare(
  order: JobOrder,
  parts: { root: string; groups: Set<number>; log: RunningJob['log'] },
): Promise<RunningJob> {
  const { request, job, workflow } = order;
  const at = (name: string) => join(parts.root, name);
  const directories: JobDirectories = {
    root: parts.root,
    workspace: at('work'),
    temp: at('temp'),
    home: at('home'),
    tools: at('tools'),
  };
  for (const directory of Object.values(directories)) await mkdir(directory, { recursive: true });
  const eventPath = join(directories.temp, 'event.json');
  await writeFile(eventPath, JSON.stringify(request.event.payload));
  const github = githubContext(request, { key: job.key, workspace: directories.workspace });
  const given = request.environmentOf?.(job.key) ?? {};
  for (const value of Object.values(given)) parts.log.mask(value);
  const running: RunningJob = {
    request,
    job,
    state: order.state,
    log: parts.log,
    directories,
    base: { ...baseEnvironment(github, directories, eventPath), ...given },
    env: {},
    path: [],
    needs: order.needs,
    steps: {},
    status: 'success',
    groups: parts.groups,
    graceMs: order.graceMs,
    defaults: { shell: null, workingDirectory: null },
  };
  for (const env of [workflow.env, job.env])
    Object.assign(running.env, textsOf(env, stepScope(running, running.env)));
  const scope = stepScope(running, running.env);
  for (const defaults of [workflow.defaults, job.defaults])
    Object.assign(running.defaults, runDefaults(defaults, scope));
  return running;
}

function runDefaults(token: WorkflowJob['defaults'], scope: Scope): Partial<RunningJob['defaults']> {
  const run = token === undefined ? null : (valueOf(token, scope) as { run?: Record<string, string> }).run;
  return {
    ...(run?.['shell'] === undefined ? {} : { shell: run['shell'] }),
    ...(run?.['working-directory'] === undefined ? {} : { workingDirectory: run['working-directory'] }),
  };
}

async function runSteps(order: JobOrder, running: RunningJob): Promise<Conclusion> {
  const { job, state } = order;
  const minutes =
    job.timeoutMinutes === undefined
      ? defaultMinutes
      : minutesOf(job.timeoutMinutes, stepScope(running, running.env));
  const timeout = timeoutAfter(minutes);
  const ending = AbortSignal.any([order.cancel, order.stop, timeout]);
  for (const [index, step] of job.steps.entries()) {
    const name = running.log.redact(nameOf(running, index));
    state.steps.push({
      number: index + 1,
      name,
      status: 'queued',
      conclusion: null,
      startedAt: null,
      completedAt: null,
    });
    if (ending.aborted && running.status !== 'cancelled') sayWhy(running, timeout, minutes);
    if (order.stop.aborted || !wants(running, index)) {
      await endStep(order, index, 'skipped');
      running.steps[step.id] = { outputs: {}, outcome: 'skipped', conclusion: 'skipped' };
      continue;
    }
    Object.assign(stateAt(state, index), { status: 'in_progress', startedAt: order.now().toISOString() });
    state.log = running.log.text();
    await order.publish();
    // After a cancellation only the forge's own stop ends the steps that still wanted to run.
    const end = await runStep(running, step, running.status === 'cancelled' ? order.stop : ending);
    if (ending.aborted && running.status !== 'cancelled') sayWhy(running, timeout, minutes);
    if (end.conclusion === 'failure' && running.status === 'success') running.status = 'failure';
    await endStep(order, index, end.conclusion);
  }
  state.outputs = jobOutputs(running);
  return running.status;
}

/** A name or condition that can't be evaluated is the step's own failure, which `runStep` reports. */
function nameOf(running: RunningJob, index: number): string {
  const step = running.job.steps[index];
  if (step === undefined) return '';
  try {
    return stepName(step, stepScope(running, running.env));
  } catch (error) {
    if (error instanceof ActionsError) return `Run ${step.id}`;
    throw error;
  }
}

function wants(running: RunningJob, index: number): boolean {
  const step = running.job.steps[index];
  return step !== undefined && isWanted(running, step);
}

function sayWhy(running: RunningJob, timeout: AbortSignal, minutes: number): void {
  running.status = 'cancelled';
  const message = timeout.aborted
    ? `The job running on runner forge has exceeded the maximum execution time of ${minutes} minutes.`
    : 'The operation was canceled.';
  running.log.output(`::error::${message}`);
}

function stateAt(state: JobState, index: number): StepState {
  const step = state.steps[index];
  if (step === undefined) throw new Error(`the job ${state.key} has no step ${index + 1}`);
  return step;
}

async function endStep(order: JobOrder, index: number, conclusion: Conclusion): Promise<void> {
  const step = stateAt(order.state, index);
  const completedAt = order.now().toISOString();
  Object.assign(step, {
    status: 'completed',
    conclusion,
    startedAt: step.startedAt ?? completedAt,
    completedAt,
  });
  await order.publish();
}
