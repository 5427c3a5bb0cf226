/** How events change a message: it is seen once. */
import type { Event } from './event.ts';
import type { Message } from './message.ts';
import type { Instant } from './words.ts';

export function evolve(message: Message, event: Event, at: Instant): Message {
  return event.type === 'message_seen' && message.seenAt === null ? { ...message, seenAt: at } : message;
}
