/** The doctor's look at the database: reachable, new enough, migrated, with a role of the App's own. */
import { readdir } from 'node:fs/promises';
import pg from 'pg';
import type { Config } from '../config.ts';
import type { Finding } from './finding.ts';

const leastVersion = 15;

export async function checkDatabase(config: Config): Promise<Finding[]> {
  const url = config.databaseOwnerUrl ?? config.databaseUrl;
  if (url === undefined) {
    return [
      { state: 'good', what: `No DATABASE_URL: the App keeps a Postgres of its own in ${config.directory}.` },
    ];
  }
  const name = config.databaseOwnerUrl === undefined ? 'DATABASE_URL' : 'DATABASE_OWNER_URL';
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
  } catch (error) {
    // The driver names host, port and user, never the password.
    const reason = (error as Error).message || (error as NodeJS.ErrnoException).code || 'no reason given';
    const help = `Check ${name}, and that Postgres runs and takes connections from here.`;
    return [{ state: 'bad', what: `The database can’t be reached: ${reason}`, help }];
  }
  try {
    return [await checkVersion(client), await checkMigrations(client), await checkRole(client, config)];
  } finally {
    await client.end();
  }
}

async function checkVersion(client: pg.Client): Promise<Finding> {
  const { rows } = await client.query<{ version: string }>(
    `select current_setting('server_version') as version`,
  );
  const version = rows[0]?.version ?? '0';
  return Number.parseInt(version, 10) >= leastVersion
    ? { state: 'good', what: `Postgres ${version}` }
    : {
        state: 'bad',
        what: `Postgres ${version} is too old.`,
        help: `Use Postgres ${leastVersion} or later.`,
      };
}

async function checkMigrations(client: pg.Client): Promise<Finding> {
  const files = await readdir(new URL('../../db/migrations/', import.meta.url));
  const known = files
    .filter((file) => /^\d{4}-[\w-]+\.ts$/.test(file))
    .map((file) => file.replace(/\.ts$/, ''));
  const { rows: found } = await client.query<{ there: boolean }>(
    `select to_regclass('kysely_migration') is not null as there`,
  );
  if (found[0]?.there !== true) {
    return {
      state: 'unsure',
      what: 'The database is not migrated yet.',
      help: 'The App does it when it starts.',
    };
  }
  const { rows } = await client.query<{ name: string }>('select name from kysely_migration');
  const applied = new Set(rows.map(({ name }) => name));
  const missing = known.filter((name) => !applied.has(name)).toSorted();
  const unknown = [...applied].filter((name) => !known.includes(name)).toSorted();
  if (unknown.length > 0) {
    const help = 'Start that version of Entourage, or a later one.';
    return { state: 'bad', what: `The database is newer than this program: ${unknown.join(', ')}.`, help };
  }
  return missing.length === 0
    ? { state: 'good', what: `Migrations are current (${known.toSorted().at(-1) ?? 'none'}).` }
    : {
        state: 'unsure',
        what: `Not applied yet: ${missing.join(', ')}.`,
        help: 'The App does it when it starts.',
      };
}

async function checkRole(client: pg.Client, config: Config): Promise<Finding> {
  const { rows } = await client.query<{ there: boolean }>(
    `select exists (select from pg_roles where rolname = 'entourage_app') as there`,
  );
  if (rows[0]?.there !== true) {
    return {
      state: 'unsure',
      what: 'There is no role entourage_app.',
      help: 'The App makes it at its start where it may; else only the trigger keeps events from being changed.',
    };
  }
  return config.databaseOwnerUrl === undefined
    ? {
        state: 'unsure',
        what: 'The App works as the database’s owner.',
        help: 'Give the owner in DATABASE_OWNER_URL and a login of role entourage_app in DATABASE_URL.',
      }
    : { state: 'good', what: 'The App has a role of its own, entourage_app.' };
}
