/** The record of truth: appended to, never changed. Part of the first migration. */

export const eventLog: readonly string[] = [
  `create table event (
    id bigint generated always as identity primary key,
    installation bigint not null references installation,
    run uuid not null references run deferrable initially deferred,
    task integer,
    type text not null,
    data jsonb not null,
    actor jsonb not null,
    cause text not null,
    at timestamptz not null
  )`,
  `create index event_of_run on event (run, id)`,
  // A delivery that is worked on again after a crash finds what it did the first time.
  `create index event_of_cause on event (installation, cause) where cause like 'delivery:%'`,
  `create function event_is_append_only() returns trigger language plpgsql as $$
  begin
    raise exception '% rows are append-only: % is not possible', tg_table_name, tg_op using errcode = 'restrict_violation';
  end $$`,
  `create trigger event_no_change before update or delete on event for each row execute function event_is_append_only()`,
  `create trigger event_no_truncate before truncate on event for each statement execute function event_is_append_only()`,
];
