/**
 * Memory of a runner that hosts 8 sessions, without the engines: its own process, the shells that keep the engines' exit
 * codes, tmux and what shows the sessions. Linux only: each process counts with its share of what it shares. The App is a
 * loopback server that only answers. Exit code 1 when the goal is missed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Assignment } from '../app/catalog/assignment.ts';
import { playApp } from '../app/client/fixtures/played-app.ts';
import { descendants, memoryOf } from '../demo/process-tree.ts';
import { kindApp, makeOrigin, sessionOn } from './played-session.ts';
import { verdict } from './verdict.ts';

const goalMiB = 250;
const sessions = 8;
const mib = 1024 * 1024;

const directory = mkdtempSync(join(tmpdir(), 'entourage-bench-'));
const queue: Assignment[] = [];
const app = await playApp({
  ...kindApp,
  claim_session: async () => {
    await sleep(50);
    return { assignment: queue.shift() ?? null };
  },
});
const own = join(directory, 'runner');
const main = join(import.meta.dirname, '..', 'runner', 'main.ts');
const options = ['--url', app.url, '--dir', own, '--slots', String(sessions), '--isolation', 'none'];
const runner = spawn(process.execPath, [main, ...options, '--patience', '1', '--drain', '0'], {
  env: { PATH: process.env['PATH'], ENTOURAGE_RUNNER_TOKEN: 'ent_registration_once' },
  stdio: 'ignore',
});
const ended = new Promise((resolve) => runner.once('exit', resolve));
try {
  const origin = makeOrigin(directory, 200);
  // Each says something ten times a second, as a busy engine does.
  const talk = ['/bin/sh', '-c', 'while :; do echo "I read the next file."; sleep 0.1; done'];
  for (let index = 0; index < sessions; index += 1) queue.push(sessionOn(origin, talk));
  await allStarted();
  await sleep(10_000);
  const { runner: runnerBytes, keepers, shown } = measure();
  console.log(
    `runner ${(runnerBytes / mib).toFixed(0)} MiB, ${sessions} keepers ${(keepers / mib).toFixed(1)} MiB, tmux ${(shown / mib).toFixed(1)} MiB`,
  );
  const all = (runnerBytes + keepers + shown) / mib;
  verdict(all < goalMiB, `${all.toFixed(0)} MiB with ${sessions} sessions, goal below ${goalMiB} MiB`);
} finally {
  runner.kill('SIGTERM');
  await ended;
  await app.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function allStarted(): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (app.inputsOf('start_session').length < sessions) {
    if (Date.now() > deadline) throw new Error('the sessions did not start within two minutes');
    await sleep(100);
  }
}

function measure(): { runner: number; keepers: number; shown: number } {
  const pid = runner.pid ?? 0;
  const keepers = descendants(pid).filter(({ parent }) => parent === pid);
  const sum = (pids: readonly number[]): number => pids.reduce((bytes, one) => bytes + memoryOf(one), 0);
  return {
    runner: memoryOf(pid),
    keepers: sum(keepers.map((one) => one.pid)),
    shown: sum(readdirSync('/proc').filter(showsUs).map(Number)),
  };
}

/** tmux and its tails, which are nobody's children: they name our directory. */
function showsUs(pid: string): boolean {
  if (!/^\d+$/.test(pid)) return false;
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return /(?:^|\/)(?:tmux|tail)$/.test(words[0] ?? '') && words.some((word) => word.startsWith(own));
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
