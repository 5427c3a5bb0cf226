/**
 * The working set of one transaction on one run: its rows under the run's lock, the events decided so far, and the fold
 * of each event into the rows. Nothing is written until `save`.
 */
import type { Actor } from '../domain/actor.ts';
import { effects, type Effect } from '../domain/effects.ts';
import type { Event } from '../domain/event.ts';
import { evolve as evolveQuestion } from '../domain/question-rules.ts';
import type { Question } from '../domain/question.ts';
import { evolve as evolveReview } from '../domain/review-rules.ts';
import type { Review } from '../domain/review.ts';
import { evolve as evolveRun } from '../domain/run-rules.ts';
import type { Run } from '../domain/run.ts';
import { evolve as evolveSession } from '../domain/session-rules.ts';
import type { Session } from '../domain/session.ts';
import { evolve as evolveTask } from '../domain/task-fold.ts';
import type { Task } from '../domain/task.ts';
import { evolve as evolveMessage } from '../domain/message-rules.ts';
import type { Message } from '../domain/message.ts';
import type { Instant, RunId } from '../domain/words.ts';
import { taskOf } from '../domain/event.ts';
import { posting, type Posting } from '../domain/ledger.ts';
import * as entities from '../../db/entities.ts';
import { appendEvents } from '../../db/events.ts';
import type { Transaction } from '../../db/transaction.ts';

export type RunWork = {
  readonly tx: Transaction;
  readonly now: Instant;
  readonly installation: number;
  run: Run;
  readonly tasks: Map<number, Task>;
  /** Sessions that have not ended, and any other that a handler loaded. */
  readonly sessions: Map<string, Session>;
  readonly questions: Map<number, Question>;
  readonly reviews: Map<number, Review>;
  readonly messages: Map<string, Message>;
  readonly events: Event[];
  /** What the events add to the ledger, by their place among `events`. */
  readonly postings: { at: number; posting: Posting }[];
  /** Something may be dispatched now: a task became ready, a slot was freed, a limit was raised. */
  dispatchable: boolean;
};

const byKey = <K, V>(rows: readonly V[], key: (row: V) => K): Map<K, V> =>
  new Map(rows.map((row) => [key(row), row]));

/** Locks the run's row, which serialises everything about the run, and loads what belongs to it. Null: no such run here, or (with `skipLocked`) another transaction has it. */
export async function openRun(
  tx: Transaction,
  id: RunId,
  options: { now: Instant; skipLocked?: boolean },
): Promise<RunWork | null> {
  const run = await entities.loadRun(tx, id, { lock: options.skipLocked ? 'skip' : 'wait' });
  if (run === null) return null;
  const tasks = await entities.loadTasks(tx, id);
  const sessions = await entities.loadLiveSessions(tx, id);
  const questions = await entities.loadQuestions(tx, id);
  const reviews = await entities.loadReviews(tx, id);
  return {
    tx,
    now: options.now,
    installation: run.installation,
    run,
    tasks: byKey(tasks, (task) => task.number),
    sessions: byKey(sessions, (session) => session.id),
    questions: byKey(questions, (question) => question.number),
    reviews: byKey(reviews, (review) => review.id),
    messages: new Map(),
    events: [],
    postings: [],
    dispatchable: false,
  };
}

/** A run that does not exist yet: its first event carries its whole state. */
export function newRun(tx: Transaction, run: Run): RunWork {
  const empty = {
    tasks: new Map(),
    sessions: new Map(),
    questions: new Map(),
    reviews: new Map(),
    messages: new Map(),
  };
  return {
    tx,
    now: run.createdAt,
    installation: run.installation,
    run,
    ...empty,
    events: [],
    postings: [],
    dispatchable: false,
  };
}

/** Folds one event into the working set. */
export function fold(work: RunWork, event: Event): void {
  post(work, event);
  work.events.push(event);
  work.run = evolveRun(work.run, event, work.now);
  switch (event.type) {
    case 'task_added':
      work.tasks.set(event.task.number, event.task);
      return;
    case 'session_queued':
      work.sessions.set(event.session.id, event.session);
      break;
    case 'question_asked':
      work.questions.set(event.question.number, event.question);
      break;
    case 'review_received':
      work.reviews.set(event.review.id, event.review);
      break;
    case 'message_sent':
      work.messages.set(event.message.id, event.message);
      break;
    default:
      break;
  }
  evolveOthers(work, event);
}

