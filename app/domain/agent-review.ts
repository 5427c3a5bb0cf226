/** What the reviewer agent makes of one head of a task (RE-2): its remarks, and a verdict that never stands for a person's. */
import { z } from 'zod';
import { Instant, SessionId, Sha } from './words.ts';

export const AgentVerdict = z.enum(['approve', 'request_changes', 'reject']);
export type AgentVerdict = z.infer<typeof AgentVerdict>;

/** A comment on a line of the pull request's diff, before GitHub has it as a thread (G16). */
export const Remark = z.strictObject({
  path: z.string(),
  line: z.int().positive(),
  /** RIGHT: the new file; LEFT: the old one. */
  side: z.enum(['LEFT', 'RIGHT']),
  body: z.string(),
  /** What the line should say instead; only for lines of the new file (G17). */
  suggestion: z.string().nullable(),
});
export type Remark = z.infer<typeof Remark>;

export const AgentReview = z.strictObject({
  /** The commit it is about: a verdict about another one counts for nothing. */
  head: Sha,
  /** The reviewer's name in the policy. */
  agent: z.string(),
  /** `waiting` for a session, `running` in one; `given`: there is a verdict; `closed`: there will be none. */
  state: z.enum(['waiting', 'running', 'given', 'closed']),
  /** Verdicts on this task since a person last asked for changes, this head's own included. */
  round: z.int().nonnegative(),
  /** The session that reads or read this head. */
  session: SessionId.nullable(),
  /** Sessions on this head that ended without a verdict. */
  failures: z.int().nonnegative(),
  remarks: z.array(Remark),
  verdict: AgentVerdict.nullable(),
  summary: z.string(),
  givenAt: Instant.nullable(),
  /** Its review stands on GitHub. */
  posted: z.boolean(),
  /** Why it is closed. */
  reason: z.string(),
});
export type AgentReview = z.infer<typeof AgentReview>;

/** Sessions that may end without a verdict before people go on without one. */
export const mostFailures = 2;
/** A review with more is a rewrite, and nobody reads it. */
export const mostRemarks = 50;

/** It is being waited for, and its verdict will count. */
export const awaited = (review: AgentReview | null, head: string | null): review is AgentReview =>
  review !== null && review.head === head && (review.state === 'waiting' || review.state === 'running');

const says = { approve: 'approves', request_changes: 'requests changes', reject: 'rejects this' } as const;

/** `reviewer requests changes, 2 comments`; plain text, empty before there is a verdict. */
export function verdictWords({ agent, verdict, remarks }: AgentReview): string {
  if (verdict === null) return '';
  const comments = remarks.length === 1 ? ', 1 comment' : `, ${remarks.length} comments`;
  return `${agent} ${says[verdict]}${remarks.length === 0 ? '' : comments}`;
}

/** GitHub gets a review when there is something to say on lines or to mend; a plain approval is in the check run. */
export const wantsPosting = (review: AgentReview): boolean =>
  review.verdict !== null && !review.posted && (review.verdict !== 'approve' || review.remarks.length > 0);
