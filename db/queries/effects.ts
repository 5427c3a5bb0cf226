/** What effects remember of GitHub: ids of what they made, and until when GitHub wants no call. */
import { sql } from 'kysely';
import type { Transaction } from '../transaction.ts';

export type GitHubObjectKind = 'card' | 'question' | 'thread' | 'check';
export type GitHubObject = { id: number; digest: string; editedAt: string };
type Key = { installation: number; kind: GitHubObjectKind; key: string };

export async function gitHubObject(
  tx: Transaction,
  { installation, kind, key }: Key,
): Promise<GitHubObject | null> {
  const { rows } = await sql<GitHubObject>`
    select github_id as id, digest, edited_at as "editedAt" from github_object
    where installation = ${installation} and kind = ${kind} and key = ${key}`.execute(tx);
  return rows[0] ?? null;
}

export async function saveGitHubObject(
  tx: Transaction,
  object: Key & { id: number; digest: string; at: string },
): Promise<void> {
  await sql`
    insert into github_object (kind, key, installation, github_id, digest, edited_at)
    values (${object.kind}, ${object.key}, ${object.installation}, ${object.id}, ${object.digest}, ${object.at})
    on conflict (kind, key) do update set github_id = excluded.github_id, digest = excluded.digest, edited_at = excluded.edited_at`.execute(
    tx,
  );
}

/** ISO, or null when nothing stands in the way. */
export async function blockedUntil(tx: Transaction, installation: number): Promise<string | null> {
  const { rows } = await sql<{ until: string | null }>`
    select blocked_until as until from installation where id = ${installation}`.execute(tx);
  return rows[0]?.until ?? null;
}

/** Never shortens a wait that another job met. */
export async function blockUntil(tx: Transaction, installation: number, until: string): Promise<void> {
  await sql`
    update installation set blocked_until = greatest(blocked_until, ${until}::timestamptz) where id = ${installation}`.execute(
    tx,
  );
}

/** The id after which the newest `back` events of a run begin, for `readEvents`; 0 where there are fewer. */
export async function lastEventId(tx: Transaction, run: string, back: number): Promise<string> {
  const { rows } = await sql<{ id: number }>`
    select id from event where run = ${run} order by id desc offset ${back} limit 1`.execute(tx);
  return String(rows[0]?.id ?? 0);
}

/** When review was asked for on the task last, or null. */
export async function reviewRequestedAt(
  tx: Transaction,
  address: { run: string; task: number },
): Promise<string | null> {
  const { rows } = await sql<{ at: string }>`
    select at from event where run = ${address.run} and task = ${address.task} and type = 'review_requested' order by id desc limit 1`.execute(
    tx,
  );
  return rows[0]?.at ?? null;
}

/** What finished tasks of a repository cost, by size; the newest fifty of each are enough for a median. */
export async function finishedCosts(
  tx: Transaction,
  installation: number,
  repository: number,
): Promise<{ size: string; costs: number[] }[]> {
  const { rows } = await sql<{ size: string; costs: number[] }>`
    select size, json_agg(cost) as costs from (
      select task.size, task.cost, row_number() over (partition by task.size order by task.ended_at desc) as nth
      from task join run on run.id = task.run
      where run.installation = ${installation} and run.repository = ${repository} and task.state = 'done' and task.unpriced = 0
    ) as finished where nth <= 50 group by size`.execute(tx);
  return rows;
}
