/** The runner's process: options and signals around the loop, and the list of engines. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { isWithheld } from '../app/domain/withheld.ts';
import { createDisk, tellDisk } from './disk.ts';
import { openRunnerDirectory } from './directory.ts';
import { engineLines } from './engine-lines.ts';
import { readiness } from './engines/engines.ts';
import { isolationHere } from './isolation-here.ts';
import { createLog, wordsOf } from './log.ts';
import { runLoop } from './loop.ts';
import { mcpMain } from './mcp-path.ts';
import { isolationModes, type IsolationMode } from './quarters.ts';
import { socketIn } from './tmux.ts';

type Options = {
  url?: string;
  name: string;
  dir?: string;
  slots: number;
  tokenFile?: string;
  engines?: string[];
  passEnv: string[];
  isolation: IsolationMode;
  drain: number;
  patience: number;
  diskGib: number;
};

const log = createLog({ part: 'runner' });
const words = (value: string): string[] => value.split(/[\s,]+/).filter((word) => word !== '');

function whole(least: number, most: number) {
  return (value: string): number => {
    const number = Number(value);
    if (Number.isInteger(number) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`A whole number from ${least} to ${most} is expected.`);
  };
}

const program = new Command('entourage runner')
  .description('Host agents on this machine: claims sessions from the App and runs their engines.')
  .option('--url <url>', 'where the App is (ENTOURAGE_URL)')
  .option('--name <name>', 'what people see', hostname())
  .option(
    '--dir <path>',
    'the runner’s own directory (default: runner in ENTOURAGE_DIR, else .entourage/runner)',
  )
  .option('--slots <n>', 'sessions at once', whole(1, 100), 2)
  .option('--token-file <path>', 'file with the registration token (or ENTOURAGE_RUNNER_TOKEN); needed once')
  .option('--engines <names>', 'engines to offer, of those that are ready', words)
  .option(
    '--pass-env <names>',
    'variables that engines get: model keys (ENTOURAGE_PASS_ENV)',
    words,
    words(process.env['ENTOURAGE_PASS_ENV'] ?? ''),
  )
  .addOption(
    new Option(
      '--isolation <mode>',
      'auto: each agent is a user of its own, where this machine lets us make one; none: the runner’s own user; container: auto, in a container that this runner has to itself',
    )
      .env('ENTOURAGE_ISOLATION')
      .choices(isolationModes)
      .default('auto'),
  )
  .option('--drain <seconds>', 'how long running sessions may go on after SIGTERM', whole(0, 86_400), 30)
  .option('--patience <seconds>', 'how long an engine may take to end when asked to', whole(0, 600), 10)
  .addOption(
    new Option('--disk-gib <n>', 'what caches and sessions may hold on disk before no new session is taken')
      .env('ENTOURAGE_DISK_GIB')
      .default(20)
      .argParser(whole(1, 100_000)),
  )
  .action(start);

program
  .command('engines')
  .description('which engines are ready here')
  .option('--json', 'for programs')
  .action(listEngines);

program
  .command('isolation')
  .description('whether agents would be users of their own here, and what is missing if not')
  .option('--json', 'for programs')
  // `--dir` is the runner's own option, wherever it stands.
  .action((options: { json?: boolean }) =>
    tellIsolation({ ...options, ...program.opts<Pick<Options, 'dir'>>() }),
  );

program
  .command('disk')
  .description('what caches and sessions hold on disk here')
  .option('--json', 'for programs')
  .action(async (options: { json?: boolean }) => {
    const { dir, diskGib } = program.opts<Pick<Options, 'dir' | 'diskGib'>>();
    await tellDisk(directoryOf(dir), { limit: diskGib * 1024 ** 3, json: options.json === true });
  });

program
  .command('attach')
  .description('watch a session that runs here, by tmux')
  .argument('[name]', 'entourage-12-t3, as the log of the runner names it; the latest one if left out')
  .action((name: string | undefined) => attach(program.opts<Pick<Options, 'dir'>>(), name));

async function start(options: Options): Promise<void> {
  const url = options.url ?? process.env['ENTOURAGE_URL'];
  if (url === undefined || !URL.canParse(url)) {
    throw new Error(
      'Where is the App? Give its address by --url or in ENTOURAGE_URL, as https://entourage.example.com.',
    );
  }
  const forbidden = options.passEnv.filter(isWithheld);
  if (forbidden.length > 0) {
    throw new Error(
      `Engines never get ${forbidden.join(', ')}: take them out of --pass-env or ENTOURAGE_PASS_ENV.`,
    );
  }
  const token = await registrationToken(options.tokenFile);
  const signal = endingSignal();
  const path = directoryOf(options.dir);
  await using directory = await openRunnerDirectory(path, log);
  await runLoop(
    {
      url: url.replace(/\/+$/, ''),
      name: options.name,
      token,
      engines: await offered(options),
      slots: options.slots,
      pass: options.passEnv,
      isolation: options.isolation,
      drainMs: options.drain * 1000,
      patienceMs: options.patience * 1000,
    },
    {
      directory,
      disk: createDisk(path, { cache: directory.cache, limit: options.diskGib * 1024 ** 3, log }),
      log,
    },
    signal,
  );
}

const directoryOf = (dir: string | undefined): string =>
  resolve(dir ?? join(process.env['ENTOURAGE_DIR'] ?? '.entourage', 'runner'));

/** The first signal ends in good order; a second one means now. Whatever is left then is the next start’s. */
function endingSignal(): AbortSignal {
  const ending = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (ending.signal.aborted) process.exit(130);
      ending.abort();
    });
  }
  return ending.signal;
}

