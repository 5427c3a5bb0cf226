/** One step of a job: its condition, its process or built-in action, what it left behind. */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gitEnvironment } from '../git/command.ts';
import { builtinAction, withPath } from './builtin.ts';
import { assertAssignable, parseAssignments, parsePaths } from './command-file.ts';
import { githubContext, type JobDirectories, runnerContext } from './context.ts';
import {
  holds,
  type Json,
  minutesOf,
  plainText,
  type Scope,
  textOf,
  textsOf,
  valueOf,
} from './expression.ts';
import type { JobLog } from './job-log.ts';
import { runCommand, timeoutAfter } from './process-group.ts';
import { ActionsError } from './refusal.ts';
import type { RunRequest } from './run-request.ts';
import type { JobState } from './run-state.ts';
import type { WorkflowJob, WorkflowStep } from './workflow.ts';

type StepResult = { outputs: Record<string, string>; outcome: string; conclusion: string };

/** The job as its steps see and change it. */
export type RunningJob = {
  request: RunRequest;
  job: WorkflowJob;
  state: JobState;
  log: JobLog;
  directories: JobDirectories;
  base: Record<string, string>;
  /** `env` of workflow and job, and what steps wrote to GITHUB_ENV. */
  env: Record<string, string>;
  path: string[];
  needs: Record<string, Json>;
  steps: Record<string, StepResult>;
  status: 'success' | 'failure' | 'cancelled';
  groups: Set<number>;
  graceMs: number;
  defaults: { shell: string | null; workingDirectory: string | null };
};

/** How a step ended; `outcome` is before `continue-on-error`, `conclusion` after it. */
export type StepEnd = {
  outcome: 'success' | 'failure' | 'cancelled';
  conclusion: 'success' | 'failure' | 'cancelled';
};

/** Contexts of the expressions of a job's steps. */
export function stepScope(running: RunningJob, env: Record<string, string>): Scope {
  const { request, directories, status } = running;
  return {
    contexts: {
      github: githubContext(request, { key: running.job.key, workspace: directories.workspace }),
      env,
      vars: { ...request.variables },
      secrets: { ...request.secrets, GITHUB_TOKEN: request.token },
      inputs: { ...request.inputs },
      needs: running.needs,
      steps: running.steps,
      runner: runnerContext(directories),
      job: { status },
    },
    status: {
      success: status === 'success',
      failure: status === 'failure',
      cancelled: status === 'cancelled',
    },
  };
}

export function stepName(step: WorkflowStep, scope: Scope): string {
  if (step.name !== undefined) return textOf(step.name, scope);
  const what = step.run === undefined ? (step.uses ?? step.id) : textOf(step.run, scope).trim();
  return `Run ${what.split('\n')[0] ?? ''}`;
}

export function isWanted(running: RunningJob, step: WorkflowStep): boolean {
  return holds(step.condition, stepScope(running, running.env));
}

/** Runs a step to its end. Refusals and bad expressions are its failure, said in the log. */
export async function runStep(
  running: RunningJob,
  step: WorkflowStep,
  signal: AbortSignal,
): Promise<StepEnd> {
  const { log } = running;
  const outputs: Record<string, string> = {};
  let outcome: StepEnd['outcome'];
  let tolerated = false;
  try {
    if (step.refusal !== undefined) throw new ActionsError('unsupported', step.refusal);
    const env = { ...running.env, ...textsOf(step.env, stepScope(running, running.env)) };
    const scope = stepScope(running, env);
    tolerated = step.continueOnError !== undefined && textOf(step.continueOnError, scope) === 'true';
    outcome = await perform(running, { step, env, scope, outputs, signal });
  } catch (error) {
    if (signal.aborted) outcome = 'cancelled';
    else if (error instanceof ActionsError) {
      log.say(error.line());
      outcome = 'failure';
    } else throw error;
  }
  const conclusion = tolerated && outcome === 'failure' ? 'success' : outcome;
  running.steps[step.id] = { outputs, outcome, conclusion };
  return { outcome, conclusion };
}

type Performance = {
  step: WorkflowStep;
  env: Record<string, string>;
  scope: Scope;
  outputs: Record<string, string>;
  signal: AbortSignal;
};

async function perform(running: RunningJob, performance: Performance): Promise<StepEnd['outcome']> {
  const { step, scope, signal } = performance;
  const minutes = step.timeoutMinutes === undefined ? null : minutesOf(step.timeoutMinutes, scope);
  const timeout = minutes === null ? null : timeoutAfter(minutes);
  const limited = { ...performance, signal: timeout === null ? signal : AbortSignal.any([signal, timeout]) };
  try {
    const success =
      step.run === undefined ? await performAction(running, limited) : await performScript(running, limited);
    if (signal.aborted) return 'cancelled';
    if (timeout?.aborted !== true) return success ? 'success' : 'failure';
  } catch (error) {
    if (signal.aborted || timeout?.aborted !== true) throw error;
  }
  running.log.say(`##[error]The action '${stepName(step, scope)}' has timed out after ${minutes} minutes.`);
  return 'failure';
}