/** Before the event changes its session: an entry says what came since the last one. */
function post(work: RunWork, event: Event): void {
  const session =
    'session' in event && typeof event.session === 'string' ? work.sessions.get(event.session) : null;
  const found = posting(event, { run: work.run, session: session ?? null }, work.now);
  if (found !== null) work.postings.push({ at: work.events.length, posting: found });
}

function evolveOthers(work: RunWork, event: Event): void {
  const number = taskOf(event);
  const task = number === null ? undefined : work.tasks.get(number);
  if (task !== undefined) work.tasks.set(task.number, evolveTask(task, event, work.now));
  if ('session' in event && typeof event.session === 'string') {
    const session = work.sessions.get(event.session);
    if (session !== undefined) work.sessions.set(session.id, evolveSession(session, event, work.now));
  }
  if ('question' in event && typeof event.question === 'number') {
    const question = work.questions.get(event.question);
    if (question !== undefined)
      work.questions.set(question.number, evolveQuestion(question, event, work.now));
  }
  if ('review' in event && typeof event.review === 'number') {
    const review = work.reviews.get(event.review);
    if (review !== undefined) work.reviews.set(review.id, evolveReview(review, event));
  }
  if (event.type === 'message_seen') {
    const message = work.messages.get(event.message);
    if (message !== undefined) work.messages.set(message.id, evolveMessage(message, event, work.now));
  }
}

/** Writes events, changed rows; answers the effects that the events call for, each once. */
export async function save(work: RunWork, record: { actor: Actor; cause: string }): Promise<Effect[]> {
  if (work.events.length === 0) return [];
  const { tx, run } = work;
  await entities.saveRun(tx, run);
  const touched = touch(work.events);
  await entities.saveTasks(tx, pick(work.tasks, touched.tasks));
  await entities.saveSessions(tx, pick(work.sessions, touched.sessions));
  await entities.saveQuestions(tx, pick(work.questions, touched.questions));
  await entities.saveReviews(tx, pick(work.reviews, touched.reviews));
  await entities.saveMessages(tx, pick(work.messages, touched.messages));
  const recorded = await appendEvents(
    tx,
    { installation: run.installation, run: run.id, actor: record.actor, cause: record.cause, at: work.now },
    work.events,
  );
  const postings = work.postings.splice(0);
  await entities.saveLedger(
    tx,
    postings.map(({ at, posting: entry }) => ({ event: Number(recorded[at]?.id), ...entry })),
  );
  const wanted = new Map(
    work.events.flatMap((event) => effects(run.id, event)).map((effect) => [JSON.stringify(effect), effect]),
  );
  return [...wanted.values()];
}

type Touched = {
  tasks: Set<number>;
  sessions: Set<string>;
  questions: Set<number>;
  reviews: Set<number>;
  messages: Set<string>;
};

function touch(events: readonly Event[]): Touched {
  const touched: Touched = {
    tasks: new Set(),
    sessions: new Set(),
    questions: new Set(),
    reviews: new Set(),
    messages: new Set(),
  };
  for (const event of events) {
    const task = taskOf(event);
    if (task !== null) touched.tasks.add(task);
    if ('session' in event)
      touched.sessions.add(typeof event.session === 'string' ? event.session : event.session.id);
    if ('question' in event)
      touched.questions.add(typeof event.question === 'number' ? event.question : event.question.number);
    if ('review' in event)
      touched.reviews.add(typeof event.review === 'number' ? event.review : event.review.id);
    if ('message' in event)
      touched.messages.add(typeof event.message === 'string' ? event.message : event.message.id);
  }
  return touched;
}

const pick = <K, V>(rows: ReadonlyMap<K, V>, keys: ReadonlySet<K>): V[] =>
  [...keys].flatMap((key) => rows.get(key) ?? []);
