/** What jobs work on and remember: webhooks that came in, what stands on GitHub for what, which workers live. */
export const jobTables: readonly string[] = [
  `create table delivery (
    guid text primary key,
    installation bigint,
    event text not null,
    action text,
    body text not null,
    received_at timestamptz not null default now(),
    handled_at timestamptz,
    note text not null default ''
  )`,
  `create table github_object (
    kind text not null,
    key text not null,
    installation bigint not null references installation,
    github_id bigint not null,
    digest text not null default '',
    edited_at timestamptz not null default now(),
    primary key (kind, key)
  )`,
  `create table worker_pool (
    id text primary key,
    beat_at timestamptz not null default now()
  )`,
];
