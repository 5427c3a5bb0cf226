/**
 * Shows sessions to people of this machine: one tmux session each, on a server of the runner's own with a configuration
 * of its own, so that nothing of anybody's tmux is touched. What is shown is a file that `tail` follows; the engine is
 * nobody's pane, so neither a closed window nor a killed tmux harms it.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { wordsOf, type Log } from './log.ts';
import { createMutex } from './mutex.ts';

export type Tmux = {
  /** What to type to see it. */
  command(name?: string): string;
  /** Shows `file` under `wanted`, or under that with a number where it is taken. Answers with the name; null: it failed. */
  open(session: string, wanted: string, file: string): Promise<string | null>;
  /** What isn't there is no error. */
  close(session: string): Promise<void>;
  /** Closes all but those of these sessions. */
  keepOnly(sessions: ReadonlySet<string>): Promise<void>;
};

/** No place for people to type at, and nothing that draws the eye. */
const configuration = `set -g status-left '#S '
set -g status-left-length 60
set -g status-right ''
set -g window-status-format ''
set -g window-status-current-format ''
set -g status-style 'fg=default,bg=default,dim'
set -g history-limit 20000
set -g mouse on
set -g update-environment ''
`;

/** Reads from the beginning, and again from there when the file was begun anew; what tail says of that is no event. */
const follower = 'exec tail -n +1 -F -- "$1" 2>/dev/null';

/** The kernel's limit for a socket's path is 108 bytes with its final zero. */
const longestPath = 100;
const patienceMs = 10_000;
const run = promisify(execFile);

export const socketIn = (directory: string): string => join(directory, 'tmux', 'socket');

/** Null with the reason where sessions can't be shown. `directory` is the runner's. */
export async function openTmux(
  directory: string,
  log: Log,
): Promise<{ tmux: Tmux } | { tmux: null; reason: string }> {
  const socket = socketIn(directory);
  if (Buffer.byteLength(socket) > longestPath)
    return { tmux: null, reason: `the path of ${socket} is too long for a socket` };
  if (!(await isInstalled())) return { tmux: null, reason: 'tmux is not installed' };
  const place = join(directory, 'tmux');
  await mkdir(place, { recursive: true, mode: 0o700 });
  const file = join(place, 'tmux.conf');
  await writeFile(file, configuration);
  return { tmux: tmuxAt({ socket, file, log }) };
}

async function isInstalled(): Promise<boolean> {
  try {
    await run('tmux', ['-V'], { timeout: patienceMs });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

type Shown = { name: string; session: string };

function tmuxAt({ socket, file, log }: { socket: string; file: string; log: Log }): Tmux {
  const alone = createMutex();
  // Its server keeps the environment of whoever started it, for everybody who attaches.
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C.UTF-8', TERM: 'screen-256color' };
  const call = async (...args: string[]): Promise<string> =>
    (await run('tmux', ['-u', '-f', file, '-S', socket, ...args], { env, cwd: '/', timeout: patienceMs }))
      .stdout;

  async function list(): Promise<Shown[]> {
    const text = await call('list-sessions', '-F', '#{session_name} #{@session}').catch(none);
    return text.split('\n').flatMap((line) => {
      const [name = '', session = ''] = line.split(' ');
      return name === '' ? [] : [{ name, session }];
    });
  }

  async function show(session: string, wanted: string, path: string): Promise<string> {
    const shown = await list();
    const again = shown.find((one) => one.session === session);
    if (again !== undefined) return again.name;
    const names = new Set(shown.map(({ name }) => name));
    let name = wanted;
    for (let number = 2; names.has(name); number += 1) name = `${wanted}-${number}`;
    const pane = ['--', '/bin/sh', '-c', follower, 'sh', path];
    const begin = ['new-session', '-d', '-x', '140', '-y', '45', '-s', name, ...pane];
    const note = ['set-option', '-t', `=${name}:`, '@session', session];
    // Without input: a Ctrl-C of somebody who looks would end the tail.
    const deafen = ['select-pane', '-t', `=${name}:`, '-d'];
    await call(...begin, ';', ...note, ';', ...deafen);
    return name;
  }

  const closeThose = (which: (session: string) => boolean) =>
    alone('', async () => {
      try {
        for (const { name, session } of await list())
          if (which(session)) await call('kill-session', '-t', `=${name}`).catch(none);
      } catch (error) {
        log('tmux could not close what it shows', { error: wordsOf(error) });
      }
    });

  return {
    command: (name) => `tmux -S ${socket} attach -r${name === undefined ? '' : ` -t ${name}`}`,
    open: (session, wanted, path) =>
      alone('', async () => {
        try {
          // Its last session may have taken the server away at this moment.
          return await show(session, wanted, path).catch(() => show(session, wanted, path));
        } catch (error) {
          log('tmux could not show the session', { session, error: wordsOf(error) });
          return null;
        }
      }),
    close: (session) => closeThose((one) => one === session),
    keepOnly: (sessions) => closeThose((one) => !sessions.has(one)),
  };
}

/** What tmux says when nothing is shown any more. */
function none(error: unknown): string {
  const { stderr = '' } = error as { stderr?: string };
  if (/no server running|No such file|can't find session|server exited|lost server|no sessions/.test(stderr))
    return '';
  throw error;
}
