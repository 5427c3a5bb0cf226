/** One job: a directory of its own, its steps in order, nothing of it left when it ends. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadActions } from './action-source.ts';
import { runPreSteps } from './action-step.ts';
import { baseEnvironment, githubContext, type JobDirectories } from './context.ts';
import { holds, type Json, minutesOf, type Scope, textsOf, valueOf } from './expression.ts';
import { createJobLog } from './job-log.ts';
import { killTracked, type Patience, signalProcess, timeoutAfter } from './process-group.ts';
import { ActionsError } from './refusal.ts';
import type { JobGrant, JobRunner, RunRequest } from './run-request.ts';
import type { Conclusion, JobState, StepState } from './run-state.ts';
import { isWanted, type RunningJob, type StepEnd, stepScope } from './running-job.ts';
import { jobOutputs, runStep, stepName } from './step.ts';
import type { Workflow, WorkflowJob, WorkflowStep } from './workflow.ts';

export type JobOrder = {
  request: RunRequest;
  workflow: Workflow;
  job: WorkflowJob;
  state: JobState;
  runner: JobRunner;
  grant: JobGrant;
  /** The `needs` context. */
  needs: Record<string, Json>;
  /** Where job directories are made. */
  root: string;
  /** Asks the job to end; steps with `always()` or `cancelled()` still run. */
  cancel: AbortSignal;
  /** Ends it at once: a forced cancellation, or the forge stops. */
  stop: AbortSignal;
  patience: Patience;
  now: () => Date;
  /** Awaited at every change, so that listeners see states in order. */
  publish: () => Promise<void>;
};

const defaultMinutes = 360;
/** G33: six hours on a hosted runner, five days on one's own, whatever the file says. */
const mostMinutes = { hosted: 360, own: 5 * 24 * 60 };
/** How long what still runs after a cancellation may take, by GitHub's reference of workflow cancellation. */
const minutesAfterCancel = 5;

/** Runs the job to its end; `state` then has conclusion, outputs and log. */
export async function runJob(order: JobOrder): Promise<void> {
  const { state, request, grant, now } = order;
  const log = createJobLog(now);
  for (const secret of [grant.token, ...grant.secret, ...Object.values(request.secrets)]) log.mask(secret);
  state.annotations = log.annotations;
  const root = await mkdtemp(join(order.root, `run-${request.id}-`));
  const groups = new Set<number>();
  const tracking = `github_${randomUUID()}`;
  let conclusion: Conclusion = 'failure';
  try {
    if (order.job.refusal !== undefined) throw new ActionsError('unsupported', order.job.refusal);
    const running = await prepare(order, { root, groups, log, tracking });
    conclusion = await runSteps(order, running);
  } catch (error) {
    if (!(error instanceof ActionsError)) throw error;
    log.output(`::error::${error.line().replace('##[error]', '')}`);
  } finally {
    grant.end();
    // What the steps left running would outlive its directory.
    for (const group of groups) signalProcess(-group, 'SIGKILL');
    killTracked(`RUNNER_TRACKING_ID=${tracking}`);
    await rm(root, { recursive: true, force: true, maxRetries: 3 });
  }
  state.log = log.text();
  state.status = 'completed';
  state.conclusion = conclusion;
  state.completedAt = now().toISOString();
  await order.publish();
}

type Parts = { root: string; groups: Set<number>; log: RunningJob['log']; tracking: string };

async function prepare(order: JobOrder, { root, groups, log, tracking }: Parts): Promise<RunningJob> {
  const { request, job, workflow, runner, grant } = order;
  const at = (name: string) => join(root, name);
  const directories: JobDirectories = {
    root,
    workspace: at('work'),
    temp: at('temp'),
    home: at('home'),
    tools: at('tools'),
  };
  for (const directory of Object.values(directories)) await mkdir(directory, { recursive: true });
  const eventPath = join(directories.temp, 'event.json');
  await writeFile(eventPath, JSON.stringify(request.event.payload));
  const { workspace } = directories;
  const github = githubContext(request, { key: job.key, workspace, token: grant.token });
  const running: RunningJob = {
    request,
    job,
    state: order.state,
    log,
    directories,
    grant,
    runner,
    base: {
      ...baseEnvironment(github, { directories, runner, eventPath }),
      RUNNER_TRACKING_ID: tracking,
      ...grant.environment,
    },
    env: {},
    path: [],
    needs: order.needs,
    actions: new Map(),
    posts: [],
    count: { steps: 0, summaries: 0 },
    groups,
    patience: order.patience,
    kill: order.stop,
    defaults: { shell: null, workingDirectory: null },
    steps: {},
    inputs: request.inputs,
    inherited: {},
    action: null,
    status: 'success',
  };
  for (const env of [workflow.env, job.env])
    Object.assign(running.env, textsOf(env, stepScope(running, running.env)));
  const scope = stepScope(running, running.env);
  for (const defaults of [workflow.defaults, job.defaults])
    Object.assign(running.defaults, runDefaults(defaults, scope));
  await loadActions(request, job.steps, { root: at('actions'), actions: running.actions });
  return running;
}

