/** Runs the policy's set-up lines in the worktree before the engine starts, in its environment, each with its own tree. */
import { once } from 'node:events';
import type { AgentUser } from './agent-user.ts';
import { commandWords } from './command-words.ts';
import { lastLines, tailOf } from './engines/lines.ts';
import { identify, processTree } from './process-tree.ts';
import { spawnAs } from './spawn-as.ts';

export type SetUp = {
  session: string;
  lines: readonly string[];
  /** All lines together may take this long. */
  minutes: number;
  cwd: string;
  user: AgentUser | null;
  environment: Readonly<Record<string, string>>;
  signal: AbortSignal;
};

/** Answers null when all went well, else what went wrong, in words. */
export async function runSetUp(order: SetUp): Promise<string | null> {
  const late = AbortSignal.timeout(order.minutes * 60_000);
  const signal = AbortSignal.any([order.signal, late]);
  for (const line of order.lines) {
    const problem = await runLine({ ...order, signal }, line);
    if (problem === null) continue;
    if (!late.aborted || order.signal.aborted) return problem;
    return `The set-up took longer than \`workspace.minutes\` in ENTOURAGE.md allows (${order.minutes}). ${problem}`;
  }
  return null;
}

async function runLine(order: SetUp, line: string): Promise<string | null> {
  const parsed = commandWords(line);
  if (!parsed.ok) return parsed.problem;
  if (order.signal.aborted) return `The set-up was stopped before \`${line}\`.`;
  const [file, ...args] = parsed.words;
  const { cwd, user, environment: env } = order;
  const program = spawnAs(user, { file, args, cwd, env, detached: true });
  if (program.pid === undefined) {
    const [error] = (await once(program, 'error')) as [Error];
    return `The set-up line \`${line}\` could not be started: ${error.message}`;
  }
  const output = tailOf(program.stdout, 2_000);
  const errors = tailOf(program.stderr, 4_000);
  const exited = new Promise<number | null>((resolve) => {
    program.once('exit', (code) => resolve(code));
  });
  const root = (await identify(program.pid)) ?? { pid: program.pid, started: '' };
  const tree = processTree(root, order.session, user);
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
