/** Everything the story happens in: a directory, the forge, the App with its Postgres, where agents work. Leaves nothing behind. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { z } from 'zod';
import type { ChosenEngine } from './chosen-engine.ts';
import { freePort } from './free-port.ts';
import { startProgram, type Program } from './program.ts';
import { owner, repository, seedFor, type Place } from './seed.ts';
import { setUpActions } from './set-up.ts';

const root = join(import.meta.dirname, '..');

const Credentials = z.object({
  appId: z.int(),
  privateKey: z.string(),
  webhookSecret: z.string(),
  tokens: z.record(z.string(), z.string()),
});
export type Credentials = z.infer<typeof Credentials>;

export type House = {
  directory: string;
  place: Place;
  forgeUrl: string;
  appUrl: string;
  credentials: Credentials;
  /** An API key of olga, who runs the App: for what is not said on GitHub's pages. */
  operatorKey: string;
};

export interface HouseDoor {
  directory: string;
  /** Starts everything, telling each step. Rejects when a part does not come up, with the end of its log. */
  start(tell: (step: string) => void): Promise<House>;
  /** Ends every process; removes the directory unless it is to be kept. */
  close(keepDirectory: boolean): Promise<void>;
}

/** Without an engine agents follow the script. */
export function buildHouse(place: Place, engine: ChosenEngine | null): HouseDoor {
  const directory = mkdtempSync(join(tmpdir(), 'entourage-demo-'));
  // Postgres never runs as root: its own user must be able to walk to its data.
  chmodSync(directory, 0o711);
  const programs: Program[] = [];
  let closing: Promise<void> | null = null;
  const start = (name: string, argv: string[], env: Record<string, string> = {}): Program => {
    if (closing !== null) throw new Error('the demo is ending');
    const logFile = join(directory, `${name.replaceAll(' ', '-')}.log`);
    const program = startProgram({
      name,
      argv,
      cwd: directory,
      env: { ...environment(directory), ...env },
      logFile,
    });
    programs.push(program);
    return program;
  };
  return {
    directory,
    start: (tell) => open({ directory, place, engine, start, tell }),
    close(keepDirectory) {
      closing ??= (async () => {
        for (const program of programs.toReversed())
          await program.stop(program.name.startsWith('runner') ? 3_000 : 10_000);
        if (!keepDirectory) rmSync(directory, { recursive: true, force: true });
      })();
      return closing;
    },
  };
}

export type Opening = {
  directory: string;
  place: Place;
  engine: ChosenEngine | null;
  start: (name: string, argv: string[], env?: Record<string, string>) => Program;
  tell: (step: string) => void;
};

