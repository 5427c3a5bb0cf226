/** For tests of the interpreter: runs of a workflow file in a repository of one file, without any forge around. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createRepository } from '../git/repository.ts';
import { type Actions, createActions, type StartedRun } from './actions.ts';
import type { Patience } from './process-group.ts';
import type { RunRequest } from './run-request.ts';
import type { JobState, RunState } from './run-state.ts';
import { readWorkflow } from './workflow.ts';

export const author = { name: 'Ana', email: 'ana@example.com' };

type Change = Partial<RunRequest> & { files?: Record<string, string> };

export type RunBed = {
  root: string;
  /** The interpreter of the runs that were started last. */
  actions(): Actions;
  /** Starts a run; `seen` are its states, `house` is where its jobs live. */
  started(content: string, change?: Change): Promise<StartedRun & { seen: string[]; house: string }>;
  ended(content: string, change?: Change): Promise<RunState>;
  /** Ends what runs; the next run gets an interpreter of its own. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Everything a run needs but its workflow and its repository. */
export function plainRequest(): Omit<RunRequest, 'id' | 'workflow' | 'repository' | 'sha'> {
  return {
    number: 1,
    attempt: 1,
    event: { name: 'push', payload: { after: 'x', commits: [{ message: 'Hello' }] } },
    ref: 'refs/heads/main',
    headRef: null,
    baseRef: null,
    actor: { id: 1, login: 'ana' },
    triggeringActor: 'ana',
    urls: {
      server: 'http://forge.invalid',
      api: 'http://forge.invalid/api/v3',
      graphql: 'http://forge.invalid/api/graphql',
    },
    secrets: {},
    variables: {},
    inputs: {},
    grant: () => ({
      token: 'ghs_the_token_of_this_job',
      environment: {},
      actionEnvironment: {},
      secret: [],
      end: () => undefined,
    }),
    defaultPermissions: { contents: 'read' },
    actionAt: async () => Promise.resolve('no repository'),
    earlier: {},
  };
}

/** @param patience with a step that is asked to end: short, but for tests that look at how a step takes it */
export async function openRunBed(patience: Patience = { interrupt: 100, terminate: 100 }): Promise<RunBed> {
  const root = await mkdtemp(join(tmpdir(), 'forge-actions-'));
  let count = 0;
  let actions: Actions | undefined;
  const started: RunBed['started'] = async (content, { files = {}, ...change } = {}) => {
    count += 1;
    const id = count;
    const dir = join(root, `${id}.git`);
    const all = { 'a.txt': 'one\n', ...files };
    const git = await createRepository(dir, { defaultBranch: 'main', files: all, author });
    const house = join(root, `house-${id}`);
    actions ??= await createActions({ root: house, patience });
    const request: RunRequest = {
      ...plainRequest(),
      id,
      workflow: await readWorkflow('.github/workflows/ci.yml', content),
      repository: { git, id: 5, fullName: 'acme/shop', ownerId: 4 },
      sha: (await git.resolve('main')) ?? '',
      ...change,
    };
    const seen: string[] = [];
    const run = actions.start(request, {
      onRun: (state) => void seen.push(`run ${state.status} ${state.conclusion ?? ''}`.trim()),
      onJob: (job) => void seen.push(`${job.name} ${job.status} ${job.conclusion ?? ''}`.trim()),
    });
    return { ...run, seen, house };
  };
  const stop = async (): Promise<void> => {
    await actions?.[Symbol.asyncDispose]();
    actions = undefined;
  };
  return {
    root,
    actions: () => {
      if (actions === undefined) throw new Error('no run was started');
      return actions;
    },
    started,
    ended: async (content, change) => (await started(content, change)).ended,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** A workflow of one job, `test`, with these steps; `more` are further lines of the job. */
export const steps = (lines: string, more = ''): string =>
  `on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n${more}    steps:\n${lines}`;

export function job(state: RunState, key = 'test'): JobState {
  const found = state.jobs.find((one) => one.key === key);
  if (found === undefined) throw new Error(`no job ${key}`);
  return found;
}

/** A log without the times in front of its lines. */
export const plain = (log: string): string => log.replaceAll(/^\S+Z /gm, '');

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    if (await holds()) return;
    await delay(10);
  }
  throw new Error('waited 10 s in vain');
}
