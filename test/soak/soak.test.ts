/**
 * 200 sessions of real agents, a real App and forge, while a runner, engines, what they started and tmux are killed at
 * random. Then nothing of any session is left. `SOAK_SESSIONS` and `SOAK_SEED` change the number and repeat the kills.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Program } from '../../demo/program.ts';
import { eventually } from '../e2e/eventually.ts';
import type { Step } from '../e2e/script.ts';
import { createWorld, type World } from '../e2e/world.ts';
import { killSomething, type Kill } from './killer.ts';
import { createRandom } from './random.ts';
import { remains } from './remains.ts';

const wanted = Number(process.env['SOAK_SESSIONS'] ?? 200);
const seed = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000);
/** One plans, the others work. */
const sessionsOfRun = 20;
const slots = 6;

let world: World;
let runner: Program;
const random = createRandom(seed);
const kills: Partial<Record<Kill, number>> = {};
const log = (text: string) => process.stdout.write(`${text}\n`);

beforeAll(async () => {
  log(`seed ${seed}: SOAK_SEED=${seed} repeats it`);
  world = await createWorld({
    slots: 0,
    environment: { ENTOURAGE_HEARTBEAT_SECONDS: '2', ENTOURAGE_LEASE_SECONDS: '30' },
    policy: {
      manage: '{ woken_by: [] }',
      limits: '{ max_agents: 50, max_parallel: 8, waiting_reviews: 1000, attempts: 20, session_minutes: 5 }',
    },
  });
  runner = await world.startRunner(slots);
});
afterAll(() => world[Symbol.asyncDispose]());

async function killRunner(): Promise<void> {
  process.kill(runner.pid, 'SIGKILL');
  await eventually(
    { what: 'a dead runner' },
    async () => runner.running(),
    (running) => !running,
  );
  runner = await world.startRunner(slots);
}

/** Some leave a child that ignores signals, some push before they end, all are done in a second or two. */
function taskOf(title: string): Step[] {
  const steps: Step[] = [{ do: 'write', path: `${title}.txt`, text: title }, { do: 'commit' }];
  if (random.next() < 0.5) steps.push({ do: 'leave_child' });
  if (random.next() < 0.3) steps.push({ do: 'push', mayRefuse: true });
  // On a busy machine the first answer may be that the push is still being checked.
  return [...steps, ...Array.from({ length: 3 }, (): Step => ({ do: 'review', mayRefuse: true }))];
}

async function beginRun(number: number, tasks: number): Promise<void> {
  const title = `Soak ${number}`;
  const titles = Array.from({ length: tasks }, (_, index) => `soak-${number}-${index + 1}`);
  world.plans(
    title,
    titles.map((task) => ({ title: task })),
  );
  for (const task of titles) world.works(task, taskOf(task));
  const issue = await world.ana.opensIssue(title, '');
  await world.ana.comments(issue, '/entourage run');
  await world
    .run(issue)
    .becomes('awaiting approval', (run) => run?.state === 'awaiting_approval', { within: 600 });
  await world.ana.comments(issue, '/entourage approve');
}

const killed = (): number => Object.values(kills).reduce((sum, times) => sum + times, 0);

async function count(which = 'true'): Promise<number> {
  const [row] = await world.records.query<{ n: string }>(`select count(*) as n from session where ${which}`);
  return Number(row?.n ?? 0);
}

/** Tasks that an agent is on or could be. */
const working = async (): Promise<number> => {
  const states = `('todo', 'ready', 'in_progress', 'waiting')`;
  const [row] = await world.records.query<{ n: string }>(
    `select count(*) as n from task where state in ${states}`,
  );
  return Number(row?.n ?? 0);
};

it(`KW-1 AG-3: ${wanted} sessions under random kills leave no process, worktree, tmux session, slot or lease`, async () => {
  const began = Date.now();
  let begun = false;
  const killing = async (): Promise<void> => {
    while (!begun || (await working()) > 0) {
      await sleep(random.between(300, 2_000));
      // Not faster than sessions end: on a slow machine nothing would ever get done.
      if (killed() > 2 + 0.6 * (await count(`state = 'ended'`))) continue;
      const kill = await killSomething({ directory: join(world.directory, 'runner'), random, killRunner });
      if (kill !== null) kills[kill] = (kills[kill] ?? 0) + 1;
    }
  };
  const asking = async (): Promise<void> => {
    for (let number = 1; (await count()) < wanted; number += 1) {
      await beginRun(number, Math.min(sessionsOfRun, Math.max(2, wanted - (await count()))) - 1);
      // A few runs at once, so that there is always something to kill.
      await eventually({ what: 'room for a run', within: 1_200 }, working, (tasks) => tasks < 2 * slots);
    }
    begun = true;
  };
  await Promise.all([asking(), killing()]);
  const seconds = Math.round((Date.now() - began) / 1000);
  const told = Object.entries(kills).map(([what, times]) => `${times} × ${what}`);
  log(`${await count()} sessions in ${seconds} s; killed ${told.join(', ')}`);
  await eventually(
    { what: 'nothing left of any session', within: 120 },
    () => remains(world.records, join(world.directory, 'runner')),
    (left) => left.length === 0,
  );
  const failed = await world.records.query(`select title, reason from task where state = 'failed'`);
  expect(failed).toEqual([]);
  await world.settled();
  await world.isClean();
  await runner.stop(20_000);
  expect(await remains(world.records, join(world.directory, 'runner'))).toEqual([]);
});
