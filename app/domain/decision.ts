/** What a command comes to: the events that happen, or why they can't. */
import type { Event } from './event.ts';
import { isRejection, type Rejection } from './rejection.ts';

export type Decision = Event[] | Rejection;

/** The events of what follows from something else: where it is not possible, nothing follows. */
export const decided = (decision: Decision): Event[] => (isRejection(decision) ? [] : decision);
