/** The run card: the one comment on the issue that is edited in place (SE-1). Pure: state in, Markdown out. */
import { reasonWords } from '../../domain/managing.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Question } from '../../domain/question.ts';
import type { Run } from '../../domain/run.ts';
import type { Session } from '../../domain/session.ts';
import { ref, type Task } from '../../domain/task.ts';
import { costWords, dollars, type Instant } from '../../domain/words.ts';
import { folds, type Fold } from './card-fold.ts';
import type { CostHistory } from '../../domain/estimate.ts';
import { planGraph, taskGraph } from './graph.ts';
import { runMarker } from './markers.ts';
import { person, plain, plainLines } from './plain.ts';
import { planChoice, planTable } from './plan-table.ts';
import { endOfRun } from './summary.ts';
import { taskTable } from './task-table.ts';
import {
  asksPeople,
  clock,
  runGlyph,
  runName,
  runWords,
  sessionWaits,
  share,
  isolationWords,
} from './words.ts';

export type Card = {
  run: Run;
  tasks: readonly Task[];
  sessions: readonly Session[];
  questions: readonly Question[];
  /** The newest events in words, oldest first; the last ten are shown. */
  happened: readonly { at: Instant; words: string }[];
  history: CostHistory;
  /** Why the policy file could not be read, when the last good one is still in force. */
  policyProblem: string | null;
  /** The policy's `review.agent`, where there is no such agent. */
  missingReviewer: string | null;
};

/** GitHub's limit for a comment (G2). */
export const maxBody = 65_536;

/** At most 65,536 characters, however many tasks there are and however long their words. */
export function renderCard(card: Card): string {
  for (const fold of folds) {
    const body = renderFolded(card, fold);
    if (body.length <= maxBody) return body;
  }
  const { run } = card;
  return [
    heading(card),
    `The rest is too long for a comment: \`/entourage tasks\` lists the tasks.`,
    runMarker(run.number),
  ].join('\n\n');
}

