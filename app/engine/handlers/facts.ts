/** What GitHub, timers and our own effects report back, folded into the run they are about. */
import type { Event } from '../../domain/event.ts';
import { decide as decideQuestion } from '../../domain/question-rules.ts';
import { isRejection, type Rejection } from '../../domain/rejection.ts';
import { decide as decideReview } from '../../domain/review-rules.ts';
import type { Review } from '../../domain/review.ts';
import { decide } from '../../domain/task-rules.ts';
import { bundleById, settleBundle } from '../../../db/queries/bundles.ts';
import { upsertInstallation, upsertRepository } from '../../../db/queries/registry.ts';
import { repositoryById, runsWithReadyTasks, taskByBranch, taskByPull } from '../../../db/queries/runs.ts';
import { runKey } from '../bell.ts';
import { commit } from '../commit.ts';
import type { Context, Handlers } from '../handler.ts';
import { found, onTask } from './on-task.ts';
import { requeueSessions } from '../requeue.ts';
import { storePolicy } from '../policy-source.ts';
import { policyOf } from '../policy-of.ts';
import { openRun, type RunWork } from '../run-work.ts';
import { sameChange } from '../same-change.ts';

export const recordBranch: Handlers['record_branch'] = {
  handle: async (context, { branch, base, head, ...address }) =>
    await onTask(context, address, () => ({ type: 'record_branch', branch, base, head })),
};

export const recordPullRequest: Handlers['record_pull_request'] = {
  handle: async (context, { number, url, ...address }) =>
    await onTask(context, address, () => ({ type: 'record_pull_request', number, url })),
};

export const recordHead: Handlers['record_head'] = {
  prepare: async (engine, { caller }, input) => ({
    input: { ...input, unchanged: await sameChange(engine, caller.installation, input) },
  }),
  async handle(context, input) {
    const address = await taskByBranch(context.tx, context.caller.installation, input);
    return await onTask(context, address, () => ({
      type: 'record_head',
      head: input.head,
      by: input.by,
      unchanged: input.unchanged,
    }));
  },
};

export const recordChecks: Handlers['record_checks'] = {
  handle: async (context, { head, checks, ...address }) =>
    await onTask(context, address, () => ({ type: 'report_checks', head, checks })),
};

export const recordReview: Handlers['record_review'] = {
  async handle(context, input) {
    const address = await taskByPull(context.tx, context.caller.installation, input);
    const work = address === null ? null : await openRun(context.tx, address.run, { now: context.now });
    const task = address === null ? undefined : work?.tasks.get(address.task);
    if (work === null || task === undefined) return found(false);
    if (work.reviews.has(input.review)) return found(true);
    const review: Review = {
      id: input.review,
      run: work.run.id,
      installation: work.installation,
      task: task.number,
      by: input.by,
      agent: false,
      // A verdict of somebody who may not write is an opinion (TR-2).
      verdict: input.counts ? input.verdict : 'comment',
      head: input.head,
      // Its words stay on GitHub: agents are told only what people who may write want (TR-4).
      body: input.counts ? input.body : '',
      threads: input.counts ? input.threads : [],
      dismissed: false,
      submittedAt: context.now,
    };
    const enough = await approvedByEnough(context, work, review);
    return (
      (await commit(context, work, decide(task, { type: 'receive_review', review, enough }))) ?? found(true)
    );
  },
};

/** `review.people` different people approved this head, this review included. */
async function approvedByEnough(context: Context, work: RunWork, review: Review): Promise<boolean> {
  const repository = await repositoryById(context.tx, work.installation, work.run.repository);
  if (repository === null) return false;
  const policy = policyOf(repository);
  const standing = [...work.reviews.values(), review].filter(
    (row) =>
      row.task === review.task && row.head === review.head && !row.dismissed && row.verdict === 'approve',
  );
  const people = new Set(
    standing
      .map((row) => row.by)
      .filter((login) => policy.review.requesters_approval_counts || login !== work.run.requester),
  );
  return people.size >= policy.review.people;
}

export const recordReviewDismissed: Handlers['record_review_dismissed'] = {
  async handle(context, input) {
    const address = await taskByPull(context.tx, context.caller.installation, input);
    const work = address === null ? null : await openRun(context.tx, address.run, { now: context.now });
    const review = work?.reviews.get(input.review);
    if (work === null || review === undefined) return found(false);
    return (await commit(context, work, decideReview(review, { type: 'dismiss_review' }))) ?? found(true);
  },
};

export const recordMerge: Handlers['record_merge'] = {
  async handle(context, input) {
    const address = await taskByPull(context.tx, context.caller.installation, input);
    return await onTask(context, address, () => ({
      type: 'record_merge',
      commit: input.commit,
      by: input.by,
    }));
  },
};

