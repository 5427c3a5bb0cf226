/** Agents' slots: taken atomically, given back when the session ends. */
import { sql } from 'kysely';
import type { Transaction } from '../transaction.ts';

export type AgentLoad = { agent: string; slots: number; busy: number };

/** How busy each agent of a repository is. */
export async function agentLoads(
  tx: Transaction,
  installation: number,
  repository: number,
): Promise<AgentLoad[]> {
  const { rows } = await sql<AgentLoad>`
    select agent, count(*)::int as slots, count(session)::int as busy
    from agent_slot where installation = ${installation} and repository = ${repository} group by agent order by agent`.execute(
    tx,
  );
  return rows;
}

/** Takes one free slot of the agent for the session; false when another transaction was faster. */
export async function takeSlot(
  tx: Transaction,
  slot: { installation: number; repository: number; agent: string; session: string },
): Promise<boolean> {
  const { rows } = await sql<{ slot: number }>`
    update agent_slot set session = ${slot.session}
    where installation = ${slot.installation} and repository = ${slot.repository} and agent = ${slot.agent} and slot = (
      select free.slot from agent_slot free
      where free.installation = ${slot.installation} and free.repository = ${slot.repository} and free.agent = ${slot.agent} and free.session is null
      order by free.slot limit 1 for update skip locked)
    returning slot`.execute(tx);
  return rows.length === 1;
}

/** Ends what sessions held: slots, leases, tokens. */
export async function releaseSessions(
  tx: Transaction,
  installation: number,
  sessions: readonly string[],
): Promise<void> {
  if (sessions.length === 0) return;
  const ids = [...sessions];
  await sql`update agent_slot set session = null where installation = ${installation} and session = any(${ids}::uuid[])`.execute(
    tx,
  );
  await sql`delete from session_lease where installation = ${installation} and session = any(${ids}::uuid[])`.execute(
    tx,
  );
  await sql`delete from session_token where installation = ${installation} and session = any(${ids}::uuid[])`.execute(
    tx,
  );
}

/** Makes the slots those of the policy's agents. A busy slot that policy dropped stays until its session ends. */
export async function syncSlots(
  tx: Transaction,
  scope: { installation: number; repository: number },
  agents: readonly { name: string; slots: number }[],
): Promise<void> {
  const wanted = agents.flatMap((agent) =>
    Array.from({ length: agent.slots }, (_, slot) => ({ agent: agent.name, slot })),
  );
  await sql`
    insert into agent_slot (installation, repository, agent, slot)
    select ${scope.installation}, ${scope.repository}, agent, slot
    from unnest(${wanted.map((row) => row.agent)}::text[], ${wanted.map((row) => row.slot)}::int[]) as wanted (agent, slot)
    on conflict do nothing`.execute(tx);
  await sql`
    delete from agent_slot where installation = ${scope.installation} and repository = ${scope.repository} and session is null
    and (agent, slot) not in (select * from unnest(${wanted.map((row) => row.agent)}::text[], ${wanted.map((row) => row.slot)}::int[]))`.execute(
    tx,
  );
}
