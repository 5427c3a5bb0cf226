/** The marks and words of states on the screen: a glyph, a colour and a phrase each, never a colour alone. */
import { verdictWords } from '../../domain/agent-review.ts';
import { counting, isSilent } from '../../domain/ci.ts';
import type { Run, RunState } from '../../domain/run.ts';
import { mergeWords } from '../../domain/merge.ts';
import { mergeBlock, ref, takenOut, takenOver, type Task, type TaskState } from '../../domain/task.ts';
import type { Question } from '../../domain/question.ts';
import { waitsForJob, type Session } from '../../domain/session.ts';
import { costWords, type Instant, type Micros } from '../../domain/words.ts';
import { person, plain } from './plain.ts';

export const taskGlyph: Readonly<Record<TaskState, string>> = {
  todo: '○',
  ready: '●',
  in_progress: '◐',
  waiting: '?',
  in_review: '◑',
  approved: '◕',
  merging: '⧗',
  done: '✓',
  failed: '✗',
  cancelled: '–',
};

export const runGlyph: Readonly<Record<RunState, string>> = {
  draft: '○',
  planning: '◐',
  awaiting_approval: '?',
  executing: '◐',
  paused: '⧗',
  done: '✓',
  failed: '✗',
  cancelled: '–',
};

/** White text on fills of at least 4.5:1, so that the graph reads on a light page and on a dark one. */
export const taskColour: Readonly<Record<TaskState, string>> = {
  todo: 'fill:#59636e,stroke:#818b98,color:#ffffff',
  ready: 'fill:#0969da,stroke:#54aeff,color:#ffffff',
  in_progress: 'fill:#9a6700,stroke:#d4a72c,color:#ffffff',
  waiting: 'fill:#bc4c00,stroke:#fb8f44,color:#ffffff',
  in_review: 'fill:#8250df,stroke:#c297ff,color:#ffffff',
  approved: 'fill:#0f6e6e,stroke:#39c5bb,color:#ffffff',
  merging: 'fill:#0550ae,stroke:#80ccff,color:#ffffff',
  done: 'fill:#1a7f37,stroke:#4ac26b,color:#ffffff',
  failed: 'fill:#cf222e,stroke:#ff8182,color:#ffffff',
  cancelled: 'fill:#59636e,stroke:#818b98,color:#ffffff,stroke-dasharray:4 3',
};

export const runWords = (state: RunState): string =>
  state === 'awaiting_approval' ? 'waits for approval' : state.replace('_', ' ');

/** `2026-11-21T09:12:33.000Z` → `09:12 UTC`. */
export const clock = (at: Instant): string => `${at.slice(11, 16)} UTC`;
/** `2026-11-21T09:12:33.000Z` → `Nov 21, 09:12 UTC`. */
export function moment(at: Instant): string {
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  return `${months[Number(at.slice(5, 7)) - 1] ?? ''} ${Number(at.slice(8, 10))}, ${clock(at)}`;
}

export const list = (numbers: readonly number[]): string => numbers.map((number) => `t${number}`).join(', ');
export const money = (spent: { cost: Micros; unpriced: number }): string =>
  spent.cost === 0 && spent.unpriced === 0 ? '–' : costWords(spent);
export const share = (part: number, whole: number): string =>
  whole === 0 ? '' : ` (${Math.round((part / whole) * 100)} %)`;
export const short = (sha: string): string => sha.slice(0, 7);

/** No check has judged the head that people look at: the proof is missing, and they decide. */
export const unproven = (task: Task): boolean =>
  (task.state === 'in_review' || task.state === 'approved') &&
  (task.checksHead !== task.head || counting(task.checks).every(isSilent));

/** Where the agent's review of the present head stands, as one harmless phrase; empty when there is none. */
export function agentReviewWords(task: Task, sessions: readonly Session[]): string {
  const review = task.agentReview;
  if (review === null || review.head !== task.head) return '';
  if (review.verdict !== null) return plain(verdictWords(review), 160);
  if (review.state === 'closed') return `no verdict: ${plain(review.reason, 200)}`;
  if (task.state !== 'in_review') return '';
  const session = sessions.find(({ id }) => id === review.session);
  const waits = session === undefined ? null : sessionWaits(session);
  const agent = plain(review.agent, 60);
  return review.state === 'waiting' ? `waits for ${agent}` : `${agent} ${waits ?? 'reads it'}`;
}

/** People may review at any time, but nobody is asked to before the agent has read it. */
export function asksPeople({ state, head, agentReview: review }: Task): boolean {
  if (state !== 'in_review') return false;
  // What it wants changed is about to go back to its engineer.
  return review === null || review.head !== head || review.state === 'closed' || review.verdict === 'approve';
}

