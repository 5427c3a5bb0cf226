/** A message between people, managers and agents; reading it marks it as seen. */
import { z } from 'zod';
import { Instant, RunId } from './words.ts';

export const Recipient = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('task'), task: z.int() }),
  z.strictObject({ kind: z.literal('role'), role: z.enum(['manager', 'engineer', 'reviewer']) }),
  z.strictObject({ kind: z.literal('agent'), agent: z.string() }),
]);
export type Recipient = z.infer<typeof Recipient>;

export const Message = z.strictObject({
  id: z.uuid(),
  run: RunId,
  installation: z.int(),
  from: z.string(),
  to: Recipient,
  text: z.string(),
  sentAt: Instant,
  seenAt: Instant.nullable(),
});
export type Message = z.infer<typeof Message>;

/** Whether a message is for the agent of this session: by its task, its role or its name. */
export function addressedTo(
  message: Pick<Message, 'to'>,
  session: { task: number | null; role: string; agent: string },
): boolean {
  const { to } = message;
  switch (to.kind) {
    case 'task':
      return to.task === session.task;
    case 'role':
      return to.role === session.role;
    case 'agent':
      return to.agent === session.agent;
  }
}
