/** What a command answers in Markdown, when a reaction is not enough: status, tasks. Others' words in it are made harmless. */
import { z } from 'zod';
import { setBudget } from '../../catalog/costs.ts';
import { CostSummary, RunView, SessionView, TaskView } from '../../catalog/views.ts';
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
  if (operation === 'get_cost_summary') {
    const parsed = CostSummary.safeParse(output);
    return parsed.success ? costs(parsed.data) : null;
  }
  if (operation === 'set_budget') {
    const parsed = setBudget.output.safeParse(output);
    return parsed.success ? budget(parsed.data) : null;
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

const spentOf = (view: { cost_usd: number; unpriced_tokens: number }): string =>
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

const budget = (set: { name: string; budget_usd: number; spent_usd: number }): string =>
  `${set.name.replace(/^r/, 'R')} may cost ${dollars(micros(set.budget_usd))}; ${dollars(micros(set.spent_usd))} is spent.`;

function costs(summary: CostSummary): string {
  const each = summary.cost_per_merged_usd;
  const merged = `${summary.merged} merged${each === null ? '' : `, ${dollars(micros(each))} each`}`;
  const about = summary.run === null ? 'This repository' : `Run ${summary.run}`;
  const groups: [string, CostSummary['by_agent']][] = [
    ['agent', summary.by_agent],
    ['model', summary.by_model],
    ['task', summary.by_task],
    ['day (UTC)', summary.by_day],
  ];
  const tables = groups
    .filter(([, rows]) => rows.length > 0)
    .map(([name, rows]) => [
      `| ${name} | cost |`,
      '| --- | ---: |',
      ...rows.slice(-20).map((row) => `| ${plain(row.name, 80)} | ${spentOf(row)} |`),
    ]);
  return [
    `${about} cost ${spentOf(summary)} since ${summary.since}; ${merged}.`,
    ...tables.map((lines) => lines.join('\n')),
  ].join('\n\n');
}
