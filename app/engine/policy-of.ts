/** The policy in force for a repository: its last good file, else the defaults. */
import { defaultPolicy, Policy } from '../domain/policy.ts';
import type { RepositoryRow } from '../../db/queries/runs.ts';

export function policyOf(repository: RepositoryRow): Policy {
  return repository.policy === null ? defaultPolicy : Policy.parse(repository.policy);
}
