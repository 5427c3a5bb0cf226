/** The demo's end: what came out of it, shown, and checked by asking every part anew. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { getRun, getTimeline, verifyEvents } from '../app/catalog/runs.ts';
import { createClient, type Client } from '../app/client/client.ts';
import { cardText } from './card-text.ts';
import type { House } from './house.ts';
import type { Person, Pull } from './person.ts';
import type { Screen } from './screen.ts';
import { owner, repository } from './seed.ts';
import type { Told } from './story.ts';
import { until } from './watch.ts';

const run = promisify(execFile);
const fullName = `${owner}/${repository}`;
const gibibyte = 1024 ** 3;

export type Scene = {
  screen: Screen;
  house: House;
  ana: Person;
  people: Person[];
  bot: string;
  told: Told;
  peakBytes: number;
  seconds: number;
};

const Calls = z.object({
  kinds: z.object({ read: z.int(), create: z.int(), write: z.int() }),
});

/** Shows the result and returns how many checks failed. */
export async function end(scene: Scene): Promise<number> {
  const { screen, house, ana } = scene;
  const client = createClient({ url: house.appUrl, token: house.operatorKey });
  const clone = join(house.directory, 'clone');
  await run('git', ['clone', '--quiet', `${house.forgeUrl}/${fullName}.git`, clone]);
  const pulls = await ana.taskPulls();
  const card = await summedUp(scene);
  screen.title('The card on the issue');
  screen.block(cardText(card));
  await showTimeline(screen, client);
  screen.title('main');
  screen.block((await run('git', ['log', '--format=%h %<(60,trunc)%s %an'], { cwd: clone })).stdout.trim());
  await showCost(scene, client, pulls);
  screen.title('Checked');
  return await check(scene, { client, clone, pulls, card });
}

const summed = /^\*\*Summary\*\* by the manager/m;

/** The card's text; the run is done before its manager has summed it up. */
async function summedUp({ ana, bot, told, screen }: Scene): Promise<string> {
  return await until(
    { what: 'the manager to sum up', within: 60, onLook: (what) => screen.waiting(what) },
    async () => {
      const card = (await ana.commentsOf(told.issue)).find(
        ({ by, body }) => by === bot && body.includes('entourage:run'),
      );
      return card !== undefined && summed.test(card.body) ? card.body : null;
    },
  );
}

async function showTimeline(screen: Screen, client: Client): Promise<void> {
  const { events } = await client.call(getTimeline, { repository: fullName, run: 1, task: 't3', limit: 100 });
  screen.title('What happened to t3, by the event log');
  const start = Date.parse(events[0]?.at ?? '');
  // The same words twice in a row (a check that ran for the push and for the pull request) are said once.
  const told = events.filter(({ words }, index) => words !== events[index - 1]?.words);
  screen.block(
    told
      .map(
        ({ at, actor, words }) =>
          `${seconds(Date.parse(at) - start)}  ${actor.padEnd(13)} ${words.replace(/^t3 /, '')}`,
      )
      .join('\n'),
  );
}

const seconds = (ms: number): string => `+${(ms / 1000).toFixed(1).padStart(5)} s`;

async function showCost(
  { screen, house, people, peakBytes, seconds: took }: Scene,
  client: Client,
  pulls: Pull[],
): Promise<void> {
  const { run: view } = await client.call(getRun, { repository: fullName, run: 1 });
  const calls = Calls.parse(await control(house, 'calls'));
  const created = calls.kinds.create - people.reduce((sum, person) => sum + person.created(), 0);
  const merged = pulls.filter((pull) => pull.merged).length;
  screen.title('Cost');
  screen.block(
    [
      `agents   $${view.cost_usd.toFixed(2)} of $${view.budget_usd.toFixed(2)}, $${(view.cost_usd / Math.max(1, merged)).toFixed(2)} a merged pull request (a scripted agent’s invented tokens)`,
      `GitHub   Entourage created content ${created} times for ${pulls.length} tasks; with people and git ${calls.kinds.write} other writes, ${calls.kinds.read} reads`,
      `machine  ${took.toFixed(1)} s, at most ${(peakBytes / gibibyte).toFixed(2)} GiB for all processes`,
    ].join('\n'),
  );
}

