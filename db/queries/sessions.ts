/** Sessions' working rows that are no events: the queue, leases, tokens; and the runners that host them. */
import { sql } from 'kysely';
import type { Condition } from '../../app/domain/activity.ts';
import type { Transaction } from '../transaction.ts';

/** The next queued session that a runner with these engines can host: most urgent task first, then oldest. Not locked; the caller locks its run and looks again. */
export async function nextQueued(
  tx: Transaction,
  installation: number,
  wanted: { engines: readonly string[]; skip: readonly string[] },
): Promise<{ id: string; run: string } | null> {
  const { rows } = await sql<{ id: string; run: string }>`
    select session.id, session.run from session left join task on task.run = session.run and task.number = session.task
    where session.installation = ${installation} and session.state = 'queued' and session.place = 'runner' and session.engine = any(${[...wanted.engines]}::text[])
      and not (session.id = any(${[...wanted.skip]}::uuid[])) and (session.task is null or task.branch is not null)
    order by array_position(array['critical','high','medium','low'], task.priority) nulls first, session.queued_at
    limit 1`.execute(tx);
  return rows[0] ?? null;
}

export async function setLease(
  tx: Transaction,
  lease: { installation: number; session: string; until: string; activity: string; condition?: Condition },
): Promise<void> {
  await sql`
    insert into session_lease (session, installation, until, activity, condition)
    values (${lease.session}, ${lease.installation}, ${lease.until}, ${lease.activity}, ${lease.condition ?? 'active'})
    on conflict (session) do update set until = excluded.until, activity = excluded.activity, condition = excluded.condition, looked = false`.execute(
    tx,
  );
}

/** GitHub is asked about the session because its lease ran out; its next heartbeat forgets that. */
export async function lookedAt(tx: Transaction, installation: number, session: string): Promise<void> {
  await sql`update session_lease set looked = true where installation = ${installation} and session = ${session}`.execute(
    tx,
  );
}

export async function dropLease(tx: Transaction, installation: number, session: string): Promise<void> {
  await sql`delete from session_lease where installation = ${installation} and session = ${session}`.execute(
    tx,
  );
}

/** Whether the agent of the session was told that its budget gets tight; told once. */
export async function markWarned(tx: Transaction, installation: number, session: string): Promise<boolean> {
  const { rows } = await sql<{ session: string }>`
    update session_lease set warned = true where installation = ${installation} and session = ${session} and not warned returning session`.execute(
    tx,
  );
  return rows.length === 1;
}

export async function leaseActivity(tx: Transaction, installation: number, session: string): Promise<string> {
  const { rows } = await sql<{
    activity: string;
  }>`select activity from session_lease where installation = ${installation} and session = ${session}`.execute(
    tx,
  );
  return rows[0]?.activity ?? '';
}

export type LeaseNow = { session: string; activity: string; condition: Condition };

/** What the sessions of a run said last of what they do. */
export async function leasesOf(tx: Transaction, installation: number, run: string): Promise<LeaseNow[]> {
  const { rows } = await sql<LeaseNow>`
    select lease.session, lease.activity, lease.condition from session_lease lease join session on session.id = lease.session
    where lease.installation = ${installation} and session.run = ${run} and session.state <> 'ended'`.execute(
    tx,
  );
  return rows;
}

/**
 * Sessions whose lease ran out, over all installations; a manager's sessions that nobody took in time; and sessions for GitHub
 * Actions that were not even dispatched (`undispatched`), because the job that should have done it was lost.
 */
export async function expiredSessions(
  tx: Transaction,
  now: string,
  before: { queued: string; undispatched: string },
): Promise<{ session: string; installation: number }[]> {
  const { rows } = await sql<{ session: string; installation: number }>`
    select session, installation from session_lease where until < ${now}
    union
    select id, installation from session
    where state in ('queued', 'dispatched') and kind in ('plan', 'manage') and queued_at < ${before.queued}
      and (state = 'queued' or (place = 'actions' and bound_at is null))
    union
    select session.id, session.installation from session left join task on task.run = session.run and task.number = session.task
    where session.state = 'queued' and session.place = 'actions' and session.queued_at < ${before.undispatched}
      and (session.task is null or task.branch is not null)
      and not exists (select 1 from session_lease where session_lease.session = session.id)
    order by session limit 100`.execute(tx);
  return rows;
}

export async function addToken(
  tx: Transaction,
  token: { hash: Buffer; installation: number; session: string; kind: 'runner' | 'agent' },
): Promise<void> {
  await sql`insert into session_token (hash, installation, session, kind) values (${token.hash}, ${token.installation}, ${token.session}, ${token.kind})`.execute(
    tx,
  );
}

export type SessionToken = {
  kind: 'runner' | 'agent';
  session: string;
  installation: number;
  run: string;
  task: number | null;
  repository: number;
  agent: string;
  role: 'manager' | 'engineer' | 'reviewer';
  runner: string | null;
};

/** Whose token it is. A token of an ended session is gone, so it finds nothing. Runs over all installations: the tenant is what it finds out. */
export async function sessionOfToken(tx: Transaction, hash: Buffer): Promise<SessionToken | null> {
  const { rows } = await sql<SessionToken>`
    select token.kind, session.id as session, session.installation, session.run, session.task, run.repository, session.agent, session.role, session.runner
    from session_token token join session on session.id = token.session join run on run.id = session.run
    where token.hash = ${hash}`.execute(tx);
  return rows[0] ?? null;
}

