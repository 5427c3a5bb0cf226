/** What a webhook means here: the kinds of it, and how they are written. */
import type { Account, Repository as SentRepository } from './webhook-payload.ts';

/** Our App as GitHub names it: `entourage[bot]` and the App's number. */
export type Us = { login: string; appId: number };

/** The type too: a name proves nothing (G44). */
export const isUs = (account: Account | null, us: Us): boolean =>
  account !== null && account.type === 'Bot' && account.login === us.login;

export type Repository = {
  id: number;
  owner: string;
  ownerId: number;
  /** `User` or `Organization`. */
  ownerType: string;
  name: string;
  private: boolean;
  defaultBranch: string;
};
/** A person; bots never get this far. */
export type Sender = { login: string; id: number };
export type Issue = { number: number; title: string; body: string; isPull: boolean; labels: string[] };

export type At = { repository: Repository; issue: Issue; sender: Sender };

/** Named as in the catalog; the inputs are theirs. */
export type FactOperation =
  | 'record_head'
  | 'record_branch_deleted'
  | 'record_review_dismissed'
  | 'record_merge'
  | 'record_close'
  | 'record_queued'
  | 'record_dequeued'
  | 'record_reopen'
  | 'record_installation'
  | 'record_repository';

export type Translated =
  /** A person wrote a comment; whether it is a command, the grammar says. */
  | ({ kind: 'comment'; comment: { id: number; body: string; createdAt: string } } & At)
  /** A person edited one of our comments: a tick, or something to put back. */
  | ({ kind: 'tick'; comment: { id: number; before: string; after: string } } & At)
  | ({ kind: 'label'; label: string } & At)
  | { kind: 'fact'; operation: FactOperation; input: Record<string, unknown> }
  /** Somebody else's check on a commit has ended: what counts is read from GitHub. */
  | { kind: 'read_checks'; repository: Repository; head: string }
  /** GitHub's merge queue built a group and waits for the checks that the base requires, ours too (G27). */
  | { kind: 'merge_group'; repository: Repository; head: string; ref: string; base: string }
  /** A group is gone, for better or worse: whoever was in it is looked at. */
  | { kind: 'merge_group_gone'; repository: Repository; base: string }
  /** A person gave a review; its threads are read from GitHub. */
  | { kind: 'read_review'; repository: Repository; pull: number; review: number }
  /** A workflow run of ours ended; `session` is the id in its name, which anybody may have written. */
  | { kind: 'look_at_workflow'; repository: Repository; workflowRun: number; session: string | null }
  /** ENTOURAGE.md on the default branch may have changed. */
  | { kind: 'policy'; repository: Repository }
  /** Looked at and left, with the reason for the delivery's note. */
  | { kind: 'ignored'; why: string };

export const ignore = (why: string): Translated[] => [{ kind: 'ignored', why }];

export const place = (repository: SentRepository): Repository => ({
  id: repository.id,
  owner: repository.owner.login,
  ownerId: repository.owner.id,
  ownerType: repository.owner.type,
  name: repository.name,
  private: repository.private,
  defaultBranch: repository.default_branch,
});

export const fact = (operation: FactOperation, input: Record<string, unknown>): Translated => ({
  kind: 'fact',
  operation,
  input,
});
