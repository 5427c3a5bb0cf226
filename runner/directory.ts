/** The runner's own directory: one runner at a time, its credential, and what a killed one left there. */
import { chmod, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Log } from './log.ts';
import { isKept } from './engines/keeper.ts';
import { wordsOf } from './log.ts';
import { createObjectCache, type ObjectCache } from './object-cache.ts';
import { identify } from './process-tree.ts';
import { closeQuarters, makePassage } from './quarters.ts';
import { createTickets, type Adoption, type Ticket, type Tickets } from './tickets.ts';

const Credential = z.object({ url: z.string(), runner: z.uuid(), token: z.string() });
export type Credential = z.infer<typeof Credential>;

export type RunnerDirectory = {
  readonly sessions: string;
  readonly cache: ObjectCache;
  readonly path: string;
  readonly tickets: Tickets;
  /** Sessions of a runner that was killed, whose engine lives or ended by itself: they can go on. */
  readonly adoptable: readonly Adoption[];
  readCredential(): Promise<Credential | null>;
  writeCredential(credential: Credential): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

const Owner = z.object({ pid: z.int().positive(), started: z.string() });

/** Takes the directory for this process and clears it of sessions that can’t go on. Rejects while another runner has it. */
export async function openRunnerDirectory(path: string, log: Log): Promise<RunnerDirectory> {
  const sessions = join(path, 'sessions');
  // An agent's own user has to get through to its session. What is secret here has a directory or a mode of its own.
  const made = await mkdir(path, { recursive: true, mode: 0o711 });
  if (made !== undefined) await chmod(path, 0o711);
  await makePassage(sessions);
  const ownerFile = join(path, 'runner.pid');
  await takeOwnership(ownerFile, path);
  const tickets = createTickets(join(path, 'tickets'));
  const adoptable = await findAdoptable(sessions, await tickets.left());
  await removeDead(sessions, new Set(adoptable.map(({ assignment }) => assignment.session)), log);
  const cache = createObjectCache(join(path, 'cache'));
  await cache.sweep();
  const credentialFile = join(path, 'credential');
  return {
    path,
    sessions,
    cache,
    tickets,
    adoptable,
    async readCredential() {
      const text = await readOrNull(credentialFile);
      return text === null ? null : Credential.parse(JSON.parse(text));
    },
    async writeCredential(credential) {
      // Renamed into place, so that a crash leaves the old one or the new one.
      await writeFile(`${credentialFile}.new`, JSON.stringify(credential), { mode: 0o600 });
      await rename(`${credentialFile}.new`, credentialFile);
    },
    async [Symbol.asyncDispose]() {
      await rm(ownerFile, { force: true });
    },
  };
}

async function takeOwnership(file: string, directory: string): Promise<void> {
  const me = JSON.stringify(await identify(process.pid));
  for (let attempt = 1; ; attempt += 1) {
    try {
      const handle = await open(file, 'wx', 0o600);
      await handle.writeFile(me);
      await handle.close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 3) throw error;
    }
    const owner = await ownerOf(file);
    if (owner !== null) {
      throw new Error(
        `Another runner, process ${owner.pid}, works in ${directory}. Stop it, or give this one a directory of its own with --dir.`,
      );
    }
    await rm(file, { force: true });
  }
}

/** The live process that holds the file; null when it is dead, or the file says nothing. */
async function ownerOf(file: string): Promise<{ pid: number } | null> {
  const text = await readOrNull(file);
  if (text === null || text === '') return null;
  const owner = Owner.parse(JSON.parse(text));
  const now = await identify(owner.pid);
  return now?.started === owner.started ? owner : null;
}

async function findAdoptable(sessions: string, tickets: readonly Ticket[]): Promise<Adoption[]> {
  const found: Adoption[] = [];
  for (const { session, adoption } of tickets) {
    if (adoption === null) continue;
    const directory = join(sessions, session);
    if (await isKept(join(directory, 'engine'), adoption.engine)) found.push(adoption);
    else if (!adoption.socket.startsWith(directory))
      await rm(dirname(adoption.socket), { recursive: true, force: true });
  }
  return found;
}

/** Sessions whose runner was killed: their processes, known by pid file and by mark, and all of their files. */
async function removeDead(sessions: string, alive: ReadonlySet<string>, log: Log): Promise<void> {
  for (const session of await readdir(sessions)) {
    if (alive.has(session)) continue;
    const directory = join(sessions, session);
    try {
      const survivors = await closeQuarters(session, directory, await engineOf(directory));
      log('removed what a dead session left', { session, survivors });
    } catch (error) {
      log('a dead session’s directory could not be removed', { session, error: wordsOf(error) });
    }
  }
}

/** The engine by its pid file, if it is the same process still. */
async function engineOf(directory: string): Promise<{ pid: number; started: string } | null> {
  const text = await readOrNull(join(directory, 'engine.pid'));
  const parsed = text === null || text === '' ? null : Owner.nullable().parse(JSON.parse(text));
  const now = parsed === null ? null : await identify(parsed.pid);
  return now !== null && now.started === parsed?.started ? now : null;
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