/** How each shell is called on a script file, as GitHub's runner does. */
const shells: Record<string, (script: string) => [string, string[]]> = {
  '': (script) => ['bash', ['-e', script]],
  bash: (script) => ['bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', script]],
  sh: (script) => ['sh', ['-e', script]],
};

async function performScript(
  running: RunningJob,
  { step, env, scope, outputs, signal }: Performance,
): Promise<boolean> {
  const { log, directories, defaults } = running;
  const shell = step.shell === undefined ? (defaults.shell ?? '') : textOf(step.shell, scope);
  const call = shells[shell];
  if (call === undefined) throw new ActionsError('unsupported', `the shell "${shell}"`);
  const text = step.run === undefined ? '' : textOf(step.run, scope);
  const where =
    step.workingDirectory === undefined ? defaults.workingDirectory : textOf(step.workingDirectory, scope);
  const number = Object.keys(running.steps).length + 1;
  const script = join(directories.temp, `step-${number}.sh`);
  await writeFile(script, text.endsWith('\n') ? text : `${text}\n`);
  const files = await openCommandFiles(directories, number);
  log.say(`##[group]Run ${text.trim().split('\n')[0] ?? ''}`);
  for (const line of text.trimEnd().split('\n')) log.say(line);
  log.say('##[endgroup]');
  const [file, args] = call(script);
  const code = await runCommand({
    file,
    args,
    cwd: resolve(directories.workspace, where ?? '.'),
    env: withPath({ ...running.base, ...env, ...files.env }, running.path),
    onLine: (line) => log.output(line),
    signal,
    graceMs: running.graceMs,
    onGroup: (group) => running.groups.add(group),
  });
  await takeCommandFiles(running, files.paths, outputs);
  if (code !== 0) log.say(`##[error]Process completed with exit code ${code}.`);
  return code === 0;
}

async function performAction(
  running: RunningJob,
  { step, scope, outputs, signal }: Performance,
): Promise<boolean> {
  const { log, directories, request } = running;
  const uses = step.uses ?? '';
  const action = builtinAction(uses);
  if (action === null) throw new ActionsError('unsupported', `the action ${uses}`);
  log.say(`##[group]Run ${uses}`);
  const inputs = textsOf(step.with, scope);
  for (const [name, value] of Object.entries(inputs)) log.say(`  ${name}: ${value}`);
  log.say('##[endgroup]');
  const result = await action({
    uses,
    inputs,
    request,
    workspace: directories.workspace,
    log,
    git: (args, cwd) =>
      runCommand({
        file: 'git',
        args,
        cwd,
        env: { ...running.base, ...gitEnvironment() },
        onLine: (line) => log.output(line),
        signal,
        graceMs: running.graceMs,
        onGroup: (group) => running.groups.add(group),
      }),
  });
  Object.assign(outputs, result.outputs);
  running.path.unshift(...result.path);
  return result.success;
}

type CommandFiles = { output: string; env: string; path: string; summary: string };

async function openCommandFiles(directories: JobDirectories, number: number) {
  const at = (name: string) => join(directories.temp, `${name}-${number}`);
  const paths: CommandFiles = {
    output: at('output'),
    env: at('env'),
    path: at('path'),
    summary: at('summary'),
  };
  for (const file of Object.values(paths)) await writeFile(file, '');
  const env = {
    GITHUB_OUTPUT: paths.output,
    GITHUB_ENV: paths.env,
    GITHUB_PATH: paths.path,
    GITHUB_STEP_SUMMARY: paths.summary,
  };
  return { paths, env };
}

/** G35: a summary above 1 MiB is not uploaded. */
const largestSummary = 1024 * 1024;

async function takeCommandFiles(
  running: RunningJob,
  files: CommandFiles,
  outputs: Record<string, string>,
): Promise<void> {
  const text = async (file: string) => (await readFile(file)).toString();
  Object.assign(outputs, parseAssignments(await text(files.output)));
  const env = parseAssignments(await text(files.env));
  assertAssignable(Object.keys(env));
  Object.assign(running.env, env);
  running.path.unshift(...parsePaths(await text(files.path)));
  const summary = await text(files.summary);
  if (Buffer.byteLength(summary) > largestSummary)
    running.log.say('##[error]The step summary is larger than 1 MiB and was left out.');
  else running.state.summary += running.log.redact(summary);
}

/** Outputs of the whole job; one that contains a secret is left out, as GitHub does. */
export function jobOutputs(running: RunningJob): Record<string, string> {
  if (running.job.outputs === undefined) return {};
  const values = valueOf(running.job.outputs, stepScope(running, running.env)) as Record<string, Json>;
  const texts = Object.entries(values).map(([name, value]) => [name, plainText(value)] as const);
  return Object.fromEntries(
    texts.filter(([name, value]) => {
      const clean = running.log.redact(value) === value;
      if (!clean) running.log.say(`##[warning]Skip output '${name}' since it may contain secret.`);
      return clean;
    }),
  );
}
