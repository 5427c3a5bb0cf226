/** Reads a repository's policy the first time it matters; pushes to the default branch keep it fresh. */
import { inTransaction } from '../../db/transaction.ts';
import type { RepositoryRow } from '../../db/queries/runs.ts';
import { setPolicy } from '../../db/queries/registry.ts';
import { syncSlots } from '../../db/queries/slots.ts';
import type { Transaction } from '../../db/transaction.ts';
import { defaultPolicy, parsePolicy } from '../domain/policy.ts';
import type { Engine } from './handler.ts';
import { policyOf } from './policy-of.ts';

/** Before a run starts there must be a policy and the agents' slots it declares. */
export async function ensurePolicy(engine: Engine, repository: RepositoryRow): Promise<void> {
  if (repository.policy !== null) return;
  const text = await engine.github.policyText(repository.installation, repository);
  await inTransaction(engine.db, { installation: repository.installation }, async (tx) => {
    await storePolicy(tx, repository, text);
  });
}

/** Stores a good policy, or remembers what is wrong with a broken one and keeps the last good one in force (TR-3). */
export async function storePolicy(
  tx: Transaction,
  repository: RepositoryRow,
  text: string | null,
): Promise<void> {
  const parsed = text === null ? { policy: defaultPolicy } : parsePolicy(text);
  const scope = { installation: repository.installation, repository: repository.id };
  if ('policy' in parsed) {
    await setPolicy(tx, repository.installation, {
      repository: repository.id,
      policy: parsed.policy,
      problem: null,
    });
    await syncSlots(tx, scope, parsed.policy.agents);
    return;
  }
  const problem = parsed.problems
    .map(({ line, column, message }) => `${line}:${column} ${message}`)
    .join('\n');
  await setPolicy(tx, repository.installation, { repository: repository.id, policy: null, problem });
  await syncSlots(tx, scope, policyOf(repository).agents);
}
