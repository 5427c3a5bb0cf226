/** Agents that misbehave: each is seen, told in words, and does no damage. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { work, type Step } from './script.ts';
import { createWorld, repo, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({
    environment: { ENTOURAGE_HEARTBEAT_SECONDS: '1', ENTOURAGE_LEASE_SECONDS: '20' },
  });
});
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

async function dispatched(title: string, ...sessions: Step[][]): Promise<number> {
  world.works(title, ...sessions);
  const issue = await world.ana.opensIssue(title, '');
  await world.ana.comments(issue, `/entourage dispatch ${title}`);
  return issue;
}

const said = (title: string, step: string): string =>
  JSON.stringify(world.transcript().filter((line) => line.session === title && line.step === step));

const mainFiles = async (): Promise<string> => {
  const repository = [...world.forge.state.repositories.values()].find(({ name }) => name === repo)!;
  return JSON.stringify(await world.forge.forge.git(repository).listTree('main'));
};

const alive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

it('TA-1 KW-4: one that crashes is tried again, then its task fails with the reason, and retry brings it back', async () => {
  const issue = await dispatched(
    'Crash',
    [{ do: 'crash', code: 3 }],
    [{ do: 'crash', code: 3 }],
    work('crash.txt'),
  );
  const task = await world.task(issue, 't1').is('failed');
  expect(task?.reason).toMatch(/3.*attempt 2 of 2/s);
  await world.run(issue).is('failed');
  await world.card(issue).shows(/failed/);
  await world.ana.comments(issue, '/entourage retry');
  await world.ana.approves(await world.pull(issue, 't1').isReady());
  await world.isClosed(issue);
});

it('AG-2 KW-4: one that hangs is stopped with everything it started', async () => {
  const issue = await dispatched('Hang', [{ do: 'hang' }]);
  const child = (): number =>
    Number(world.transcript().findLast(({ session }) => session === 'child')?.said ?? 0);
  await eventually({ what: 'its child' }, child, (pid) => pid > 0 && alive(pid));
  await world.ana.comments(issue, '/entourage cancel');
  await world.run(issue).is('cancelled');
  await eventually(
    { what: 'no orphan' },
    () => alive(child()),
    (lives) => !lives,
  );
  await eventually(
    { what: 'an ended session' },
    () => world.sessions(issue),
    (sessions) => sessions.every(({ state }) => state === 'ended'),
  );
  await world.settled();
});

it('AG-1: one that prints garbage is read past', async () => {
  const issue = await dispatched('Garbage', [
    { do: 'garbage', bytes: 300_000 },
    { do: 'print', text: '{"type":"usage","input_tokens":"many"}' },
    {
      do: 'print',
      text: '{"type":"usage","input_tokens":10,"cached_tokens":0,"output_tokens":5,"cost":20000}',
    },
    ...work('garbage.txt'),
  ]);
  await world.ana.approves(await world.pull(issue, 't1').isReady());
  await world.isClosed(issue);
  const [row] = await world.records.query<{ cost: string }>('select cost from run where issue = $1', [issue]);
  expect(Number(row!.cost)).toBe(20_000);
});

it('RE-1 AG-2: one that leaves a dirty tree loses nothing, but has asked for no review', async () => {
  const issue = await dispatched(
    'Dirty',
    [{ do: 'write', path: 'dirty.txt', text: 'left behind\n' }],
    [{ do: 'review' }],
  );
  const ready = await world.pull(issue, 't1').isReady();
  const path = 'GET /repos/{owner}/{repo}/pulls/{pull_number}/files';
  const { data } = await world.ana.octokit.request(path, { owner: 'acme', repo, pull_number: ready.number });
  expect(data.map(({ filename }) => filename)).toEqual(['dirty.txt']);
  expect((await world.task(issue, 't1').now())?.attempts).toBeGreaterThanOrEqual(1);
  await world.ana.approves(ready);
  await world.isClosed(issue);
});

it('RE-1: one that commits nothing is told what is missing', async () => {
  const issue = await dispatched('Nothing', [{ do: 'review', mayRefuse: true }]);
  await world.task(issue, 't1').is('failed');
  expect(said('Nothing', 'request_review')).toMatch(/no commits of yours/);
});

it('RE-1: red checks are told to the agent, which may mend them', async () => {
  const issue = await dispatched('Red', [
    { do: 'write', path: 'red', text: 'red\n' },
    { do: 'commit' },
    { do: 'review', mayRefuse: true },
    { do: 'git', args: ['rm', '--quiet', 'red'] },
    ...work('green.txt'),
  ]);
  await world.ana.approves(await world.pull(issue, 't1').isReady());
  expect(said('Red', 'request_review')).toMatch(/red/i);
  await world.isClosed(issue);
});

it('AG-5 AG-6: one that writes outside its worktree brings none of it into the repository', async () => {
  const issue = await dispatched('Outside', [
    { do: 'write', path: '../outside.txt', text: 'escaped\n' },
    { do: 'call', tool: 'read_file', input: { path: '../../../../etc/passwd' } },
    { do: 'link', path: 'leak', to: '../../../../../../etc/passwd' },
    { do: 'call', tool: 'read_file', input: { path: 'leak' } },
    { do: 'commit' },
    { do: 'push', mayRefuse: true },
    { do: 'git', args: ['reset', '--quiet', '--hard', 'HEAD~1'] },
    ...work('inside.txt'),
  ]);
  const ready = await world.pull(issue, 't1').isReady();
  expect(said('Outside', 'read_file').match(/refused/g)).toHaveLength(2);
  expect(said('Outside', 'read_file')).not.toContain('root:');
  expect(said('Outside', 'push_branch')).toMatch(/leak/);
  await world.ana.approves(ready);
  await world.isClosed(issue);
  expect(await mainFiles()).not.toMatch(/outside|leak/);
});

it('AG-6: one that changes a protected path is refused, told why, and nothing of it arrives', async () => {
  const issue = await dispatched('Protected', [
    { do: 'write', path: '.github/workflows/own.yml', text: 'on: push\n' },
    { do: 'commit' },
    { do: 'push', mayRefuse: true },
    { do: 'git', args: ['reset', '--quiet', '--hard', 'HEAD~1'] },
    ...work('allowed.txt'),
  ]);
  const ready = await world.pull(issue, 't1').isReady();
  expect(said('Protected', 'push_branch')).toMatch(/own\.yml/);
  await world.ana.approves(ready);
  await world.isClosed(issue);
  expect(await mainFiles()).not.toContain('own.yml');
});

it('AG-6: one that moves other branches in its worktree moves none of them on GitHub', async () => {
  const before = await mainFiles();
  const issue = await dispatched('Branches', [
    { do: 'write', path: 'stolen.txt', text: 'stolen\n' },
    { do: 'commit' },
    { do: 'git', args: ['branch', '--force', 'main', 'HEAD'] },
    { do: 'git', args: ['branch', '--force', 'elsewhere', 'HEAD'] },
    { do: 'review' },
  ]);
  await world.pull(issue, 't1').isReady();
  expect(await mainFiles()).toBe(before);
  const branches = await world.ana.octokit.request('GET /repos/{owner}/{repo}/git/matching-refs/{ref}', {
    owner: 'acme',
    repo,
    ref: 'heads/elsewhere',
  });
  expect(branches.data).toEqual([]);
  await world.ana.comments(issue, '/entourage cancel');
  await world.run(issue).is('cancelled');
  await world.settled();
});

it('AG-5: an agent sees no token that writes, and its own dies with its session', async () => {
  const issue = await dispatched('Tokens', [
    { do: 'show_environment' },
    { do: 'keep_configuration' },
    ...work('tokens.txt'),
  ]);
  const ready = await world.pull(issue, 't1').isReady();
  const environment = said('Tokens', 'environment');
  expect(environment).not.toMatch(/gh[so]_|ent_runner|ent_registration|ent_session/);
  expect(environment).not.toMatch(/"(GITHUB|ACTIONS|DATABASE|WEBHOOK|PRIVATE)_/);
  const kept = readFileSync(join(world.directory, 'agent', 'kept-configuration.json'), 'utf8');
  const token = /ent_agent_[\w-]+/.exec(kept)?.[0];
  expect(token).toBeDefined();
  expect(kept).not.toMatch(/gh[so]_|ent_runner|ent_session/);
  await eventually(
    { what: 'an ended session' },
    () => world.sessions(issue),
    (sessions) => sessions.every(({ state }) => state === 'ended'),
  );
  const answer = await fetch(`${world.appUrl}/api/v1/whoami`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.status).toBe(401);
  await world.ana.approves(ready);
  await world.isClosed(issue);
});