function renderFolded(card: Card, fold: Fold): string {
  const { run, tasks } = card;
  const waiting = run.state === 'awaiting_approval' && run.plan !== null ? run.plan : null;
  const graph = fold.graph ? (waiting === null ? taskGraph(tasks) : planGraph(waiting.tasks)) : '';
  const parts = [
    heading(card),
    planLine(card),
    notes(card),
    graph,
    ...(waiting === null
      ? [tasks.length === 0 ? '' : taskTable(card, fold)]
      : planParts(card, waiting, fold)),
    waitsForYou(card),
    endOfRun(run, tasks),
    summary(run),
    happened(card, fold),
    commands(run, tasks),
    runMarker(run.number),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function heading({ run }: Card): string {
  const { done, total } = run.tasks;
  const counts = total === 0 ? '' : ` · ${done} of ${total} done`;
  return `### ${runName(run)} &emsp; ${runGlyph[run.state]} ${runWords(run.state)}${counts}`;
}

function planLine({ run, sessions }: Card): string {
  const budget = `budget ${costWords(run)} of ${dollars(run.budget)}${share(run.cost, run.budget)}`;
  const { plan } = run;
  if (plan === null || run.state === 'planning') {
    const planner = sessions.find((session) => session.kind === 'plan' && session.state !== 'ended');
    const waits = planner === undefined ? null : sessionWaits(planner);
    const who =
      planner === undefined
        ? 'is made next'
        : `is being made by ${plain(planner.agent, 60)}${waits === null ? '' : `, ${waits}`}`;
    return `**Plan** ${plan === null ? '' : 'again: '}${who} · asked by ${person(run.requester)} · ${budget}`;
  }
  const approved =
    run.approvedBy === null || run.approvedAt === null
      ? `version ${run.planVersion}`
      : `approved by ${person(run.approvedBy)} ${clock(run.approvedAt)}`;
  return `**Plan** ${planSource(plan, sessions)} · ${approved} · ${budget}`;
}

function planSource(plan: Plan, sessions: readonly Session[]): string {
  const source = plain(plan.source, 60);
  switch (plan.by) {
    case 'manager': {
      const session = sessions.findLast(
        (candidate) => candidate.kind === 'plan' && candidate.agent === plan.source,
      );
      return `by ${source}${session === undefined ? '' : ` (${plain(session.engine, 40)})`}`;
    }
    case 'model':
      return `by model ${source}`;
    case 'template':
      return `from the built-in template ${source}`;
    case 'dispatch':
      return 'one task, dispatched without planning';
  }
}

function notes(card: Card): string {
  const { run, policyProblem, missingReviewer } = card;
  const lines = [
    ...(run.plan !== null && run.plan.note !== '' ? [plain(run.plan.note, 500)] : []),
    ...(run.state === 'planning' && run.feedback !== null
      ? [`Feedback for the next plan: ${plain(run.feedback, 500)}`]
      : []),
    ...managerLines(card),
    ...(run.state === 'paused' && run.reason !== null ? [`Paused: ${plain(run.reason, 700)}`] : []),
    ...(policyProblem === null
      ? []
      : [`ENTOURAGE.md has problems, so its last good version stays in force: ${plain(policyProblem, 500)}`]),
    ...(missingReviewer === null
      ? []
      : [
          `ENTOURAGE.md names ${plain(missingReviewer, 60)} for reviews, and no agent of role reviewer has this name: people review without one.`,
        ]),
  ];
  return lines.map((line) => `> ${line}`).join('\n>\n');
}

/** How the run went, in its manager's words. */
function summary({ summary: text }: Run): string {
  if (text === null) return '';
  const lines = plainLines(text, 4_000)
    .split('\n')
    .map((line) => `> ${line}`);
  return ['**Summary** by the manager:', ...lines].join('\n');
}

/** A manager that is at work, and one that could not do it, are what people may wonder about. */
function managerLines({ run, sessions }: Card): string[] {
  const { session: live, taken, reasons, gaveUp } = run.managing;
  const session = sessions.find(({ id }) => id === live);
  const waits = session === undefined ? null : sessionWaits(session);
  const why = plain(reasonWords([...taken, ...reasons]), 200);
  const about = [...(why === '' ? [] : [why]), ...(waits === null ? [] : [waits])].join(', ');
  return [
    ...(session === undefined
      ? []
      : [`${plain(session.agent, 60)} looks at it${about === '' ? '' : `: ${about}`}`]),
    ...(gaveUp === null ? [] : [`The manager was not woken again: ${plain(gaveUp, 500)}`]),
  ];
}

function planParts(card: Card, plan: Plan, fold: Fold): string[] {
  return [planTable(plan, card.history, fold), planChoice(card.run, plan, card.history)];
}

function waitsForYou({ run, tasks, questions }: Card): string {
  const waits = [
    ...(run.state === 'awaiting_approval' ? ['approve the plan'] : []),
    ...(run.state === 'paused' ? ['`/entourage resume`'] : []),
    ...tasks
      .filter((task) => asksPeople(task) && task.pull !== null)
      .map((task) => `review #${task.pull ?? 0}`),
    ...questions
      .filter((question) => question.state === 'open')
      .map((question) => answerWhere(question, tasks)),
    ...budgets(tasks),
    ...tasks.filter((task) => task.state === 'failed').map((task) => `\`/entourage retry t${task.number}\``),
  ];
  const shown = waits.length > 20 ? [...waits.slice(0, 20), `and ${waits.length - 20} more`] : waits;
  return waits.length === 0 || run.state === 'done' || run.state === 'cancelled'
    ? ''
    : `**Waits for you:** ${shown.join(' · ')}`;
}

/** What a bigger budget would set going: of the run, or of single tasks. A team's day ends by itself. */
function budgets(tasks: readonly Task[]): string[] {
  const usedUp = tasks.filter(
    ({ state, held }) => state === 'ready' && held?.endsWith('is used up') === true,
  );
  const own = usedUp.filter((task) => task.held?.startsWith(`the budget of ${ref(task)} `) === true);
  const run = usedUp.some(({ held }) => held?.startsWith('the budget of run ') === true);
  return [
    ...(run ? ['`/entourage budget <USD>`'] : []),
    ...own.map((task) => `\`/entourage budget <USD> --task ${ref(task)}\``),
  ];
}

function answerWhere(question: Question, tasks: readonly Task[]): string {
  const pull = tasks.find((task) => task.number === question.task)?.pull ?? null;
  return `answer q${question.number}${pull === null ? ' below' : ` in #${pull}`}`;
}

function happened(card: Card, fold: Fold): string {
  if (fold.happened === 0 || card.happened.length === 0) return '';
  const last = card.happened.slice(-fold.happened).reverse();
  const lines = last.map(({ at, words }) => `- ${clock(at)} ${plain(words, 200)}`);
  const isolation = isolationWords(card.sessions);
  const ran = isolation === '' ? '' : `\n\nIsolation of agents: ${isolation}.`;
  return details(`What happened (last ${lines.length})`, `${lines.join('\n')}${ran}`);
}

function commands(run: Run, tasks: readonly Task[]): string {
  const lines = nextCommands(run, tasks);
  return lines.length === 0 ? '' : details('Commands', ['```', ...lines, '```'].join('\n'));
}

/** What somebody may want to type next, ready to copy. */
function nextCommands(run: Run, tasks: readonly Task[]): string[] {
  switch (run.state) {
    case 'draft':
    case 'planning':
      return ['/entourage status', '/entourage cancel'];
    case 'awaiting_approval':
      return ['/entourage approve', '/entourage revise <what to change>', '/entourage cancel'];
    case 'executing': {
      const failed = tasks.find((task) => task.state === 'failed');
      return [
        ...(failed === undefined ? [] : [`/entourage retry t${failed.number}`]),
        '/entourage status',
        '/entourage pause',
        '/entourage cancel',
      ];
    }
    case 'paused':
      return ['/entourage resume', '/entourage cancel'];
    case 'failed': {
      const failed = tasks.filter((task) => task.state === 'failed').slice(0, 3);
      return [...failed.map((task) => `/entourage retry t${task.number}`), '/entourage run'];
    }
    case 'done':
    case 'cancelled':
      return ['/entourage run <what to do next>'];
  }
}

const details = (summary: string, body: string): string =>
  `<details>\n<summary>${summary}</summary>\n\n${body}\n\n</details>`;
