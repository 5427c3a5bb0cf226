/** Handlers of runs: start, plan, approve, steer, read. */
import { taskNumber } from '../../catalog/refs.ts';
import { actorName, loginOf } from '../../domain/actor.ts';
import { checkPlan, sharedFiles, type Plan } from '../../domain/plan.ts';
import { isRejection, reject, type Rejection } from '../../domain/rejection.ts';
import { decide, type RunCommand } from '../../domain/run-rules.ts';
import type { Run } from '../../domain/run.ts';
import { decide as decideTask } from '../../domain/task-rules.ts';
import type { Event } from '../../domain/event.ts';
import { guessTemplate } from '../../domain/templates.ts';
import { priorityOf } from '../../domain/priority.ts';
import { micros } from '../../domain/words.ts';
import { readEvents } from '../../../db/events.ts';
import { listRunIds, nextRunNumber, repositoryById, type RepositoryRow } from '../../../db/queries/runs.ts';
import { loadRun } from '../../../db/entities.ts';
import { commit } from '../commit.ts';
import type { Context, Engine, Handlers } from '../handler.ts';
import { callingSession, locateRun, type RunInput } from '../locate.ts';
import { autoApproval } from '../planning.ts';
import { ensurePolicy } from '../policy-source.ts';
import { policyOf } from '../policy-of.ts';
import { newRun, type RunWork } from '../run-work.ts';
import { runView, taskView, timelineEntry } from '../views.ts';

type Start = {
  issue: number;
  title: string;
  intent: string;
  template: Run['template'];
  labels: readonly string[];
  budgetUsd?: number | undefined;
  maxParallel?: number | undefined;
  base?: string | undefined;
  yes: boolean;
};

export const createRun: Handlers['create_run'] = {
  prepare: async (engine, scope) => await readPolicy(engine, scope.repository),
  async handle(context, input) {
    const title = input.title ?? input.intent ?? '';
    if (title === '')
      return reject('invalid_input', 'A run needs an intent or a title.', {
        help: 'Write `/entourage run <what you want>`.',
      });
    const intent = input.intent ?? title;
    const start: Start = {
      issue: input.issue,
      title,
      intent,
      labels: input.labels,
      template: input.template ?? guessTemplate(input.labels, `${title}\n${intent}`),
      budgetUsd: input.budget_usd,
      maxParallel: input.max_parallel,
      base: input.base,
      yes: input.yes,
    };
    const work = await begin(context, start);
    if (isRejection(work)) return work;
    const rejection = await commit(context, work, [
      { type: 'run_created', run: work.run },
      { type: 'planning_started' },
    ]);
    return rejection ?? answer(context, work);
  },
};

export const dispatch: Handlers['dispatch'] = {
  prepare: async (engine, scope) => await readPolicy(engine, scope.repository),
  async handle(context, input) {
    const title = oneLine(input.title ?? input.prompt);
    const work = await begin(context, {
      issue: input.issue,
      title,
      intent: input.prompt,
      template: 'custom',
      labels: input.labels,
      yes: true,
    });
    if (isRejection(work)) return work;
    const plan: Plan = {
      tasks: [
        {
          title,
          why: '',
          description: input.prompt.slice(0, 8_000),
          acceptance: [],
          size: 'M',
          priority: 'medium',
          role: 'engineer',
          capabilities: [],
          files: [],
          agent: input.agent ?? null,
          depends_on: [],
        },
      ],
      by: 'dispatch',
      source: 'dispatch',
      note: '',
    };
    const rejection = await commit(context, work, [
      { type: 'run_created', run: work.run },
      { type: 'planning_started' },
      { type: 'plan_proposed', version: 1, plan },
      { type: 'run_approved', version: 1, by: work.run.requester },
    ]);
    return rejection ?? answer(context, work);
  },
};

/** A run is bound by the policy from its first moment. */
async function readPolicy(engine: Engine, repository: RepositoryRow | null): Promise<void> {
  if (repository !== null) await ensurePolicy(engine, repository);
}

const oneLine = (text: string): string =>
  (text.split('\n').find((line) => line.trim() !== '') ?? text)
    .replaceAll(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, 100) || 'Task';

/** A new run in draft, within the ceilings: a request may lower the policy's limits, never raise them. */
async function begin(context: Context, start: Start): Promise<RunWork | Rejection> {
  const { engine, caller, tx } = context;
  if (context.repository === null)
    return reject('invalid_input', 'A run needs a repository.', { help: 'Give `repository` as owner/name.' });
  if (caller.actor.kind !== 'person') return reject('not_permitted', 'Only a person starts a run.');
  const repository = await repositoryById(tx, caller.installation, context.repository.id);
  if (repository === null)
    return reject('not_found', 'The App is not installed on this repository any more.');
  const policy = policyOf(repository);
  const cap = Math.min(micros(policy.budget.run_usd), engine.ceilings.runBudget);
  const run: Run = {
    id: engine.uuid(),
    installation: caller.installation,
    repository: repository.id,
    number: await nextRunNumber(tx, caller.installation, repository.id),
    issue: start.issue,
    intent: start.intent,
    title: oneLine(start.title),
    template: start.template,
    priority: priorityOf(start.labels),
    state: 'draft',
    requester: caller.actor.login,
    base:
      start.base ?? (policy.branches.base === 'default' ? repository.defaultBranch : policy.branches.base),
    budget: Math.min(start.budgetUsd === undefined ? cap : micros(start.budgetUsd), cap),
    maxParallel: Math.min(start.maxParallel ?? policy.limits.max_parallel, policy.limits.max_parallel),
    autoApprove: start.yes,
    plan: null,
    planVersion: 0,
    feedback: null,
    approvedBy: null,
    approvedAt: null,
    tasks: { total: 0, done: 0, cancelled: 0, failed: 0, moving: 0 },
    cost: 0,
    reason: null,
    createdAt: context.now,
    endedAt: null,
  };
  return newRun(tx, run);
}

