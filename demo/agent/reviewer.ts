/** The reviewer's session: read the diff, comment on the lines that the script takes exception to, give the verdict. */
import { z } from 'zod';
import { works } from '../script/works.ts';
import type { Bench } from './engineer.ts';

const Task = z.object({ task: z.object({ task: z.string(), title: z.string() }) });
const Diff = z.object({ diff: z.string() });
const File = z.object({ content: z.string() });
const Added = z.object({ comments: z.int() });
const Given = z.object({ verdict: z.string() });

export async function review({ tools, voice }: Bench): Promise<void> {
  const { task } = await tools.call('get_task', {}, Task);
  const work = works[task.title];
  if (work === undefined) throw new Error(`this agent knows nothing about “${task.title}”`);
  const { diff } = await tools.call('get_task_diff', {}, Diff);
  voice.say(`Reading ${task.task}: ${task.title}`);
  voice.think(Math.ceil(diff.length / 4) + 1_500, 250);
  let comments = 0;
  for (const { path, find, body } of work.remarks ?? []) {
    const { content } = await tools.call('read_file', { path }, File);
    const line = content.split('\n').findIndex((text) => text.includes(find)) + 1;
    // Mended since the last round.
    if (line === 0) continue;
    ({ comments } = await tools.call('add_review_comment', { path, line, body }, Added));
    voice.say(`${path} line ${line}: ${body}`);
  }
  const verdict = comments === 0 ? 'approve' : 'request_changes';
  const summary =
    comments === 0
      ? `It does what the task says, and each acceptance item’s test is in the diff.`
      : 'It does what the task says, but for what stands on its lines.';
  await tools.call('submit_review_verdict', { verdict, summary }, Given);
  voice.say(`Verdict: ${verdict.replace('_', ' ')}`);
}