export async function addRunnerToken(
  tx: Transaction,
  token: { hash: Buffer; installation: number; group: string; by: string; expires: string },
): Promise<void> {
  await sql`
    insert into runner_token (hash, installation, group_name, created_by, expires_at)
    values (${token.hash}, ${token.installation}, ${token.group}, ${token.by}, ${token.expires})`.execute(tx);
}

export async function runnerTokenByHash(
  tx: Transaction,
  hash: Buffer,
  now: string,
): Promise<{ installation: number; group: string } | null> {
  const { rows } = await sql<{ installation: number; group: string }>`
    select installation, group_name as "group" from runner_token where hash = ${hash} and expires_at > ${now}`.execute(
    tx,
  );
  return rows[0] ?? null;
}

/** False when somebody was faster, or it ran out: a token registers one runner. */
export async function useRunnerToken(
  tx: Transaction,
  token: { hash: Buffer; installation: number; now: string },
): Promise<boolean> {
  const { rows } = await sql<{ hash: Buffer }>`
    delete from runner_token where hash = ${token.hash} and installation = ${token.installation} and expires_at > ${token.now} returning hash`.execute(
    tx,
  );
  return rows.length === 1;
}

export async function addRunner(
  tx: Transaction,
  runner: { id: string; installation: number; name: string; group: string; hash: Buffer },
): Promise<void> {
  await sql`
    insert into runner (id, installation, name, group_name, token_hash) values (${runner.id}, ${runner.installation}, ${runner.name}, ${runner.group}, ${runner.hash})`.execute(
    tx,
  );
}

export async function runnerByHash(
  tx: Transaction,
  hash: Buffer,
): Promise<{ id: string; installation: number; group: string } | null> {
  const { rows } = await sql<{ id: string; installation: number; group: string }>`
    select id, installation, group_name as "group" from runner where token_hash = ${hash} and revoked_at is null`.execute(
    tx,
  );
  return rows[0] ?? null;
}

export async function addApiKey(
  tx: Transaction,
  key: { hash: Buffer; installation: number; name: string; login: string; userId: number; expires: string },
): Promise<void> {
  await sql`
    insert into api_key (hash, installation, name, login, user_id, expires_at)
    values (${key.hash}, ${key.installation}, ${key.name}, ${key.login}, ${key.userId}, ${key.expires})`.execute(
    tx,
  );
}

/** Ends the keys of a name; `owner` leaves other people's alone. Answers how many ended. */
export async function revokeApiKeys(
  tx: Transaction,
  installation: number,
  key: { name: string; owner: number | null; now: string },
): Promise<number> {
  const { rows } = await sql<{ name: string }>`
    update api_key set revoked_at = ${key.now} where installation = ${installation} and name = ${key.name}
      and (${key.owner}::bigint is null or user_id = ${key.owner}) and revoked_at is null returning name`.execute(
    tx,
  );
  return rows.length;
}

export async function apiKeyByHash(
  tx: Transaction,
  hash: Buffer,
  now: string,
): Promise<{ installation: number; login: string; userId: number } | null> {
  const { rows } = await sql<{ installation: number; login: string; userId: number }>`
    select installation, login, user_id as "userId" from api_key where hash = ${hash} and expires_at > ${now} and revoked_at is null`.execute(
    tx,
  );
  return rows[0] ?? null;
}

/** The run a session belongs to. */
export async function sessionRun(
  tx: Transaction,
  installation: number,
  session: string,
): Promise<string | null> {
  const { rows } = await sql<{
    run: string;
  }>`select run from session where installation = ${installation} and id = ${session}`.execute(tx);
  return rows[0]?.run ?? null;
}

/** When the session's lease ends, and whether GitHub was asked about it since the last heartbeat; null when it has none. */
export async function leaseOf(
  tx: Transaction,
  installation: number,
  session: string,
): Promise<{ until: string; looked: boolean } | null> {
  const { rows } = await sql<{ until: string; looked: boolean }>`
    select until, looked from session_lease where installation = ${installation} and session = ${session}`.execute(
    tx,
  );
  return rows[0] ?? null;
}

/** Runs of a repository with sessions that wait at another place than `notAt`, in id order. */
export async function runsWithQueuedSessions(
  tx: Transaction,
  installation: number,
  wanted: { repository: number; notAt: 'runner' | 'actions' },
): Promise<string[]> {
  const { rows } = await sql<{ run: string }>`
    select distinct session.run from session join run on run.id = session.run
    where session.installation = ${installation} and run.repository = ${wanted.repository} and session.state = 'queued' and session.place <> ${wanted.notAt}
    order by session.run`.execute(tx);
  return rows.map((row) => row.run);
}

/** The session that a workflow run was made for, by its recorded id, else by the session's id in the run's name. */
export async function sessionOfWorkflowRun(
  tx: Transaction,
  installation: number,
  wanted: { repository: number; workflowRun: number; session: string | null },
): Promise<{ run: string; session: string } | null> {
  const { rows } = await sql<{ run: string; session: string }>`
    select session.run, session.id as session from session join run on run.id = session.run
    where session.installation = ${installation} and run.repository = ${wanted.repository} and session.state <> 'ended' and session.place = 'actions'
      and ((session.workflow_run ->> 'id')::bigint = ${wanted.workflowRun} or (session.workflow_run is null and session.id = ${wanted.session}::uuid))
    order by session.queued_at limit 1`.execute(tx);
  return rows[0] ?? null;
}

/** How often a run's manager was lost with its runner. */
export async function lostPlanSessions(tx: Transaction, installation: number, run: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from session
    where installation = ${installation} and run = ${run} and kind = 'plan' and outcome = 'lost'`.execute(tx);
  return rows[0]?.count ?? 0;
}
