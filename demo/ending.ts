/** The demo's end: what came out of it, shown, and checked by asking every part anew. */
import { getTimeline } from '../app/catalog/runs.ts';
import type { Client } from '../app/client/client.ts';
import { cardText } from './card-text.ts';
import {
  checkEvents,
  checkMain,
  checkViolations,
  cloneMain,
  fullName,
  logOf,
  showCost,
  summed,
  summedUp,
  type Check,
} from './findings.ts';
import type { House } from './house.ts';
import type { Person, Pull } from './person.ts';
import type { Screen } from './screen.ts';
import type { Told } from './story.ts';
import { until } from './watch.ts';

export type Scene = {
  screen: Screen;
  house: House;
  client: Client;
  ana: Person;
  people: Person[];
  bot: string;
  told: Told;
  peakBytes: number;
  seconds: number;
};

/** Shows the result and returns how many checks failed. */
export async function end(scene: Scene): Promise<number> {
  const { screen, house, client, ana } = scene;
  const clone = await cloneMain(house);
  const pulls = await ana.taskPulls();
  const card = await summedUp({ ...scene, issue: scene.told.issue });
  screen.title('The card on the issue');
  screen.block(cardText(card));
  await showTimeline(screen, client);
  screen.title('main');
  screen.block(await logOf(clone));
  await showCost(scene, { client, pulls, tokens: 'a scripted agent’s invented tokens' });
  screen.title('Checked');
  return await check(scene, { clone, pulls, card });
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

type Findings = { clone: string; pulls: Pull[]; card: string };

async function check(
  { screen, house, client, ana, told }: Scene,
  { clone, pulls, card }: Findings,
): Promise<number> {
  const unmerged = pulls.filter(({ merged }) => !merged);
  const issue = await ana.issueState(told.issue);
  const checks: Check[] = [
    [
      pulls.length === 5 && unmerged.length === 0,
      `${pulls.length - unmerged.length} of ${pulls.length} pull requests merged`,
    ],
    await checkMain(clone),
    [issue === 'closed', `the issue is ${issue}`],
    [summed.test(card), 'the manager summed the run up on its card'],
    await reviewsCheck(ana, pulls),
    await checkEvents(client),
    [
      told.refused,
      told.refused ? 'the stranger’s command was refused' : 'the stranger’s command did something',
    ],
    [
      !told.planTouchedByStranger,
      told.planTouchedByStranger ? 'the stranger’s tick did something' : 'the stranger’s tick did nothing',
    ],
    await checkViolations(house),
  ];
  if (house.place === 'actions') checks.push(await jobsCheck(ana));
  for (const [passed, what] of checks) screen.check(passed, what);
  return checks.filter(([passed]) => !passed).length;
}

/** The reviewer agent read every head that was merged, and what it found was answered in its thread. */
async function reviewsCheck(ana: Person, pulls: Pull[]): Promise<Check> {
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
async function jobsCheck(ana: Person): Promise<Check> {
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
