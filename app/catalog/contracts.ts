/** Interface contracts of a run: what tasks that share a boundary agreed on, before each builds its side (TA-12). */
import { z } from 'zod';
import { ContractName } from '../domain/contract.ts';
import { operation } from './operation.ts';
import { runRef, TaskRef, Text } from './refs.ts';

const both = ['manager', 'engineer'] as const;
const everybody = { person: 'read', agent: ['manager', 'engineer', 'reviewer'] } as const;

const ContractView = z.object({
  contract: z.string(),
  text: z.string(),
  tasks: z.array(z.string()),
  version: z.int(),
  by: z.string(),
  locked: z.boolean(),
});

export const listRunContracts = operation({
  name: 'list_run_contracts',
  summary: 'The interface contracts of a run.',
  http: 'GET /repos/{repository}/runs/{run}/contracts',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject(runRef),
  output: z.object({ contracts: z.array(ContractView) }),
});

export const getRunContract = operation({
  name: 'get_run_contract',
  summary: 'One interface contract: its text, version, the tasks that share it, whether it is locked.',
  http: 'GET /repos/{repository}/runs/{run}/contracts/{contract}',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject({ ...runRef, contract: ContractName }),
  output: z.object({ contract: ContractView }),
});

export const setRunContract = operation({
  name: 'set_run_contract',
  summary: 'Write an interface contract that tasks share, or its next version. A locked one stays.',
  http: 'PUT /repos/{repository}/runs/{run}/contracts/{contract}',
  doors: ['mcp'],
  runs: 'app',
  allow: { agent: both },
  repeats: true,
  input: z.strictObject({
    ...runRef,
    contract: ContractName,
    text: Text(8_000).describe('signatures, routes, shapes, errors: what the other side builds on'),
    tasks: z.array(TaskRef).max(50).default([]).describe('the tasks that share it, as t2'),
  }),
  output: z.object({ contract: ContractView }),
});

export const lockRunContract = operation({
  name: 'lock_run_contract',
  summary: 'Fix an interface contract: nobody changes it any more.',
  http: 'POST /repos/{repository}/runs/{run}/contracts/{contract}/lock',
  doors: ['mcp'],
  runs: 'app',
  allow: { agent: both },
  repeats: true,
  input: z.strictObject({ ...runRef, contract: ContractName }),
  output: z.object({ contract: ContractView }),
});
