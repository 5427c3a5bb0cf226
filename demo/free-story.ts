/** The story with a real engine: a small issue and one run. Nobody knows what the model does, so people take what comes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { getRun } from '../app/catalog/runs.ts';
import type { RunView } from '../app/catalog/views.ts';
import type { Client } from '../app/client/client.ts';
import { plannedTasks } from './card-text.ts';
import type { IssueComment, Person } from './person.ts';
import { answerQuestions, sitAt, type Desk } from './review-desk.ts';
import type { Screen } from './screen.ts';
import { owner, repository } from './seed.ts';
import { ticked } from './story.ts';
import { until } from './watch.ts';

export type FreeCast = { screen: Screen; ana: Person; ben: Person; bot: string; client: Client };
export type FreeTold = { issue: number; run: RunView; minutes: number };

/** From the command to the manager's summary. Local models are slow, and nobody watches for longer. */
export const minutes = 10;
const pauseMs = 1_000;

const title = 'A member may have at most five books';
const body = `Somebody took half of the shelf home. Lending a sixth book to a member should fail, with words that say why.

\`lend\` in \`src/loans.js\` is the place; a test beside the others.`;

/** Resolves when the run has ended and is summed up, or when the time is over: with how far it came. */
export async function tellFreely(cast: FreeCast): Promise<FreeTold> {
  const { screen, ana, bot, client } = cast;
  const issue = await ana.opensIssue(title, body);
  screen.tell('ana', `opens issue #${issue} “${title}”`);
  await ana.comments(issue, '/entourage run');
  screen.tell('ana', 'writes /entourage run');
  await until({ what: 'the run’s card', within: 60, onLook: (what) => screen.waiting(what) }, () =>
    runComment(cast, issue),
  );
  screen.tell('entourage', 'shows the run’s card; the manager reads the repository');
  const desk: Desk = {
    ...cast,
    issue,
    bot,
    answer: 'Decide that yourself; the smallest change that works.',
    remarks: false,
  };
  const look = sitAt(desk);
  const answered = new Set<number>();
  const deadline = Date.now() + minutes * 60_000;
  let approved = false;
  for (;;) {
    approved ||= await approvesPlan(cast, issue);
    await answerQuestions(desk, issue, answered);
    await look();
    const { run, sessions } = await client.call(getRun, { repository: `${owner}/${repository}`, run: 1 });
    if (isOver(run) || Date.now() > deadline) {
      screen.tell('entourage', `the run is ${run.state}${run.reason === null ? '' : `: ${run.reason}`}`);
      screen.waiting('');
      return { issue, run, minutes };
    }
    screen.waiting(sessions.map(({ agent, doing }) => `${agent}: ${doing}`).join('; ') || `run ${run.state}`);
    await sleep(pauseMs);
  }
}

const isOver = ({ state, summary }: RunView): boolean =>
  state === 'failed' || state === 'cancelled' || (state === 'done' && summary !== null);

async function runComment({ ana, bot }: FreeCast, issue: number): Promise<IssueComment | null> {
  const comments = await ana.commentsOf(issue);
  return comments.find(({ by, body: text }) => by === bot && text.includes('entourage:run')) ?? null;
}

/** True when the plan was there to be approved, and now is. */
async function approvesPlan(cast: FreeCast, issue: number): Promise<boolean> {
  const { screen, ana } = cast;
  const card = await runComment(cast, issue);
  if (card === null || ticked(card.body) === card.body) return false;
  const tasks = plannedTasks(card.body);
  screen.tell(
    'entourage',
    `shows the manager’s plan of ${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'} and waits for a person`,
  );
  for (const task of tasks) screen.tell('', task);
  await ana.edits(card.id, ticked(card.body));
  screen.tell(ana.login, 'ticks “Approve this plan”');
  return true;
}
