/** Handlers of the reviewer agent: its remarks, held against GitHub's diff, its verdict, and its review once it is posted. */
import { taskNumber } from '../../catalog/refs.ts';
import { addRemark, giveVerdict, receiveAgentReview } from '../../domain/agent-review-rules.ts';
import { outsideDiff } from '../../domain/diff-lines.ts';
import { isRejection, reject, type Rejection } from '../../domain/rejection.ts';
import type { Session } from '../../domain/session.ts';
import type { Task } from '../../domain/task.ts';
import { loadTasks } from '../../../db/entities.ts';
import { inTransaction } from '../../../db/transaction.ts';
import type { Caller } from '../caller.ts';
import { commit } from '../commit.ts';
import type { Context, Engine, Handlers } from '../handler.ts';
import { callingSession, locateRun, locateTask, type RunInput } from '../locate.ts';
import { openRun, type RunWork } from '../run-work.ts';
import { found } from './on-task.ts';

type Own = { work: RunWork; task: Task; session: Session };

/** The task of a reviewer that may still write to its review. */
async function locateOwn(context: Context, input: RunInput): Promise<Own | Rejection> {
  const work = await locateRun(context, input);
  if (isRejection(work)) return work;
  const task = locateTask(context, work, input);
  if (isRejection(task)) return task;
  const session = callingSession(context, work);
  if (isRejection(session)) return session;
  return session.kind === 'review'
    ? { work, task, session }
    : reject('not_permitted', `A ${session.kind} session reviews nothing.`);
}

export const addReviewComment: Handlers['add_review_comment'] = {
  prepare: async (engine, { caller, repository }, input) => {
    if (input.suggestion !== undefined && input.side === 'LEFT')
      return reject('invalid_input', 'A suggestion stands on a line of the new file.', {
        help: 'Leave out `suggestion`, or use side RIGHT.',
      });
    const pull = await ownPull(engine, caller, input);
    // Whoever has no such task is refused in the transaction, where that is known for certain.
    if (pull === null || repository === null) return { input };
    const files = await engine.github.pullFiles(caller.installation, repository, pull);
    const outside = outsideDiff(files, input);
    return outside === null ? { input } : reject('invalid_input', outside.message, { help: outside.help });
  },
  async handle(context, input) {
    const own = await locateOwn(context, input);
    if (isRejection(own)) return own;
    const { path, line, side, body, suggestion = null } = input;
    const remark = { path, line, side, body, suggestion };
    const rejection = await commit(context, own.work, addRemark(own.task, own.session.id, remark));
    return rejection ?? { output: { comments: remarks(own) } };
  },
};

/** The pull request of the caller's own task, and the head that is read. */
async function ownPull(
  engine: Engine,
  { installation, run, task }: Caller,
  input: RunInput,
): Promise<{ pull: number; head: string } | null> {
  const other = input.task !== undefined && taskNumber(input.task) !== task;
  if (run === undefined || task === undefined || other) return null;
  const rows = await inTransaction(engine.db, { installation }, async (tx) => await loadTasks(tx, run));
  const own = rows.find(({ number }) => number === task);
  return own === undefined || own.pull === null || own.head === null
    ? null
    : { pull: own.pull, head: own.head };
}

const remarks = ({ work, task }: Own): number =>
  work.tasks.get(task.number)?.agentReview?.remarks.length ?? 0;

export const submitReviewVerdict: Handlers['submit_review_verdict'] = {
  async handle(context, input) {
    const own = await locateOwn(context, input);
    if (isRejection(own)) return own;
    const { verdict, summary } = input;
    const rejection = await commit(
      context,
      own.work,
      giveVerdict(own.task, own.session.id, { verdict, summary }),
    );
    return (
      rejection ?? {
        output: { verdict, comments: remarks(own), next: 'You are done: end your session now.' },
      }
    );
  },
};

export const recordAgentReview: Handlers['record_agent_review'] = {
  async handle(context, input) {
    const work = await openRun(context.tx, input.run, { now: context.now });
    const task = work?.tasks.get(input.task);
    if (work === null || task === undefined) return found(false);
    if (work.reviews.has(input.review)) return found(true);
    const review = {
      id: input.review,
      run: work.run.id,
      installation: work.installation,
      task: task.number,
      by: task.agentReview?.agent ?? '',
      agent: true,
      verdict: 'comment' as const,
      head: input.head,
      body: input.body,
      threads: input.threads,
      dismissed: false,
      submittedAt: context.now,
    };
    return (await commit(context, work, receiveAgentReview(task, review))) ?? found(true);
  },
};
