/** `npm run demo`: the whole story on a local GitHub: from an issue to merged pull requests, in a minute. */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { end } from './ending.ts';
import { buildHouse, type House } from './house.ts';
import { watchMemory } from './memory.ts';
import { createPerson } from './person.ts';
import { createScreen, type Screen } from './screen.ts';
import { owner, places, repository } from './seed.ts';
import { tell } from './story.ts';

const usage = `npm run demo [-- --on runner|actions] [--keep]

Shows Entourage at work on a local GitHub: an issue becomes a plan, tasks, pull requests and merges.
Everything is real but GitHub (a local one) and the model (a script): Postgres, git, CI, processes.

  --on     where agents work: on two self-hosted runners (the default), or as jobs of
           the repository's own Actions, with the workflow file that users have
  --keep   leave it running at the end, with its addresses, until Ctrl-C
  --help`;

const bot = 'entourage[bot]';

/** Plays the story and checks its end; returns how many checks failed. */
async function play(screen: Screen, house: House): Promise<number> {
  using memory = watchMemory(process.pid);
  const where = { api: `${house.forgeUrl}/api/v3`, owner, repo: repository };
  const person = (login: string): ReturnType<typeof createPerson> =>
    createPerson(login, house.credentials.tokens[login] ?? '', where);
  const [ana, ben, mallory] = [person('ana'), person('ben'), person('mallory')];
  const told = await tell({ screen, ana, ben, mallory, bot });
  return await end({
    screen,
    house,
    ana,
    people: [ana, ben, mallory],
    bot,
    told,
    peakBytes: memory.peak(),
    seconds: screen.elapsed(),
  });
}

function showAddresses(screen: Screen, house: House): void {
  screen.waiting('');
  screen.title('Left running');
  screen.block(
    [
      `repository  ${house.forgeUrl}/${owner}/${repository}`,
      `clone       git clone ${house.forgeUrl}/${owner}/${repository}.git`,
      `App         ${house.appUrl}`,
      `logs        ${house.directory}`,
      'Ctrl-C ends it and removes everything.',
    ].join('\n'),
  );
}

/** Resolves with the exit code of the signal that asks the demo to end. */
async function interrupted(): Promise<number> {
  return await Promise.race([
    once(process, 'SIGINT').then(() => 130),
    once(process, 'SIGTERM').then(() => 143),
  ]);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      on: { type: 'string', default: 'runner' },
      keep: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    console.log(usage);
    return 0;
  }
  const place = places.find((one) => one === values.on);
  if (place === undefined) {
    console.error(`--on ${values.on} is no place for agents here. Say --on ${places.join(' or --on ')}.`);
    return 2;
  }
  const signal = interrupted();
  using screen = createScreen(process.stdout);
  screen.title('Entourage: from an issue to merged pull requests');
  const door = buildHouse(place);
  let keepLogs = false;
  const story = async (): Promise<number> => {
    screen.waiting('Postgres, the forge and the App to start');
    const house = await door.start((step) => screen.tell('house', step));
    const failed = await play(screen, house);
    if (values.keep === true) {
      showAddresses(screen, house);
      return await signal;
    }
    keepLogs = failed > 0;
    return failed === 0 ? 0 : 1;
  };
  try {
    return await Promise.race([story(), signal]);
  } catch (error) {
    keepLogs = true;
    screen.check(false, error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    // A second Ctrl-C must not leave half of it behind.
    for (const again of ['SIGINT', 'SIGTERM'] as const)
      process.on(again, () => screen.waiting('everything to end, still'));
    screen.waiting('everything to end');
    await door.close(keepLogs);
    if (keepLogs) screen.block(`Logs: ${door.directory}`);
  }
}

process.exitCode = await main();
