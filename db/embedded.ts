/** A real Postgres of our own in `.entourage/`, for machines without one; or the one that DATABASE_URL names. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { actingAsApp, appRole, ensureAppRole } from './app-role.ts';
import { withClient } from './client.ts';
import { DatabaseError, wordsOf } from './database-error.ts';
import { exists, findPlace, give, type Place } from './embedded-place.ts';
import { findPostmaster, isRunning, launch, stopPostmaster, type Postmaster } from './postmaster.ts';
import { codeOf } from './transaction.ts';

const run = promisify(execFile);

export type Postgres = {
  /** For migrations: may do everything. */
  ownerUrl: string;
  /** For the App: one tenant at a time, events only added. */
  appUrl: string;
  /** False when the given owner may not make a role: then `appUrl` is the owner's, and `doctor` says so. */
  appRole: boolean;
  /** Ends the server if this process is the one that answers for it; otherwise does nothing. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

export type EmbeddedOptions = {
  /** `.entourage`: credentials, log and, where the database's user can reach it, the data. */
  dir: string;
  /** Left out: the last one if it is free, else any. */
  port?: number;
  /** Settings of the server, as in postgresql.conf. */
  settings?: Readonly<Record<string, string>>;
};

const Credentials = z.object({ port: z.int(), owner: z.string(), app: z.string() });
type Credentials = z.infer<typeof Credentials>;

const database = 'entourage';
const ownerRole = 'entourage';
/** Recovery after a crash of a busy server included. */
const startTimeout = 60_000;

/**
 * Starts the server in `dir`, or adopts the one that runs there: one that a crash of ours left behind becomes ours to
 * stop, one that another live process answers for is only used. Needs no lock of its own: of two that make the data
 * directory at once one rename wins, and Postgres lets one server run on it. Errors are `DatabaseError`s.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Postgres> {
  const place = await findPlace(options.dir);
  const credentials = await agreeOnCredentials(place);
  if (!(await exists(place.data))) await initialise(place, credentials);
  const server = await ensureRunning(place, credentials, options);
  const ownerFile = join(place.home, 'postgres.owner');
  const mine = server.launched || !(await anotherAnswers(ownerFile));
  if (mine) await writeFile(ownerFile, String(process.pid), { mode: 0o600 });
  const ownerUrl = urlOf(ownerRole, credentials.owner, server.port);
  await ensureDatabase(ownerUrl);
  await ensureAppRole(ownerUrl, credentials.app);
  const stop = async (): Promise<void> => {
    if (!mine) return;
    const running = await findPostmaster(place.data);
    if (running !== null) await stopPostmaster(running.pid);
    await rm(ownerFile, { force: true });
  };
  const appUrl = urlOf(appRole, credentials.app, server.port);
  return { ownerUrl, appUrl, appRole: true, stop, [Symbol.asyncDispose]: stop };
}

/** The Postgres at `url` (15 or newer), or an embedded one in `dir`. `appUrl` is for a role that an operator made. */
export async function startPostgres(options: {
  url?: string;
  appUrl?: string;
  dir: string;
}): Promise<Postgres> {
  const { url } = options;
  if (url === undefined) return await startEmbedded({ dir: options.dir });
  await checkVersion(url);
  const role = options.appUrl === undefined ? await ensureAppRole(url) : true;
  const appUrl = options.appUrl ?? (role ? actingAsApp(url) : url);
  const stop = (): Promise<void> => Promise.resolve();
  return { ownerUrl: url, appUrl, appRole: role, stop, [Symbol.asyncDispose]: stop };
}

const oldest = 15;

async function checkVersion(url: string): Promise<void> {
  let version: string;
  try {
    version = await withClient(url, async (client) => {
      const { rows } = await client.query<{ server_version: string }>('show server_version');
      return rows[0]?.server_version ?? '0';
    });
  } catch (error) {
    throw new DatabaseError(
      'unreachable',
      `The Postgres of DATABASE_URL can't be reached: ${wordsOf(error)}. Check host, port, user, password and database name.`,
      { cause: error },
    );
  }
  if (Number.parseInt(version, 10) < oldest) {
    throw new DatabaseError(
      'too_old',
      `DATABASE_URL is a Postgres ${version}; Entourage needs ${oldest} or newer.`,
    );
  }
}

const urlOf = (role: string, password: string, port: number): string =>
  `postgres://${role}:${password}@127.0.0.1:${port}/${database}`;

const credentialsOf = ({ home }: Place): string => join(home, 'postgres.json');

/** The passwords in the directory; of two processes that make them at once, the first one's. */
async function agreeOnCredentials(place: Place): Promise<Credentials> {
  const file = credentialsOf(place);
  if (!(await exists(file))) {
    const secret = (): string => randomBytes(24).toString('base64url');
    const draft = await writeDraft(file, { port: 0, owner: secret(), app: secret() });
    try {
      await link(draft, file);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    } finally {
      await rm(draft);
    }
  }
  return Credentials.parse(JSON.parse(await readFile(file, 'utf8')));
}

async function rememberPort(place: Place, credentials: Credentials, port: number): Promise<void> {
  if (credentials.port === port) return;
  await rename(await writeDraft(credentialsOf(place), { ...credentials, port }), credentialsOf(place));
}

