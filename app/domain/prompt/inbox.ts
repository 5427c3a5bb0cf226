/** The messages that an agent has not seen, for its next prompt. */
import { clean, fence } from '../clean.ts';
import type { Message } from '../message.ts';

export const inbox = (messages: readonly Message[]): string =>
  messages.map((message) => fence(`From ${message.from}`, clean(message.text, 2_000))).join('\n\n');
