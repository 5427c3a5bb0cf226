/** Handlers of the graph's changes by people and managers, of the manager's waiting and of its summary. */
import { taskNumber } from '../../catalog/refs.ts';
import { actorName } from '../../domain/actor.ts';
import type { Decision } from '../../domain/decision.ts';
import * as rules from '../../domain/graph-rules.ts';
import { agentMay, retriedByManager } from '../../domain/manager-limits.ts';
import type { PlannedTask } from '../../domain/plan.ts';
import { isRejection, reject, type Rejection } from '../../domain/rejection.ts';
import { terminal, type Task } from '../../domain/task.ts';
import { runKey } from '../bell.ts';
import { commit } from '../commit.ts';
import { mustBeEngineers } from '../engineers.ts';
import type { Context, Handlers } from '../handler.ts';
import { callingSession, findTask, locateRun, type RunInput } from '../locate.ts';
import { policyOfRun } from '../policy-of.ts';
import type { RunWork } from '../run-work.ts';
import { taskView } from '../views.ts';

/** The run, where the caller may change its graph: a person, or a manager whose session lives. */
async function locate(context: Context, input: RunInput): Promise<RunWork | Rejection> {
  const work = await locateRun(context, input);
  if (isRejection(work) || context.caller.session === undefined) return work;
  const session = callingSession(context, work);
  return isRejection(session) ? session : work;
}

const isAgent = ({ caller }: Context): boolean => caller.actor.kind === 'agent';

type Change = (at: { work: RunWork; task: Task; by: string }) => Decision | Promise<Decision>;

/** One change of one task, answered with the task as it is then. */
async function change(
  context: Context,
  input: RunInput,
  decide: Change,
): Promise<Rejection | { output: { task: ReturnType<typeof taskView> } }> {
  const work = await locate(context, input);
  if (isRejection(work)) return work;
  const task = findTask(context, work, input);
  if (isRejection(task)) return task;
  const by = actorName(context.caller.actor);
  const decision = await decide({ work, task, by });
  const rejection = await commit(context, work, decision);
  return rejection ?? { output: { task: taskView(work.tasks.get(task.number) ?? task, work.run) } };
}

type Addition = {
  tasks: readonly (Omit<PlannedTask, 'depends_on'> & { depends_on: readonly (string | number)[] })[];
  before: readonly string[];
};

async function add(context: Context, input: RunInput, { tasks, before }: Addition) {
  const work = await locate(context, input);
  if (isRejection(work)) return work;
  const policy = await policyOfRun(context, work);
  if (isRejection(policy)) return policy;
  const unknown = mustBeEngineers(
    policy,
    tasks.map(({ agent }) => agent),
  );
  if (unknown !== null) return unknown;
  const first = work.tasks.size + 1;
  const decision = rules.addTasks(work, {
    tasks: tasks.map(({ depends_on, ...task }) => ({
      ...task,
      dependsOn: depends_on.map((one) =>
        typeof one === 'number' ? { position: one } : { task: taskNumber(one) },
      ),
    })),
    before: before.map(taskNumber),
    maxTasks: policy.plan.max_tasks,
    by: actorName(context.caller.actor),
    at: context.now,
  });
  const rejection = await commit(context, work, decision);
  if (rejection !== null) return rejection;
  return tasks.flatMap((_, index) => {
    const task = work.tasks.get(first + index);
    return task === undefined ? [] : [taskView(task, work.run)];
  });
}

export const createTask: Handlers['create_task'] = {
  async handle(context, input) {
    const { repository: _, run, before, ...task } = input;
    const added = await add(context, { run }, { tasks: [task], before });
    if (isRejection(added)) return added;
    const [made] = added;
    if (made === undefined) throw new Error('a task was added, and none is there');
    return { output: { task: made } };
  },
};

export const createTasksBatch: Handlers['create_tasks_batch'] = {
  async handle(context, input) {
    const added = await add(context, input, { tasks: input.tasks, before: [] });
    return isRejection(added) ? added : { output: { tasks: added } };
  },
};

export const updateTask: Handlers['update_task'] = {
  handle: async (context, input) => {
    const { repository: _, run: __, task: ___, ...changes } = input;
    return await change(context, input, ({ work, task, by }) => rules.change(work, { task, changes, by }));
  },
};