type Findings = { client: Client; clone: string; pulls: Pull[]; card: string };

async function check(
  { screen, house, ana, told }: Scene,
  { client, clone, pulls, card }: Findings,
): Promise<number> {
  const unmerged = pulls.filter(({ merged }) => !merged);
  const tests = await run(process.execPath, ['--test'], { cwd: clone }).then(
    () => null,
    (error: unknown) =>
      String(error instanceof Error && 'stdout' in error ? error.stdout : error).slice(-600),
  );
  const issue = await ana.issueState(told.issue);
  const verified = await client.call(verifyEvents, { repository: fullName });
  const violations = z.array(z.unknown()).parse(await control(house, 'violations'));
  const checks: [boolean, string][] = [
    [
      pulls.length === 5 && unmerged.length === 0,
      `${pulls.length - unmerged.length} of ${pulls.length} pull requests merged`,
    ],
    [tests === null, tests === null ? 'the tests of main pass' : `the tests of main fail:\n${tests}`],
    [issue === 'closed', `the issue is ${issue}`],
    [summed.test(card), 'the manager summed the run up on its card'],
    await reviewsCheck(ana, pulls),
    [
      verified.differences.length === 0 && verified.runs === 1,
      `${verified.events} events of ${verified.runs} run folded anew: ${verified.differences.length} differences from the rows`,
    ],
    [
      told.refused,
      told.refused ? 'the stranger’s command was refused' : 'the stranger’s command did something',
    ],
    [
      !told.planTouchedByStranger,
      told.planTouchedByStranger ? 'the stranger’s tick did something' : 'the stranger’s tick did nothing',
    ],
    [
      violations.length === 0,
      `${violations.length} requests or answers that GitHub’s own description forbids`,
    ],
  ];
  if (house.place === 'actions') checks.push(await jobsCheck(ana));
  for (const [passed, what] of checks) screen.check(passed, what);
  for (const violation of violations.slice(0, 5)) screen.block(JSON.stringify(violation).slice(0, 400));
  return checks.filter(([passed]) => !passed).length;
}

/** The reviewer agent read every head that was merged, and what it found was answered in its thread. */
async function reviewsCheck(ana: Person, pulls: Pull[]): Promise<[boolean, string]> {
  const read = await Promise.all(
    pulls.map(async ({ head }) =>
      (await ana.checksOf(head)).some(
        ({ name, conclusion }) => name === 'entourage/review' && conclusion === 'success',
      ),
    ),
  );
  const comments = (await Promise.all(pulls.map(({ number }) => ana.lineComments(number)))).flat();
  const asked = comments.filter(({ replyTo }) => replyTo === null).length;
  const answered = comments.length - asked;
  return [
    read.every(Boolean) && asked === 2 && answered === asked,
    `${read.filter(Boolean).length} of ${pulls.length} merged heads were read by the reviewer agent first; ${answered} of ${asked} threads answered`,
  ];
}

/** Every session was a job of the repository's own Actions, and GitHub shows each as green. */
async function jobsCheck(ana: Person): Promise<[boolean, string]> {
  // A session is over for Entourage a moment before its job has cleaned up.
  const runs = await until({ what: 'the last job to end', within: 30 }, async () => {
    const all = await ana.workflowRuns('entourage.yml');
    return all.every(({ status }) => status === 'completed') ? all : null;
  });
  const green = runs.filter(({ conclusion }) => conclusion === 'success').length;
  return [
    runs.length > 5 && green === runs.length,
    `${green} of ${runs.length} workflow runs, one for each session, ended green`,
  ];
}

async function control(house: House, what: string): Promise<unknown> {
  return await (await fetch(`${house.forgeUrl}/_forge/${what}`)).json();
}
