/** A refusal is a value: a code for programs, words for people, and what would help. Bugs and broken I/O are exceptions. */

/** Each code's HTTP status, exit code and tone are in `catalog/errors.ts`; a code without a row there does not compile. */
export type RejectionCode =
  | 'invalid_input'
  | 'not_found'
  | 'not_permitted'
  | 'not_authenticated'
  | 'wrong_state'
  | 'outdated_plan'
  | 'already_done'
  | 'cycle'
  | 'unknown_dependency'
  | 'too_many_tasks'
  | 'superseded_session'
  | 'session_ended'
  | 'question_closed'
  | 'proof_missing'
  | 'push_refused'
  | 'budget_exhausted'
  | 'too_large'
  | 'rate_limited'
  | 'unavailable';

export type Rejection = {
  readonly rejected: RejectionCode;
  /** What happened and what stands in the way, one sentence. */
  readonly message: string;
  /** What would help: the next command to copy, the state to wait for. */
  readonly help?: string;
  readonly data?: Readonly<Record<string, unknown>>;
};

export function reject(
  code: RejectionCode,
  message: string,
  more: { help?: string; data?: Record<string, unknown> } = {},
): Rejection {
  return { rejected: code, message, ...more };
}

export function isRejection(value: unknown): value is Rejection {
  return typeof value === 'object' && value !== null && 'rejected' in value;
}
