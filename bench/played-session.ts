/** A session for benchmarks: an App that agrees to everything, a repository, an assignment. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Assignment } from '../app/catalog/assignment.ts';
import type { PlayedAnswer } from '../app/client/fixtures/played-app.ts';

/** Who commits in repositories of benchmarks. */
const identity = {
  GIT_AUTHOR_NAME: 'Bench',
  GIT_AUTHOR_EMAIL: 'bench@example.invalid',
  GIT_COMMITTER_NAME: 'Bench',
  GIT_COMMITTER_EMAIL: 'bench@example.invalid',
};

export const kindApp: Record<string, PlayedAnswer> = {
  register_runner: () => ({ runner: randomUUID(), token: 'ent_runner_credential' }),
  start_session: () => ({ started: true }),
  heartbeat: () => ({
    stop: null,
    warn: null,
    suspend: null,
    messages: null,
    lease_until: '2030-01-01T00:00:00.000Z',
  }),
  end_session: () => ({ ended: true }),
};

export function git(cwd: string, ...args: string[]): string {
  const env = { ...process.env, ...identity, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  return execFileSync('git', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

export type Origin = { url: string; commit: string };

/** A bare repository of one commit with that many files of 4 KiB. */
export function makeOrigin(directory: string, files: number): Origin {
  const work = join(directory, 'project');
  git(directory, 'init', '--quiet', '--initial-branch=main', work);
  for (let index = 0; index < files; index += 1) {
    const folder = join(work, `src/part-${index % 40}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `file-${index}.ts`), `export const value${index} = ${index};\n`.repeat(120));
  }
  git(work, 'add', '.');
  git(work, 'commit', '--quiet', '-m', 'First');
  const url = join(directory, 'origin.git');
  git(directory, 'clone', '--quiet', '--bare', work, url);
  return { url, commit: git(url, 'rev-parse', 'main') };
}

/** A plan session: nothing is handed over at its end. */
export const sessionOn = (origin: Origin, command: string[]): Assignment => ({
  session: randomUUID(),
  kind: 'plan',
  repository: 'acme/shop',
  run: 12,
  task: null,
  issue: 7,
  pull: null,
  agent: 'manager',
  role: 'manager',
  engine: 'command',
  model: null,
  command,
  clone_url: origin.url,
  git_token: null,
  base: 'main',
  branch: null,
  start: origin.commit,
  prompt: 'Plan.',
  resume: null,
  setup: [],
  setup_minutes: 5,
  minutes: 60,
  stuck: { stuck_minutes: 10, warn_minutes: 10, stop_minutes: 20 },
  heartbeat_seconds: 5,
  runner_token: 'ent_session_runner-secret',
  agent_token: 'ent_agent_agent-secret',
  address: 'entourage[bot]@users.noreply.github.com',
});
