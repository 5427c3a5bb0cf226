/** Sums of the ledger, and what live sessions have set aside. */
import { sql } from 'kysely';
import type { Transaction } from '../transaction.ts';

type Team = { repository: number; team: string };

/** Who looks at a team's money and then spends of it does so alone, until its transaction ends. */
export async function lockTeam(tx: Transaction, { repository, team }: Team): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`budget:${repository}:${team}`}, 0))`.execute(tx);
}

/** What a team spent on a day, in millionths of a dollar, and its tokens of unknown price. */
export async function spentOnDay(
  tx: Transaction,
  installation: number,
  { repository, team, day }: Team & { day: string },
): Promise<{ cost: number; unpriced: number }> {
  const { rows } = await sql<{ cost: number; unpriced: number }>`
    select coalesce(sum(cost), 0)::bigint as cost, coalesce(sum(unpriced), 0)::bigint as unpriced
    from ledger where installation = ${installation} and repository = ${repository} and team = ${team} and day = ${day}`.execute(
    tx,
  );
  return rows[0] ?? { cost: 0, unpriced: 0 };
}

/** What live sessions of a team's other runs set aside and did not spend yet. */
export async function heldElsewhere(
  tx: Transaction,
  installation: number,
  { repository, team, run }: Team & { run: string },
): Promise<number> {
  const { rows } = await sql<{ held: number }>`
    select coalesce(sum(greatest(0, session.reserved - coalesce((session.usage ->> 'cost')::bigint, 0))), 0)::bigint as held
    from session join run on run.id = session.run
    where session.installation = ${installation} and session.state <> 'ended' and session.run <> ${run}
      and run.repository = ${repository} and session.team = ${team}`.execute(tx);
  return rows[0]?.held ?? 0;
}

export type CostRow = { key: string; cost: number; unpriced: number; tokens: number };
export type CostScope = { repository: number; run: string | null; since: string };

const groups = {
  agent: sql`agent`,
  model: sql`coalesce(model, 'the engine’s default')`,
  task: sql`case when task is null then 'run' else 't' || task end`,
  day: sql`day`,
} as const;

/** What was spent since a day, by agent, model, task or day; the dearest first, days in order. */
export async function costsBy(
  tx: Transaction,
  installation: number,
  { group, scope }: { group: keyof typeof groups; scope: CostScope },
): Promise<CostRow[]> {
  const order = group === 'day' ? sql`key` : sql`cost desc, key`;
  const { rows } = await sql<CostRow>`
    select ${groups[group]} as key, sum(cost)::bigint as cost, sum(unpriced)::bigint as unpriced, sum(tokens)::bigint as tokens
    from ledger where installation = ${installation} and repository = ${scope.repository}
      and (${scope.run}::uuid is null or run = ${scope.run}) and day >= ${scope.since}
    group by 1 order by ${order} limit 400`.execute(tx);
  return rows;
}

/** Tasks that were merged since a day. */
export async function mergedSince(tx: Transaction, installation: number, scope: CostScope): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from task join run on run.id = task.run
    where task.installation = ${installation} and run.repository = ${scope.repository} and task.state = 'done'
      and (${scope.run}::uuid is null or run.id = ${scope.run}) and task.ended_at >= ${scope.since}::date`.execute(
    tx,
  );
  return rows[0]?.count ?? 0;
}

/** The agents of a run are told again when their new budget gets tight. */
export async function forgetWarnings(tx: Transaction, installation: number, run: string): Promise<void> {
  await sql`
    update session_lease set warned = false where installation = ${installation}
      and session in (select id from session where run = ${run} and state <> 'ended')`.execute(tx);
}
