/** A delivery at work: what the inbox wants of the rest of the App, and the callers a delivery speaks for. */
import type { OperationName } from '../catalog/catalog.ts';
import type { Actor } from '../domain/actor.ts';
import type { Effect } from '../domain/effects.ts';
import type { Permission } from '../domain/permission.ts';
import type { Thread, Verdict } from '../domain/review.ts';
import type { Caller } from '../engine/caller.ts';
import type { Execute, Result } from '../engine/execute.ts';
import type { Place } from '../engine/place.ts';
import type { Translated, Us } from '../github/translated.ts';
import type { Log } from '../log.ts';

export type Repository = { id: number; owner: string; name: string };
export type Of<K extends Translated['kind']> = Extract<Translated, { kind: K }>;

/** What the inbox wants of the rest of the App. */
export type Inbox = {
  us: Us;
  log: Log;
  execute: Execute;
  load(guid: string): Promise<{
    installation: number | null;
    event: string;
    action: string | null;
    body: string;
    handled: boolean;
  } | null>;
  handled(guid: string, note: string): Promise<void>;
  place(installation: number, at: { repository: number; number: number }): Promise<Place>;
  planSeen(installation: number, seen: { run: string; at: string }): Promise<number | null>;
  triggerLabel(installation: number, repository: number): Promise<string | null>;
  showAgain(installation: number, effects: readonly Effect[]): Promise<void>;
  workflowEnded(
    installation: number,
    at: { repository: number; workflowRun: number; session: string | null },
  ): Promise<void>;
  checksChanged(installation: number, at: { repository: number; head: string }): Promise<void>;
  /** Our required checks are posted on a merge group's head. */
  groupFormed(
    installation: number,
    group: { repository: number; head: string; ref: string; base: string },
  ): Promise<void>;
  /** Whatever is on its way into that branch is looked at again. */
  mergesChanged(installation: number, into: { repository: number; base: string }): Promise<void>;
  github(installation: number): {
    permission(repository: Repository, login: string): Promise<Permission>;
    react(
      repository: Repository,
      target: { comment: number } | { issue: number },
      content: 'eyes' | 'rocket' | 'confused',
    ): Promise<void>;
    /** One reply, found again by its marker. */
    reply(repository: Repository, reply: { issue: number; marker: string; body: string }): Promise<void>;
    removeLabel(repository: Repository, issue: number, label: string): Promise<void>;
    readFile(repository: Repository, path: string): Promise<string | null>;
    review(
      repository: Repository,
      pull: number,
      review: number,
    ): Promise<{
      id: number;
      by: string;
      verdict: Verdict | 'pending' | 'dismissed';
      head: string;
      body: string;
      threads: Thread[];
    } | null>;
  };
};

/** `cause` names one item of one delivery: what was done for it is never done again. */
export type Delivery = { inbox: Inbox; installation: number; cause: string };

/** What is noted with the delivery. */
export const outcome = (result: Result, what: string): string =>
  result.ok ? what : `${what} refused: ${result.rejection.rejected}`;

/** A fact that GitHub itself reports. */
export async function asGitHub(at: Delivery, operation: OperationName, input: unknown): Promise<Result> {
  const { installation, cause } = at;
  return await at.inbox.execute(operation, input, { actor: { kind: 'github' }, installation, cause });
}

/** The repository as this delivery names it, so that a rename between events is never in the way. */
export async function know(at: Delivery, repository: Of<'comment'>['repository']): Promise<void> {
  await asGitHub({ ...at, cause: `${at.cause}/installation` }, 'record_installation', {
    account: repository.owner,
    account_type: repository.ownerType,
  });
  await asGitHub({ ...at, cause: `${at.cause}/repository` }, 'record_repository', {
    repository: repository.id,
    owner: repository.owner,
    owner_id: repository.ownerId,
    name: repository.name,
    default_branch: repository.defaultBranch,
    private: repository.private,
  });
}

export const person = (sender: { login: string; id: number }): Actor => ({
  kind: 'person',
  login: sender.login,
  id: sender.id,
});

/** The person, standing where the delivery says. */
export async function callerAt(
  at: Delivery,
  where: { repository: number; number: number; sender: { login: string; id: number } },
): Promise<Caller> {
  const place = await at.inbox.place(at.installation, where);
  return {
    actor: person(where.sender),
    installation: at.installation,
    cause: at.cause,
    repository: where.repository,
    ...place,
  };
}
