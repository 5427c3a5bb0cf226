/** An engineer's session: do the task, or what its reviewers asked for, prove it, and give it to review. */
import { z } from 'zod';
import { works, type Work } from '../script/works.ts';
import type { Tools } from './tools.ts';
import type { Voice } from './voice.ts';
import type { Workshop } from './workshop.ts';

export type Bench = { tools: Tools; voice: Voice; workshop: Workshop };

const Task = z.object({
  task: z.object({ task: z.string(), title: z.string(), acceptance: z.array(z.object({ item: z.int() })) }),
});
const Feedback = z.object({
  reviews: z.array(
    z.object({
      threads: z.array(
        z.object({
          thread: z.int(),
          path: z.string(),
          line: z.int().nullable(),
          body: z.string(),
          state: z.string(),
        }),
      ),
    }),
  ),
});
const Asked = z.object({
  pending: z.boolean(),
  question: z.object({ question: z.string(), answer: z.string().nullable() }),
});
const Answered = z.object({ answered: z.literal(true) });
const Requested = z.object({ state: z.string(), words: z.string() });

export async function engineer(bench: Bench): Promise<void> {
  const { tools, voice } = bench;
  const { task } = await tools.call('get_task', {}, Task);
  const work = works[task.title];
  if (work === undefined) throw new Error(`this agent knows nothing about “${task.title}”`);
  voice.say(`${task.task}: ${task.title}`);
  voice.think(2_400, 300);
  const { reviews } = await tools.call('get_review_feedback', {}, Feedback);
  const open = reviews.flatMap(({ threads }) => threads).filter(({ state }) => state === 'open');
  if (open.length > 0) for (const thread of open) await answer(bench, work, thread);
  else await build(bench, work);
  const acceptance = task.acceptance.map(({ item }) => ({
    item,
    evidence: work.evidence[item - 1] ?? work.message,
  }));
  await giveToReview(bench, { summary: work.summary, acceptance });
}

async function build(bench: Bench, work: Work): Promise<void> {
  const { voice, workshop } = bench;
  if (work.folder !== null) await workshop.add(work.folder);
  for (const edit of work.edits) await workshop.edit(edit);
  voice.think(1_800, 900);
  if (work.question !== undefined) await ask(bench, work.question);
  await prove(bench);
  const commit = await workshop.commit(work.message);
  voice.say(`Committed ${commit.slice(0, 7)}: ${work.message}`);
}

async function ask(
  { tools, voice, workshop }: Bench,
  { question, options, edits }: NonNullable<Work['question']>,
): Promise<void> {
  voice.say(`Asking: ${question}`);
  let asked = await tools.call('ask_human', { question, options, wait: 45 }, Asked);
  while (asked.pending) {
    asked = await tools.call('get_answer', { question: asked.question.question, wait: 45 }, Asked);
  }
  const answer = asked.question.answer ?? options[0];
  voice.say(`The answer is: ${answer}`);
  const chosen = options.find((option) => answer.toLowerCase().includes(option.toLowerCase())) ?? options[0];
  for (const edit of edits[chosen] ?? []) await workshop.edit(edit);
  voice.think(500, 400);
}

async function answer(
  { tools, voice, workshop }: Bench,
  work: Work,
  thread: { thread: number; path: string; body: string },
): Promise<void> {
  voice.say(`A reviewer wrote on ${thread.path}: ${thread.body}`);
  const fix = work.fixes?.find(({ path }) => path === thread.path);
  if (fix === undefined) {
    const kept = { thread: thread.thread, outcome: 'kept', why: 'I have no better idea for this place.' };
    await tools.call('answer_thread', kept, Answered);
    return;
  }
  for (const edit of fix.edits) await workshop.edit(edit);
  voice.think(900, 350);
  await prove({ tools, voice, workshop });
  const commit = await workshop.commit(fix.message);
  voice.say(`Committed ${commit.slice(0, 7)}: ${fix.message}`);
  await tools.call(
    'answer_thread',
    { thread: thread.thread, outcome: 'fixed', commit, why: fix.why },
    Answered,
  );
}

async function prove({ voice, workshop }: Bench): Promise<void> {
  const red = await workshop.test();
  voice.think(600, 120);
  if (red !== null) throw new Error(`the tests fail:\n${red}`);
  voice.say('The tests pass.');
}

/** Waits until the proof is given; the server says `pending` where its checks still run. */
async function giveToReview(
  { tools, voice }: Bench,
  request: { summary: string; acceptance: { item: number; evidence: string }[] },
): Promise<void> {
  for (;;) {
    const { state, words } = await tools.call('request_review', { ...request, wait: 45 }, Requested);
    voice.say(words);
    if (state !== 'pending') return;
  }
}
