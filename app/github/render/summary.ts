/** The end of a run in a few words, for the card: what landed, what did not, what it cost. */
import { ended, type Run } from '../../domain/run.ts';
import type { Task } from '../../domain/task.ts';
import { costWords, dollars, type Instant } from '../../domain/words.ts';
import { plain } from './plain.ts';

/** Empty while the run goes on. */
export function endOfRun(run: Run, tasks: readonly Task[]): string {
  if (!ended(run)) return '';
  const merged = tasks.filter((task) => task.state === 'done');
  const after = run.endedAt === null ? '' : ` after ${duration(run.createdAt, run.endedAt)}`;
  // A share of what is not known whole would look like the truth.
  const each =
    merged.length === 0 || run.unpriced > 0
      ? ''
      : `, ${dollars(Math.round(run.cost / merged.length))} for each merged pull request`;
  const cost = `${costWords(run)}${each}`;
  const pulls = merged.flatMap((task) => (task.pull === null ? [] : [`#${task.pull}`]));
  const landed =
    pulls.length === 0
      ? ''
      : ` Merged: ${pulls.slice(0, 50).join(', ')}${pulls.length > 50 ? ` and ${pulls.length - 50} more` : ''}.`;
  const reason = run.reason === null ? '' : ` ${plain(run.reason, 500)}`;
  const word = run.state === 'done' ? 'Done' : run.state === 'failed' ? 'Failed' : 'Cancelled';
  return `**${word}**${after}, cost ${cost}.${landed}${reason}`;
}

/** `1 h 5 min`, `12 min`, `40 s`. */
export function duration(from: Instant, to: Instant): string {
  const seconds = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