function reviewWords(task: Task, sessions: readonly Session[]): string {
  const agent = agentReviewWords(task, sessions);
  const proof = unproven(task)
    ? `, unproven (${task.ci.absent === null ? 'no check ran' : plain(task.ci.absent, 300)})`
    : '';
  return `in review${proof}${agent === '' ? '' : `, ${agent}`}${asksPeople(task) ? ', waits for a person' : ''}`;
}

/** Where a task is and what it waits for, as one harmless phrase. */
export function taskWords(
  task: Task,
  around: { sessions: readonly Session[]; questions: readonly Question[] },
): string {
  switch (task.state) {
    case 'todo':
      return task.unmet.length === 0 ? 'todo' : `todo, waits for ${list(task.unmet)}`;
    case 'ready':
      return task.held === null ? 'ready, waits for an agent' : `ready, but ${plain(task.held, 200)}`;
    case 'in_progress':
      return progressWords(task, around.sessions);
    case 'waiting': {
      if (task.reason.startsWith(takenOver)) return plain(task.reason, 160);
      const open = around.questions.filter(
        (question) => question.task === task.number && question.state === 'open',
      );
      return `waits for your answer${open.length === 0 ? '' : ` (${open.map((question) => `q${question.number}`).join(', ')})`}`;
    }
    case 'in_review':
      return reviewWords(task, around.sessions);
    case 'approved':
      if (task.reason.startsWith(takenOut))
        return `approved, ${plain(task.reason, 300)}; \`/entourage merge ${ref(task)}\` tries again`;
      // Only where policy leaves the merge to people does a task stay here.
      return `approved${task.approvedBy === null ? '' : ` by ${person(task.approvedBy)}`}, waits for a person to merge it`;
    case 'merging': {
      const block = mergeBlock(task);
      if (block === null) return task.merge === null ? 'merging' : plain(mergeWords(task.merge), 200);
      return `approved, but GitHub does not merge it yet: ${plain(block, 160)}`;
    }
    case 'done':
      return 'done';
    case 'failed':
    case 'cancelled':
      return task.reason === '' ? task.state : `${task.state}: ${plain(task.reason, 160)}`;
  }
}

function progressWords(task: Task, sessions: readonly Session[]): string {
  if (task.reviewHead !== null && task.reviewHead === task.head)
    return `in progress, waits for checks${task.ci.absent === null ? '' : `: ${plain(task.ci.absent, 300)}`}`;
  const session = sessions.find((candidate) => candidate.id === task.session);
  if (session === undefined) return 'in progress';
  if (session.stuck !== null) return `in progress, ${stuckWords(session.stuck)}`;
  const where = sessionWaits(session) ?? (session.workflowRun && `[in its job](${session.workflowRun.url})`);
  return where === null ? 'in progress' : `in progress, ${where}`;
}

const stuckWords = ({ since, evidence }: NonNullable<Session['stuck']>): string =>
  `stuck since ${clock(since)}: ${plain(evidence, 160)}`;

/** What a session waits for before its agent begins; null when it waits for nothing. */
export function sessionWaits(session: Session): string | null {
  if (waitsForJob(session)) {
    const url = session.workflowRun?.url;
    return url === undefined ? 'waits for a GitHub runner' : `[waits for a GitHub runner](${url})`;
  }
  if (session.state !== 'queued') return null;
  return session.place === 'actions' ? 'waits for GitHub Actions' : 'waits for a runner';
}

/** Who works or worked on it last; else who will, when that is settled. */
export function agentOf(task: Task, sessions: readonly Session[]): string | null {
  const mine = sessions.filter((session) => session.task === task.number && session.kind === 'work');
  const newest = mine.reduce<Session | null>(
    (best, session) => (best === null || session.fencing > best.fencing ? session : best),
    null,
  );
  return newest?.agent ?? task.agent;
}

export const runName = (run: Run): string => `Run ${run.number} · ${plain(run.title, 160)}`;

/** What stood between agents and the machine that hosted them, each kind once; empty before any session began. */
export function isolationWords(sessions: readonly Session[]): string {
  const kinds = ['container', 'user', 'none'] as const;
  return kinds
    .filter((kind) => sessions.some((session) => session.isolation === kind))
    .map((kind) => isolations[kind])
    .join(', ');
}

const isolations = {
  container: 'a container of its own',
  user: 'a user of its own',
  none: 'none, the runner’s own user',
} as const;
