/** The forge's memory on disk, so that a killed forge goes on where it was: a snapshot, and what changed since. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { appendFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyState, type Delivery, type State } from './state.ts';

/** GitHub shows deliveries of the last three days (G43). */
const keptDeliveries = 3 * 24 * 3_600_000;
/** A journal longer than this, and than its snapshot, becomes a new snapshot. */
const longEnough = 4 * 1024 * 1024;

export interface Journal {
  /**
   * Resolves when everything that was true at the call is on disk. Calls that come while a write is under way share
   * the next one: a burst of requests costs two writes.
   */
  save(): Promise<void>;
  /** Deliveries hold whole payloads: they are appended to a file of their own, by the log's own rules. */
  append(delivery: Delivery): void;
}

/** Two tables may hold one id (an issue and its pull request), so a row is named by both. */
type Change = [table: string, id: number, row: unknown];
/** Ends what belongs together: changes without it are half a save, which a kill cut off. */
type Commit = { lastId: number; clockOffset: number };

interface Snapshot extends Commit {
  /** The journal that continues this snapshot; one of another generation is older and long contained. */
  generation: number;
  tables: Record<string, [number, unknown][]>;
}

const snapshotFile = (dataDir: string): string => join(dataDir, 'state.json');
const journalFile = (dataDir: string, generation: number): string =>
  join(dataDir, `journal-${generation}.jsonl`);

type Tables = Map<string, Map<number, unknown>>;

export interface Saved {
  state: State;
  clockOffset: number;
}

/** Reads what an earlier forge left in the directory; null when nothing did. */
export function readState(dataDir: string): Saved | null {
  const file = snapshotFile(dataDir);
  if (!existsSync(file)) return null;
  const saved = JSON.parse(readFileSync(file, 'utf8')) as Snapshot;
  const tables: Tables = new Map(
    Object.entries(saved.tables).map(([name, entries]) => [name, new Map(entries)]),
  );
  const end = replay(dataDir, saved, tables);
  const state: State = { ...emptyState(), ...Object.fromEntries(tables), lastId: end.lastId };
  readDeliveries(dataDir, state, Date.now() + end.clockOffset - keptDeliveries);
  return { state, clockOffset: end.clockOffset };
}

/** Applies whole saves of the snapshot's journal; what a kill left of the last one is dropped. */
function replay(dataDir: string, saved: Snapshot, tables: Tables): Commit {
  let end: Commit = { lastId: saved.lastId, clockOffset: saved.clockOffset };
  let pending: Change[] = [];
  for (const line of linesOf(journalFile(dataDir, saved.generation))) {
    const entry = parsed<Change | Commit>(line);
    if (entry === null) break;
    if (Array.isArray(entry)) {
      pending.push(entry);
      continue;
    }
    for (const [name, id, row] of pending) {
      const table = tables.get(name) ?? new Map<number, unknown>();
      tables.set(name, table);
      if (row === null) table.delete(id);
      else table.set(id, row);
    }
    pending = [];
    end = entry;
  }
  return end;
}

function readDeliveries(dataDir: string, state: State, since: number): void {
  for (const line of linesOf(join(dataDir, 'deliveries.jsonl'))) {
    const delivery = parsed<Delivery>(line);
    // Half a line of the log: that delivery is lost, as a log entry may be.
    if (delivery === null || Date.parse(delivery.deliveredAt) < since) continue;
    state.deliveries.set(delivery.id, delivery);
    state.lastId = Math.max(state.lastId, delivery.id);
  }
}

const linesOf = (file: string): string[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];

/** null for a line that a kill cut off in the middle. */
function parsed<Entry>(line: string): Entry | null {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return null;
  }
}

/**
 * Keeps what is on disk of each row, as text: rows are changed in place all over the forge, comparing is what finds them.
 *
 * @returns gives the changes since its last call
 */
