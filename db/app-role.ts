/** `entourage_app`, the role the App works as: it sees one tenant at a time and only ever adds to the record of events. */
import pg from 'pg';
import { withClient } from './client.ts';
import { codeOf } from './transaction.ts';

export const appRole = 'entourage_app';

/**
 * Makes the role when it is missing and lets the owner act as it. With `password` (a server of our own) it may log in.
 * False when this owner may do neither: then the App works as the owner, and triggers and policies guard alone.
 */
export async function ensureAppRole(ownerUrl: string, password?: string): Promise<boolean> {
  return await withClient(ownerUrl, async (client) => {
    // Two starts at once would change the role's row together, which Postgres refuses.
    await client.query('select pg_advisory_lock($1)', [lockId]);
    try {
      await create(client);
      if (password !== undefined) {
        await client.query(`alter role ${appRole} login password ${pg.escapeLiteral(password)}`);
      }
      if (!(await mayAct(client))) await client.query(`grant ${appRole} to current_user`);
      return await mayAct(client);
    } catch (error) {
      if (codeOf(error) === notPermitted) return false;
      throw error;
    }
  });
}

/** "role" in ASCII. */
const lockId = 0x72_6f_6c_65;
const notPermitted = '42501';
/** Roles belong to the whole server, so another database's migration may be as fast. */
const madeByAnother = new Set(['42710', '23505']);

async function create(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [appRole]);
  if (rowCount === 1) return;
  try {
    await client.query(`create role ${appRole} nologin`);
  } catch (error) {
    if (!madeByAnother.has(codeOf(error))) throw error;
  }
}

async function mayAct(client: pg.Client): Promise<boolean> {
  try {
    await client.query(`set role ${appRole}`);
  } catch (error) {
    if (codeOf(error) === notPermitted) return false;
    throw error;
  }
  await client.query('reset role');
  return true;
}

/** The owner's URL with which every connection acts as the App's role from its first statement. */
export function actingAsApp(ownerUrl: string): string {
  const url = new URL(ownerUrl);
  const given = url.searchParams.get('options');
  url.searchParams.set('options', [...(given === null ? [] : [given]), `-c role=${appRole}`].join(' '));
  return url.href;
}

/**
 * Gives the role what it may do, after every migration, so that no new table is forgotten: rows of every table, but no
 * change of events; and graphile-worker's tables, whose row-level security has no policy and would show it nothing.
 */
export async function grantToApp(client: pg.Client): Promise<void> {
  const tables = await names(client, 'public');
  const ours = tables.filter((table) => !appended.includes(table) && !table.startsWith('kysely_'));
  const worker = await names(client, 'graphile_worker');
  await client.query('begin');
  await client.query(`
    grant usage on schema public, graphile_worker to ${appRole};
    grant select, insert, update, delete on ${listed('public', ours)} to ${appRole};
    grant select, insert on ${listed('public', appended)} to ${appRole};
    grant select on kysely_migration to ${appRole};
    grant select, insert, update, delete on ${listed('graphile_worker', worker)} to ${appRole};
    grant select on all tables in schema graphile_worker to ${appRole};
    grant usage on all sequences in schema graphile_worker to ${appRole};
    grant execute on all functions in schema graphile_worker to ${appRole}`);
  for (const table of worker) {
    const qualified = `graphile_worker.${pg.escapeIdentifier(table)}`;
    await client.query(`drop policy if exists ${appRole} on ${qualified}`);
    await client.query(
      `create policy ${appRole} on ${qualified} to ${appRole} using (true) with check (true)`,
    );
  }
  await client.query('commit');
}

/** The record of truth: nobody changes it. */
const appended = ['event', 'ledger'];

async function names(client: pg.Client, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = $1::regnamespace and relkind = 'r' order by relname`,
    [schema],
  );
  return rows.map(({ name }) => name);
}

const listed = (schema: string, tables: readonly string[]): string =>
  tables.map((table) => `${schema}.${pg.escapeIdentifier(table)}`).join(', ');
