/** Handlers of runs: plan, approve, steer, read. */
import { taskNumber } from '../../catalog/refs.ts';
import { actorName, loginOf } from '../../domain/actor.ts';
import { checkPlan, sharedFiles, type Plan } from '../../domain/plan.ts';
import { inferDependencies } from '../../domain/infer-dependencies.ts';
import { isRejection, reject, type Rejection } from '../../domain/rejection.ts';
import { decide, type RunCommand } from '../../domain/run-rules.ts';
import type { Run } from '../../domain/run.ts';
import { decide as decideTask } from '../../domain/task-rules.ts';
import type { Event } from '../../domain/event.ts';
import { readEvents } from '../../../db/events.ts';
import { listRunIds } from '../../../db/queries/runs.ts';
import { leasesOf } from '../../../db/queries/sessions.ts';
import { loadRun } from '../../../db/entities.ts';
import { commit } from '../commit.ts';
import type { Context, Handlers } from '../handler.ts';
import { callingSession, locateRun, type RunInput } from '../locate.ts';
import { autoApproval } from '../planning.ts';
import { policyOfRun } from '../policy-of.ts';
import { runOutput, runView, sessionView, taskView, timelineEntry } from '../views.ts';

export const setRunTaskGraph: Handlers['set_run_task_graph'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const session = context.caller.actor.kind === 'agent' ? callingSession(context, work) : null;
    if (isRejection(session)) return session;
    const policy = await policyOfRun(context, work);
    if (isRejection(policy)) return policy;
    const problem = checkPlan(input.tasks, policy.plan.max_tasks);
    if (problem !== null) return problem;
    const { tasks, inferred } = inferDependencies(input.tasks);
    const plan: Plan = {
      tasks,
      ...(inferred.length === 0 ? {} : { inferred }),
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
    return { output: { ...runOutput(context, work).output, warnings } };
  },
};

/** One command on the run, decided by the domain. */
async function steer(
  context: Context,
  input: RunInput,
  command: RunCommand | ((run: Run) => RunCommand),
): Promise<Rejection | ReturnType<typeof runOutput>> {
  const work = await locateRun(context, input);
  if (isRejection(work)) return work;
  const rejection = await commit(
    context,
    work,
    decide(work.run, typeof command === 'function' ? command(work.run) : command),
  );
  return rejection ?? runOutput(context, work);
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
    return (await commit(context, work, events)) ?? runOutput(context, work);
  },
};

export const getRun: Handlers['get_run'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const leases = await leasesOf(context.tx, work.installation, work.run.id);
    const sessions = [...work.sessions.values()]
      .filter(({ state }) => state !== 'ended')
      .map((session) => sessionView(session, leases.find((lease) => lease.session === session.id) ?? null));
    return { output: { ...runOutput(context, work).output, sessions } };
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