export const assignTask: Handlers['assign_task'] = {
  handle: async (context, input) =>
    await change(context, input, async ({ work, task, by }) => {
      const policy = await policyOfRun(context, work);
      if (isRejection(policy)) return policy;
      const unknown = mustBeEngineers(policy, [input.agent]);
      if (unknown !== null) return unknown;
      // Another agent may be free.
      work.dispatchable = true;
      return rules.change(work, { task, changes: { agent: input.agent }, by });
    }),
};

/** What a person may stop or start again, and an agent only where no person decided. */
function asked(
  context: Context,
  { work, task }: { work: RunWork; task: Task },
  wanted: 'stop' | 'retry',
): Rejection | null {
  return isAgent(context) ? agentMay(work.run, task, wanted) : null;
}

const words = (reason: string, verb: string, by: string): string => reason || `${verb} by ${by}`;

export const cancelTask: Handlers['cancel_task'] = {
  handle: async (context, input) =>
    await change(
      context,
      input,
      (at) =>
        asked(context, at, 'stop') ??
        rules.changeStatus(at.task, {
          status: 'cancelled',
          reason: words(input.reason, 'cancelled', at.by),
          by: at.by,
        }),
    ),
};

const retried = (context: Context, at: { task: Task; by: string }, decision: Decision): Decision =>
  isAgent(context) ? retriedByManager(at.task, at.by, decision) : decision;

export const retryTask: Handlers['retry_task'] = {
  handle: async (context, input) =>
    await change(
      context,
      input,
      (at) => asked(context, at, 'retry') ?? retried(context, at, rules.retry(at.task, at.by)),
    ),
};

export const changeTaskStatus: Handlers['change_task_status'] = {
  handle: async (context, input) =>
    await change(context, input, (at) => {
      const { status } = input;
      const refused =
        rules.mayEdit(at.work.run) ??
        (status === 'todo' ? null : asked(context, at, status === 'ready' ? 'retry' : 'stop'));
      if (refused !== null) return refused;
      const verb = status === 'todo' ? 'held back' : status === 'ready' ? 'released' : 'cancelled';
      const wanted = { status, reason: words(input.reason, verb, at.by), by: at.by };
      const decision = rules.changeStatus(at.task, wanted);
      return at.task.state === 'failed' && status === 'ready' ? retried(context, at, decision) : decision;
    }),
};

export const dropTask: Handlers['drop_task'] = {
  handle: async (context, input) =>
    await change(
      context,
      input,
      (at) =>
        asked(context, at, 'stop') ??
        rules.drop(at.work, { task: at.task, reason: words(input.reason, 'dropped', at.by), by: at.by }),
    ),
};

export const linkTasks: Handlers['link_tasks'] = {
  handle: async (context, input) =>
    await change(context, input, ({ work, task, by }) =>
      rules.link(work, { task: task.number, dependency: taskNumber(input.depends_on), by }),
    ),
};

export const unlinkTasks: Handlers['unlink_tasks'] = {
  handle: async (context, input) =>
    await change(context, input, ({ work, task, by }) =>
      rules.unlink(work, { task: task.number, dependency: taskNumber(input.depends_on), by }),
    ),
};

export const waitForTaskCompletion: Handlers['wait_for_task_completion'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const wanted = input.tasks.length === 0 ? [...work.tasks.values()] : [];
    for (const name of input.tasks) {
      const task = findTask(context, work, { task: name });
      if (isRejection(task)) return task;
      wanted.push(task);
    }
    const left = wanted.filter((task) => !terminal(task));
    const output = {
      pending: left.length > 0,
      tasks: wanted.map((task) => ({ task: `t${task.number}`, state: task.state, reason: task.reason })),
      next:
        left.length === 0
          ? 'All of them are over.'
          : 'Call wait_for_task_completion again to wait on, or end your session: you are woken when one fails.',
    };
    return left.length === 0 ? { output } : { pending: output, until: [runKey(work.run.id)] };
  },
};

export const summarizeRun: Handlers['summarize_run'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const session = callingSession(context, work);
    if (isRejection(session)) return session;
    if (session.kind !== 'manage')
      return reject('wrong_state', `A ${session.kind} session sums nothing up.`, {
        help: 'The manager is woken at the run’s end, and sums up then.',
      });
    const { text } = input;
    const summed: Decision =
      work.run.summary === text ? [] : [{ type: 'run_summarized', text, by: session.agent }];
    return (await commit(context, work, summed)) ?? { output: { summarized: true } };
  },
};
