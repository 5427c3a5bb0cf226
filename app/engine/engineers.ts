/** Whom a task may be given to by name. */
import type { Policy } from '../domain/policy.ts';
import { reject, type Rejection } from '../domain/rejection.ts';

/** Nobody would ever start a task of an agent that is not there, and a reviewer or manager can't write. */
export function mustBeEngineers(
  { agents }: Pick<Policy, 'agents'>,
  wanted: readonly (string | null)[],
): Rejection | null {
  const engineers = agents.filter(({ role }) => role === 'engineer').map(({ name }) => name);
  const wrong = wanted.find((name) => name !== null && !engineers.includes(name));
  if (wrong === undefined || wrong === null) return null;
  const other = agents.find(({ name }) => name === wrong);
  return reject(
    'not_found',
    other === undefined
      ? `The policy has no agent ${wrong}.`
      : `${wrong} is a ${other.role}; tasks are for engineers.`,
    {
      help: engineers.length === 0 ? 'The policy has no engineer.' : `Engineers are ${engineers.join(', ')}.`,
    },
  );
}
