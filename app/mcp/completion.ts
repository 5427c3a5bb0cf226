/** Completions of what a client asks a person to fill in: runs and tasks that exist, and nothing where none are known. */
import type { CompleteRequest } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { getRunTasks, listRuns } from '../catalog/runs.ts';
import type { Answer, ToolCall } from './call.ts';

type Completion = { values: string[]; total: number; hasMore: boolean };
const Tasks = z.object({ tasks: z.array(z.object({ task: z.string() })) });
const Runs = z.object({ runs: z.array(z.object({ run: z.int() })) });
/** The protocol's limit. */
const most = 100;

export async function completeArgument(
  desk: { answer(call: ToolCall): Promise<Answer> },
  { argument, context }: CompleteRequest['params'],
  signal: AbortSignal,
): Promise<Completion> {
  const { owner, name, ...rest } = context?.arguments ?? {};
  const place = owner === undefined || name === undefined ? {} : { repository: `${owner}/${name}` };
  const ask = async (operation: ToolCall['operation'], input: Record<string, unknown>): Promise<unknown> => {
    const answer = await desk.answer({ operation, input, signal });
    // Nothing to offer is no error: the person types on.
    return 'output' in answer ? answer.output : {};
  };
  let known: string[] = [];
  if (argument.name === 'task') {
    const run = rest['run'] === undefined ? {} : { run: rest['run'] };
    const found = Tasks.safeParse(await ask(getRunTasks, { ...place, ...run }));
    known = found.success ? found.data.tasks.map(({ task }) => task) : [];
  } else if (argument.name === 'run') {
    const found = Runs.safeParse(await ask(listRuns, { ...place, limit: most }));
    known = found.success ? found.data.runs.map(({ run }) => String(run)) : [];
  }
  const values = known.filter((value) => value.startsWith(argument.value));
  return { values: values.slice(0, most), total: values.length, hasMore: values.length > most };
}
