/** AG-7: a question that nobody answers soon holds nothing: its session is suspended, and the answer begins another one. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({
    policy: { questions: '{ hold_minutes: 0 }' },
    environment: { ENTOURAGE_HEARTBEAT_SECONDS: '1' },
    slots: 1,
  });
});
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

it('AG-7, AG-11: suspended with its work pushed and nothing held, answered, gone on with, merged', async () => {
  world.works(
    'Lists',
    [
      { do: 'write', path: 'half.txt', text: 'half\n' },
      { do: 'call', tool: 'save_context', input: { key: 'where', value: 'half is done' } },
      { do: 'ask', question: 'What about empty lists?' },
    ],
    [
      { do: 'git', args: ['ls-files'] },
      { do: 'call', tool: 'get_answer', input: { question: 'q1' } },
      { do: 'call', tool: 'get_context', input: {} },
      { do: 'write', path: 'rest.txt', text: 'rest\n' },
      { do: 'commit', message: 'The rest' },
      { do: 'review' },
    ],
  );
  const issue = await world.ana.opensIssue('Lists', '');
  await world.ana.comments(issue, '/entourage dispatch Lists');
  const suspended = await eventually(
    { what: 'the session is suspended' },
    async () => (await world.sessions(issue))[0],
    (session) => session?.outcome === 'suspended',
  );
  expect(suspended?.reason).toBe('q1 waits for a person’s answer.');
  expect(await world.task(issue, 't1').now()).toMatchObject({ state: 'waiting' });
  expect(await world.records.query('select 1 from agent_slot where session is not null')).toEqual([]);
  expect(await world.records.query('select 1 from session_lease')).toEqual([]);
  await world.card(issue).shows(/waiting/i);
  const pull = await world.pull(issue, 't1').becomes('there', () => true);
  await world.says(pull.number, /What about empty lists\?/);

  await world.ben.comments(pull.number, '/entourage answer 204, please');
  const ready = await world.pull(issue, 't1').isReady();
  expect(await world.task(issue, 't1').now()).toMatchObject({ attempts: 0 });
  const told = JSON.stringify(world.transcript().filter(({ session }) => session === 'Lists'));
  expect(told).toContain('204, please');
  expect(told).toContain('half is done');
  expect(told).toContain('half.txt');
  await world.ana.approves(ready);
  await world.isClosed(issue);
  expect((await world.sessions(issue)).map(({ outcome }) => outcome)).toEqual(['suspended', 'completed']);
});
