/** What every part of the forge is handed: its state and the few services around it. */
import type { EarlierJob } from './actions/run-request.ts';
import type { Runner } from './actions/runners.ts';
import type { BrokenWorkflow, Workflow as WorkflowFile } from './actions/workflow.ts';
import type { Calls } from './calls.ts';
import type { Caller } from './caller.ts';
import type { WorkflowRun } from './check-rows.ts';
import type { Clock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { PushedRef } from './git/pushed-commands.ts';
import type { GitRepository } from './git/repository.ts';
import type { Oidc } from './oidc.ts';
import type { RemovalReason } from './merge-entries.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Account, Delivery, Installation, Repository, State } from './state.ts';
import type { RunSubject } from './workflow-records.ts';
import type { Start } from './workflow-requests.ts';

/** Something that GitHub would not have done, or that a client must not do; a test fails when there is one. */
export interface Violation {
  kind: 'response' | 'webhook' | 'unknown_route' | 'graphql' | 'crash';
  /** The operation, webhook or path. */
  where: string;
  findings: string[];
}

/** Something that happened; sent as a webhook to the Apps that subscribed, and told to listeners in the process. */
export interface ForgeEvent {
  event: string;
  action: string | null;
  /** Event-specific keys. `action`, `repository`, `organization`, `installation` and `sender` are added. */
  payload: Record<string, unknown>;
  sender: Account;
  repository: Repository | null;
  /** Only for events about an installation itself: its App gets them, subscribed or not. */
  installation?: Installation;
  /** For what GitHub sends to one App alone: `ping`, actions on its own check runs. */
  onlyAppId?: number;
  /** Who caused it; Actions looks here for a GITHUB_TOKEN (G32). */
  caller: Caller;
}

export interface Webhooks {
  /** Tells listeners, then sends to every App that is installed and subscribed. Returns at once. */
  emit(event: ForgeEvent): void;
  /** Called in the process for every event, whoever subscribed. */
  listen(listener: (event: ForgeEvent) => void): void;
  /** Sends a logged delivery again, with the same GUID (G43). */
  redeliver(delivery: Delivery): void;
  /** Resolves when nothing is on its way any more. */
  settled(): Promise<void>;
}

/** Refs that moved by a push, the contents or git data API, or a merge. */
export interface Push {
  repository: Repository;
  caller: Caller;
  refs: readonly PushedRef[];
}

export interface Pushes {
  /** Called in turn, awaited, before whoever pushed gets his answer. */
  listen(listener: (push: Push) => Promise<void> | void): void;
  /** Every place that moves a ref says so here, once. */
  tell(push: Push): Promise<void>;
}

export interface MergeQueues {
  /** Begins to follow events. Called once, when webhooks work. */
  watch(): void;
  /** Has the repository's queues do what there is to do. Returns at once. */
  look(repository: Repository): void;
  /** Takes a pull request out for a reason that a test wants; false when it isn't in. */
  remove(repository: Repository, number: number, reason: RemovalReason): Promise<boolean>;
  /** Resolves when no queue has anything to do until something happens. */
  settled(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

type RunDoer = Pick<ForgeEvent, 'caller'> & { actor: Account };
type RunBeginning = { subject: RunSubject; workflow: WorkflowFile | BrokenWorkflow; start: Start };

export interface Workflows {
  /** Begins to follow events. Called once, when webhooks work. */
  watch(): Promise<void>;
  /** What tests turn: `runDetails: false` is an older server, which refuses `return_run_details` (G30). */
  settings: { runDetails: boolean };
  /** Plants a run and starts it. */
  begin(doer: RunDoer, beginning: RunBeginning): Promise<WorkflowRun>;
  /** Starts the present attempt of a run that has ended, but for the jobs that `earlier` names. */
  again(doer: RunDoer, run: WorkflowRun, earlier: Record<string, EarlierJob>): Promise<void>;
  /** Asks a run to end, or with `force` ends it at once; false when it isn't going on. */
  cancel(runId: number, force?: boolean): boolean;
  /** From now on jobs run on these alone. */
  setRunners(runners: readonly Runner[]): void;
  /** Resolves when nothing runs and no event waits to be looked at. */
  idle(): Promise<void>;
  /** Ends what runs. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Forge {
  /** `http://127.0.0.1:1234`, no slash at the end. */
  readonly url: string;
  readonly dataDir: string;
  readonly state: State;
  readonly clock: Clock;
  readonly webhooks: Webhooks;
  readonly pushes: Pushes;
  readonly workflows: Workflows;
  readonly oidc: Oidc;
  readonly queues: MergeQueues;
  readonly faults: Faults;
  readonly calls: Calls;
  readonly rateLimit: RateLimit;
  readonly violations: Violation[];
  /** The bare repository on disk. */
  git(repository: Repository): GitRepository;
  /** Writes the state to disk before it resolves; REST and GraphQL call it by themselves after every write. */
  save(): Promise<void>;
}
