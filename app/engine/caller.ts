/** Who calls, as a door found out: the actor, the tenant, and where the call may reach. */
import type { Actor } from '../domain/actor.ts';
import type { Role, RunId, SessionId } from '../domain/words.ts';

/** What GitHub says of the job that calls, by its signature (G34). Ids decide; names are GitHub's of that moment. */
export type WorkflowClaims = {
  readonly repositoryId: number;
  readonly ownerId: number;
  /** `owner/name`. */
  readonly repository: string;
  /** `owner/name/.github/workflows/entourage.yml@refs/heads/main`: the file that was started. */
  readonly workflowRef: string;
  /** The file that the job stands in; another one when the workflow calls a reusable one. */
  readonly jobWorkflowRef: string;
  readonly event: string;
  readonly ref: string;
  readonly run: { readonly id: number; readonly attempt: number };
};

export type Caller = {
  readonly actor: Actor;
  readonly installation: number;
  /** What led to this: `delivery:<guid>`, `job:<id>`, `call:<uuid>`. */
  readonly cause: string;
  /** The repository the caller stands in, when a door knows it (a comment's, an agent's). */
  readonly repository?: number;
  /** The run at hand: an agent's own, the newest of a comment's issue. */
  readonly run?: RunId;
  /** A runner's group, as its registration token named it. */
  readonly group?: string;
  /** The hash of a registration token: whoever holds one may register with it, once, and nothing else. */
  readonly registration?: Buffer;
  /** A job of GitHub Actions that wants its session. */
  readonly workflow?: WorkflowClaims;
  /** The task at hand, by number. */
  readonly task?: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
  readonly session?: { readonly id: SessionId; readonly role: Role; readonly token: 'agent' | 'runner' };
};
