/** A `uses:` step: built in, JavaScript, or composite. */
import { join } from 'node:path';
import { gitEnvironment } from '../git/command.ts';
import type { ActionFile, CompositeAction, NodeAction } from './action-file.ts';
import { isLocal, type LoadedAction, loadLocalAction } from './action-source.ts';
import { builtinAction, withPath } from './builtin.ts';
import { holds, plainText, textOf, textsOf, valueOf, type Json } from './expression.ts';
import { runCommand } from './process-group.ts';
import { ActionsError } from './refusal.ts';
import {
  commonEnvironment,
  isWanted,
  type Performance,
  processEnvironment,
  type RunningJob,
  stepScope,
} from './running-job.ts';
import { openStepFiles } from './step-files.ts';
import type { WorkflowStep } from './workflow.ts';

export async function performAction(running: RunningJob, performance: Performance): Promise<boolean> {
  const { step, scope } = performance;
  const uses = step.uses ?? '';
  const { log } = running;
  const given = textsOf(step.with, scope);
  log.say(`##[group]Run ${uses}`);
  for (const [name, value] of Object.entries(given)) log.say(`  ${name}: ${value}`);
  log.say('##[endgroup]');
  if (builtinAction(uses) !== null) return performBuiltin(running, performance, given);
  const action = isLocal(uses)
    ? await loadLocalAction(uses, running.directories.workspace)
    : running.actions.get(uses);
  if (action === undefined) throw new ActionsError('unsupported', `the action ${uses}`);
  const inputs = inputsOf(running, action.file, given);
  const { runs } = action.file;
  if (runs.kind === 'composite') return performComposite(running, performance, { action, runs, inputs });
  return performNode(running, performance, { action, runs, inputs });
}

async function performBuiltin(
  running: RunningJob,
  { step, outputs, signal }: Performance,
  inputs: Record<string, string>,
): Promise<boolean> {
  const { log, directories, request } = running;
  const uses = step.uses ?? '';
  const action = builtinAction(uses);
  if (action === null) throw new ActionsError('unsupported', `the action ${uses}`);
  const result = await action({
    uses,
    inputs,
    request,
    token: running.grant.token,
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
        kill: running.kill,
        patience: running.patience,
        onGroup: (group) => running.groups.add(group),
      }),
  });
  Object.assign(outputs, result.outputs);
  running.path.unshift(...result.path);
  return result.success;
}

/** What is given, and the defaults of what isn't. GitHub does not insist on `required` ones. */
function inputsOf(
  running: RunningJob,
  file: ActionFile,
  given: Record<string, string>,
): Record<string, string> {
  const known = file.inputs.map(({ name }) => name);
  const unexpected = Object.keys(given).filter(
    (name) => !known.some((one) => one.toLowerCase() === name.toLowerCase()),
  );
  if (unexpected.length > 0)
    running.log.output(
      `::warning::Unexpected input(s) '${unexpected.join("', '")}', valid inputs are ['${known.join("', '")}']`,
    );
  const scope = stepScope(running, commonEnvironment(running));
  const defaults = file.inputs.flatMap(({ name, default: token }) =>
    token === undefined ? [] : [[name, textOf(token, scope)] as const],
  );
  const byName = new Map(known.map((name) => [name.toLowerCase(), name]));
  const named = Object.entries(given).map(
    ([name, value]) => [byName.get(name.toLowerCase()) ?? name, value] as const,
  );
  return { ...Object.fromEntries(defaults), ...Object.fromEntries(named) };
}

type Call<Runs> = { action: LoadedAction; runs: Runs; inputs: Record<string, string> };

