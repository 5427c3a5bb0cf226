/** Tasks in review go to the reviewer agent first (RE-2): opened once a head, read in a session of its own; people never wait for it. */
import { awaited } from '../domain/agent-review.ts';
import { closeReview, openReview } from '../domain/agent-review-rules.ts';
import { usualCost } from '../domain/estimate.ts';
import type { Event } from '../domain/event.ts';
import type { Policy } from '../domain/policy.ts';
import { reviewerOf } from '../domain/reviewer.ts';
import type { Task } from '../domain/task.ts';
import { liveSessions, type RepositoryRow } from '../../db/queries/runs.ts';
import { agentLoads } from '../../db/queries/slots.ts';
import { apply } from './follow.ts';
import type { Context } from './handler.ts';
import { shareFor } from './money.ts';
import { queueSession } from './new-session.ts';
import { policyOf } from './policy-of.ts';
import { reviewSession } from './review-sessions.ts';
import type { RunWork } from './run-work.ts';

/** Opens the review of every head in review, and gives those that wait to the reviewer while it has a slot. */
export async function reviewIfNeeded(
  context: Context,
  work: RunWork,
  repository: RepositoryRow,
): Promise<void> {
  if (work.run.state !== 'executing') return;
  const policy = policyOf(repository);
  const reviewer = reviewerOf(policy);
  for (const { number } of [...work.tasks.values()].filter((task) => task.state === 'in_review')) {
    const decision = opened(taskOf(work, number), { reviewer, policy });
    if (decision.length > 0) apply(work, decision, policy);
    const task = taskOf(work, number);
    if (reviewer === null || 'missing' in reviewer || !waits(work, task)) continue;
    const share = await shareFor(context, work, { task, policy, wanted: usualCost.review });
    if ('waits' in share) {
      // What others have set aside comes free when they end; what is used up does not.
      if (share.usedUp) apply(work, closeReview(task, share.waits), policy);
    } else if (await mayStart(context, work, { repository, policy }))
      await queueSession(context, work, {
        kind: 'review',
        task: number,
        fencing: task.fencing + 1,
        agent: reviewer,
        policy,
        reserved: share.reserved,
      });
  }
}

function taskOf(work: RunWork, number: number): Task {
  const task = work.tasks.get(number);
  if (task === undefined) throw new Error(`run ${work.run.id} has no task ${number}`);
  return task;
}

type Reviewer = { reviewer: ReturnType<typeof reviewerOf>; policy: Policy };

function opened(task: Task, { reviewer, policy }: Reviewer): Event[] {
  if (reviewer !== null && !('missing' in reviewer)) {
    return openReview(task, { agent: reviewer.name, rounds: policy.review.rounds });
  }
  // The policy has changed since it was opened.
  return awaited(task.agentReview, task.head) && task.agentReview.state === 'waiting'
    ? closeReview(task, 'the policy has no reviewer any more')
    : [];
}

/** Not before the session that did the work is over: two on one task would be one too many. */
const waits = (work: RunWork, task: Task): boolean =>
  awaited(task.agentReview, task.head) &&
  task.agentReview.state === 'waiting' &&
  task.session === null &&
  reviewSession(work, task.number) === undefined;

async function mayStart(
  context: Context,
  work: RunWork,
  { repository, policy }: { repository: RepositoryRow; policy: Policy },
): Promise<boolean> {
  const { all } = await liveSessions(context.tx, work.installation, work.run.id);
  const loads = await agentLoads(context.tx, work.installation, repository.id);
  const busy = loads.reduce((sum, load) => sum + load.busy, 0);
  return all < context.engine.ceilings.sessions && busy < policy.limits.max_agents;
}
