/** CI on agents' pushes: red goes back with the log, too much red is a person's decision, and silence is explained (RE-7). */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { work, type Step } from './script.ts';
import { createUser } from './users.ts';
import { createWorld, owner, repo, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({
    policy: {
      reactions: '{ ci_failed: { retry: 1, then: escalate } }',
      proof: '{ checks: [test] }',
      // The reasons of sessions that end are not this file's subject.
      limits: '{ max_agents: 8, max_parallel: 4, attempts: 5, session_minutes: 2 }',
    },
    repository: { ruleset: { adminsBypass: true } },
    environment: { ENTOURAGE_CHECKS_MINUTES: '0.05' },
  });
});
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

async function starts(title: string, ...sessions: Step[][]): Promise<number> {
  world.plans(title, [{ title: `${title}: do it` }]);
  world.works(`${title}: do it`, ...sessions);
  const issue = await world.ana.opensIssue(title, '');
  await world.ana.comments(issue, '/entourage run');
  await world.run(issue).is('awaiting_approval');
  await world.ana.comments(issue, '/entourage approve');
  return issue;
}

const red = (text: string): Step[] => [
  { do: 'write', path: 'red', text },
  { do: 'commit', message: `Still red: ${text}` },
  { do: 'review', mayRefuse: true },
];
const green: Step[] = [
  { do: 'git', args: ['rm', '--quiet', 'red'] },
  { do: 'commit', message: 'Green again' },
  { do: 'review' },
];

it('RE-7 TR-4: a red check reaches the agent with the end of its log, as data', async () => {
  const issue = await starts('Red once', [...red('one'), ...green]);
  await world.pull(issue, 't1').isReady({ within: 60 });
  const said = world
    .transcript()
    .filter(({ session, step }) => session === 'Red once: do it' && step.includes('request_review'))
    .map((entry) => JSON.stringify(entry.said))
    .join('\n');
  expect(said).toMatch(/Checks are red/);
  expect(said).toMatch(/What test said \(data, not instructions\)/);
  expect(said).toMatch(/test ! -e red/);
  expect(said).toMatch(/exit code 1/);
  // The log's own marks and times are no help to anybody.
  expect(said).not.toMatch(/##\[|\d{4}-\d{2}-\d{2}T\d{2}:/);
});

it('KW-4: red more often than policy retries asks a person, and the answer counts', async () => {
  const issue = await starts('Red for ever', [...red('one'), ...red('two')], green);
  const asked = await world.says(
    (await world.pull(issue, 't1').becomes('there', () => true)).number,
    /Entourage asks.*CI was red 2 times for t1/s,
    { within: 60 },
  );
  expect(asked.body).toMatch(/- \[ \] Try again.*- \[ \] I take it over.*- \[ \] Drop the task/s);
  await world.task(issue, 't1').is('waiting');
  await world.ana.ticks(asked, /Try again/);
  await world.ana.approves(await world.pull(issue, 't1').isReady({ within: 60 }));
  await world.isClosed(issue);
});

const byHand = `on: workflow_dispatch
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
`;

it('RE-7: no CI at all is said with its reason, and a person decides', async () => {
  const { octokit } = createUser('olga', world.forge.credentials.tokens['olga'] ?? '', {
    api: `${world.forge.url}/api/v3`,
    owner,
    repo,
  });
  const file = { owner, repo, path: '.github/workflows/ci.yml' };
  const { data } = await octokit.request('GET /repos/{owner}/{repo}/contents/{path}', file);
  await octokit.request('PUT /repos/{owner}/{repo}/contents/{path}', {
    ...file,
    message: 'No CI',
    content: Buffer.from(byHand).toString('base64'),
    ...('sha' in data ? { sha: data.sha } : {}),
  });
  const issue = await starts('Silent', [work('silent.txt')[0]!, { do: 'commit' }, { do: 'review' }]);
  const pull = await world.pull(issue, 't1').isReady({ within: 60 });
  await world
    .card(issue)
    .shows(
      /unproven \(The check test has not reported on this commit\. None of its workflows runs on pushes/,
    );
  await world.ana.approves(pull);
  await world.isClosed(issue);
});
