/** Kills at random what a session needs: the runner, its engine, something an agent started, tmux. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ticket } from '../../runner/tickets.ts';
import { askTmux } from '../../runner/fixtures/watching.ts';
import type { Random } from './random.ts';
import { processesOf } from './remains.ts';

export type Kill = 'runner' | 'engine' | 'child' | 'tmux';

export type Yard = {
  /** The runner's own directory. */
  directory: string;
  random: Random;
  killRunner: () => Promise<void>;
};

/** As often as they stand here. */
const victims: readonly Kill[] = ['runner', 'runner', 'engine', 'engine', 'child', 'child', 'tmux'];

/** What was killed; null when there was nothing of it. */
export async function killSomething({ directory, random, killRunner }: Yard): Promise<Kill | null> {
  const victim = random.one(victims) ?? 'runner';
  if (victim === 'runner') {
    await killRunner();
    return victim;
  }
  const pid = pidOf(victim, directory, random);
  return pid !== null && kill(pid) ? victim : null;
}

function pidOf(victim: Exclude<Kill, 'runner'>, directory: string, random: Random): number | null {
  if (victim === 'tmux') return Number(askTmux(directory, 'display-message', '-p', '#{pid}')) || null;
  const tickets = ticketsIn(directory);
  if (victim === 'child') {
    const sessions = new Set(tickets.map(({ session }) => session));
    return random.one(processesOf(sessions))?.pid ?? null;
  }
  // The whole group: the engine, and the shell that keeps its exit code.
  const engine = random.one(tickets.flatMap(({ adoption }) => adoption ?? []))?.engine.pid;
  return engine === undefined ? null : -engine;
}

function ticketsIn(directory: string): Ticket[] {
  const place = join(directory, 'tickets');
  if (!existsSync(place)) return [];
  return readdirSync(place).flatMap((name) => {
    const text = readIfThere(join(place, name));
    return text === null ? [] : [Ticket.parse(JSON.parse(text))];
  });
}

/** A session may end between two looks. */
function readIfThere(path: string): string | null {
  try {
    return path.endsWith('.json') ? readFileSync(path, 'utf8') : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