function runDefaults(token: WorkflowJob['defaults'], scope: Scope): Partial<RunningJob['defaults']> {
  const run = token === undefined ? null : (valueOf(token, scope) as { run?: Record<string, string> }).run;
  return {
    ...(run?.['shell'] === undefined ? {} : { shell: run['shell'] }),
    ...(run?.['working-directory'] === undefined ? {} : { workingDirectory: run['working-directory'] }),
  };
}

/** The signals under which a job's steps run. */
type Ending = { signal: AbortSignal; timeout: AbortSignal; minutes: number; afterwards: AbortController };

async function runSteps(order: JobOrder, running: RunningJob): Promise<Conclusion> {
  const { job, state } = order;
  const minutes = Math.min(
    job.timeoutMinutes === undefined
      ? defaultMinutes
      : minutesOf(job.timeoutMinutes, stepScope(running, running.env)),
    order.runner.hosted ? mostMinutes.hosted : mostMinutes.own,
  );
  const timeout = timeoutAfter(minutes);
  const signal = AbortSignal.any([order.cancel, timeout]);
  const afterwards = new AbortController();
  running.kill = AbortSignal.any([order.stop, afterwards.signal]);
  const ending: Ending = { signal, timeout, minutes, afterwards };
  const late = { timer: undefined as NodeJS.Timeout | undefined };
  const startClock = (): void => {
    late.timer = setTimeout(() => afterwards.abort(), minutesAfterCancel * 60_000).unref();
  };
  signal.addEventListener('abort', startClock, { once: true });
  try {
    if (!(await runPreSteps(running, signal))) running.status = 'failure';
    for (const step of job.steps) await oneStep(order, running, { ending, step });
    for (const post of running.posts.toReversed()) {
      const perform = async (limit: AbortSignal): Promise<StepEnd['conclusion']> =>
        (await post.run(limit)) ? 'success' : 'failure';
      const wanted = () => holds(post.condition, stepScope(running, running.env));
      await performAs(order, running, { ending, name: post.name, wanted, perform, skipped: () => undefined });
    }
  } finally {
    clearTimeout(late.timer);
    signal.removeEventListener('abort', startClock);
  }
  state.outputs = jobOutputs(running);
  return running.status;
}

async function oneStep(
  order: JobOrder,
  running: RunningJob,
  { ending, step }: { ending: Ending; step: WorkflowStep },
): Promise<void> {
  await performAs(order, running, {
    ending,
    name: nameOf(running, step),
    wanted: () => isWanted(running, step),
    perform: async (limit) => (await runStep(running, step, limit)).conclusion,
    skipped: () => {
      running.steps[step.id] = { outputs: {}, outcome: 'skipped', conclusion: 'skipped' };
    },
  });
}

type Part = {
  ending: Ending;
  name: string;
  wanted: () => boolean;
  perform: (limit: AbortSignal) => Promise<StepEnd['conclusion']>;
  skipped: () => void;
};

/** Runs one part of the job as a step that people see. */
async function performAs(order: JobOrder, running: RunningJob, part: Part): Promise<void> {
  const { state } = order;
  const { ending } = part;
  const step: StepState = {
    number: state.steps.length + 1,
    name: running.log.redact(part.name),
    status: 'queued',
    conclusion: null,
    startedAt: null,
    completedAt: null,
  };
  state.steps.push(step);
  if (ending.signal.aborted && running.status !== 'cancelled') sayWhy(running, ending);
  if (running.kill.aborted || !part.wanted()) {
    part.skipped();
    return endStep(order, step, 'skipped');
  }
  Object.assign(step, { status: 'in_progress', startedAt: order.now().toISOString() });
  state.log = running.log.text();
  await order.publish();
  // After a cancellation only the kill ends the steps that still wanted to run.
  const conclusion = await part.perform(running.status === 'cancelled' ? running.kill : ending.signal);
  if (ending.signal.aborted && running.status !== 'cancelled') sayWhy(running, ending);
  if (conclusion === 'failure' && running.status === 'success') running.status = 'failure';
  await endStep(order, step, conclusion);
}

/** A name or condition that can't be evaluated is the step's own failure, which `runStep` reports. */
function nameOf(running: RunningJob, step: WorkflowStep): string {
  try {
    return stepName(step, stepScope(running, running.env));
  } catch (error) {
    if (error instanceof ActionsError) return `Run ${step.id}`;
    throw error;
  }
}

function sayWhy(running: RunningJob, { timeout, minutes }: Ending): void {
  running.status = 'cancelled';
  const { name } = running.runner;
  const message = timeout.aborted
    ? `The job running on runner ${name} has exceeded the maximum execution time of ${minutes} minutes.`
    : 'The operation was canceled.';
  running.log.output(`::error::${message}`);
}

async function endStep(order: JobOrder, step: StepState, conclusion: Conclusion): Promise<void> {
  const completedAt = order.now().toISOString();
  Object.assign(step, {
    status: 'completed',
    conclusion,
    startedAt: step.startedAt ?? completedAt,
    completedAt,
  });
  await order.publish();
}
