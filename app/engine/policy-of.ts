/** The policy in force for a repository: its last good file, else the defaults. */
import { defaultPolicy, Policy } from '../domain/policy.ts';
import { reject, type Rejection } from '../domain/rejection.ts';
import { repositoryById, type RepositoryRow } from '../../db/queries/runs.ts';
import type { Context } from './handler.ts';
import type { RunWork } from './run-work.ts';

export function policyOf(repository: RepositoryRow): Policy {
  return repository.policy === null ? defaultPolicy : Policy.parse(repository.policy);
}

export async function policyOfRun({ tx }: Pick<Context, 'tx'>, work: RunWork): Promise<Policy | Rejection> {
  const repository = await repositoryById(tx, work.installation, work.run.repository);
  return repository === null
    ? reject('not_found', 'The App is not installed on this repository any more.')
    : policyOf(repository);
}
