/** What a run's manager is wanted for, and how its sessions went: part of the run's state (TA-14). */
import { z } from 'zod';
import { SessionId } from './words.ts';

/** What a policy may let wake a manager (`manage.woken_by`). */
export const Waking = z.enum(['failure', 'message', 'end']);
export type Waking = z.infer<typeof Waking>;

export const WakeReason = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('task_failed'), task: z.int().positive() }),
  z.strictObject({
    kind: z.literal('message'),
    message: z.uuid(),
    from: z.string(),
    /** A person wrote it: what a manager was given up for is tried again. */
    person: z.boolean(),
  }),
  /** Asked by a manager whose session is over. */
  z.strictObject({ kind: z.literal('answer'), question: z.int().positive() }),
  z.strictObject({ kind: z.literal('run_ended'), state: z.enum(['done', 'failed']) }),
]);
export type WakeReason = z.infer<typeof WakeReason>;

export const Managing = z.strictObject({
  /** Nobody looks at these yet. */
  reasons: z.array(WakeReason),
  /** The live session was told these; they come back when it fails. */
  taken: z.array(WakeReason),
  session: SessionId.nullable(),
  /** Sessions so far; also the fence of the newest. */
  sessions: z.int().nonnegative(),
  /** Sessions in a row that came to nothing. */
  attempts: z.int().nonnegative(),
  /** Why nobody looks at what the manager was wanted for, in words for the card. */
  gaveUp: z.string().nullable(),
  /** Tasks that a manager retried, once for each time. */
  retried: z.array(z.int().positive()),
});
export type Managing = z.infer<typeof Managing>;

export const notManaged: Managing = {
  reasons: [],
  taken: [],
  session: null,
  sessions: 0,
  attempts: 0,
  gaveUp: null,
  retried: [],
};

/** `t3 failed, a message from @ana`. */
export const reasonWords = (reasons: readonly WakeReason[]): string => reasons.map(wordsOf).join(', ');

function wordsOf(reason: WakeReason): string {
  switch (reason.kind) {
    case 'task_failed':
      return `t${reason.task} failed`;
    case 'message':
      return `a message from ${reason.from}`;
    case 'answer':
      return `q${reason.question} was answered`;
    case 'run_ended':
      return `the run is ${reason.state}`;
  }
}
