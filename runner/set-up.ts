/** Runs the policy's set-up lines in the worktree before the engine starts, in its environment, each with its own tree. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { commandWords } from './command-words.ts';
import { lastLines } from './engines/command.ts';
import { tailOf } from './engines/lines.ts';
import { identify, processTree } from './process-tree.ts';

export type SetUp = {
  session: string;
  lines: readonly string[];
  cwd: string;
  environment: Readonly<Record<string, string>>;
  signal: AbortSignal;
};

/** Answers null when all went well, else what went wrong, in words. */
export async function runSetUp(order: SetUp): Promise<string | null> {
  for (const line of order.lines) {
    const problem = await runLine(order, line);
    if (problem !== null) return problem;
  }
  return null;
}

async function runLine(order: SetUp, line: string): Promise<string | null> {
  const parsed = commandWords(line);
  if (!parsed.ok) return parsed.problem;
  if (order.signal.aborted) return `The set-up was stopped before \`${line}\`.`;
  const [file, ...args] = parsed.words;
  const program = spawn(file, args, {
    cwd: order.cwd,
    env: order.environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (program.pid === undefined) {
    const [error] = (await once(program, 'error')) as [Error];
    return `The set-up line \`${line}\` could not be started: ${error.message}`;
  }
  const output = tailOf(program.stdout, 2_000);
  const errors = tailOf(program.stderr, 4_000);
  const exited = new Promise<number | null>((resolve) => {
    program.once('exit', (code) => resolve(code));
  });
  const tree = processTree((await identify(program.pid)) ?? { pid: program.pid, started: '' }, order.session);
  const end = () => void tree.end(1_000);
  order.signal.addEventListener('abort', end, { once: true });
  const code = await exited;
  order.signal.removeEventListener('abort', end);
  await tree.end(0);
  if (code === 0) return null;
  if (order.signal.aborted) return `The set-up line \`${line}\` was stopped.`;
  const last = lastLines(errors()) || lastLines(output());
  return `The set-up line \`${line}\` ended with ${code ?? 'a signal'}.${last === '' ? '' : `\n${last}`}`;
}
