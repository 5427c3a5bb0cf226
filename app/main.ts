/** The App's process: `serve`, and what only the operator of the machine may do: `runner-token`, `api-key`. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { z } from 'zod';
import { wordsOf } from '../db/database-error.ts';
import { startPostgres, type Postgres } from '../db/embedded.ts';
import { migrate } from '../db/migrate.ts';
import { connect } from '../db/pool.ts';
import { isAway } from '../db/transaction.ts';
import { createEngine, gitHubOptions, startApp } from './app.ts';
import { ConfigError, readConfig } from './config.ts';
import { createExecute } from './engine/execute.ts';
import { createGitHub } from './github/app.ts';
import type { OperationName } from './catalog/catalog.ts';
import type { Caller } from './engine/caller.ts';

const usage = `usage: main.ts serve
       main.ts runner-token --account LOGIN [--group NAME]
       main.ts api-key --account LOGIN --login LOGIN --user-id ID --name NAME`;

const { positionals, values } = orExplain(() =>
  parseArgs({
    allowPositionals: true,
    options: {
      account: { type: 'string' },
      group: { type: 'string', default: 'default' },
      login: { type: 'string' },
      'user-id': { type: 'string' },
      name: { type: 'string', default: 'operator' },
      help: { type: 'boolean', short: 'h' },
    },
  }),
);
const command = positionals[0] ?? 'serve';
if (values.help === true || !['serve', 'runner-token', 'api-key'].includes(command)) {
  console.log(usage);
  process.exit(values.help === true ? 0 : 2);
}

const stop = new AbortController();
const stopping = stop.signal;
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

const config = orExplain(() => readConfig(process.env));
const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')));
const log = pino({ level: config.logLevel, base: null });

try {
  if (command === 'serve') await serve();
  else if (command === 'runner-token') await asOperator('create_runner_token', { group: values.group });
  else {
    const { name, login } = values;
    await asOperator('create_api_key', { name, login, user_id: Number(values['user-id']) });
  }
} catch (error) {
  // What stands in the way is the operator's to read; where it was met is ours.
  log.debug({ err: error }, 'ended by an error');
  console.error(`Entourage can’t go on: ${wordsOf(error)}`);
  console.error('`entourage doctor` says what is missing; LOG_LEVEL=debug shows where it was met.');
  process.exitCode = 1;
}

/** What is wrong with the command line or the environment is said in words and ends with 2; anything else is a bug. */
function orExplain<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const ours = error instanceof ConfigError;
    if (!ours && !(error instanceof TypeError && 'code' in error)) throw error;
    console.error(ours ? error.message : `${error.message}\n${usage}`);
    process.exit(2);
  }
}

/** DATABASE_URL is the App's; where the owner is another role, DATABASE_OWNER_URL migrates. Neither: a Postgres of our own. */
async function openPostgres(): Promise<Postgres> {
  const { databaseUrl, databaseOwnerUrl, directory } = config;
  if (databaseUrl === undefined) return await startPostgres({ dir: directory });
  return databaseOwnerUrl === undefined
    ? await startPostgres({ url: databaseUrl, dir: directory })
    : await startPostgres({ url: databaseOwnerUrl, appUrl: databaseUrl, dir: directory });
}

/** Nobody else looks after a Postgres of our own: when it dies it is started again, on the same address, and work goes on. */
function keepUp(): () => void {
  let starting = false;
  return () => {
    if (starting || stopping.aborted || config.databaseUrl !== undefined) return;
    starting = true;
    openPostgres()
      .then(() => log.info({}, 'Postgres is up'))
      .catch((error: unknown) => log.error({ err: error }, 'Postgres could not be started again'))
      .finally(() => {
        starting = false;
      });
  };
}

/**
 * KW-1: a Postgres that dies cuts connections in libraries too, at moments when nobody waits for them. That is no reason
 * to end: everything that needs it asks again. Whatever else nobody caught is a bug, and ends the process at once.
 */
function outlivePostgres(): void {
  const heard = (error: unknown): void => {
    if (isAway(error)) {
      log.error({ err: error }, 'a connection to Postgres broke where nobody waited for it');
      return;
    }
    log.fatal({ err: error }, 'ended by an error that nobody caught');
    process.exit(1);
  };
  process.on('unhandledRejection', heard);
  process.on('uncaughtException', heard);
}

async function serve(): Promise<void> {
  outlivePostgres();
  const stack = new AsyncDisposableStack();
  try {
    const postgres = stack.use(await openPostgres());
    await migrate(postgres.ownerUrl);
    const databaseLost = keepUp();
    const app = stack.use(
      await startApp({ config, version, databaseUrl: postgres.appUrl, log, databaseLost }),
    );
    // One line for whoever started us: a person, the demo, a supervisor.
    console.log(JSON.stringify({ listening: app.url, version }));
    if (!stopping.aborted) await once(stopping, 'abort');
    log.info({}, 'stopping');
  } finally {
    await stack.disposeAsync();
  }
}

/** The operator of the machine that holds the database and the App's key is an admin of every installation. */
async function asOperator(operation: OperationName, input: object): Promise<void> {
  const account = values.account;
  if (account === undefined) {
    console.error(`${command} needs --account, the login the App is installed on.\n${usage}`);
    process.exitCode = 2;
    return;
  }
  await using postgres = await openPostgres();
  await migrate(postgres.ownerUrl);
  await using db = connect(postgres.appUrl);
  const github = createGitHub(gitHubOptions(config));
  const installation = (await github.installations()).find(
    (row) => row.account.toLowerCase() === account.toLowerCase(),
  );
  if (installation === undefined) {
    console.error(`The App is not installed on ${account}. Install it first, then ask again.`);
    process.exitCode = 4;
    return;
  }
  const engine = createEngine({
    config,
    version,
    databaseUrl: postgres.appUrl,
    log,
    db,
    github,
    tell: () => undefined,
  });
  const execute = createExecute(engine);
  const caller: Caller = {
    actor: { kind: 'system', name: 'operator' },
    installation: installation.id,
    cause: `operator:${randomUUID()}`,
  };
  await execute(
    'record_installation',
    { account: installation.account, account_type: installation.accountType },
    caller,
  );
  const result = await execute(operation, input, caller);
  if (result.ok) console.log(JSON.stringify(result.output));
  else console.error(`${result.rejection.message} ${result.rejection.help ?? ''}`.trim());
  process.exitCode = result.ok ? 0 : 3;
}
