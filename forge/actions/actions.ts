/** GitHub Actions, small: runs workflows as real processes and tells what becomes of them. Knows nothing of REST. */
import { mkdir, rm } from 'node:fs/promises';
import { createGroups, createPlaces } from './concurrency.ts';
import { runWorkflow, type RunHouse, type RunWatcher } from './run.ts';
import type { RunRequest } from './run-request.ts';
import type { RunState } from './run-state.ts';

export type ActionsOptions = {
  /** Jobs get their directories here. */
  root: string;
  /** Jobs at a time over all runs; the rest is queued in order. */
  places?: number;
  /** Between SIGTERM and SIGKILL when a step is ended. */
  graceMs?: number;
  now?: () => Date;
};

export type StartedRun = { state: RunState; ended: Promise<RunState> };

export type Actions = {
  /** Starts a run. `ended` resolves with the state at its end and rejects only when the watcher does. */
  start(request: RunRequest, watcher: RunWatcher): StartedRun;
  /** Asks a run to end; false when there is no such run going on. */
  cancel(runId: number): boolean;
  /** Resolves when no run goes on. */
  idle(): Promise<void>;
  /** Kills what runs and resolves when no process is left. */
  [Symbol.asyncDispose](): Promise<void>;
};

/** An interpreter with its own queue. */
export async function createActions(options: ActionsOptions): Promise<Actions> {
  // What a killed forge left there belongs to no run any more.
  await rm(options.root, { recursive: true, force: true });
  await mkdir(options.root, { recursive: true });
  const stop = new AbortController();
  const house: RunHouse = {
    root: options.root,
    graceMs: options.graceMs ?? 2_000,
    now: options.now ?? (() => new Date()),
    places: createPlaces(options.places ?? 2),
    groups: createGroups(),
    stop: stop.signal,
  };
  const going = new Map<number, { cancel: AbortController; ended: Promise<unknown> }>();
  const settled = async () => {
    while (going.size > 0) await Promise.allSettled([...going.values()].map((run) => run.ended));
  };
  return {
    start(request, watcher) {
      const state: RunState = { id: request.id, status: 'queued', conclusion: null, errors: [], jobs: [] };
      const cancel = new AbortController();
      const ended = run({ request, watcher, state, cancel, house })
        .then(() => state)
        .finally(() => going.delete(request.id));
      going.set(request.id, { cancel, ended });
      return { state, ended };
    },
    cancel(runId) {
      const run = going.get(runId);
      run?.cancel.abort();
      return run !== undefined;
    },
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
  house: RunHouse;
}): Promise<void> {
  const { request, watcher, state } = parts;
  const { workflow } = request;
  if (!('errors' in workflow)) return runWorkflow({ ...parts, workflow });
  state.errors = workflow.errors;
  state.status = 'completed';
  state.conclusion = 'startup_failure';
  await watcher.onRun(state);
}
