/** The end of the story with a real engine: how far the run came, said as it is, and what holds however far that was. */
import type { Client } from '../app/client/client.ts';
import { cardText } from './card-text.ts';
import {
  cardOf,
  checkEvents,
  checkMain,
  checkViolations,
  cloneMain,
  logOf,
  showCost,
  summedUp,
  type Check,
} from './findings.ts';
import type { FreeTold } from './free-story.ts';
import type { House } from './house.ts';
import type { Person } from './person.ts';
import type { Screen } from './screen.ts';

export type FreeScene = {
  screen: Screen;
  house: House;
  client: Client;
  ana: Person;
  people: Person[];
  bot: string;
  told: FreeTold;
  peakBytes: number;
  seconds: number;
};

/** Shows the result and returns how many checks failed. */
export async function endFreely(scene: FreeScene): Promise<number> {
  const { screen, house, client, ana, told, bot } = scene;
  const clone = await cloneMain(house);
  const pulls = await ana.taskPulls();
  const at = { screen, ana, bot, issue: told.issue };
  const card = told.run.summary === null ? await cardOf(at) : await summedUp(at);
  screen.title('The card on the issue');
  screen.block(cardText(card ?? ''));
  screen.title('main');
  screen.block(await logOf(clone));
  await showCost(scene, { client, pulls, tokens: 'as the engine tells them' });
  screen.title('Checked');
  const checks: Check[] = [
    await runCheck(scene),
    await checkMain(clone),
    await checkEvents(client),
    await checkViolations(house),
  ];
  for (const [passed, what] of checks) screen.check(passed, what);
  return checks.filter(([passed]) => !passed).length;
}

async function runCheck({ ana, told }: FreeScene): Promise<Check> {
  const { run, minutes, issue } = told;
  const merged = (await ana.taskPulls()).filter((pull) => pull.merged).length;
  const landed = `${merged} of ${run.tasks.total} tasks merged`;
  if (run.state === 'done' && run.summary !== null)
    return [
      (await ana.issueState(issue)) === 'closed',
      `the run is done: ${landed}, summed up by its manager, the issue ${await ana.issueState(issue)}`,
    ];
  const why = run.reason === null ? '' : ` (${run.reason})`;
  return [
    false,
    run.state === 'failed' || run.state === 'cancelled'
      ? `the run is ${run.state}${why}: ${landed}`
      : `the run is ${run.state}${why} after ${minutes} minutes, which is all it gets here: ${landed}`,
  ];
}
