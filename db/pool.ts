/** Connections to Postgres: one pool with our parsers, and Kysely on top of it. */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Tables } from './tables.ts';

/** Closeable: `await using db = connect(url)`. `url` is kept for connections outside the pool (LISTEN, the worker). */
export type Database = {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly kysely: Kysely<Tables>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

export type ConnectOptions = {
  /** 8 to 16 is best for one process; more only queue inside Postgres. */
  max?: number;
  applicationName?: string;
  /** An idle connection broke (Postgres restarted). The pool has dropped it already; the next query makes a new one. */
  onIdleError?: (error: Error) => void;
};

/** A connect attempt that takes longer than this is an outage, not a wait. */
const connectTimeout = 10_000;

/** Opens lazily: nothing is reached until the first query. */
export function connect(url: string, options: ConnectOptions = {}): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 10,
    application_name: options.applicationName ?? 'entourage',
    connectionTimeoutMillis: connectTimeout,
    types: { getTypeParser },
  });
  // Without listeners Node ends the process when Postgres goes away under a connection. While one is in use its query
  // fails with the same error, so there is nothing more to do then.
  pool.on('error', options.onIdleError ?? (() => undefined));
  pool.on('connect', (client) => client.on('error', () => undefined));
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const close = once(() => kysely.destroy());
  return { url, pool, kysely, close, [Symbol.asyncDispose]: close };
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= action());
}

const { builtins } = pg.types;

/** bigint → number, refused beyond 2^53; timestamptz → ISO 8601 in UTC with milliseconds; all else as `pg` reads it. */
const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') => {
  if (format !== 'binary') {
    if (oid === builtins.INT8) return parseBigint;
    if (oid === builtins.TIMESTAMPTZ) return parseInstant;
  }
  return pg.types.getTypeParser(oid, format);
};

function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new RangeError(`the bigint ${text} is beyond 2^53 and would lose digits`);
  return value;
}

const readDate: (text: string) => unknown = pg.types.getTypeParser(builtins.TIMESTAMPTZ);

function parseInstant(text: string): string {
  const date = readDate(text);
  if (!(date instanceof Date)) throw new RangeError(`the timestamp ${text} is no instant`);
  return date.toISOString();
}
