/** GitHub Actions, small: runs workflows as real processes and tells what becomes of them. Knows nothing of REST. */
import { mkdir, rm } from 'node:fs/promises';
import { createGroups } from './concurrency.ts';
import { type Patience, runnerPatience } from './process-group.ts';
import { runWorkflow, type RunHouse, type RunWatcher } from './run.ts';
import type { RunRequest } from './run-request.ts';
import type { RunState } from './run-state.ts';
import { createRunners, hostedRunners, type Runner } from './runners.ts';

export type ActionsOptions = {
  /** Jobs get their directories here. */
  root: string;
  /** Two hosted ones when they aren't given; a job that none fits or that finds none free is queued. */
  runners?: readonly Runner[];
  /** GitHub's own when it isn't given. */
  patience?: Patience;
  now?: () => Date;
};

export type StartedRun = { state: RunState; ended: Promise<RunState> };

export type Actions = {
  /** Starts a run. `ended` resolves with the state at its end and rejects only when the watcher does. */
  start(request: RunRequest, watcher: RunWatcher): StartedRun;
  /** Asks a run to end, or with `force` ends it at once; false when there is no such run going on. */
  cancel(runId: number, force?: boolean): boolean;
  /** From now on these, for the jobs that are queued too. */
  setRunners(runners: readonly Runner[]): void;
  /** Resolves when no run goes on. */
  idle(): Promise<void>;
  /** Kills what runs and resolves when no process is left. */
  [Symbol.asyncDispose](): Promise<void>;
};

type Going = { cancel: AbortController; force: AbortController; ended: Promise<unknown> };

/** An interpreter with its own queue. */
export async function createActions(options: ActionsOptions): Promise<Actions> {
  // What a killed forge left there belongs to no run any more.
  await rm(options.root, { recursive: true, force: true });
  await mkdir(options.root, { recursive: true });
  const stop = new AbortController();
  const house: RunHouse = {
    root: options.root,
    patience: options.patience ?? runnerPatience,
    now: options.now ?? (() => new Date()),
    runners: createRunners(options.runners ?? hostedRunners(2)),
    groups: createGroups(),
    stop: stop.signal,
  };
  const going = new Map<number, Going>();
  const settled = async () => {
    while (going.size > 0) await Promise.allSettled([...going.values()].map((run) => run.ended));
  };
  return {
    start(request, watcher) {
      const { id } = request;
      const state: RunState = { id, status: 'queued', conclusion: null, name: '', errors: [], jobs: [] };
      const cancel = new AbortController();
      const force = new AbortController();
      const ended = run({ request, watcher, state, cancel, force, house, asked: house.now().getTime() })
        .then(() => state)
        .finally(() => going.delete(request.id));
      going.set(request.id, { cancel, force, ended });
      return { state, ended };
    },
    cancel(runId, force = false) {
      const run = going.get(runId);
      run?.cancel.abort();
      if (force) run?.force.abort();
      return run !== undefined;
    },
    setRunners: (runners) => house.runners.set(runners),
    idle: settled,
    async [Symbol.asyncDispose]() {
      stop.abort();
      for (const run of going.values()) run.cancel.abort();
      await settled();
    },
  };
}

async function run(parts: {
  request: RunRequest;
  watcher: RunWatcher;
  state: RunState;
  cancel: AbortController;
  force: AbortController;
  house: RunHouse;
  asked: number;
}): Promise<void> {
  const { request, watcher, state } = parts;
  const { workflow } = request;
  if (!('errors' in workflow)) return runWorkflow({ ...parts, workflow });
  state.errors = workflow.errors;
  state.status = 'completed';
  state.conclusion = 'startup_failure';
  await watcher.onRun(state);
}
