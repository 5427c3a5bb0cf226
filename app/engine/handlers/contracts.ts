/** Handlers of a run's interface contracts. */
import { taskNumber } from '../../catalog/refs.ts';
import { actorName } from '../../domain/actor.ts';
import { clean } from '../../domain/clean.ts';
import type { Contract } from '../../domain/contract.ts';
import { decide, type ContractCommand } from '../../domain/contract-rules.ts';
import { isRejection, reject, type Rejection } from '../../domain/rejection.ts';
import { commit } from '../commit.ts';
import type { Context, Handlers } from '../handler.ts';
import { callingSession, locateRun, type RunInput } from '../locate.ts';
import type { RunWork } from '../run-work.ts';

type View = {
  contract: string;
  text: string;
  tasks: string[];
  version: number;
  by: string;
  locked: boolean;
};

const view = ({ name, text, tasks, version, by, locked }: Contract): View => ({
  contract: name,
  text: clean(text),
  tasks: tasks.map((task) => `t${task}`),
  version,
  by,
  locked,
});

function named(work: RunWork, name: string): { output: { contract: View } } | Rejection {
  const contract = work.run.contracts.find((row) => row.name === name);
  return contract === undefined
    ? reject('not_found', `Run ${work.run.number} has no contract ${name}.`, {
        help: 'list_run_contracts shows all.',
      })
    : { output: { contract: view(contract) } };
}

export const listRunContracts: Handlers['list_run_contracts'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    return isRejection(work) ? work : { output: { contracts: work.run.contracts.map(view) } };
  },
};

export const getRunContract: Handlers['get_run_contract'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    return isRejection(work) ? work : named(work, input.contract);
  },
};

async function write(
  context: Context,
  input: RunInput,
  command: ContractCommand,
): Promise<{ output: { contract: View } } | Rejection> {
  const work = await locateRun(context, input);
  if (isRejection(work)) return work;
  const session = callingSession(context, work);
  if (isRejection(session)) return session;
  return (await commit(context, work, decide(work.run, command))) ?? named(work, command.name);
}

export const setRunContract: Handlers['set_run_contract'] = {
  handle: async (context, input) =>
    await write(context, input, {
      type: 'set_contract',
      name: input.contract,
      text: input.text,
      tasks: [...new Set(input.tasks.map(taskNumber))].sort((one, other) => one - other),
      by: actorName(context.caller.actor),
    }),
};

export const lockRunContract: Handlers['lock_run_contract'] = {
  handle: async (context, input) =>
    await write(context, input, {
      type: 'lock_contract',
      name: input.contract,
      by: actorName(context.caller.actor),
    }),
};