function answer(context: Context, work: RunWork): { output: { run: ReturnType<typeof runView> } } {
  const repository = context.repository ?? { owner: '?', name: '?' };
  return { output: { run: runView(work.run, repository) } };
}

export const setRunTaskGraph: Handlers['set_run_task_graph'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const session = context.caller.actor.kind === 'agent' ? callingSession(context, work) : null;
    if (isRejection(session)) return session;
    const repository = await repositoryById(context.tx, work.installation, work.run.repository);
    if (repository === null)
      return reject('not_found', 'The App is not installed on this repository any more.');
    const policy = policyOf(repository);
    const problem = checkPlan(input.tasks, policy.plan.max_tasks);
    if (problem !== null) return problem;
    const plan: Plan = {
      tasks: input.tasks,
      by: session === null ? input.by : 'manager',
      source: session?.agent ?? input.source ?? input.by,
      note: input.note,
    };
    const decision = decide(work.run, { type: 'propose_plan', plan });
    if (isRejection(decision)) return decision;
    const rejection = await commit(context, work, [...decision, ...autoApproval(work, policy)]);
    if (rejection !== null) return rejection;
    const warnings = sharedFiles(plan.tasks).map(
      ({ first, second, files }) =>
        `t${first} and t${second} expect to touch ${files.join(', ')} and don’t wait for each other`,
    );
    return { output: { ...answer(context, work).output, warnings } };
  },
};

/** One command on the run, decided by the domain. */
async function steer(
  context: Context,
  input: RunInput,
  command: RunCommand | ((run: Run) => RunCommand),
): Promise<Rejection | { output: { run: ReturnType<typeof runView> } }> {
  const work = await locateRun(context, input);
  if (isRejection(work)) return work;
  const rejection = await commit(
    context,
    work,
    decide(work.run, typeof command === 'function' ? command(work.run) : command),
  );
  return rejection ?? answer(context, work);
}

export const approveRun: Handlers['approve_run'] = {
  handle: async (context, input) =>
    await steer(context, input, (run) => ({
      type: 'approve_run',
      version: input.version ?? run.planVersion,
      by: loginOf(context.caller.actor),
    })),
};
export const reviseRun: Handlers['revise_run'] = {
  handle: async (context, input) =>
    await steer(context, input, {
      type: 'revise_run',
      feedback: input.feedback,
      by: loginOf(context.caller.actor),
    }),
};
export const pauseRun: Handlers['pause_run'] = {
  handle: async (context, input) => await steer(context, input, { type: 'pause_run' }),
};
export const resumeRun: Handlers['resume_run'] = {
  handle: async (context, input) => await steer(context, input, { type: 'resume_run' }),
};
export const cancelRun: Handlers['cancel_run'] = {
  handle: async (context, input) =>
    await steer(context, input, {
      type: 'cancel_run',
      reason: input.reason || `cancelled by ${actorName(context.caller.actor)}`,
    }),
};

export const retryRun: Handlers['retry_run'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const failed = [...work.tasks.values()].filter((task) => task.state === 'failed');
    if (failed.length === 0)
      return reject('wrong_state', `Run ${work.run.number} has no failed task.`, {
        help: '`/entourage retry t3` retries a cancelled one.',
      });
    const events: Event[] = [];
    for (const task of failed) {
      const decision = decideTask(task, { type: 'retry_task', by: actorName(context.caller.actor) });
      if (isRejection(decision)) return decision;
      events.push(...decision);
    }
    return (await commit(context, work, events)) ?? answer(context, work);
  },
};

export const getRun: Handlers['get_run'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    return isRejection(work) ? work : answer(context, work);
  },
};

export const listRuns: Handlers['list_runs'] = {
  async handle(context, input) {
    const { repository, tx, caller } = context;
    if (repository === null)
      return reject('invalid_input', 'Which repository?', { help: 'Give `repository` as owner/name.' });
    const before = input.cursor === undefined ? null : Number(input.cursor);
    if (before !== null && !Number.isSafeInteger(before))
      return reject('invalid_input', 'That cursor is none of ours.');
    const ids = await listRunIds(tx, caller.installation, {
      repository: repository.id,
      limit: input.limit,
      before,
    });
    const runs: Run[] = [];
    for (const id of ids) {
      const run = await loadRun(tx, id);
      if (run !== null) runs.push(run);
    }
    const last = runs.length === input.limit ? runs.at(-1) : undefined;
    return {
      output: {
        runs: runs.map((run) => runView(run, repository)),
        cursor: last === undefined ? null : String(last.number),
      },
    };
  },
};

export const getRunTasks: Handlers['get_run_tasks'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    return { output: { tasks: [...work.tasks.values()].map((task) => taskView(task, work.run)) } };
  },
};

export const getTimeline: Handlers['get_timeline'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const task = input.task === undefined ? undefined : taskNumber(input.task);
    if (task !== undefined && !work.tasks.has(task))
      return reject('not_found', `Run ${work.run.number} has no task ${input.task}.`);
    const events = await readEvents(context.tx, work.run.id, {
      limit: input.limit,
      ...(input.cursor === undefined ? {} : { after: input.cursor }),
      ...(task === undefined ? {} : { task }),
    });
    const last = events.length === input.limit ? events.at(-1) : undefined;
    return { output: { events: events.map(timelineEntry), cursor: last?.id ?? null } };
  },
};
