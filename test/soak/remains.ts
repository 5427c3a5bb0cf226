/** What sessions leave on a machine and in the record: none of it may be there when they are over. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gitSync } from '../../runner/fixtures/origin.ts';
import { shownIn } from '../../runner/fixtures/watching.ts';
import { markVariable } from '../../runner/process-list.ts';
import type { Records } from '../e2e/records.ts';

type Marked = { pid: number; session: string; name: string };

/** All living processes of these sessions, by their mark. */
export function processesOf(sessions: ReadonlySet<string>): Marked[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const environment = readOf(pid, 'environ').split('\0');
    const mark = environment.find((entry) => entry.startsWith(`${markVariable}=`));
    const session = mark?.slice(markVariable.length + 1) ?? '';
    const dead = /^State:\s+[ZX]/m.test(readOf(pid, 'status'));
    const name = readOf(pid, 'cmdline').replaceAll('\0', ' ').slice(0, 120);
    return sessions.has(session) && !dead ? [{ pid: Number(pid), session, name }] : [];
  });
}

/** Empty when the process is gone, or was never ours to look at. */
function readOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return '';
    throw error;
  }
}

async function sessionIds(records: Records): Promise<Set<string>> {
  return new Set((await records.query<{ id: string }>('select id from session')).map(({ id }) => id));
}

const entries = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);

/** In words, one for each thing that should not be there. */
export async function remains(records: Records, runner: string): Promise<string[]> {
  const live = await records.query<{ id: string; state: string }>(
    `select id, state from session where state <> 'ended'`,
  );
  const slots = await records.query<{ agent: string; session: string }>(
    'select agent, session from agent_slot where session is not null',
  );
  const leases = await records.query<{ session: string }>('select session from session_lease');
  const caches = entries(join(runner, 'cache')).filter((name) => name.endsWith('.git'));
  const starts = caches.flatMap((name) =>
    gitSync(join(runner, 'cache', name), 'for-each-ref', '--format=%(refname)', 'refs/entourage')
      .split('\n')
      .filter((ref) => ref !== ''),
  );
  return [
    ...processesOf(await sessionIds(records)).map(({ pid, name }) => `process ${pid} ${name}`),
    ...entries(join(runner, 'sessions')).map((name) => `worktree ${name}`),
    ...entries(join(runner, 'tickets')).map((name) => `ticket ${name}`),
    ...shownIn(runner).map((name) => `tmux session ${name}`),
    ...starts.map((ref) => `ref ${ref} in the cache`),
    ...live.map(({ id, state }) => `session ${id} ${state}`),
    ...leases.map(({ session }) => `lease of ${session}`),
    ...slots.map(({ agent, session }) => `slot of ${agent} with session ${session}`),
  ];
}
