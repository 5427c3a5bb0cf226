/** A task's pull request: its title, and our part of its body between our markers. */
import type { Run } from '../../domain/run.ts';
import { mergeWords } from '../../domain/merge.ts';
import { mergeBlock, ref, takenOut, type Task } from '../../domain/task.ts';
import type { Session } from '../../domain/session.ts';
import { prove } from '../../domain/proof.ts';
import { costWords } from '../../domain/words.ts';
import { endMarker, taskMarker } from './markers.ts';
import { plain, plainLines, titleText } from './plain.ts';
import { agentOf, agentReviewWords, isolationWords, short, unproven } from './words.ts';

export type TaskPull = { run: Run; task: Task; tasks: readonly Task[]; sessions: readonly Session[] };

export const pullTitle = (task: Pick<Task, 'number' | 'title'>): string =>
  `${ref(task)}: ${titleText(task.title)}`;

/** Of the empty first commit, without which GitHub opens no pull request (G10). */
export const firstCommitMessage = (run: Run, task: Task): string =>
  `${pullTitle(task)}\n\nFirst commit of task ${ref(task)} of run ${run.number}; it changes nothing.`;

/** Starts and ends with our markers; what people write around it stays. */
export function pullBody({ run, task, tasks, sessions }: TaskPull): string {
  const agent = agentOf(task, sessions);
  const isolation = isolationWords(sessions.filter((session) => session.task === task.number));
  const parts = [
    plainLines(task.why, 500),
    plainLines(task.description, 8_000),
    acceptance(task),
    task.summary === '' ? '' : `**What was done**\n\n${plainLines(task.summary, 4_000)}`,
    relations(task, tasks),
    `**Proof:** ${proofWords(task)}`,
    reviewLine(task, sessions),
    mergeLine(task),
    refusedLine(run, task),
    `**Agent:** ${agent === null ? 'none yet' : plain(agent, 60)}${isolation === '' ? '' : ` · **Isolation:** ${isolation}`} · **Cost:** ${task.cost === 0 && task.unpriced === 0 ? 'nothing yet' : costWords(task)}`,
    `Part of run ${run.number} of #${run.issue}`,
  ];
  return [taskMarker(run.number, task.number), ...parts.filter((part) => part !== ''), endMarker].join(
    '\n\n',
  );
}

function reviewLine(task: Task, sessions: readonly Session[]): string {
  const words = agentReviewWords(task, sessions);
  return words === '' ? '' : `**Agent review:** ${words}`;
}

/** Until another push arrives, or nobody needs it any more. */
function refusedLine(run: Run, task: Task): string {
  if (task.refused === null || task.state === 'done' || task.state === 'cancelled') return '';
  const kept = `The work is kept until the run ends: \`entourage bundle get ${run.number}/${ref(task)}\``;
  return `**Refused push:** ${plain(task.refused.reason, 1_000)}\n\n${kept}`;
}

/** GitHub shows a block to those who look at the merge box only; why the run stands still is for everybody. */
function mergeLine(task: Task): string {
  const block = mergeBlock(task);
  if (block !== null) return `**Merge:** approved, but GitHub does not merge it yet: ${plain(block, 500)}`;
  if (task.state === 'approved' && task.reason.startsWith(takenOut))
    return `**Merge:** ${plain(task.reason, 500)}; \`/entourage merge\` tries again`;
  const { merge } = task;
  // Just begun is no news.
  return merge === null || (merge.step === 'waiting' && merge.note === '')
    ? ''
    : `**Merge:** ${plain(mergeWords(merge), 500)}`;
}

function acceptance(task: Task): string {
  if (task.acceptance.length === 0) return '';
  const items = task.acceptance.map(({ text, evidence }) =>
    evidence === null ? `- [ ] ${plain(text, 300)}` : `- [x] ${plain(text, 300)} · ${plain(evidence, 300)}`,
  );
  return `**Acceptance**\n\n${items.join('\n')}`;
}

function relations(task: Task, tasks: readonly Task[]): string {
  const needs = tasks.filter((other) => task.dependsOn.includes(other.number));
  const neededBy = tasks.filter((other) => other.dependsOn.includes(task.number));
  const lines = [
    ...(needs.length === 0 ? [] : [`**Builds on:** ${needs.map(named).join(', ')}`]),
    ...(neededBy.length === 0 ? [] : [`**Needed by:** ${neededBy.map(named).join(', ')}`]),
  ];
  return lines.join('\n\n');
}

const named = (task: Task): string =>
  `${ref(task)} ${plain(task.title, 80)}${task.pull === null ? '' : ` (#${task.pull})`}`;

/** What stands for the head that is on the branch now; also the words of the check run. */
export function proofWords(task: Task): string {
  if (task.head === null || task.head === task.base || task.reviewHead === null) return 'not asked for yet';
  if (unproven(task)) return `unproven, no check ran on ${short(task.head)}`;
  const proof = prove(task);
  return plain(proof.state === 'given' ? proof.words.replace(/^proof given: /, '') : proof.words, 500);
}
