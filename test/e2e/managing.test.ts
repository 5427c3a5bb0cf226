/** TA-14, TA-10: the manager while the run goes on and at its end, as a session of a real runner. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { work } from './script.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({
    policy: {
      manage: '{ woken_by: [failure, message, end] }',
      limits: '{ max_agents: 8, max_parallel: 4, attempts: 1, session_minutes: 2 }',
    },
  });
});
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

const heard = (title: string): string =>
  JSON.stringify(world.transcript().filter(({ session }) => session === `manage: ${title}`));

it('TA-14 TA-10 PL-7: a task fails for good, its manager retries it and adds another, and sums the run up on its card', async () => {
  const title = 'Managed to the end';
  world.plans(title, [{ title: 'Fragile' }]);
  world.works('Fragile', [{ do: 'crash', code: 3 }], work('fragile.txt'));
  world.works('Follow up', work('follow-up.txt'));
  world.coordinates(
    title,
    [
      { do: 'call', tool: 'get_inbox' },
      { do: 'call', tool: 'retry_task', input: { task: 't1' } },
      { do: 'call', tool: 'create_task', input: { title: 'Follow up', depends_on: ['t1'] } },
    ],
    [{ do: 'call', tool: 'summarize_run', input: { text: 'Both files are there.\nNothing was left out.' } }],
  );
  const issue = await world.ana.opensIssue(title, '');
  await world.ana.comments(issue, '/entourage run');
  await world.run(issue).is('awaiting_approval');
  await world.ana.comments(issue, '/entourage approve');
  await world.task(issue, 't2').is('todo', 'ready', 'in_progress');
  const added = await world.ana.comments(issue, '/entourage add By hand --after t1,t2');
  await world.reacts(added, 'rocket');
  const circle = await world.ana.comments(issue, '/entourage link t3 t3');
  await world.says(issue, /would wait for each other/);
  await world.reacts(circle, 'confused');
  await world.reacts(await world.ana.comments(issue, '/entourage drop t3'), 'rocket');
  for (const task of ['t1', 't2']) {
    const pull = await world.pull(issue, task).isReady({ within: 60 });
    await world.ana.approves(pull);
    await world.pull(issue, task).isMerged();
  }
  await world.run(issue).is('done');
  await world.isClosed(issue);
  const { body } = await world.card(issue).shows(/Both files are there/);
  expect(body).toContain('**Summary** by the manager:\n> Both files are there.\n> Nothing was left out.');
  expect(body).toContain('t2 Follow up (added by manager)');
  expect(body).toContain('t3 By hand (added by @ana)');
  expect(heard(title)).toContain('"summarized":true');
  const managed = async () => (await world.sessions(issue)).filter(({ kind }) => kind === 'manage');
  await eventually({ what: 'the manager to end' }, managed, (sessions) =>
    sessions.every(({ state }) => state === 'ended'),
  );
  expect((await managed()).map(({ outcome }) => outcome)).toEqual(['completed', 'completed']);
  await world.settled();
});
