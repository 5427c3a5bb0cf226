/** `npm run demo`: the whole story on a local GitHub: from an issue to merged pull requests, in a minute. */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { createClient } from '../app/client/client.ts';
import { chooseEngine, engineNames, NotChosen, type ChosenEngine } from './chosen-engine.ts';
import { end } from './ending.ts';
import { endFreely } from './free-ending.ts';
import { minutes, tellFreely } from './free-story.ts';
import { buildHouse, type House } from './house.ts';
import { watchMemory } from './memory.ts';
import { createPerson } from './person.ts';
import { createScreen, type Screen } from './screen.ts';
import { owner, places, repository, type Place } from './seed.ts';
import { tell } from './story.ts';

const usage = `npm run demo [-- --on runner|actions] [--keep]
npm run demo -- --engine NAME --model-url URL [--model NAME] [--keep]

Shows Entourage at work on a local GitHub: an issue becomes a plan, tasks, pull requests and merges.
Everything is real but GitHub (a local one) and the model (a script): Postgres, git, CI, processes.

  --on     where agents work: on two self-hosted runners (the default), or as jobs of
           the repository's own Actions, with the workflow file that users have
  --engine a real engine instead of the script: ${engineNames.join(', ')}, as found on the
           PATH. The story is freer then: a small issue and one run, with ${minutes} minutes for it
  --model-url  where its model is, as http://127.0.0.1:8000; no key is sent there
  --model  the model's name, where the engine's own choice won't do
  --keep   leave it running at the end, with its addresses, until Ctrl-C
  --help`;

const bot = 'entourage[bot]';

/** Plays the story, the free one with a real engine, and checks its end; returns how many checks failed. */
async function play(screen: Screen, house: House, engine: ChosenEngine | null): Promise<number> {
  using memory = watchMemory(process.pid);
  const where = { api: `${house.forgeUrl}/api/v3`, owner, repo: repository };
  const person = (login: string): ReturnType<typeof createPerson> =>
    createPerson(login, house.credentials.tokens[login] ?? '', where);
  const [ana, ben, mallory] = [person('ana'), person('ben'), person('mallory')];
  const client = createClient({ url: house.appUrl, token: house.operatorKey });
  const cast = { screen, ana, ben, mallory, bot, client };
  const scene = { screen, house, client, ana, people: [ana, ben, mallory], bot };
  if (engine === null) {
    const told = await tell(cast);
    return await end({ ...scene, told, peakBytes: memory.peak(), seconds: screen.elapsed() });
  }
  screen.tell('house', `${engine.name} works here, with ${engine.model ?? 'its own choice of model'}`);
  const told = await tellFreely(cast);
  return await endFreely({ ...scene, told, peakBytes: memory.peak(), seconds: screen.elapsed() });
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

type Order = { place: Place; engine: ChosenEngine | null; keep: boolean };

/** Null: only help was wanted. Throws `NotChosen` where an option can't be followed. */
async function readOrder(): Promise<Order | null> {
  const { values } = parseArgs({
    options: {
      on: { type: 'string' },
      engine: { type: 'string' },
      'model-url': { type: 'string' },
      model: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return null;
  const { on = 'runner', engine, 'model-url': url, model, keep } = values;
  const place = places.find((one) => one === on);
  if (place === undefined)
    throw new NotChosen(`--on ${on} is no place for agents here. Say --on ${places.join(' or --on ')}.`);
  if (engine === undefined) {
    if (url !== undefined || model !== undefined)
      throw new NotChosen('--model-url and --model are an engine’s: name it by --engine.');
    return { place, engine: null, keep };
  }
  if (place !== 'runner')
    throw new NotChosen('--engine works with --on runner only: a fresh job would have to install it first.');
  return { place, engine: await chooseEngine({ engine, url, model }), keep };
}

async function main(): Promise<number> {
  try {
    const order = await readOrder();
    if (order !== null) return await open(order);
    console.log(usage);
    return 0;
  } catch (error) {
    if (!(error instanceof NotChosen)) throw error;
    console.error(error.message);
    return 2;
  }
}

async function open({ place, engine, keep }: Order): Promise<number> {
  const signal = interrupted();
  using screen = createScreen(process.stdout);
  screen.title('Entourage: from an issue to merged pull requests');
  const door = buildHouse(place, engine);
  let keepLogs = false;
  const story = async (): Promise<number> => {
    screen.waiting('Postgres, the forge and the App to start');
    const house = await door.start((step) => screen.tell('house', step));
    const failed = await play(screen, house, engine);
    if (keep) {
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
