/** The manager's session when it is woken: at the run's end it says in a few sentences what came of it. */
import { z } from 'zod';
import type { Tools } from './tools.ts';
import type { Voice } from './voice.ts';

const Tasks = z.object({
  tasks: z.array(z.object({ task: z.string(), title: z.string(), state: z.string() })),
});
const Run = z.object({ run: z.object({ state: z.string(), title: z.string() }) });
const Summarized = z.object({ summarized: z.literal(true) });

/** Whether there is a plan to make; every other session of a manager coordinates. */
export async function plans(tools: Tools): Promise<boolean> {
  const { run } = await tools.call('get_run', {}, Run);
  return run.state === 'planning';
}

export async function coordinate({ tools, voice }: { tools: Tools; voice: Voice }): Promise<void> {
  const { run } = await tools.call('get_run', {}, Run);
  const { tasks } = await tools.call('get_run_tasks', {}, Tasks);
  voice.think(600, 120);
  if (run.state !== 'done') {
    voice.say('Nothing to decide.');
    return;
  }
  const landed = tasks.filter(({ state }) => state === 'done');
  const text = `Members hear of overdue books now: ${landed.length} tasks landed, from the store to the bell on the member’s page. As Ben asked, the bell says in words how many wait. Nothing was left out.`;
  await tools.call('summarize_run', { text }, Summarized);
  voice.say('The run is summed up.');
}
