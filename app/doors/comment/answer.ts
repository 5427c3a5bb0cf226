/** What a command answers in Markdown, when a reaction is not enough: status, tasks. Others' words in it are made harmless. */
import { z } from 'zod';
import { RunView, SessionView, TaskView } from '../../catalog/views.ts';
import { costWords, dollars, micros } from '../../domain/words.ts';
import { plain } from '../../github/render/plain.ts';

const OneRun = z.object({ run: RunView, sessions: z.array(SessionView) });
const Tasks = z.object({ tasks: z.array(TaskView) });

/** Null: the reaction and the card say it all. */
export function answerOf(operation: string, output: unknown): string | null {
  if (operation === 'get_run') {
    const parsed = OneRun.safeParse(output);
    return parsed.success ? status(parsed.data) : null;
  }
  if (operation === 'get_run_tasks') {
    const parsed = Tasks.safeParse(output);
    return parsed.success ? tasks(parsed.data.tasks) : null;
  }
  return null;
}

function status({ run, sessions }: z.infer<typeof OneRun>): string {
  const { total, done } = run.tasks;
  const progress = total === 0 ? '' : `, ${done} of ${total} done`;
  const reason = run.reason === null ? '' : ` ${plain(run.reason, 500)}`;
  const now = sessions.map(
    ({ task, kind, agent, doing }) => `\n- ${task ?? kind}, ${plain(agent, 60)}: ${plain(doing, 200)}`,
  );
  return `Run ${run.run} is ${run.state.replace('_', ' ')}${progress}; ${spentOf(run)} of ${dollars(micros(run.budget_usd))}.${reason}${now.length === 0 ? '' : `\n${now.join('')}`}`;
}

const spentOf = (view: RunView): string =>
  costWords({ cost: micros(view.cost_usd), unpriced: view.unpriced_tokens });

function tasks(list: readonly TaskView[]): string {
  if (list.length === 0) return 'This run has no tasks yet: its plan waits for approval.';
  return list
    .map(
      (task) =>
        `- ${task.task} ${plain(task.title)}: ${task.state.replace('_', ' ')}${task.pull === null ? '' : ` (#${task.pull})`}`,
    )
    .join('\n');
}
