/** A run rebuilt from its events alone (TR-1): what its rows must be. */
import { taskOf, type Event, type RecordedEvent } from './event.ts';
import { evolve as evolveMessage } from './message-rules.ts';
import { posting, type LedgerEntry } from './ledger.ts';
import type { Message } from './message.ts';
import { evolve as evolveQuestion } from './question-rules.ts';
import type { Question } from './question.ts';
import { evolve as evolveReview } from './review-rules.ts';
import type { Review } from './review.ts';
import { evolve as evolveRun } from './run-rules.ts';
import type { Run } from './run.ts';
import { evolve as evolveSession } from './session-rules.ts';
import type { Session } from './session.ts';
import { evolve as evolveTask } from './task-fold.ts';
import type { Task } from './task.ts';
import type { Instant } from './words.ts';

export type FoldedRun = {
  /** Null when no event created it. */
  run: Run | null;
  tasks: Task[];
  sessions: Session[];
  questions: Question[];
  reviews: Review[];
  messages: Message[];
  ledger: LedgerEntry[];
};

/** Each kind by its key, in the order of creation. */
type Folding = {
  run: Run | null;
  tasks: Map<number, Task>;
  sessions: Map<string, Session>;
  questions: Map<number, Question>;
  reviews: Map<number, Review>;
  messages: Map<string, Message>;
  ledger: LedgerEntry[];
};

/** Folds the events of one run, oldest first. */
export function foldRun(events: Iterable<RecordedEvent>): FoldedRun {
  const folding: Folding = {
    run: null,
    tasks: new Map(),
    sessions: new Map(),
    questions: new Map(),
    reviews: new Map(),
    messages: new Map(),
    ledger: [],
  };
  for (const { id, event, at } of events) {
    post(folding, { id, event, at });
    create(folding, event);
    change(folding, event, at);
  }
  const { run, tasks, sessions, questions, reviews, messages, ledger } = folding;
  return {
    run,
    tasks: [...tasks.values()],
    sessions: [...sessions.values()],
    questions: [...questions.values()],
    reviews: [...reviews.values()],
    messages: [...messages.values()],
    ledger,
  };
}

/** Before the event changes its session: an entry says what came since the last one. */
function post(
  { run, sessions, ledger }: Folding,
  { id, event, at }: Omit<RecordedEvent, 'actor' | 'cause'>,
): void {
  if (run === null) return;
  const session =
    'session' in event && typeof event.session === 'string' ? sessions.get(event.session) : null;
  const found = posting(event, { run, session: session ?? null }, at);
  if (found !== null) ledger.push({ event: Number(id), ...found });
}

/** Events that create something carry its whole state. */
function create(folding: Folding, event: Event): void {
  switch (event.type) {
    case 'run_created':
      folding.run = event.run;
      return;
    case 'task_added':
      folding.tasks.set(event.task.number, event.task);
      return;
    case 'session_queued':
      folding.sessions.set(event.session.id, event.session);
      return;
    case 'question_asked':
      folding.questions.set(event.question.number, event.question);
      return;
    case 'review_received':
      folding.reviews.set(event.review.id, event.review);
      return;
    case 'message_sent':
      folding.messages.set(event.message.id, event.message);
      return;
    default:
      return;
  }
}

/** The others are about what exists already; the run hears all of them, for its counts and its cost. */
function change(folding: Folding, event: Event, at: Instant): void {
  if (folding.run !== null && event.type !== 'run_created') folding.run = evolveRun(folding.run, event, at);
  const task = taskOf(event);
  if (task !== null && event.type !== 'task_added') {
    update(folding.tasks, task, (state) => evolveTask(state, event, at));
  }
  if ('session' in event && typeof event.session === 'string') {
    update(folding.sessions, event.session, (state) => evolveSession(state, event, at));
  }
  if ('question' in event && typeof event.question === 'number') {
    update(folding.questions, event.question, (state) => evolveQuestion(state, event, at));
  }
  if ('review' in event && typeof event.review === 'number') {
    update(folding.reviews, event.review, (state) => evolveReview(state, event));
  }
  if (event.type === 'message_seen') {
    update(folding.messages, event.message, (state) => evolveMessage(state, event, at));
  }
}

function update<K, V>(states: Map<K, V>, key: K, evolve: (state: V) => V): void {
  const state = states.get(key);
  if (state !== undefined) states.set(key, evolve(state));
}
