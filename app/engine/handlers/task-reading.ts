/** Handlers that read tasks: lists, events, dependents, the pull request, and why a task does not run. */
import { setAside } from '../../domain/budget.ts';
import { estimate } from '../../domain/estimate.ts';
import { explainTask, type ExplainInput } from '../../domain/explain.ts';
import { isRejection, reject } from '../../domain/rejection.ts';
import type { Run } from '../../domain/run.ts';
import { ref, terminal, type Task } from '../../domain/task.ts';
import { loadRun, loadTasks } from '../../../db/entities.ts';
import { readEvents } from '../../../db/events.ts';
import { listTaskAddresses } from '../../../db/queries/task-list.ts';
import { liveSessions, reviewsWaiting } from '../../../db/queries/runs.ts';
import { candidates, costHistory } from '../dispatch.ts';
import type { Handlers } from '../handler.ts';
import { findTask, locateRun } from '../locate.ts';
import { capsOf } from '../money.ts';
import { policyOf } from '../policy-of.ts';
import { pullView, taskView, timelineEntry } from '../views.ts';

const unknownCursor = reject('invalid_input', 'That cursor is none of ours.', {
  help: 'Give the `cursor` of the last answer, or none for the beginning.',
});

export const listTasks: Handlers['list_tasks'] = {
  async handle(context, input) {
    const { repository, tx, caller } = context;
    if (repository === null)
      return reject('invalid_input', 'Which repository?', { help: 'Give `repository` as owner/name.' });
    const after = /^(\d{1,9})\/(\d{1,9})$/.exec(input.cursor ?? '0/0');
    if (after === null) return unknownCursor;
    // Agents reach their own run only; that is said by the same rule as everywhere.
    const own =
      caller.session === undefined && input.run === undefined ? null : await locateRun(context, input);
    if (isRejection(own)) return own;
    const rows = await listTaskAddresses(tx, caller.installation, {
      repository: repository.id,
      run: own?.run.id ?? null,
      state: input.state ?? null,
      agent: input.agent ?? null,
      after: input.cursor === undefined ? null : { run: Number(after[1]), task: Number(after[2]) },
      limit: input.limit,
    });
    const runs = new Map<string, { run: Run; tasks: Task[] }>();
    for (const id of new Set(rows.map((row) => row.run))) {
      const run = await loadRun(tx, id);
      if (run !== null) runs.set(id, { run, tasks: await loadTasks(tx, id) });
    }
    const tasks = rows.flatMap((row) => {
      const found = runs.get(row.run);
      const task = found?.tasks.find(({ number }) => number === row.task);
      return found === undefined || task === undefined ? [] : taskView(task, found.run);
    });
    const last = rows.length === input.limit ? rows.at(-1) : undefined;
    return { output: { tasks, cursor: last === undefined ? null : `${last.number}/${last.task}` } };
  },
};

export const getTaskEvents: Handlers['get_task_events'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const task = findTask(context, work, input);
    if (isRejection(task)) return task;
    if (input.cursor !== undefined && !/^\d{1,18}$/.test(input.cursor)) return unknownCursor;
    const events = await readEvents(context.tx, work.run.id, {
      limit: input.limit,
      task: task.number,
      ...(input.cursor === undefined ? {} : { after: input.cursor }),
    });
    const last = events.length === input.limit ? events.at(-1) : undefined;
    return { output: { events: events.map(timelineEntry), cursor: last?.id ?? null } };
  },
};

export const getDependentTasks: Handlers['get_dependent_tasks'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const task = findTask(context, work, input);
    if (isRejection(task)) return task;
    const tasks = [...work.tasks.values()];
    const all = new Set<number>([task.number]);
    for (let size = 0; size < all.size;) {
      size = all.size;
      for (const next of tasks) if (next.dependsOn.some((number) => all.has(number))) all.add(next.number);
    }
    all.delete(task.number);
    return {
      output: {
        tasks: tasks
          .filter((next) => next.dependsOn.includes(task.number))
          .map((next) => taskView(next, work.run)),
        all: [...all].sort((one, other) => one - other).map((number) => `t${number}`),
      },
    };
  },
};

export const getPrInfo: Handlers['get_pr_info'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const task = findTask(context, work, input);
    if (isRejection(task)) return task;
    return { output: { pull: pullView(task, work.run, [...work.reviews.values()]) } };
  },
};

export const createPr: Handlers['create_pr'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const task = findTask(context, work, input);
    if (isRejection(task)) return task;
    if (task.pull === null)
      return reject('unavailable', `The pull request of ${ref(task)} is being opened.`, {
        help: 'Go on working; push_branch needs none. get_pr_info shows it in a moment.',
      });
    return { output: { pull: pullView(task, work.run, [...work.reviews.values()]) } };
  },
};

export const explain: Handlers['explain'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const { repository, engine, tx } = context;
    if (repository === null)
      return reject('not_found', 'The App is not installed on this repository any more.');
    const one = input.task === undefined ? null : findTask(context, work, input);
    if (isRejection(one)) return one;
    const policy = policyOf(repository);
    const facts: Omit<ExplainInput, 'task' | 'share'> = {
      run: work.run,
      policy,
      agents: await candidates(context, repository, policy),
      sessions: await liveSessions(tx, work.installation, work.run.id),
      reviews: await reviewsWaiting(tx, work.installation, repository.id),
      ceiling: engine.ceilings.sessions,
    };
    const asked = one === null ? [...work.tasks.values()].filter((task) => !terminal(task)) : [one];
    const history = await costHistory(context, repository);
    const tasks = [];
    for (const task of asked) {
      const share = setAside(await capsOf(context, work, { task, policy }), estimate(task.size, history));
      tasks.push({ task: ref(task), state: task.state, ...explainTask({ ...facts, task, share }) });
    }
    return { output: { tasks } };
  },
};