function createComparison(state: State): () => string[] {
  const texts = new Map<string, Map<number, string>>();
  return () => {
    const lines: string[] = [];
    for (const [name, table] of tablesOf(state)) {
      const known = texts.get(name) ?? new Map<number, string>();
      texts.set(name, known);
      for (const [id, row] of table) {
        const text = JSON.stringify(row);
        if (known.get(id) === text) continue;
        known.set(id, text);
        lines.push(`["${name}",${id},${text}]`);
      }
      if (known.size === table.size) continue;
      for (const id of known.keys())
        if (!table.has(id)) {
          known.delete(id);
          lines.push(`["${name}",${id},null]`);
        }
    }
    return lines;
  };
}

/** Deliveries have a file of their own. */
const tablesOf = (state: State): [string, Map<number, unknown>][] =>
  Object.entries(state).flatMap(([name, table]) =>
    table instanceof Map && name !== 'deliveries' ? [[name, table] as [string, Map<number, unknown>]] : [],
  );

/** Goes on with the directory's state, or begins one; the first save writes a snapshot. */
export function createJournal(dataDir: string, state: State, clockOffset: () => number): Journal {
  mkdirSync(dataDir, { recursive: true });
  const changes = createComparison(state);
  rewriteDeliveries(dataDir, state);
  let generation = 0;
  /** Bytes of the snapshot and of its journal. */
  let size = { snapshot: 0, journal: Infinity };
  let last = '';

  const snapshot = async (): Promise<void> => {
    changes();
    const next = Math.max(generation, ...generationsIn(dataDir)) + 1;
    const tables = Object.fromEntries(tablesOf(state).map(([name, table]) => [name, [...table]]));
    last = commitOf(state, clockOffset());
    const content: Snapshot = { ...(JSON.parse(last) as Commit), generation: next, tables };
    const text = JSON.stringify(content);
    await writeFile(`${snapshotFile(dataDir)}.new`, text, { mode: 0o600 });
    await rename(`${snapshotFile(dataDir)}.new`, snapshotFile(dataDir));
    for (const old of generationsIn(dataDir)) if (old < next) await rm(journalFile(dataDir, old));
    generation = next;
    size = { snapshot: text.length, journal: 0 };
  };

  const write = async (): Promise<void> => {
    if (size.journal > Math.max(longEnough, size.snapshot)) return snapshot();
    const lines = changes();
    const commit = commitOf(state, clockOffset());
    if (lines.length === 0 && commit === last) return;
    last = commit;
    const text = `${[...lines, commit].join('\n')}\n`;
    const before = size.journal;
    // A write that fails leaves nobody knows what: the next save is a snapshot.
    size.journal = Infinity;
    await appendFile(journalFile(dataDir, generation), text, { mode: 0o600 });
    size.journal = before + text.length;
  };
  return {
    save: sharing(write),
    append: (delivery) => {
      appendFileSync(join(dataDir, 'deliveries.jsonl'), `${JSON.stringify(delivery)}\n`, { mode: 0o600 });
    },
  };
}

/** What is older than three days goes when the forge starts, and so does half a line. */
function rewriteDeliveries(dataDir: string, state: State): void {
  const file = join(dataDir, 'deliveries.jsonl');
  if (!existsSync(file)) return;
  const lines = [...state.deliveries.values()].map((delivery) => `${JSON.stringify(delivery)}\n`);
  writeFileSync(`${file}.new`, lines.join(''), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

const commitOf = ({ lastId }: State, clockOffset: number): string =>
  JSON.stringify({ lastId, clockOffset } satisfies Commit);

const generationsIn = (dataDir: string): number[] =>
  readdirSync(dataDir).flatMap((name) => {
    const [, number] = /^journal-(\d+)\.jsonl$/.exec(name) ?? [];
    return number === undefined ? [] : [Number(number)];
  });

/** One write at a time; calls that come meanwhile share the one after it. */
function sharing(write: () => Promise<void>): () => Promise<void> {
  let writing: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const start = (): Promise<void> => {
    const current = write().finally(() => {
      if (writing === current) writing = null;
    });
    writing = current;
    return current;
  };
  return () => {
    if (writing === null) return start();
    // Whether the present write failed is its own callers' business.
    next ??= writing
      .catch(() => undefined)
      .then(() => {
        next = null;
        return start();
      });
    return next;
  };
}
