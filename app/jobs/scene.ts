/** The state of a run as it is now: what every effect looks at before it touches GitHub. */
import { loadQuestions, loadRun, loadSessions, loadTasks } from '../../db/entities.ts';
import { repositoryById, type RepositoryRow } from '../../db/queries/runs.ts';
import type { Policy } from '../domain/policy.ts';
import type { Question } from '../domain/question.ts';
import type { Run } from '../domain/run.ts';
import type { Session } from '../domain/session.ts';
import type { Task } from '../domain/task.ts';
import { policyOf } from '../engine/policy-of.ts';
import { read, type Work } from './context.ts';

export type Scene = {
  run: Run;
  tasks: Task[];
  sessions: Session[];
  questions: Question[];
  repository: RepositoryRow;
  policy: Policy;
};

/** Null when the run, or the App's access to its repository, is gone: there is nothing to show it on. */
export async function loadScene(work: Work, id: string): Promise<Scene | null> {
  return await read(work, async (tx) => {
    const run = await loadRun(tx, id);
    const repository = run === null ? null : await repositoryById(tx, work.installation, run.repository);
    if (run === null || repository === null) return null;
    return {
      run,
      repository,
      policy: policyOf(repository),
      tasks: await loadTasks(tx, id),
      sessions: await loadSessions(tx, id),
      questions: await loadQuestions(tx, id),
    };
  });
}

export const taskOf = (scene: Scene | null, number: number): Task | undefined =>
  scene?.tasks.find((task) => task.number === number);
