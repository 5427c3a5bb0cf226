/** The proof of work (RE-1): commits exist, required checks are green on that commit, acceptance items have evidence. */
import { cleanCode, fence } from './clean.ts';
import { counting as countingChecks, isRed } from './ci.ts';
import { ref, type Task } from './task.ts';

/** The check run that shows a task's proof on its head; what else we report is named below it (`entourage/…`). */
export const ownCheck = 'entourage';
export const isOwnCheck = (name: string): boolean => name === ownCheck || name.startsWith(`${ownCheck}/`);

export type Proof =
  | { state: 'given'; words: string }
  /** Nothing is wrong yet; checks are still to come. */
  | { state: 'pending'; words: string }
  /** `fix` says that the agent can do something about it. */
  | { state: 'missing'; words: string; help: string; fix: true };

/** Judges the task's current head. With required checks only they count; with none required, all that were seen. */
export function prove(task: Task): Proof {
  const items = task.acceptance.flatMap((item, index) =>
    item.evidence === null ? [`${index + 1}. ${item.text}`] : [],
  );
  if (items.length > 0) {
    return {
      state: 'missing',
      words: `${ref(task)} has acceptance items without evidence: ${items.join('; ')}.`,
      help: 'Pass `acceptance: [{ item, evidence }]` for each of them: a commit, a test name, a log line.',
      fix: true,
    };
  }
  if (task.checksHead !== task.head)
    return { state: 'pending', words: 'No check has reported on this commit yet.' };
  const counting = countingChecks(task.checks);
  const red = counting.filter(isRed);
  if (red.length > 0) {
    return {
      state: 'missing',
      words: `Checks are red on ${(task.head ?? '').slice(0, 7)}: ${red.map((check) => `${check.name} (${check.conclusion ?? 'unknown'})`).join(', ')}.`,
      help: red
        .map((check) =>
          check.summary === ''
            ? `${check.name} says nothing more; see ${check.url ?? 'its page on GitHub'}.`
            : fence(`What ${check.name} said`, cleanCode(check.summary, 8_000)),
        )
        .join('\n\n')
        .slice(0, 12_000),
      fix: true,
    };
  }
  const open = counting.filter((check) => check.status !== 'completed');
  if (open.length > 0)
    return { state: 'pending', words: `Still running: ${open.map((check) => check.name).join(', ')}.` };
  if (counting.length === 0) return { state: 'pending', words: 'No check has reported on this commit yet.' };
  return {
    state: 'given',
    words: `proof given: ${counting.map((check) => check.name).join(', ')} green on ${(task.head ?? '').slice(0, 7)}`,
  };
}
