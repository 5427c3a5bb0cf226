/** Handlers of a task's work as GitHub has it: for people, for managers, and for agents that look at a sibling. */
import { isRejection, reject, type Rejection } from '../../domain/rejection.ts';
import { ref, type Task } from '../../domain/task.ts';
import type { RepositoryRow } from '../../../db/queries/runs.ts';
import { inTransaction } from '../../../db/transaction.ts';
import type { Engine, Handlers, Place } from '../handler.ts';
import { findTask, locateRun, type RunInput } from '../locate.ts';

/** As much as the worktree's own tools show. */
const largest = 256 * 1024;

type Found = { task: Task; base: string; repository: RepositoryRow };

async function find(engine: Engine, place: Place, input: RunInput): Promise<Found | Rejection> {
  const { caller, repository } = place;
  return await inTransaction(engine.db, { installation: caller.installation }, async (tx) => {
    const context = { engine, tx, now: engine.now(), caller, repository, rings: new Set<string>() };
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const task = findTask(context, work, input);
    if (isRejection(task)) return task;
    if (repository === null)
      return reject('not_found', 'The App is not installed on this repository any more.');
    // The base moves on when the task is merged into it: then what it began from shows the difference.
    const base = task.mergedCommit === null ? work.run.base : (task.base ?? work.run.base);
    return { task, base, repository };
  });
}

type Comparison = NonNullable<Awaited<ReturnType<Engine['github']['comparison']>>>;

async function compare(engine: Engine, place: Place, input: RunInput): Promise<Comparison | Rejection> {
  const found = await find(engine, place, input);
  if (isRejection(found)) return found;
  const { task, base, repository } = found;
  if (task.head === null)
    return reject('not_found', `${ref(task)} has no branch yet.`, { help: 'It gets one when it starts.' });
  const { installation } = place.caller;
  const comparison = await engine.github.comparison(installation, repository, { base, head: task.head });
  return (
    comparison ??
    reject('not_found', `GitHub has nothing at ${task.head.slice(0, 7)} any more.`, {
      help: 'Its branch was removed.',
    })
  );
}

export const readFile: Handlers['read_file'] = {
  async look(engine, place, input) {
    const { path } = input;
    if (path.startsWith('/') || path.split('/').some((part) => part === '..' || part === '.git'))
      return reject('not_permitted', `\`${path}\` is outside of the repository.`, {
        help: 'Use a path from the repository’s root.',
      });
    const found = await find(engine, place, input);
    if (isRejection(found)) return found;
    const { task, base, repository } = found;
    const at = { path, ref: task.head ?? base };
    const text = await engine.github.file(place.caller.installation, repository, at);
    if (text === null)
      return reject('not_found', `There is no file \`${path}\` in ${ref(task)}.`, {
        help: 'Paths start at the repository’s root.',
      });
    return { output: { path, content: text.slice(0, largest), truncated: text.length > largest } };
  },
};

export const getTaskDiff: Handlers['get_task_diff'] = {
  async look(engine, place, input) {
    const comparison = await compare(engine, place, input);
    if (isRejection(comparison)) return comparison;
    const wanted = comparison.files.filter(({ path }) => input.path === undefined || path === input.path);
    const diff = wanted
      .map(
        ({ path, patch }) =>
          `--- a/${path}\n+++ b/${path}\n${patch ?? '(GitHub shows no difference of this file)'}\n`,
      )
      .join('');
    return {
      output: { diff: diff.slice(0, largest), truncated: comparison.truncated || diff.length > largest },
    };
  },
};

export const getChangedFiles: Handlers['get_changed_files'] = {
  async look(engine, place, input) {
    const comparison = await compare(engine, place, input);
    if (isRejection(comparison)) return comparison;
    return { output: { files: comparison.files.map(({ path, status }) => ({ path, status })) } };
  },
};

export const getCommits: Handlers['get_commits'] = {
  async look(engine, place, input) {
    const comparison = await compare(engine, place, input);
    if (isRejection(comparison)) return comparison;
    const commits = comparison.commits.map(({ sha, message, at }) => ({
      sha,
      subject: (message.split('\n')[0] ?? '').slice(0, 500),
      at,
    }));
    return { output: { commits: commits.toReversed() } };
  },
};
