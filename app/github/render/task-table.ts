/** The table of a run's tasks: state, who works on it, where its pull request is, what it cost. */
import type { Question } from '../../domain/question.ts';
import type { Session } from '../../domain/session.ts';
import { ref, type Task } from '../../domain/task.ts';
import type { Fold } from './card-fold.ts';
import { person, plain } from './plain.ts';
import { agentOf, money, taskGlyph, taskWords } from './words.ts';

/** When not all fit, tasks that are finished go first, and a line says how many are left out. */
export function taskTable(
  card: { tasks: readonly Task[]; sessions: readonly Session[]; questions: readonly Question[] },
  fold: Fold,
): string {
  const shown = choose(card.tasks, fold.rows);
  const left = card.tasks.length - shown.length;
  const rows = shown.map((task) => {
    const added = task.addedBy === null ? '' : ` (added by ${byName(task.addedBy)})`;
    const title = `${ref(task)} ${plain(task.title, Math.min(120, fold.words))}${added}`;
    const agent = plain(agentOf(task, card.sessions) ?? '', 60) || '–';
    const pull = task.pull === null ? '–' : `#${task.pull}`;
    return `| ${taskGlyph[task.state]} | ${title} | ${agent} | ${taskWords(task, card)} | ${pull} | ${money(task)} |`;
  });
  return [
    '| | task | agent | state | PR | cost |',
    '|-|------|-------|-------|----|-----:|',
    ...rows,
    ...(left > 0 ? [`| | … and ${left} more: \`/entourage tasks\` | | | | |`] : []),
  ].join('\n');
}

/** A person by login is a mention where it is one; an agent is plain text. */
const byName = (name: string): string => (name.startsWith('@') ? person(name.slice(1)) : plain(name, 60));

function choose(tasks: readonly Task[], rows: number): readonly Task[] {
  if (tasks.length <= rows) return tasks;
  const finished = (task: Task): boolean => task.state === 'done' || task.state === 'cancelled';
  const kept = new Set(
    [...tasks.filter((task) => !finished(task)), ...tasks.filter(finished)].slice(0, rows),
  );
  return tasks.filter((task) => kept.has(task));
}
