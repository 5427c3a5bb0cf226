/** The story: an issue, a stranger, a plan, five pull requests, a question, a review, and an issue that closes itself. */
import { plannedTasks } from './card-text.ts';
import type { Person } from './person.ts';
import { workTheDesk } from './review-desk.ts';
import type { Screen } from './screen.ts';
import { until } from './watch.ts';

export type Cast = { screen: Screen; ana: Person; ben: Person; mallory: Person; bot: string };
/** What the ending looks at. */
export type Told = { issue: number; refused: boolean; planTouchedByStranger: boolean };

const title = 'Add user notifications';
const body = `Members should hear when something concerns them: a book that is overdue, for a start.

Keep notifications, serve them, show a bell on the member's page.`;

export async function tell(cast: Cast): Promise<Told> {
  const { screen, ana } = cast;
  const issue = await ana.opensIssue(title, body);
  screen.tell('ana', `opens issue #${issue} “${title}”`);
  const refused = await strangerIsRefused(cast, issue);
  await ana.comments(issue, '/entourage run');
  screen.tell('ana', 'writes /entourage run');
  const plan = await planOnCard(cast, issue);
  const planTouchedByStranger = await strangerTicks(cast, plan);
  await ana.edits(plan.id, ticked(plan.body));
  screen.tell(ana.login, 'ticks “Approve this plan”');
  await workTheDesk({ ...cast, issue, answer: '200 with an empty list', remarks: true });
  screen.tell('entourage', `closes issue #${issue}`);
  screen.waiting('');
  return { issue, refused, planTouchedByStranger };
}

/** True when the command of somebody without permission got a confused reaction and nothing else. */
async function strangerIsRefused({ screen, mallory, bot }: Cast, issue: number): Promise<boolean> {
  const comment = await mallory.comments(issue, '/entourage run');
  screen.tell('mallory', 'writes /entourage run, without write permission');
  await until(
    { what: 'the answer to mallory', within: 20, onLook: (what) => screen.waiting(what) },
    async () => {
      const reactions = await mallory.reactionsOf(comment);
      return reactions.some(({ by, content }) => by === bot && content === 'confused') ? true : null;
    },
  );
  screen.tell('entourage', 'refuses: a confused reaction, nothing starts');
  return !(await mallory.commentsOf(issue)).some(
    ({ by, body }) => by === bot && body.includes('entourage:run'),
  );
}

async function planOnCard({ screen, ana, bot }: Cast, issue: number): Promise<{ id: number; body: string }> {
  let told = false;
  const card = await until(
    { what: 'the plan', within: 60, onLook: (what) => screen.waiting(what) },
    async () => {
      const found = (await ana.commentsOf(issue)).find(
        ({ by, body: text }) => by === bot && text.includes('entourage:run'),
      );
      if (found !== undefined && !told) {
        told = true;
        screen.tell('entourage', 'shows the run’s card; the manager reads the repository');
      }
      return found !== undefined && /- \[ \] .*Approve this plan/.test(found.body) ? found : null;
    },
  );
  const tasks = plannedTasks(card.body);
  screen.tell('entourage', `shows the manager’s plan of ${tasks.length} tasks and waits for a person`);
  for (const task of tasks) screen.tell('', task);
  return card;
}

/** True when a tick of somebody without permission could be made or did something. */
async function strangerTicks(
  { screen, mallory, ana }: Cast,
  plan: { id: number; body: string },
): Promise<boolean> {
  try {
    await mallory.edits(plan.id, ticked(plan.body));
  } catch (error) {
    if (!(error instanceof Error && 'status' in error && (error.status === 403 || error.status === 404)))
      throw error;
    screen.tell('mallory', 'tries to tick “Approve this plan”: GitHub says no');
    return false;
  }
  screen.tell('mallory', 'ticks “Approve this plan”');
  return (await ana.taskPulls()).length > 0;
}

export const ticked = (body: string): string => body.replace(/- \[ \](?= .*Approve this plan)/, '- [x]');
