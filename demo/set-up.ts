/** What a maintainer does once for Actions: `entourage init` opens a pull request with the workflow file, people merge it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { House, Opening } from './house.ts';
import { createPerson, type Person } from './person.ts';
import { actionRepository, owner, repository } from './seed.ts';
import { until } from './watch.ts';

const root = join(import.meta.dirname, '..');
const run = promisify(execFile);

export async function setUpActions({ directory, tell }: Opening, house: House): Promise<void> {
  const { forgeUrl, credentials } = house;
  const where = { api: `${forgeUrl}/api/v3`, owner, repo: repository };
  const [olga, ana] = ['olga', 'ana'].map((login) =>
    createPerson(login, credentials.tokens[login] ?? '', where),
  ) as [Person, Person];
  // As many as agents and the repository's own CI take at once.
  const machines = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ count: 5 }),
  };
  const given = await fetch(`${forgeUrl}/_forge/actions/runners`, machines);
  if (!given.ok) throw new Error(`the forge gives no runners: ${await given.text()}`);
  await runInit(directory, house);
  const [pull] = await olga.pulls();
  if (pull === undefined) throw new Error('`entourage init` opened no pull request');
  tell(`olga runs \`entourage init\`: #${pull.number} brings the workflow file`);
  await until({ what: 'CI on the workflow file', within: 60 }, async () => {
    const checks = await ana.checksOf(pull.head);
    return checks.some(({ name, conclusion }) => name === 'test' && conclusion === 'success') ? true : null;
  });
  await ana.reviews(pull.number, 'APPROVE', { head: pull.head, body: '' });
  await olga.mergesHead(pull.number, pull.head);
  tell(`ana approves, olga merges: agents work as jobs of ${owner}/${repository}’s own Actions`);
}

/** As a maintainer types it; the token goes by environment, never as an argument. */
async function runInit(directory: string, { forgeUrl, appUrl, credentials }: House): Promise<void> {
  const site = new URL(forgeUrl);
  const argv = ['init', '--repo', `${owner}/${repository}`, '--url', appUrl];
  const action = ['--action', `${owner}/${actionRepository}/action@main`];
  const engine = ['--engine', 'command', '--command', 'demo-agent'];
  await run(process.execPath, [join(root, 'app/cli/main.ts'), ...argv, ...action, ...engine], {
    cwd: directory,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: directory,
      GITHUB_TOKEN: credentials.tokens['olga'] ?? '',
      GHE_HOST: site.host,
      GHE_PROTOCOL: site.protocol.replace(':', ''),
    },
  });
}