async function writeDraft(file: string, credentials: Credentials): Promise<string> {
  const draft = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await writeFile(draft, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  return draft;
}

/** Makes the data directory beside its place and renames it, so that a half-made one is never started. */
async function initialise(place: Place, credentials: Credentials): Promise<void> {
  const half = await mkdtemp(`${place.data}.new-`);
  const passwordFile = join(half, 'password');
  const data = join(half, 'data');
  try {
    await writeFile(passwordFile, credentials.owner, { mode: 0o600 });
    await mkdir(data, { mode: 0o700 });
    for (const path of [half, passwordFile, data]) await give(path, place.user);
    const flags = [
      `--pgdata=${data}`,
      `--username=${ownerRole}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ];
    await run(place.binaries.initdb, flags, { ...place.user, cwd: '/', env: { LC_ALL: 'C' } });
    await rename(data, place.data);
  } catch (error) {
    // Another start was faster.
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return;
    throw new DatabaseError(
      'did_not_start',
      `Making a database in ${place.data} did not work: ${wordsOf(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    await rm(half, { recursive: true, force: true });
  }
}

/** Waits for the server that runs, or launches one, until it answers with our password. */
async function ensureRunning(
  place: Place,
  credentials: Credentials,
  { port: wanted, settings = {} }: EmbeddedOptions,
): Promise<Postmaster & { launched: boolean }> {
  const deadline = Date.now() + startTimeout;
  const log = join(place.home, 'postgres.log');
  let port = wanted ?? credentials.port;
  let pid = 0;
  while (Date.now() < deadline) {
    const found = await findPostmaster(place.data);
    if (found !== null) {
      const answer = await ask(credentials, found.port);
      if (answer === 'ready') {
        await rememberPort(place, credentials, found.port);
        return { ...found, launched: found.pid === pid };
      }
      if (answer === 'stranger') throw otherCredentials(found.port);
      await sleep(50);
      continue;
    }
    if (port === 0) port = await freePort();
    const { postgres } = place.binaries;
    const server = await launch({
      binary: postgres,
      data: place.data,
      user: place.user,
      log,
      port,
      settings,
    });
    pid = server.pid;
    const waiting = new AbortController();
    const end = await Promise.race([
      server.ended,
      untilReady(credentials, port, { signal: waiting.signal, deadline }),
    ]);
    waiting.abort();
    if (end !== null && (await findPostmaster(place.data)) === null) {
      port = await afterFailure(end, { port, fixed: wanted !== undefined, log });
    }
  }
  throw new DatabaseError(
    'did_not_start',
    `Postgres in ${place.data} does not answer after ${startTimeout / 1000} s. Its log: ${log}`,
  );
}

/** Resolves with null when the server answers or the time is over; a server that ends is told by its own promise. */
async function untilReady(
  credentials: Credentials,
  port: number,
  wait: { signal: AbortSignal; deadline: number },
): Promise<null> {
  while (!wait.signal.aborted && Date.now() < wait.deadline) {
    if ((await ask(credentials, port)) === 'ready') break;
    await sleep(50);
  }
  return null;
}

type Failure = { port: number; fixed: boolean; log: string };

/** The port to try next (0: any); throws when trying again won't help. */
async function afterFailure(end: string, { port, fixed, log }: Failure): Promise<number> {
  // Children of a killed server take a moment to notice; another start may be a moment ahead of us.
  if (end.includes('shared memory block') || end.includes('lock file "postmaster.pid"')) {
    await sleep(200);
    return port;
  }
  if (end.includes('could not bind')) {
    if (!fixed) return 0;
    throw new DatabaseError(
      'port_taken',
      `Port ${port} for the database is taken by another program. Give another one, or none.`,
    );
  }
  throw new DatabaseError('did_not_start', `Postgres did not start. The end of its log (${log}):\n${end}`);
}

/** `silent` while nothing listens there or the server is still starting; `stranger` when our password is wrong there. */
async function ask(credentials: Credentials, port: number): Promise<'ready' | 'silent' | 'stranger'> {
  try {
    const url = new URL(urlOf(ownerRole, credentials.owner, port));
    url.pathname = '/postgres';
    await withClient(url.href, (client) => client.query('select'));
    return 'ready';
  } catch (error) {
    const code = codeOf(error);
    return code === '28P01' || code === '28000' ? 'stranger' : 'silent';
  }
}

const otherCredentials = (port: number): DatabaseError =>
  new DatabaseError(
    'other_credentials',
    `The Postgres on port ${port} does not know the password in postgres.json: that file was lost or replaced after the database was made.`,
  );

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function anotherAnswers(ownerFile: string): Promise<boolean> {
  if (!(await exists(ownerFile))) return false;
  const pid = Number(await readFile(ownerFile, 'utf8'));
  return pid !== process.pid && isRunning(pid);
}

async function ensureDatabase(ownerUrl: string): Promise<void> {
  const url = new URL(ownerUrl);
  url.pathname = '/postgres';
  await withClient(url.href, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
    if (rowCount === 1) return;
    try {
      await client.query(`create database ${database}`);
    } catch (error) {
      // Another start was a moment faster.
      if (codeOf(error) !== '42P04' && codeOf(error) !== '23505') throw error;
    }
  });
}
