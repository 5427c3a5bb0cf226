/** Handlers of tasks: read, notes, the proof, the review's answers. */
import { prove } from '../../domain/proof.ts';
import { isRejection, reject, type Rejection } from '../../domain/rejection.ts';
import { decide as decideReview } from '../../domain/review-rules.ts';
import { openThreads } from '../../domain/review.ts';
import { decide } from '../../domain/task-rules.ts';
import { ref, type Task } from '../../domain/task.ts';
import type { Event } from '../../domain/event.ts';
import { keptBundle } from '../../../db/queries/bundles.ts';
import { commit } from '../commit.ts';
import { runKey } from '../bell.ts';
import type { Context, Handlers } from '../handler.ts';
import { callingSession, findTask, locateRun, locateTask, type RunInput } from '../locate.ts';
import { fold, type RunWork } from '../run-work.ts';
import { feedbackView, taskView } from '../views.ts';

type Located = { work: RunWork; task: Task };

async function locate(context: Context, input: RunInput): Promise<Located | Rejection> {
  const work = await locateRun(context, input);
  if (isRejection(work)) return work;
  const task = locateTask(context, work, input);
  return isRejection(task) ? task : { work, task };
}

/** The task of an agent that is still allowed to write to it. */
async function locateOwn(context: Context, input: RunInput): Promise<Located | Rejection> {
  const located = await locate(context, input);
  if (isRejection(located)) return located;
  const session = callingSession(context, located.work);
  return isRejection(session) ? session : located;
}

export const getTask: Handlers['get_task'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const task = findTask(context, work, input);
    if (isRejection(task)) return task;
    return { output: { task: taskView(task, work.run) } };
  },
};

export const getRefusedBundle: Handlers['get_refused_bundle'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const task = findTask(context, work, input);
    if (isRejection(task)) return task;
    const at = { run: work.run.id, task: task.number };
    const kept = await keptBundle(context.tx, work.installation, at);
    if (kept === null)
      return reject('not_found', `No refused work of ${ref(task)} is kept.`, {
        help: 'Refused work is kept until its run is done or cancelled.',
      });
    const { head, reason, data } = kept;
    const bundle = data.toString('base64');
    return {
      output: { run: work.run.number, task: ref(task), branch: task.branch, head, reason, bundle },
    };
  },
};

export const saveContext: Handlers['save_context'] = {
  async handle(context, input) {
    const located = await locateOwn(context, input);
    if (isRejection(located)) return located;
    const { work, task } = located;
    if (Object.keys(task.context).length >= 50 && !(input.key in task.context))
      return reject('too_large', 'A task keeps at most 50 notes.', { help: 'Overwrite one of them.' });
    const rejection = await commit(
      context,
      work,
      decide(task, { type: 'save_context', key: input.key, value: input.value }),
    );
    return rejection ?? { output: { saved: true } };
  },
};

export const getContext: Handlers['get_context'] = {
  async handle(context, input) {
    const located = await locate(context, input);
    return isRejection(located) ? located : { output: { context: located.task.context } };
  },
};

export const requestReview: Handlers['request_review'] = {
  async handle(context, input) {
    const located = await locateOwn(context, input);
    if (isRejection(located)) return located;
    const { work } = located;
    if (given(located.task)) return inReview(located.task);
    const unanswered = openThreads(
      [...work.reviews.values()].filter((review) => review.task === located.task.number),
    );
    if (unanswered.length > 0) {
      return reject('proof_missing', `${unanswered.length} review threads have no answer yet.`, {
        help: 'get_review_feedback lists them; answer each with answer_thread.',
      });
    }
    const ticks = tick(located.task, input.acceptance);
    if (isRejection(ticks)) return ticks;
    for (const event of ticks) fold(work, event);
    const task = work.tasks.get(located.task.number) ?? located.task;
    const rejection = await commit(
      context,
      work,
      decide(task, { type: 'request_review', summary: input.summary }),
    );
    if (rejection !== null) return rejection;
    const now = work.tasks.get(task.number) ?? task;
    return given(now)
      ? inReview(now)
      : {
          pending: {
            state: 'pending' as const,
            words: prove(now).words,
            next: 'Call request_review again to wait for the checks.',
          },
          until: [runKey(work.run.id)],
        };
  },
};

const given = (task: Task): boolean =>
  task.state === 'in_review' || task.state === 'approved' || task.state === 'merging';

const inReview = (task: Task): { output: { state: 'in_review'; words: string; next: string } } => ({
  output: { state: 'in_review', words: task.reason, next: 'You are done: end your session now.' },
});

function tick(task: Task, evidence: readonly { item: number; evidence: string }[]): Event[] | Rejection {
  const events: Event[] = [];
  for (const given of evidence) {
    if (task.acceptance[given.item - 1]?.evidence === given.evidence) continue;
    const decision = decide(task, {
      type: 'tick_acceptance',
      item: given.item - 1,
      evidence: given.evidence,
    });
    if (isRejection(decision)) return decision;
    events.push(...decision);
  }
  return events;
}

export const getReviewFeedback: Handlers['get_review_feedback'] = {
  async handle(context, input) {
    const located = await locate(context, input);
    if (isRejection(located)) return located;
    const reviews = [...located.work.reviews.values()].filter(
      (review) => review.task === located.task.number && review.verdict !== 'approve',
    );
    return { output: { reviews: reviews.map(feedbackView) } };
  },
};

export const answerThread: Handlers['answer_thread'] = {
  async handle(context, input) {
    const located = await locateOwn(context, input);
    if (isRejection(located)) return located;
    const { work, task } = located;
    const review = [...work.reviews.values()].find(
      (candidate) =>
        candidate.task === task.number && candidate.threads.some((thread) => thread.id === input.thread),
    );
    if (review === undefined)
      return reject('not_found', `${ref(task)} has no thread ${input.thread}.`, {
        help: 'get_review_feedback lists the open threads.',
      });
    const decision = decideReview(review, {
      type: 'answer_thread',
      thread: input.thread,
      outcome: input.outcome,
      commit: input.commit ?? null,
      why: input.why,
    });
    const rejection = await commit(context, work, decision);
    if (rejection !== null) return rejection;
    return {
      output: {
        answered: true,
        open: openThreads([...work.reviews.values()].filter((row) => row.task === task.number)).length,
      },
    };
  },
};
