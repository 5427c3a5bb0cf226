/** How contracts are written, fixed and folded. */
import { mostContracts, type Contract } from './contract.ts';
import type { Decision } from './decision.ts';
import type { EventOf } from './event.ts';
import { reject } from './rejection.ts';
import { ended, type Run } from './run.ts';

export type ContractCommand =
  | { type: 'set_contract'; name: string; text: string; tasks: readonly number[]; by: string }
  | { type: 'lock_contract'; name: string; by: string };

/** Saying the same again changes nothing. */
export function decide(
  run: Pick<Run, 'number' | 'state' | 'contracts' | 'tasks' | 'plan'>,
  command: ContractCommand,
): Decision {
  const { name, by } = command;
  if (ended(run))
    return reject('wrong_state', `Run ${run.number} is ${run.state}; its contracts stay as they are.`);
  const known = run.contracts.find((contract) => contract.name === name);
  if (command.type === 'lock_contract') {
    if (known === undefined)
      return reject('not_found', `Run ${run.number} has no contract ${name}.`, {
        help: 'set_run_contract writes it.',
      });
    return known.locked ? [] : [{ type: 'contract_locked', contract: name, by }];
  }
  // A manager that plans writes them together with the plan.
  const last = Math.max(run.tasks.total, run.plan?.tasks.length ?? 0);
  const unknown = command.tasks.filter((task) => task > last);
  if (unknown.length > 0)
    return reject('not_found', `Run ${run.number} has no task t${unknown.join(', t')}.`);
  if (known?.locked === true)
    return same(known, command)
      ? []
      : reject('wrong_state', `Contract ${name} is locked at version ${known.version}.`, {
          help: 'Build on it as it is, or tell the manager by send_message why it can’t stay.',
        });
  if (known === undefined && run.contracts.length >= mostContracts)
    return reject('too_large', `A run has at most ${mostContracts} contracts.`, {
      help: 'Change one of them.',
    });
  if (known !== undefined && same(known, command)) return [];
  return [{ type: 'contract_set', contract: name, text: command.text, tasks: [...command.tasks], by }];
}

const same = (known: Contract, { text, tasks }: { text: string; tasks: readonly number[] }): boolean =>
  known.text === text && known.tasks.join() === tasks.join();

export function evolve(
  contracts: readonly Contract[],
  event: EventOf<'contract_set' | 'contract_locked'>,
): Contract[] {
  const { contract: name } = event;
  if (event.type === 'contract_locked')
    return contracts.map((contract) => (contract.name === name ? { ...contract, locked: true } : contract));
  const { text, tasks, by } = event;
  const known = contracts.find((contract) => contract.name === name);
  const next = { name, text, tasks, by, version: (known?.version ?? 0) + 1, locked: false };
  return known === undefined
    ? [...contracts, next]
    : contracts.map((contract) => (contract.name === name ? next : contract));
}
