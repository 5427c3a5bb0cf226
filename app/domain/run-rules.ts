/** What may be asked of a run and how events change it, its tasks' counts included. */
import { evolve as evolveContracts } from './contract-rules.ts';
import type { Event } from './event.ts';
import { evolve as evolveManaging } from './managing-fold.ts';
import type { Plan } from './plan.ts';
import { reject, type Rejection } from './rejection.ts';
import { ended, type Run, type TaskCounts } from './run.ts';
import type { Instant, Micros } from './words.ts';

export type RunCommand =
  | { type: 'start_planning' }
  | { type: 'propose_plan'; plan: Plan }
  | { type: 'approve_run'; version: number; by: string }
  | { type: 'revise_run'; feedback: string; by: string }
  | { type: 'pause_run'; reason?: string }
  | { type: 'resume_run' }
  | { type: 'cancel_run'; reason: string }
  | { type: 'set_budget'; budget: Micros; by: string }
  | { type: 'settle_run' }
  | { type: 'reopen_run' };

/** Decides a command on a run. Pure; the caller holds the run's lock. */
export function decide(run: Run, command: RunCommand): Event[] | Rejection {
  switch (command.type) {
    case 'start_planning':
      return run.state === 'draft' ? [{ type: 'planning_started' }] : wrong(run, 'be planned');
    case 'propose_plan':
      if (run.state !== 'planning') return wrong(run, 'take a plan');
      return [{ type: 'plan_proposed', plan: command.plan, version: run.planVersion + 1 }];
    case 'approve_run':
      return approve(run, command.version, command.by);
    case 'revise_run':
      if (run.state !== 'awaiting_approval')
        return wrong(run, 'be revised', '`/entourage add`, `drop` and `edit` change a graph that runs.');
      return [{ type: 'plan_revision_requested', feedback: command.feedback, by: command.by }];
    case 'pause_run':
      return run.state === 'executing'
        ? [{ type: 'run_paused', reason: command.reason ?? null }]
        : wrong(run, 'be paused');
    case 'resume_run':
      if (run.state === 'paused') return [{ type: 'run_resumed' }];
      return wrong(
        run,
        'be resumed',
        run.state === 'failed' ? '`/entourage retry t1` starts a failed task again.' : undefined,
      );
    case 'cancel_run':
      if (ended(run)) return reject('already_done', `Run ${run.number} is ${run.state} already.`);
      return [{ type: 'run_cancelled', reason: command.reason }];
    case 'set_budget':
      if (ended(run)) return wrong(run, 'take another budget');
      return run.budget === command.budget
        ? []
        : [{ type: 'budget_set', task: null, budget: command.budget, by: command.by }];
    case 'settle_run':
      return settle(run);
    case 'reopen_run':
      return run.state === 'failed' ? [{ type: 'run_reopened' }] : [];
  }
}

function approve(run: Run, version: number, by: string): Event[] | Rejection {
  if (run.approvedBy !== null && run.state !== 'awaiting_approval') {
    return reject(
      'already_done',
      `The plan of run ${run.number} was approved already, by @${run.approvedBy}.`,
      { help: '`/entourage status`' },
    );
  }
  if (run.state !== 'awaiting_approval') return wrong(run, 'be approved');
  if (version !== run.planVersion) {
    return reject(
      'outdated_plan',
      `That was version ${version} of the plan; version ${run.planVersion} is the one that waits for approval.`,
      {
        help: 'Read the plan on the run card, then `/entourage approve`.',
        data: { version, current: run.planVersion },
      },
    );
  }
  return [{ type: 'run_approved', version, by }];
}

/** Ends the run when nothing can move any more: done, or failed with what blocks it. */
function settle(run: Run): Event[] {
  if (run.state !== 'executing' || run.tasks.total === 0) return [];
  const { total, done, cancelled, failed, moving } = run.tasks;
  if (done + cancelled === total) {
    return done > 0
      ? [{ type: 'run_done' }]
      : [{ type: 'run_cancelled', reason: 'Every task was cancelled.' }];
  }
  if (moving === 0 && failed + cancelled > 0) {
    return [
      {
        type: 'run_failed',
        reason: `Nothing can move: ${failed} failed, ${cancelled} cancelled, ${total - done - failed - cancelled} wait for them.`,
      },
    ];
  }
  return [];
}

function wrong(run: Run, verb: string, help?: string): Rejection {
  return reject(
    'wrong_state',
    `Run ${run.number} is ${run.state.replace('_', ' ')}; it can't ${verb} now.`,
    help === undefined ? { data: { state: run.state } } : { help, data: { state: run.state } },
  );
}

/** Folds one event into the run. Events of its tasks keep the counts and the cost. */
export function evolve(run: Run, event: Event, at: Instant): Run {
  const managing = evolveManaging(run.managing, event);
  return evolveRun(managing === run.managing ? run : { ...run, managing }, event, at);
}

function evolveRun(run: Run, event: Event, at: Instant): Run {
  switch (event.type) {
    case 'planning_started':
      return { ...run, state: 'planning' };
    case 'planner_asked': {
      const { version, model, why } = event;
      return { ...run, planner: { version, model, why, at } };
    }
    case 'plan_proposed': {
      const { plan, version } = event;
      return { ...run, state: 'awaiting_approval', plan, planVersion: version, planner: null };
    }
    case 'plan_revision_requested':
      return { ...run, state: 'planning', feedback: event.feedback };
    case 'run_approved':
      return { ...run, state: 'executing', approvedBy: event.by, approvedAt: at };
    case 'run_paused':
      return { ...run, state: 'paused', reason: event.reason };
    case 'run_resumed':
      return { ...run, state: 'executing', reason: null, endedAt: null };
    case 'run_reopened':
      // What was summed up is not the end any more.
      return { ...run, state: 'executing', reason: null, endedAt: null, summary: null };
    case 'run_summarized':
      return { ...run, summary: event.text };
    case 'run_cancelled':
      return { ...run, state: 'cancelled', reason: event.reason, endedAt: at };
    case 'run_failed':
      return { ...run, state: 'failed', reason: event.reason, endedAt: at };
    case 'run_done':
      return { ...run, state: 'done', endedAt: at };
    case 'task_added':
      return { ...run, tasks: { ...run.tasks, total: run.tasks.total + 1 } };
    case 'task_moved':
      return { ...run, tasks: recount(run.tasks, event.from, event.to) };
    case 'contract_set':
    case 'contract_locked':
      return { ...run, contracts: evolveContracts(run.contracts, event) };
    case 'budget_set':
      return event.task === null ? { ...run, budget: event.budget } : run;
    case 'planning_paid':
    case 'usage_recorded':
      return { ...run, cost: run.cost + event.delta, unpriced: run.unpriced + event.unpriced };
    default:
      return run;
  }
}

type Bucket = 'done' | 'cancelled' | 'failed' | 'moving' | null;

function bucket(state: string): Bucket {
  if (state === 'done' || state === 'cancelled' || state === 'failed') return state;
  return state === 'todo' ? null : 'moving';
}

function recount(counts: TaskCounts, from: string, to: string): TaskCounts {
  const next = { ...counts };
  const left = bucket(from);
  const entered = bucket(to);
  if (left !== null) next[left] -= 1;
  if (entered !== null) next[entered] += 1;
  return next;
}
