/** Questions: asked by agents, answered by whoever may, once. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { work } from './script.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

const options = ['200 with an empty list', '204 without a body'];

async function asked(title: string): Promise<{ issue: number; pull: number }> {
  world.works(title, work(`${title}.txt`, { do: 'ask', question: 'What about empty lists?', options }));
  const issue = await world.ana.opensIssue(title, '');
  await world.ana.comments(issue, `/entourage dispatch ${title}`);
  await world.task(issue, 't1').is('waiting');
  const pull = await world.pull(issue, 't1').becomes('there', () => true);
  await world.says(pull.number, /What about empty lists\?/);
  return { issue, pull: pull.number };
}

const answers = (title: string): unknown[] =>
  world
    .transcript()
    .flatMap(({ session, step, said }) =>
      session === title && ['ask_human', 'get_answer'].includes(step) ? [said] : [],
    );

it('AG-7: an answer by comment reaches the agent, and the question says who answered', async () => {
  const { issue, pull } = await asked('By comment');
  const answer = await world.ben.comments(pull, '/entourage answer 204, please');
  await world.reacts(answer, 'rocket');
  const ready = await world.pull(issue, 't1').isReady();
  expect(JSON.stringify(answers('By comment').at(-1))).toContain('204, please');
  await world.says(pull, /answered by @(&#8203;)?ben/);
  const late = await world.ana.comments(pull, '/entourage answer q1 200 after all');
  await world.reacts(late, 'confused');
  await world.says(pull, /closed/);
  await world.ana.approves(ready);
  await world.isClosed(issue);
});

it('AG-7: an answer by tick reaches the agent', async () => {
  const { issue, pull } = await asked('By tick');
  const question = await world.says(pull, /What about empty lists\?/);
  await world.ana.ticks(question, /204 without a body/);
  const ready = await world.pull(issue, 't1').isReady();
  expect(JSON.stringify(answers('By tick').at(-1))).toContain('204 without a body');
  await world.ana.approves(ready);
  await world.isClosed(issue);
});

it('AG-7 TR-2: people without write can’t answer', async () => {
  const { issue, pull } = await asked('By nobody');
  const refused = await world.rita.comments(pull, '/entourage answer 500');
  await world.reacts(refused, 'confused');
  expect((await world.task(issue, 't1').now())?.state).toBe('waiting');
  await world.ana.comments(pull, '/entourage answer 200 with an empty list');
  await world.ana.approves(await world.pull(issue, 't1').isReady());
  await world.isClosed(issue);
});
