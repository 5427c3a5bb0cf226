/** The reviewer agent's review: its body and comments on GitHub, and its check run. */
import type { AgentReview, Remark } from '../../domain/agent-review.ts';
import { verdictWords } from '../../domain/agent-review.ts';
import type { Run } from '../../domain/run.ts';
import type { Session } from '../../domain/session.ts';
import { ref, type Task } from '../../domain/task.ts';
import { ownCheck } from '../../domain/proof.ts';
import type { CheckRunContent } from '../port.ts';
import { reviewMarker } from './markers.ts';
import { oneLine, plain, plainLines } from './plain.ts';

const reviewCheckName = `${ownCheck}/review`;

/** A suggestion is applied by a click of a person; its fence is longer than any in it. */
export function remarkBody({ body, suggestion }: Remark): string {
  if (suggestion === null) return plainLines(body, 4_000);
  const longest = Math.max(2, ...[...suggestion.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const lines = suggestion
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{C}\n\t]/gu, '')
    .replace(/\n$/, '');
  return `${plainLines(body, 4_000)}\n\n${fence}suggestion\n${lines}\n${fence}`;
}

/** What goes to GitHub as one review. `session` is the one that gave the verdict. */
export function reviewText(review: AgentReview, session: string): { body: string; wholeBody: string } {
  const head = `**${plain(verdictWords(review), 160)}** (an agent’s review; a person decides)`;
  const body = [head, plainLines(review.summary, 4_000)];
  const remarks = review.remarks.map(
    (remark) => `**${plain(remark.path, 300)} line ${remark.line}**\n\n${remarkBody(remark)}`,
  );
  const marker = reviewMarker(session);
  return {
    body: [...body, marker].join('\n\n'),
    wholeBody: [[...body, ...remarks].join('\n\n').slice(0, 60_000), marker].join('\n\n'),
  };
}

/** Of the head that is on the branch; null when no agent reads it. One check run a head. */
export function reviewCheck({
  run,
  task,
  sessions,
}: {
  run: Run;
  task: Task;
  sessions: readonly Session[];
}): CheckRunContent | null {
  const review = task.agentReview;
  if (review === null || task.head === null || review.head !== task.head) return null;
  const job = sessions.find(({ id }) => id === review.session)?.workflowRun ?? null;
  return {
    name: reviewCheckName,
    head: task.head,
    externalId: `${run.id}/${ref(task)}/review`,
    ...outcome(task, review),
    summary: summary(task, review),
    ...(job === null ? {} : { detailsUrl: job.url }),
  };
}

function outcome(task: Task, review: AgentReview): Pick<CheckRunContent, 'status' | 'conclusion' | 'title'> {
  const agent = oneLine(review.agent, 60);
  if (review.verdict !== null)
    return {
      status: 'completed',
      conclusion: review.verdict === 'approve' ? 'success' : 'failure',
      title: oneLine(verdictWords(review), 120),
    };
  if (task.state === 'in_review' && review.state === 'waiting')
    return { status: 'queued', title: `Waits for ${agent}` };
  if (task.state === 'in_review' && review.state === 'running')
    return { status: 'in_progress', title: `${agent} reads it` };
  return { status: 'completed', conclusion: 'neutral', title: 'No verdict: people decide' };
}

function summary(task: Task, review: AgentReview): string {
  if (review.verdict !== null) return plainLines(review.summary, 4_000);
  if (review.state === 'closed') return `${plain(capital(review.reason), 500)}.`;
  if (task.state !== 'in_review') return 'It left review before there was a verdict.';
  return 'An agent reads the changes first. A person may review at any time and need not wait for it.';
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, '');