async function performNode(
  running: RunningJob,
  { step, env, outputs, signal }: Performance,
  call: Call<NodeAction>,
): Promise<boolean> {
  const { runs } = call;
  const state: Record<string, string> = { ...call.action.preState };
  const name = step.uses ?? '';
  if (runs.post !== undefined) {
    const script = runs.post;
    running.posts.push({
      name: `Post ${step.name === undefined ? `Run ${name}` : textOf(step.name, stepScope(running, env, step.id))}`,
      condition: runs.postIf,
      run: async (ending) =>
        (await runNode(running, call, { script, step, env, state, signal: ending })).success,
    });
  }
  const result = await runNode(running, call, { script: runs.main, step, env, state, signal });
  Object.assign(outputs, result.outputs);
  Object.assign(state, result.state);
  return result.success;
}

type NodeRun = Pick<Performance, 'env' | 'signal'> & {
  script: string;
  step: Pick<WorkflowStep, 'id'>;
  state: Record<string, string>;
};

async function runNode(
  running: RunningJob,
  { action, inputs }: Pick<Call<NodeAction>, 'action' | 'inputs'>,
  { script, step, env, state, signal }: NodeRun,
) {
  const files = await openStepFiles(running);
  const entries = (prefix: string, values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value] as const);
  const given = entries('INPUT_', inputs).map(([name, value]) => [
    name.replaceAll(' ', '_').toUpperCase(),
    value,
  ]);
  const environment: Record<string, string> = {
    ...processEnvironment(running, env),
    ...running.grant.actionEnvironment,
    ...files.env,
    GITHUB_ACTION: step.id,
    GITHUB_ACTION_REPOSITORY: action.repository,
    GITHUB_ACTION_REF: action.ref,
    ...(Object.fromEntries(given) as Record<string, string>),
    ...Object.fromEntries(entries('STATE_', state)),
  };
  const code = await runCommand({
    file: process.execPath,
    args: [join(action.directory, script)],
    cwd: running.directories.workspace,
    env: withPath(environment, running.path),
    onLine: (line) => running.log.output(line),
    signal,
    kill: running.kill,
    patience: running.patience,
    onGroup: (group) => running.groups.add(group),
  });
  return { success: code === 0, ...(await files.take()) };
}

/** The `pre` scripts of the job's actions, before its first step. A failing one fails the job. */
export async function runPreSteps(running: RunningJob, signal: AbortSignal): Promise<boolean> {
  for (const [uses, action] of running.actions) {
    const { runs } = action.file;
    if (runs.kind !== 'node' || runs.pre === undefined) continue;
    const step = running.job.steps.find((one) => one.uses === uses);
    const env = { ...commonEnvironment(running), ...textsOf(step?.env, stepScope(running, running.env)) };
    const scope = stepScope(running, env);
    if (!holds(runs.preIf, scope)) continue;
    running.log.say(`##[group]Pre Run ${uses}`);
    running.log.say('##[endgroup]');
    const inputs = inputsOf(running, action.file, textsOf(step?.with, scope));
    const start = { script: runs.pre, step: { id: step?.id ?? '' }, env, state: {}, signal };
    const { success, state } = await runNode(running, { action, inputs }, start);
    action.preState = state;
    if (!success) return false;
  }
  return true;
}

/** Its steps see its inputs, its own `steps`, and a status of their own. */
async function performComposite(
  running: RunningJob,
  { env, outputs, signal, runStep }: Performance,
  { action, runs, inputs }: Call<CompositeAction>,
): Promise<boolean> {
  const { directory: path, repository, ref } = action;
  const inner: RunningJob = {
    ...running,
    defaults: { shell: null, workingDirectory: null },
    steps: {},
    inputs,
    inherited: env,
    action: { path, repository, ref },
    status: 'success',
  };
  for (const step of runs.steps) {
    if (signal.aborted) inner.status = 'cancelled';
    if (!isWanted(inner, step)) {
      inner.steps[step.id] = { outputs: {}, outcome: 'skipped', conclusion: 'skipped' };
      continue;
    }
    const end = await runStep(inner, step, signal);
    if (end.conclusion !== 'success' && inner.status === 'success') inner.status = end.conclusion;
  }
  const scope = stepScope(inner, commonEnvironment(inner));
  for (const [name, token] of runs.outputs) outputs[name] = plainText(valueOf(token, scope) as Json);
  return inner.status === 'success';
}
