/**
 * From the claim of a session to the start of its engine with a warm cache, as a multiple of `git worktree add` alone,
 * in a repository of 1,000 files. The App is a loopback server that only answers. Both are done in turn, so that a busy
 * machine slows both; the ratio is of the medians. Exit code 1 when the goal is missed.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { playApp } from '../app/client/fixtures/played-app.ts';
import type { WorkPlace } from '../runner/course.ts';
import { createObjectCache } from '../runner/object-cache.ts';
import { createTickets } from '../runner/tickets.ts';
import { openTmux } from '../runner/tmux.ts';
import { mcpMain } from '../runner/mcp-path.ts';
import { workOn } from '../runner/work.ts';
import { git, kindApp, makeOrigin, sessionOn, type Origin } from './played-session.ts';
import { median, verdict } from './verdict.ts';

const goal = 3;
const files = 1_000;
const rounds = Number(process.argv[2] ?? 15);

const directory = mkdtempSync(join(tmpdir(), 'entourage-bench-'));
const app = await playApp(kindApp);
try {
  const origin = makeOrigin(directory, files);
  const place = await makePlace();
  const bare: number[] = [];
  const runner: number[] = [];
  // The first of each warms the caches and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    const one = addWorktree(origin.url, round);
    const other = await startEngine(place, origin);
    if (round === 0) continue;
    bare.push(one);
    runner.push(other);
  }
  console.log(`git worktree add, ${files} files  ${median(bare).toFixed(0)} ms (median of ${rounds})`);
  console.log(`runner, claim to engine      ${median(runner).toFixed(0)} ms`);
  const ratio = median(runner) / median(bare);
  verdict(ratio <= goal, `overhead ${ratio.toFixed(2)}×, goal at most ${goal}×`);
} finally {
  await app.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function makePlace(): Promise<WorkPlace> {
  const { tmux } = await openTmux(directory, () => undefined);
  return {
    url: app.url,
    sessions: join(directory, 'sessions'),
    cache: createObjectCache(join(directory, 'cache')),
    tickets: createTickets(join(directory, 'tickets')),
    tmux,
    isolation: 'none',
    node: process.execPath,
    mcp: mcpMain,
    log: () => undefined,
    pass: [],
    patienceMs: 300,
    pushPatienceMs: 5_000,
    asked: { reason: 'The bench is over.', cancelled: false, patienceMs: 300, pushPatienceMs: 5_000 },
  };
}

/** Milliseconds. */
function addWorktree(origin: string, round: number): number {
  const path = join(directory, `worktree-${round}`);
  const began = performance.now();
  git(origin, 'worktree', 'add', '--quiet', '--detach', path, 'main');
  const took = performance.now() - began;
  git(origin, 'worktree', 'remove', '--force', path);
  return took;
}

/** Milliseconds to the engine's own first moment, which it writes down in its home. */
async function startEngine(place: WorkPlace, origin: Origin): Promise<number> {
  const moment = join(directory, 'moment');
  const assignment = sessionOn(origin, ['/bin/sh', '-c', 'date +%s%N > "$1"', 'sh', moment]);
  const began = performance.timeOrigin + performance.now();
  const { outcome, reason } = await workOn(assignment, place, new AbortController().signal);
  if (outcome !== 'completed') throw new Error(`the session ended ${outcome}: ${reason}`);
  return Number(readFileSync(moment, 'utf8')) / 1e6 - began;
}
