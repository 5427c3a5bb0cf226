/** What both endings look at: main and its tests, the event log, the cost, what GitHub would have refused. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { getRun, verifyEvents } from '../app/catalog/runs.ts';
import type { Client } from '../app/client/client.ts';
import type { House } from './house.ts';
import type { Person, Pull } from './person.ts';
import type { Screen } from './screen.ts';
import { owner, repository } from './seed.ts';
import { until } from './watch.ts';

const run = promisify(execFile);
export const fullName = `${owner}/${repository}`;
const gibibyte = 1024 ** 3;

/** Whether it passed, and what it found. */
export type Check = [boolean, string];

const Calls = z.object({
  kinds: z.object({ read: z.int(), create: z.int(), write: z.int() }),
});

export const summed = /^\*\*Summary\*\* by the manager/m;

export type CardPlace = { screen: Screen; ana: Person; bot: string; issue: number };

/** The text of the run's card; null before there is one. */
export async function cardOf({ ana, bot, issue }: Omit<CardPlace, 'screen'>): Promise<string | null> {
  const comments = await ana.commentsOf(issue);
  return comments.find(({ by, body }) => by === bot && body.includes('entourage:run'))?.body ?? null;
}

/** The card's text; the run is done before its manager has summed it up. */
export async function summedUp(place: CardPlace): Promise<string> {
  const onLook = (what: string): void => place.screen.waiting(what);
  return await until({ what: 'the manager to sum up', within: 60, onLook }, async () => {
    const card = await cardOf(place);
    return card !== null && summed.test(card) ? card : null;
  });
}

/** The directory of a fresh clone. */
export async function cloneMain({ forgeUrl, directory }: House): Promise<string> {
  const clone = join(directory, 'clone');
  await run('git', ['clone', '--quiet', `${forgeUrl}/${fullName}.git`, clone]);
  return clone;
}

export const logOf = async (clone: string): Promise<string> =>
  (await run('git', ['log', '--format=%h %<(60,trunc)%s %an'], { cwd: clone })).stdout.trim();

export type Effort = { screen: Screen; house: House; people: Person[]; peakBytes: number; seconds: number };

export async function showCost(
  { screen, house, people, peakBytes, seconds: took }: Effort,
  { client, pulls, tokens }: { client: Client; pulls: Pull[]; tokens: string },
): Promise<void> {
  const { run: view } = await client.call(getRun, { repository: fullName, run: 1 });
  const calls = Calls.parse(await control(house, 'calls'));
  const created = calls.kinds.create - people.reduce((sum, person) => sum + person.created(), 0);
  const merged = pulls.filter((pull) => pull.merged).length;
  const unpriced = view.unpriced_tokens === 0 ? '' : ` and ${view.unpriced_tokens} tokens of unknown price`;
  screen.title('Cost');
  screen.block(
    [
      `agents   $${view.cost_usd.toFixed(2)} of $${view.budget_usd.toFixed(2)}${unpriced}, $${(view.cost_usd / Math.max(1, merged)).toFixed(2)} a merged pull request (${tokens})`,
      `GitHub   Entourage created content ${created} times for ${pulls.length} tasks; with people and git ${calls.kinds.write} other writes, ${calls.kinds.read} reads`,
      `machine  ${took.toFixed(1)} s, at most ${(peakBytes / gibibyte).toFixed(2)} GiB for all processes`,
    ].join('\n'),
  );
}

export async function checkMain(clone: string): Promise<Check> {
  try {
    await run(process.execPath, ['--test'], { cwd: clone });
    return [true, 'the tests of main pass'];
  } catch (error) {
    const said = String(error instanceof Error && 'stdout' in error ? error.stdout : error).slice(-600);
    return [false, `the tests of main fail:\n${said}`];
  }
}

export async function checkEvents(client: Client): Promise<Check> {
  const { events, runs, differences } = await client.call(verifyEvents, { repository: fullName });
  return [
    differences.length === 0 && runs === 1,
    `${events} events of ${runs} run folded anew: ${differences.length} differences from the rows`,
  ];
}

export async function checkViolations(house: House): Promise<Check> {
  const violations = z.array(z.unknown()).parse(await control(house, 'violations'));
  const shown = violations.slice(0, 5).map((violation) => `\n${JSON.stringify(violation).slice(0, 400)}`);
  return [
    violations.length === 0,
    `${violations.length} requests or answers that GitHub’s own description forbids${shown.join('')}`,
  ];
}

async function control(house: House, what: string): Promise<unknown> {
  return await (await fetch(`${house.forgeUrl}/_forge/${what}`)).json();
}
