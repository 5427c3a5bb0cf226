/** How work comes in, and what never counts as a command. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { work } from './script.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({ repository: { labels: ['entourage', 'bug', 'urgent'] } });
  world.plans('*', [{ title: 'The only task' }]);
  world.works('*', [{ do: 'wait_for', file: 'never' }]);
});
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

it('IN-2: the trigger label starts a run, other labels say how urgent, and the label is taken off again', async () => {
  const { ana } = world;
  const issue = await ana.opensIssue('Broken checkout', 'It fails.');
  await ana.labels(issue, 'urgent', 'bug');
  await ana.labels(issue, 'entourage');
  await world.run(issue).is('awaiting_approval');
  const labels = async (): Promise<string[]> => {
    const path = 'GET /repos/{owner}/{repo}/issues/{issue_number}';
    const { data } = await ana.octokit.request(path, { owner: 'acme', repo: 'shop', issue_number: issue });
    return data.labels.map((label) => (typeof label === 'string' ? label : (label.name ?? '')));
  };
  await world.settled();
  expect(await labels()).toEqual(expect.not.arrayContaining(['entourage']));
  expect(await labels()).toEqual(expect.arrayContaining(['urgent', 'bug']));
  await ana.comments(issue, '/entourage approve');
  await world.run(issue).is('executing');
  expect((await world.records.tasksOf(issue)).map(({ priority }) => priority)).toEqual(['critical']);
  await ana.comments(issue, '/entourage cancel');
  await world.run(issue).is('cancelled');
});

it('IN-2: a label set by somebody without write starts nothing', async () => {
  const issue = await world.ana.opensIssue('Wanted by triage', '');
  await world.tom.labels(issue, 'entourage');
  await world.settled();
  expect(await world.run(issue).now()).toBeUndefined();
});

it('IN-3: dispatch makes one task for one agent, without a plan to approve', async () => {
  const { ana, ben } = world;
  const issue = await ana.opensIssue('Typo', '');
  world.works('Fix the typo in the README', work('README.md'));
  const command = await ben.comments(issue, '/entourage dispatch Fix the typo in the README');
  await world.reacts(command, 'eyes');
  const pull = await world.pull(issue, 't1').isReady();
  expect((await world.records.tasksOf(issue)).length).toBe(1);
  expect((await world.sessions(issue)).map(({ kind }) => kind)).toEqual(['work']);
  await ana.approves(pull);
  await world.isClosed(issue);
});

it('IN-5: an unknown command is answered with the nearest one, wrong arguments with the usage', async () => {
  const issue = await world.ana.opensIssue('Questions', '');
  const typo = await world.ana.comments(issue, '/entourage aprove');
  await world.reacts(typo, 'confused');
  await world.says(issue, /Did you mean `\/entourage approve`/);
  const wrong = await world.ana.comments(issue, '/entourage run --template nonsense');
  await world.reacts(wrong, 'confused');
  await world.says(issue, /template/);
  const help = await world.ana.comments(issue, '/entourage help');
  await world.reacts(help, 'rocket');
  await world.says(issue, /\/entourage dispatch/);
  expect(await world.run(issue).now()).toBeUndefined();
});

it.each([
  ['a quote', '> /entourage run'],
  ['a fence', 'Look:\n\n```\n/entourage run\n```'],
  ['inline code', '`/entourage run` would start it'],
  ['indented code', 'Look:\n\n    /entourage run'],
  ['an HTML comment', '<!--\n/entourage run\n-->'],
  ['the middle of a line', 'please /entourage run'],
])('IN-6: a command in %s is no command', async (_, body) => {
  const issue = await world.ana.opensIssue('Only text', '');
  const comment = await world.ana.comments(issue, body);
  await world.settled();
  expect(world.reactions(comment)).toEqual([]);
  expect(await world.run(issue).now()).toBeUndefined();
});

it('IN-6: an edited comment runs nothing, whoever edits it', async () => {
  const issue = await world.ana.opensIssue('Edits', '');
  const comment = await world.ana.comments(issue, 'Nothing yet.');
  await world.ana.edits(comment, '/entourage run');
  const another = await world.mallory.comments(issue, 'I would like this.');
  await world.ben.edits(another, '/entourage run');
  await world.settled();
  expect(await world.run(issue).now()).toBeUndefined();
});

it.each(['mallory', 'rita', 'tom'] as const)(
  'IN-6 TR-2: a command of %s, who may not write, is refused with a reaction and one line a person',
  async (login) => {
    const issue = await world.ana.opensIssue('Not yours', '');
    const first = await world[login].comments(issue, '/entourage run');
    await world.reacts(first, 'confused');
    const second = await world[login].comments(issue, '/entourage run');
    await world.reacts(second, 'confused');
    await world.settled();
    expect(await world.run(issue).now()).toBeUndefined();
    expect(world.replies(issue).length).toBeLessThanOrEqual(1);
  },
);

it('IN-6: what the App itself writes runs nothing', async () => {
  const issue = await world.ana.opensIssue('Bots', '');
  await world.ana.comments(issue, '/entourage help');
  // Its help is full of commands.
  await world.says(issue, /\/entourage run/);
  await world.settled();
  expect(await world.run(issue).now()).toBeUndefined();
});

it('IN-1: a policy whose agents are all of one other engine than command starts runs as any does', async () => {
  const agents = '[{ name: engineer, role: engineer, engine: claude-code }]';
  await using other = await createWorld({ policy: { agents, review: '{ agent: null }' } });
  const issue = await other.ana.opensIssue('For Claude Code', '');
  await other.ana.comments(issue, '/entourage run');
  await other.run(issue).is('awaiting_approval');
  await other.isClean();
});

it('TR-2: policy may ask for more than write', async () => {
  await using strict = await createWorld({ policy: { commands: '{ approve: [maintain] }' } });
  strict.plans('*', [{ title: 'A task' }]);
  strict.works('*', work('a.txt'));
  const issue = await strict.ana.opensIssue('Carefully', '');
  await strict.ben.comments(issue, '/entourage run');
  await strict.run(issue).is('awaiting_approval');
  const refused = await strict.ben.comments(issue, '/entourage approve');
  await strict.reacts(refused, 'confused');
  const card = await strict.card(issue).shows(/Approve this plan/);
  await strict.ben.ticks(card, /Approve this plan/);
  await strict.card(issue).shows(/- \[ \] .*Approve this plan/);
  await strict.settled();
  expect((await strict.run(issue).now())?.state).toBe('awaiting_approval');
  await strict.ana.comments(issue, '/entourage approve');
  await strict.run(issue).is('executing');
  await strict.isClean();
});