async function open(opening: Opening): Promise<House> {
  const { directory, place, start, tell } = opening;
  const appUrl = `http://127.0.0.1:${await freePort()}`;
  const { forgeUrl, credentials } = await openForge(opening, `${appUrl}/api/github/webhooks`);
  tell(`forge at ${forgeUrl}, with the repository ${owner}/${repository}`);
  const settings = appSettings({ directory, forgeUrl, appUrl, credentials });
  const app = start('app', [join(root, 'app/main.ts'), 'serve'], settings);
  await app.line(/^\{"listening"/, 60_000);
  tell(`App at ${appUrl}, on a Postgres of its own`);
  const operator = createOperator(opening, settings);
  const house = {
    directory,
    place,
    forgeUrl,
    appUrl,
    credentials,
    operatorKey: await operator.apiKey(forgeUrl),
  };
  if (place === 'runner') await startRunners(opening, house, operator);
  else await setUpActions(opening, house);
  return house;
}

async function startRunners(
  { directory, engine, start, tell }: Opening,
  { appUrl }: House,
  operator: ReturnType<typeof createOperator>,
): Promise<void> {
  const names = ['runner-1', 'runner-2'];
  const tokens = await Promise.all(names.map((name) => operator.runnerToken(name)));
  const model = engine?.environment ?? {};
  const passed = engine === null ? [] : ['--pass-env', Object.keys(model).join(',')];
  for (const [index, name] of names.entries()) {
    const home = join(directory, name);
    const options = ['--name', name, '--dir', home, '--slots', '2', '--drain', '1', '--patience', '1'];
    const environment = { ...model, ENTOURAGE_URL: appUrl, ENTOURAGE_RUNNER_TOKEN: tokens[index] ?? '' };
    start(name, [join(root, 'app/cli/main.ts'), 'runner', ...options, ...passed], environment);
  }
  tell('two runners, each with room for two agents');
}

/** Olga, who owns the machine that the App runs on, as she uses its own commands. */
function createOperator({ start }: Opening, settings: Record<string, string>) {
  const ask = async (name: string, argv: string[], answer: RegExp): Promise<unknown> => {
    const program = start(name, [join(root, 'app/main.ts'), ...argv, '--account', owner], settings);
    const line = await program.line(answer, 30_000);
    // The secret stands in what the command printed, and nowhere else from here on.
    rmSync(program.logFile);
    return JSON.parse(line);
  };
  return {
    async apiKey(forgeUrl: string): Promise<string> {
      const user = await fetch(`${forgeUrl}/api/v3/users/olga`);
      const { id } = z.object({ id: z.int() }).parse(await user.json());
      const who = ['--login', 'olga', '--user-id', String(id), '--name', 'demo'];
      return z.object({ key: z.string() }).parse(await ask('api-key', ['api-key', ...who], /^\{"key"/)).key;
    },
    async runnerToken(runner: string): Promise<string> {
      const answer = await ask(`token-for-${runner}`, ['runner-token'], /^\{"token"/);
      return z.object({ token: z.string() }).parse(answer).token;
    },
  };
}

async function openForge(
  { directory, place, engine, start }: Opening,
  webhook: string,
): Promise<{ forgeUrl: string; credentials: Credentials }> {
  const seedFile = join(directory, 'seed.json');
  writeFileSync(seedFile, JSON.stringify(seedFor(place, engine)));
  const argv = [
    join(root, 'forge/main.ts'),
    '--seed',
    seedFile,
    '--data',
    join(directory, 'forge'),
    '--webhook',
    webhook,
  ];
  const forge = start('forge', argv);
  const line = JSON.parse(await forge.line(/^\{"url"/, 30_000)) as unknown;
  const { url, credentials } = z.object({ url: z.string(), credentials: z.string() }).parse(line);
  return { forgeUrl: url, credentials: Credentials.parse(JSON.parse(readFileSync(credentials, 'utf8'))) };
}

function appSettings({
  directory,
  appUrl,
  forgeUrl,
  credentials,
}: Omit<House, 'operatorKey' | 'place'>): Record<string, string> {
  const keyFile = join(directory, 'app.pem');
  writeFileSync(keyFile, credentials.privateKey, { mode: 0o600 });
  return {
    APP_ID: String(credentials.appId),
    PRIVATE_KEY_PATH: keyFile,
    WEBHOOK_SECRET: credentials.webhookSecret,
    GHE_HOST: new URL(forgeUrl).host,
    GHE_PROTOCOL: 'http',
    HOST: '127.0.0.1',
    PORT: new URL(appUrl).port,
    ENTOURAGE_URL: appUrl,
    ENTOURAGE_DIR: join(directory, 'app'),
  };
}

/** What every program gets: where programs are, a home of its own, nothing of the person who runs the demo. */
function environment(directory: string): Record<string, string> {
  const bin = join(directory, 'bin');
  mkdirSync(bin, { recursive: true });
  const cache = join(directory, 'compile-cache');
  const agent = `#!/bin/sh\nNODE_COMPILE_CACHE='${cache}' exec '${process.execPath}' '${join(root, 'demo/agent.ts')}'\n`;
  writeFileSync(join(bin, 'demo-agent'), agent, { mode: 0o755 });
  const path = [bin, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
  // Many short Node processes start from the same files: what one compiled, the others read.
  return {
    PATH: path,
    NODE_COMPILE_CACHE: cache,
    HOME: directory,
    TMPDIR: tmpdir(),
    LANG: 'C.UTF-8',
    NODE_ENV: 'production',
  };
}
