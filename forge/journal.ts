/** The forge's memory on disk, so that a killed forge goes on where it was. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyState, type Delivery, type State } from './state.ts';

/** GitHub shows deliveries of the last three days (G43). */
const keptDeliveries = 3 * 24 * 3_600_000;

export interface Journal {
  /**
   * Resolves when everything that was true at the call is on disk. Calls that come while a write is under way share
   * the next one: a burst of requests costs two writes.
   */
  save(): Promise<void>;
  /** Deliveries hold whole payloads: they are appended to a file of their own instead of rewritten each time. */
  append(delivery: Delivery): void;
}

/** Reads what an earlier forge left in the directory; null when nothing did. */
export function readState(dataDir: string): { state: State; clockOffset: number } | null {
  const file = join(dataDir, 'state.json');
  if (!existsSync(file)) return null;
  const saved = JSON.parse(readFileSync(file, 'utf8')) as {
    clockOffset: number;
    lastId: number;
    tables: Tables;
  };
  const state: State = { ...emptyState(), lastId: saved.lastId };
  for (const [name, entries] of Object.entries(saved.tables))
    Object.assign(state, { [name]: new Map(entries) });
  const deliveries = join(dataDir, 'deliveries.jsonl');
  const since = Date.now() + saved.clockOffset - keptDeliveries;
  for (const line of existsSync(deliveries) ? readFileSync(deliveries, 'utf8').split('\n') : []) {
    const delivery = parsed(line);
    if (delivery === null || Date.parse(delivery.deliveredAt) < since) continue;
    state.deliveries.set(delivery.id, delivery);
    state.lastId = Math.max(state.lastId, delivery.id);
  }
  return { state, clockOffset: saved.clockOffset };
}

type Tables = Record<string, [number, unknown][]>;

function parsed(line: string): Delivery | null {
  try {
    return line === '' ? null : (JSON.parse(line) as Delivery);
  } catch {
    // A kill in the middle of an append leaves half a line: that delivery is lost, as a log entry may be.
    return null;
  }
}

export function createJournal(dataDir: string, state: State, clockOffset: () => number): Journal {
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, 'state.json');
  let writing: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  const write = async (): Promise<void> => {
    const tables = Object.fromEntries(
      Object.entries(state)
        .filter(([name, table]) => table instanceof Map && name !== 'deliveries')
        .map(([name, table]) => [name, [...table]]),
    );
    const text = JSON.stringify({ clockOffset: clockOffset(), lastId: state.lastId, tables });
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
  };

  const start = (): Promise<void> => {
    const current = write().finally(() => {
      if (writing === current) writing = null;
    });
    writing = current;
    return current;
  };

  return {
    save: () => {
      if (writing === null) return start();
      // Whether the present write failed is its own callers' business.
      next ??= writing
        .catch(() => undefined)
        .then(() => {
          next = null;
          return start();
        });
      return next;
    },
    append: (delivery) => {
      appendFileSync(join(dataDir, 'deliveries.jsonl'), `${JSON.stringify(delivery)}\n`, { mode: 0o600 });
    },
  };
}