async function registrationToken(file: string | undefined): Promise<string | null> {
  const text = file === undefined ? process.env['ENTOURAGE_RUNNER_TOKEN'] : await readFile(file, 'utf8');
  const token = text?.trim();
  return token === undefined || token === '' ? null : token;
}

/** Those that are ready, or those of them that were named; naming one that isn't ready is an error. */
async function offered({ engines: named, passEnv }: Options): Promise<string[]> {
  // A key that engines don't get makes none ready.
  const given = ['PATH', 'HOME', ...passEnv].map((name) => [name, process.env[name]]);
  const known = await readiness(Object.fromEntries(given));
  if (named === undefined) return known.filter((engine) => engine.readiness.ready).map(({ name }) => name);
  for (const name of named) {
    const engine = known.find((candidate) => candidate.name === name);
    if (engine === undefined) {
      throw new Error(`There is no engine ${name}. Known are: ${known.map((one) => one.name).join(', ')}.`);
    }
    if (!engine.readiness.ready)
      throw new Error(`Engine ${name} is not ready here: ${engine.readiness.words}`);
  }
  return [...named];
}

async function listEngines(options: { json?: boolean }): Promise<void> {
  const known = await readiness();
  if (options.json === true) {
    console.log(JSON.stringify(known.map(({ name, readiness: state }) => ({ name, ...state }))));
    return;
  }
  console.log(engineLines(known, Math.min(process.stdout.columns ?? 80, 100)).join('\n'));
}

async function tellIsolation(options: { dir?: string; json?: boolean }): Promise<void> {
  const here = await isolationHere({
    path: directoryOf(options.dir),
    node: process.execPath,
    mcp: mcpMain,
  });
  if (options.json === true) console.log(JSON.stringify(here));
  else console.log(`${here.isolation === 'user' ? '✓' : '✗'} isolation ${here.isolation}  ${here.words}`);
}

/** Its terminal is ours until somebody leaves it. */
function attach({ dir }: Pick<Options, 'dir'>, name: string | undefined): void {
  const socket = socketIn(directoryOf(dir));
  if (!existsSync(socket))
    throw new Error(
      `No session runs here that could be watched (${directoryOf(dir)}). Give the runner’s directory by --dir.`,
    );
  const target = name === undefined ? [] : ['-t', `=${name}`];
  const { status, error } = spawnSync('tmux', ['-u', '-S', socket, 'attach', '-r', ...target], {
    stdio: 'inherit',
  });
  if (error !== undefined) {
    throw new Error(
      (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'tmux is not installed: sessions run without it, and nobody can watch them.'
        : error.message,
      { cause: error },
    );
  }
  process.exitCode = status ?? 1;
}

try {
  await program.parseAsync();
} catch (error) {
  log('the runner ends', { error: wordsOf(error) });
  process.exitCode = 1;
}
