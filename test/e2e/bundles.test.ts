/** A runner that lies: bundles that no honest runner makes. The App trusts none of it and says why. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Assignment } from '../../app/catalog/assignment.ts';
import {
  claimSession,
  endSession,
  getBundle,
  registerRunner,
  startSession,
  uploadBundle,
} from '../../app/catalog/sessions.ts';
import { createClient, type Client } from '../../app/client/client.ts';
import { createWorld, plantRunnerToken, repo, type World } from './world.ts';

/** Never the synchronous one: the forge that git talks to lives in this process. */
const run = promisify(execFile);

let world: World;
let runner: Client;
beforeAll(async () => {
  world = await createWorld({ slots: 0 });
  const registration = createClient({
    url: world.appUrl,
    token: await plantRunnerToken(world.records, world.forge),
  });
  const { token } = await registration.call(registerRunner, { name: 'liar' });
  runner = createClient({ url: world.appUrl, token });
});
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

type Liar = {
  assignment: Assignment;
  session: Client;
  issue: number;
  checkout: string;
  git(...args: string[]): Promise<string>;
};

/** A dispatched task, claimed by hand, its branch checked out as a runner would. */
async function claimed(title: string): Promise<Liar> {
  const issue = await world.ana.opensIssue(title, '');
  await world.ana.comments(issue, `/entourage dispatch ${title}`);
  const { assignment } = await runner.call(claimSession, { engines: ['command'], wait: 20 });
  expect(assignment, 'an assignment').not.toBeNull();
  const session = createClient({ url: world.appUrl, token: assignment!.runner_token });
  await session.call(startSession, { session: assignment!.session, isolation: 'none' });
  const checkout = join(world.directory, `liar-${issue}`);
  mkdirSync(checkout);
  const author = ['-c', 'user.name=liar (Entourage)', '-c', `user.email=${assignment!.address}`];
  const git = async (...args: string[]): Promise<string> =>
    (await run('git', [...author, ...args], { cwd: checkout, timeout: 20_000 })).stdout.trim();
  const url = new URL(assignment!.clone_url);
  url.username = 'x-access-token';
  url.password = assignment!.git_token ?? '';
  await git('clone', '--quiet', url.href, '.');
  await git('checkout', '--quiet', assignment!.branch!);
  return { assignment: assignment!, session, issue, checkout, git };
}

async function verdictOf(
  { assignment, session }: Liar,
  head: string,
  bundle: Buffer,
): Promise<{ state: string; reason: string }> {
  const input = { session: assignment.session, head, bundle: bundle.toString('base64') };
  const { bundle: id } = await session.call(uploadBundle, input);
  return await session.call(getBundle, { session: assignment.session, bundle: id, wait: 20 });
}

async function bundleOf(liar: Liar, ...refs: string[]): Promise<Buffer> {
  await liar.git('bundle', 'create', '--quiet', 'out.bundle', ...refs);
  return readFileSync(join(liar.checkout, 'out.bundle'));
}

async function branchHead(name: string): Promise<string | null> {
  const repository = [...world.forge.state.repositories.values()].find((row) => row.name === repo)!;
  return await world.forge.forge.git(repository).resolve(`refs/heads/${name}`);
}

async function finish(liar: Liar): Promise<void> {
  const { assignment, session, issue } = liar;
  await session.call(endSession, { session: assignment.session, outcome: 'failed', reason: 'caught' });
  await world.ana.comments(issue, '/entourage cancel');
  await world.run(issue).is('cancelled', 'failed');
  await world.settled();
}

it('AG-5 AG-6: a bundle that brings other branches moves the task’s branch at most', async () => {
  const liar = await claimed('Other branches');
  const main = await branchHead('main');
  writeFileSync(join(liar.checkout, 'work.txt'), 'work\n');
  await liar.git('add', '--all');
  await liar.git('commit', '--quiet', '--message=Work');
  await liar.git('branch', '--force', 'main');
  await liar.git('branch', 'elsewhere');
  const head = await liar.git('rev-parse', 'HEAD');
  await verdictOf(
    liar,
    head,
    await bundleOf(liar, `${liar.assignment.start}..HEAD`, 'main', 'elsewhere', liar.assignment.branch!),
  );
  await world.settled();
  expect(await branchHead('main')).toBe(main);
  expect(await branchHead('elsewhere')).toBeNull();
  await finish(liar);
});

it('AG-6: a bundle that rewrites the branch’s history is refused', async () => {
  const liar = await claimed('Rewritten');
  const before = await branchHead(liar.assignment.branch!);
  await liar.git('checkout', '--quiet', '--orphan', 'fresh');
  await liar.git('commit', '--quiet', '--message=Everything anew');
  const head = await liar.git('rev-parse', 'HEAD');
  expect(await verdictOf(liar, head, await bundleOf(liar, 'fresh'))).toMatchObject({ state: 'refused' });
  expect(await branchHead(liar.assignment.branch!)).toBe(before);
  await finish(liar);
});

it('AG-6: a bundle that is none, or is cut short, is refused with the reason', async () => {
  const liar = await claimed('Broken');
  writeFileSync(join(liar.checkout, 'work.txt'), 'work\n'.repeat(1_000));
  await liar.git('add', '--all');
  await liar.git('commit', '--quiet', '--message=Work');
  const head = await liar.git('rev-parse', 'HEAD');
  const whole = await bundleOf(liar, `${liar.assignment.start}..HEAD`, liar.assignment.branch!);
  for (const bundle of [Buffer.from('no bundle at all'), whole.subarray(0, whole.length - 40)]) {
    const verdict = await verdictOf(liar, head, bundle);
    expect(verdict.state).toBe('refused');
    expect(verdict.reason.length).toBeGreaterThan(10);
  }
  expect(await verdictOf(liar, head, whole), 'the whole one is still taken').toMatchObject({
    state: 'pushed',
  });
  await finish(liar);
});

it('TA-5 AG-5: what a finished session’s tokens ask for is refused', async () => {
  const liar = await claimed('Finished');
  await finish(liar);
  const { assignment, session } = liar;
  await expect(
    session.call(getBundle, { session: assignment.session, bundle: crypto.randomUUID(), wait: 0 }),
  ).rejects.toMatchObject({ code: 'not_authenticated' });
  const agent = await fetch(`${world.appUrl}/api/v1/whoami`, {
    headers: { authorization: `Bearer ${assignment.agent_token}` },
  });
  expect(agent.status).toBe(401);
});
