/** A plan that waits for approval: what each task is for, what it will touch and cost, and how to say yes or no (PL-4). */
import { sharedFiles, type Plan, type PlannedTask } from '../../domain/plan.ts';
import type { Run } from '../../domain/run.ts';
import { dollars, type Micros } from '../../domain/words.ts';
import type { Fold } from './card-fold.ts';
import { estimate, type CostHistory } from '../../domain/estimate.ts';
import { approveMarker } from './markers.ts';
import { code, plain } from './plain.ts';

export function planTable({ tasks, inferred = [] }: Plan, history: CostHistory, fold: Fold): string {
  const shown = tasks.slice(0, fold.rows);
  const rows = shown.map((task, index) => {
    const cells = [
      `t${index + 1} ${plain(task.title, Math.min(120, fold.words))}`,
      plain(task.why, fold.words) || '–',
      task.size,
      files(task.files, fold),
      [...new Set(task.depends_on)]
        .map((on) =>
          inferred.some((edge) => edge.task === index + 1 && edge.on === on) ? `t${on}\\*` : `t${on}`,
        )
        .join(', ') || '–',
      dollars(estimate(task.size, history)),
    ];
    return `| ○ | ${cells.join(' | ')} |`;
  });
  const more =
    tasks.length > shown.length ? [`| | … and ${tasks.length - shown.length} more | | | | | |`] : [];
  return [
    '| | task | why | size | files | after | estimate |',
    '|-|------|-----|------|-------|-------|---------:|',
    ...rows,
    ...more,
    `| | **${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'}** | | | | | **${dollars(total(tasks, history))}** |`,
    ...(inferred.length === 0 ? [] : ['', inferredWords(inferred)]),
  ].join('\n');
}

const inferredWords = (inferred: NonNullable<Plan['inferred']>): string =>
  `\\* inferred, not stated by the planner: ${[...new Set(inferred.map(({ why }) => why))].join('; ')}. \`/entourage revise\` changes it.`;

function files(globs: readonly string[], fold: Fold): string {
  if (globs.length === 0) return '–';
  const shown = globs.slice(0, fold.words >= 100 ? 4 : 1).map((glob) => code(glob, 60));
  return `${shown.join(', ')}${globs.length > shown.length ? ` and ${globs.length - shown.length} more` : ''}`;
}

const total = (tasks: readonly PlannedTask[], history: CostHistory): Micros =>
  tasks.reduce((sum, task) => sum + estimate(task.size, history), 0);

/** The checkbox carries its plan version: a tick on an outdated one is refused. */
export function planChoice(run: Run, plan: Plan, history: CostHistory): string {
  const lines = [
    `- [ ] Approve this plan ${approveMarker(run.planVersion)}`,
    'or `/entourage revise <what to change>`',
    ...(run.autoApprove && run.planVersion === 1
      ? ['`--yes` was given, but the policy wants a person to approve (`plan.approval` in ENTOURAGE.md).']
      : []),
  ];
  const found = warnings(run, plan, history);
  return [lines.join('\n\n'), found.map((warning) => `> ⚠ ${warning}`).join('\n>\n')]
    .filter((part) => part !== '')
    .join('\n\n');
}

function warnings(run: Run, plan: Plan, history: CostHistory): string[] {
  const shared = sharedFiles(plan.tasks);
  const sum = total(plan.tasks, history);
  return [
    ...shared.slice(0, 5).map(
      ({ first, second, files: both }) =>
        `t${first} and t${second} expect to touch the same files: ${both
          .slice(0, 3)
          .map((file) => code(file, 60))
          .join(', ')}.`,
    ),
    ...(shared.length > 5 ? [`${shared.length - 5} more pairs of tasks share files.`] : []),
    ...(run.cost + sum > run.budget
      ? [
          `The estimate of ${dollars(sum)} is more than the budget has left (${dollars(Math.max(0, run.budget - run.cost))}).`,
        ]
      : []),
  ];
}
