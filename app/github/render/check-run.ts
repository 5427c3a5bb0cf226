/** The check run `entourage` on a task's head: what the agent does now, then the proof. */
import { ownCheck, prove } from '../../domain/proof.ts';
import type { Question } from '../../domain/question.ts';
import type { Run } from '../../domain/run.ts';
import type { Session } from '../../domain/session.ts';
import { ref, type Task } from '../../domain/task.ts';
import { costWords } from '../../domain/words.ts';
import type { CheckRunContent } from '../port.ts';
import { oneLine, person, plain } from './plain.ts';
import { proofWords } from './task-pull.ts';
import { agentOf, clock, unproven } from './words.ts';

export type TaskCheck = {
  run: Run;
  task: Task;
  sessions: readonly Session[];
  questions: readonly Question[];
  activity: string;
};

/** Null while there is no commit to put it on. */
export function taskCheck(input: TaskCheck): CheckRunContent | null {
  const { run, task } = input;
  if (task.head === null) return null;
  const job = input.sessions.find(({ id }) => id === task.session)?.workflowRun ?? null;
  return {
    name: ownCheck,
    head: task.head,
    externalId: `${run.id}/${ref(task)}`,
    ...verdict(input),
    summary: summary(input),
    // The log of the agent at work; without one, GitHub shows the check's own page.
    ...(job === null ? {} : { detailsUrl: job.url }),
  };
}

type Outcome = Pick<CheckRunContent, 'status' | 'conclusion' | 'title'>;

function verdict({ task, questions, sessions, activity }: TaskCheck): Outcome {
  switch (task.state) {
    case 'todo':
    case 'ready':
      return { status: 'queued', title: 'Waits for an agent' };
    case 'in_progress':
      return { status: 'in_progress', title: oneLine(progress(task, { sessions, activity }), 120) };
    case 'waiting': {
      const open = questions.find((question) => question.task === task.number && question.state === 'open');
      return {
        status: 'in_progress',
        title: open === undefined ? 'Waits for an answer' : `Waits for an answer to q${open.number}`,
      };
    }
    case 'in_review':
    case 'approved':
    case 'merging':
    case 'done':
      return unproven(task)
        ? { status: 'completed', conclusion: 'neutral', title: 'Unproven: no check ran on this commit' }
        : { status: 'completed', conclusion: 'success', title: 'Proof given' };
    case 'failed':
      return { status: 'completed', conclusion: 'failure', title: oneLine(task.reason, 120) || 'Failed' };
    case 'cancelled':
      return {
        status: 'completed',
        conclusion: 'cancelled',
        title: oneLine(task.reason, 120) || 'Cancelled',
      };
  }
}

function progress(task: Task, { sessions, activity }: Pick<TaskCheck, 'sessions' | 'activity'>): string {
  if (task.reviewHead !== null && task.reviewHead === task.head)
    return prove(task).state === 'pending' ? 'Waits for checks' : 'Looks at the proof';
  const stuck = sessions.find(({ id }) => id === task.session)?.stuck ?? null;
  if (stuck !== null) return `Stuck since ${clock(stuck.since)}: ${stuck.evidence}`;
  return activity === '' ? 'An agent works on it' : activity;
}

function summary({ run, task, sessions }: TaskCheck): string {
  const lines = [
    `**Task** ${ref(task)} of run ${run.number}: ${plain(task.title, 120)}`,
    `**Proof** ${proofWords(task)}`,
    ...(task.ci.absent === null ? [] : [`**Checks** ${plain(task.ci.absent, 1_000)}`]),
    `**Agent** ${plain(agentOf(task, sessions) ?? 'none yet', 60)} · **Attempts used** ${task.attempts} · **Cost** ${costWords(task)}`,
  ];
  return lines.join('\n\n');
}

/** On a merge group's head: what was asked about its last pull request, answered from the task behind it. */
export function groupCheck({
  name,
  head,
  pull,
  task,
  pullHead,
}: {
  name: string;
  head: string;
  pull: number | null;
  task: Task | null;
  /** What the pull request stands on now: a push that we hear of later may be in the group. */
  pullHead: string | null;
}): CheckRunContent {
  const which = pull === null ? 'a pull request' : `#${pull}`;
  const key = { name, head, externalId: `group/${name}/${head}`, status: 'completed' } as const;
  if (task === null)
    return {
      ...key,
      conclusion: 'success',
      title: 'None of Entourage’s',
      summary: `This merge group ends with ${which}, which is no task of Entourage. Nothing is asked of it here.`,
    };
  // Approved and no more: people put it into the queue where policy leaves merging to them.
  const standing = task.state === 'approved' || task.state === 'merging';
  const approved = task.state === 'done' || (standing && pullHead === task.head);
  const why = standing
    ? 'has commits that nobody approved'
    : `is ${task.state.replace('_', ' ')} and not approved for a merge`;
  const by = task.approvedBy === null ? 'a person' : person(task.approvedBy);
  return approved
    ? {
        ...key,
        conclusion: 'success',
        title: 'Approved',
        summary: `This merge group ends with ${which}, task ${ref(task)}. ${by} approved it, and its proof was given on its own head: ${proofWords(task)}.`,
      }
    : {
        ...key,
        conclusion: 'failure',
        title: 'Not approved',
        summary: `This merge group ends with ${which}, task ${ref(task)}, which ${why}. Take it out of the queue, approve its current head, then merge again.`,
      };
}
