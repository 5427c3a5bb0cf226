/** The ledger: what each report of usage cost, and whom it counts to. Rows are only added. */
import { sql, type Kysely } from 'kysely';
import { guard } from './0002-tenants.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
  await guard(db, 'ledger', 'installation');
}

const statements = [
  `create table ledger (
    event bigint primary key references event,
    installation bigint not null references installation,
    repository bigint not null references repository,
    run uuid not null references run,
    task integer,
    session uuid,
    agent text not null,
    model text,
    team text not null,
    day text not null,
    tokens bigint not null,
    cost bigint not null,
    unpriced bigint not null
  )`,
  // What a team spent today is asked at every heartbeat: from the index alone.
  `create index ledger_of_day on ledger (repository, team, day) include (cost, unpriced)`,
  `create index ledger_of_run on ledger (run, event)`,
  `create trigger ledger_no_change before update or delete on ledger for each row execute function event_is_append_only()`,
  `create trigger ledger_no_truncate before truncate on ledger for each statement execute function event_is_append_only()`,
];