export const recordClose: Handlers['record_close'] = {
  async handle(context, input) {
    const address = await taskByPull(context.tx, context.caller.installation, input);
    return await onTask(context, address, () => ({ type: 'record_close', by: input.by }));
  },
};

/** A run that is done or cancelled stays so; a failed one goes on with the task that came back. */
export const recordReopen: Handlers['record_reopen'] = {
  async handle(context, input) {
    const address = await taskByPull(context.tx, context.caller.installation, input);
    return await onTask(context, address, (_, { run }) =>
      run.state === 'done' || run.state === 'cancelled' ? null : { type: 'record_reopen', by: input.by },
    );
  },
};

export const recordBranchDeleted: Handlers['record_branch_deleted'] = {
  async handle(context, input) {
    const address = await taskByBranch(context.tx, context.caller.installation, input);
    return await onTask(context, address, () => ({ type: 'record_close', by: input.by }));
  },
};

export const recordPush: Handlers['record_push'] = {
  prepare: async (engine, { caller }, input) => ({
    input: {
      ...input,
      unchanged: input.refused === null && (await sameChange(engine, caller.installation, input)),
    },
  }),
  async handle(context, input) {
    const bundle = await bundleById(context.tx, context.caller.installation, input.bundle);
    if (bundle === null || bundle.state !== 'pending') return found(false);
    await settleBundle(context.tx, context.caller.installation, { id: bundle.id, refused: input.refused });
    const work = await openRun(context.tx, bundle.run, { now: context.now });
    const task = work?.tasks.get(bundle.task);
    if (work === null || task === undefined) return found(false);
    context.rings.add(runKey(work.run.id));
    const agent = work.sessions.get(bundle.session)?.agent ?? 'the agent';
    const decision: Event[] | Rejection =
      input.refused === null
        ? decide(task, { type: 'record_head', head: input.head, by: agent, unchanged: input.unchanged })
        : [{ type: 'push_refused', task: task.number, bundle: bundle.id, reason: input.refused }];
    return (await commit(context, work, decision)) ?? found(true);
  },
};

export const returnTask: Handlers['return_task'] = {
  handle: async (context, { reason, ...address }) =>
    await onTask(context, address, () => ({ type: 'return_to_work', reason })),
};

export const recordBlocked: Handlers['record_blocked'] = {
  handle: async (context, { reason, ...address }) =>
    await onTask(context, address, () => ({ type: 'record_blocked', reason })),
};

export const acceptUnproven: Handlers['accept_unproven'] = {
  handle: async (context, { head, ...address }) =>
    await onTask(context, address, (task) => (task.head === head ? { type: 'accept_unproven' } : null)),
};

export const expireQuestion: Handlers['expire_question'] = {
  async handle(context, input) {
    const work = await openRun(context.tx, input.run, { now: context.now });
    const question = work?.questions.get(input.question);
    if (work === null || question === undefined) return found(false);
    if (question.deadline === null || question.deadline > context.now) return found(false);
    return (
      (await commit(context, work, decideQuestion(question, { type: 'expire_question' }))) ?? found(true)
    );
  },
};

export const sweepRun: Handlers['sweep_run'] = {
  async handle(context, input) {
    const work = await openRun(context.tx, input.run, { now: context.now, skipLocked: true });
    if (work === null) return found(false);
    work.dispatchable = true;
    return (await commit(context, work, [])) ?? found(true);
  },
};

export const recordInstallation: Handlers['record_installation'] = {
  async handle({ tx, caller }, input) {
    await upsertInstallation(tx, {
      id: caller.installation,
      account: input.account,
      accountType: input.account_type,
      removed: input.removed,
    });
    return found(true);
  },
};

export const recordRepository: Handlers['record_repository'] = {
  async handle({ tx, caller }, input) {
    await upsertRepository(tx, {
      id: input.repository,
      installation: caller.installation,
      owner: input.owner,
      ownerId: input.owner_id ?? null,
      name: input.name,
      defaultBranch: input.default_branch ?? null,
      private: input.private ?? null,
      removed: input.removed,
    });
    return found(true);
  },
};

export const recordPolicy: Handlers['record_policy'] = {
  async handle(context, input) {
    const repository = await repositoryById(context.tx, context.caller.installation, input.repository);
    if (repository === null) return found(false);
    await storePolicy(context.tx, repository, input.text);
    const stuck = await requeueSessions(context, repository.id);
    if (stuck !== null) return stuck;
    // New agents or slots may serve what waits.
    for (const id of await runsWithReadyTasks(context.tx, context.caller.installation, repository.id)) {
      const work = await openRun(context.tx, id, { now: context.now, skipLocked: true });
      if (work === null) continue;
      work.dispatchable = true;
      const rejection = await commit(context, work, []);
      if (isRejection(rejection)) return rejection;
    }
    return found(true);
  },
};
