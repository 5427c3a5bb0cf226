/** How a merge is under way: one merge, from the approval until GitHub says merged, or why it can't be. */
import { z } from 'zod';
import { Instant, Sha } from './words.ts';

/** Merge-async (G20), the merge queue's own mutation, or a merge at once (G21). */
export const MergeWay = z.enum(['async', 'queue', 'direct']);
export type MergeWay = z.infer<typeof MergeWay>;

/** Why a pull request left the merge queue, in GitHub's words (G24). */
export const dequeueReasons = [
  'MANUAL',
  'MERGE',
  'MERGE_CONFLICT',
  'CI_FAILURE',
  'CI_TIMEOUT',
  'ALREADY_MERGED',
  'QUEUE_CLEARED',
  'ROLL_BACK',
  'BRANCH_PROTECTIONS',
  'GIT_TREE_INVALID',
  'INVALID_MERGE_COMMIT',
  'UNKNOWN_REMOVAL_REASON',
] as const;
export type DequeueReason = (typeof dequeueReasons)[number];

/**
 * `waiting` for others that merge before it · `updating` its branch to the base · `checking` what the update brought ·
 * `asked` GitHub · `queued` in GitHub's merge queue · `left` the queue, and what follows is not decided yet.
 */
export const MergeStep = z.enum(['waiting', 'updating', 'checking', 'asked', 'queued', 'left']);
export type MergeStep = z.infer<typeof MergeStep>;

export const Merging = z.strictObject({
  /** When it was approved: of one priority, who came first merges first. */
  since: Instant,
  step: MergeStep,
  way: MergeWay.nullable(),
  /** One calm line: what it waits for, or why this way and not a better one. */
  note: z.string(),
  /** Checks that judged the head before its update: they have to judge the new one too. */
  expects: z.array(z.string()),
  /** The newest merge group that it is part of, by its head (G24). */
  group: Sha.nullable(),
  /** Why it left the queue, until that is dealt with. A reason that GitHub adds later reads as unknown. */
  left: z.enum(dequeueReasons).nullable(),
  /** How often the queue gave up waiting for checks. */
  timeouts: z.int().nonnegative(),
});
export type Merging = z.infer<typeof Merging>;

/** What a job finds out about a merge; `since` stays. */
export const MergeChange = Merging.omit({ since: true }).partial();
export type MergeChange = z.infer<typeof MergeChange>;

export const newMerging = (since: Instant): Merging => ({
  since,
  step: 'waiting',
  way: null,
  note: '',
  expects: [],
  group: null,
  left: null,
  timeouts: 0,
});

/** A reason as GitHub sends it; unknown ones are handled like its own word for unknown. */
export const dequeueReason = (said: string): DequeueReason =>
  dequeueReasons.find((reason) => reason === said.toUpperCase()) ?? 'UNKNOWN_REMOVAL_REASON';

/** For the card: where a merge stands, one phrase. */
export function mergeWords({ step, way, note }: Merging): string {
  const why = note === '' ? '' : ` (${note})`;
  switch (step) {
    case 'waiting':
      return note === '' ? 'merging' : `approved, waits its turn to merge${why}`;
    case 'updating':
      return `approved, its branch is brought up to date${why}`;
    case 'checking':
      return `approved, waits for the checks of its updated branch${why}`;
    case 'asked':
      return `merging${why}`;
    case 'queued':
      return `in the merge queue${way === 'queue' ? why : ''}`;
    case 'left':
      return 'left the merge queue';
  }
}
