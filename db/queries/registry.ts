/** What we know of accounts and repositories, as GitHub tells it: mirrored facts, no events. */
import { sql } from 'kysely';
import { jsonOf } from '../json.ts';
import type { Transaction } from '../transaction.ts';

export async function upsertInstallation(
  tx: Transaction,
  row: { id: number; account: string; accountType: string; removed: boolean },
): Promise<void> {
  await sql`
    insert into installation (id, account, account_type, deleted_at) values (${row.id}, ${row.account}, ${row.accountType}, case when ${row.removed} then now() end)
    on conflict (id) do update set account = excluded.account, account_type = excluded.account_type, deleted_at = excluded.deleted_at`.execute(
    tx,
  );
}

/** A rename or a changed default branch overwrites; what is left out stays. */
export async function upsertRepository(
  tx: Transaction,
  row: {
    id: number;
    installation: number;
    owner: string;
    /** Null: not told; what is known stays. */
    ownerId: number | null;
    name: string;
    defaultBranch: string | null;
    private: boolean | null;
    removed: boolean;
  },
): Promise<void> {
  await sql`
    insert into repository (id, installation, owner, owner_id, name, default_branch, private, removed_at)
    values (${row.id}, ${row.installation}, ${row.owner}, ${row.ownerId}, ${row.name}, coalesce(${row.defaultBranch}, 'main'), coalesce(${row.private}, true), case when ${row.removed} then now() end)
    on conflict (id) do update set installation = excluded.installation, owner = excluded.owner, name = excluded.name,
      owner_id = case when excluded.owner_id is not null or lower(repository.owner) <> lower(excluded.owner) then excluded.owner_id else repository.owner_id end,
      default_branch = coalesce(${row.defaultBranch}, repository.default_branch), private = coalesce(${row.private}, repository.private), removed_at = excluded.removed_at`.execute(
    tx,
  );
}

/** A good policy replaces the last; a broken one leaves it in force and is remembered as a problem (TR-3). */
export async function setPolicy(
  tx: Transaction,
  installation: number,
  row: { repository: number; policy: object | null; problem: string | null },
): Promise<void> {
  await sql`
    update repository set policy = coalesce(${row.policy === null ? null : jsonOf(row.policy)}::jsonb, policy), policy_problem = ${row.problem}
    where installation = ${installation} and id = ${row.repository}`.execute(tx);
}

/** Whose repository it is now, over all installations; null when the App is not installed there. */
export async function installationOfRepository(tx: Transaction, repository: number): Promise<number | null> {
  const { rows } = await sql<{ installation: number }>`
    select repository.installation from repository join installation on installation.id = repository.installation
    where repository.id = ${repository} and repository.removed_at is null and installation.deleted_at is null`.execute(
    tx,
  );
  return rows[0]?.installation ?? null;
}

/** The account of an installation, with how many repositories the App has there. */
export async function accountOf(
  tx: Transaction,
  installation: number,
): Promise<{ account: string; type: string; repositories: number } | null> {
  const { rows } = await sql<{ account: string; type: string; repositories: number }>`
    select account, account_type as type,
      (select count(*)::int from repository where repository.installation = installation.id and removed_at is null) as repositories
    from installation where id = ${installation} and deleted_at is null`.execute(tx);
  return rows[0] ?? null;
}
