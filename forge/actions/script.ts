/** A `run:` step: its script in a shell. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { withPath } from './builtin.ts';
import { textOf } from './expression.ts';
import { runCommand } from './process-group.ts';
import { ActionsError } from './refusal.ts';
import { openStepFiles } from './step-files.ts';
import { type Performance, processEnvironment, type RunningJob } from './running-job.ts';

type Shell = { extension: string; call: (script: string) => [string, string[]] };

/** How each shell is called on a script file, as GitHub's runner does. */
const shells: Record<string, Shell> = {
  '': { extension: 'sh', call: (script) => ['bash', ['-e', script]] },
  bash: {
    extension: 'sh',
    call: (script) => ['bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', script]],
  },
  sh: { extension: 'sh', call: (script) => ['sh', ['-e', script]] },
  python: { extension: 'py', call: (script) => ['python', [script]] },
};

/** A template such as `node {0}`: the place of the script is `{0}`. */
function shellOf(name: string): Shell | null {
  const [file, ...args] = name.split(' ');
  if (!name.includes('{0}') || file === undefined) return shells[name] ?? null;
  return { extension: 'js', call: (script) => [file, args.map((arg) => arg.replaceAll('{0}', script))] };
}

export async function performScript(
  running: RunningJob,
  { step, env, scope, outputs, signal }: Performance,
): Promise<boolean> {
  const { log, directories, defaults } = running;
  const name = step.shell === undefined ? (defaults.shell ?? '') : textOf(step.shell, scope);
  const shell = shellOf(name);
  if (shell === null) throw new ActionsError('unsupported', `the shell "${name}"`);
  const text = step.run === undefined ? '' : textOf(step.run, scope);
  const where =
    step.workingDirectory === undefined ? defaults.workingDirectory : textOf(step.workingDirectory, scope);
  const files = await openStepFiles(running);
  const script = files.script(shell.extension);
  await writeFile(script, text.endsWith('\n') ? text : `${text}\n`);
  log.say(`##[group]Run ${text.trim().split('\n')[0] ?? ''}`);
  for (const line of text.trimEnd().split('\n')) log.say(line);
  log.say('##[endgroup]');
  const [file, args] = shell.call(script);
  // Only scripts of composite actions learn where the action lies.
  const place = running.action === null ? {} : { GITHUB_ACTION_PATH: running.action.path };
  const environment = withPath(
    { ...processEnvironment(running, env), ...files.env, ...place, GITHUB_ACTION: step.id },
    running.path,
  );
  if (!isThere(file, environment))
    throw new ActionsError('unsupported', `the shell "${name}": ${file} is not installed`);
  const code = await runCommand({
    file,
    args,
    cwd: resolve(directories.workspace, where ?? '.'),
    env: environment,
    onLine: (line) => log.output(line),
    signal,
    kill: running.kill,
    patience: running.patience,
    onGroup: (group) => running.groups.add(group),
  });
  Object.assign(outputs, (await files.take()).outputs);
  if (code !== 0 && !signal.aborted && !running.kill.aborted)
    log.output(`::error::Process completed with exit code ${code}.`);
  return code === 0;
}

function isThere(file: string, env: Record<string, string>): boolean {
  return (env['PATH'] ?? '').split(delimiter).some((directory) => existsSync(join(directory, file)));
}
