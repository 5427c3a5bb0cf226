/** What people do once work begins: they answer, review and approve, each when GitHub shows that it is their turn. */
import type { Person, Pull } from './person.ts';
import type { Screen } from './screen.ts';
import { until } from './watch.ts';

export type Desk = {
  screen: Screen;
  ana: Person;
  ben: Person;
  issue: number;
  bot: string;
  /** What ana answers to questions. */
  answer: string;
  /** Whether ben wants changes where the script has them. */
  remarks: boolean;
};

/** What was done and told already, by pull request. */
type Seen = {
  opened: boolean;
  /** Questions that were answered, by their comments. */
  answered: Set<number>;
  ready: string | null;
  changesAt: string | null;
  approved: string | null;
  /** The bot's reviews and replies that were told, by id or by their words. */
  told: Set<number | string>;
  merged: boolean;
};

const remark =
  'A screen reader only hears a number here. Please give the bell a label, for example “3 unread notifications”.';

/** Looks at every pull request once, each time it is called, and does what is a person's turn there. */
export function sitAt(desk: Desk): () => Promise<Pull[]> {
  const seen = new Map<number, Seen>();
  return async () => {
    const pulls = await desk.ana.taskPulls();
    for (const pull of pulls) {
      const notes = seen.get(pull.number) ?? {
        opened: false,
        answered: new Set(),
        ready: null,
        changesAt: null,
        approved: null,
        told: new Set(),
        merged: false,
      };
      seen.set(pull.number, notes);
      await attend(desk, pull, notes);
    }
    return pulls;
  };
}

/** Resolves when the issue is closed. */
export async function workTheDesk(desk: Desk): Promise<void> {
  const { screen, ana, issue } = desk;
  const look = sitAt(desk);
  await until({ what: 'the issue to be closed', within: 420 }, async () => {
    const pulls = await look();
    const open = pulls.filter(({ state }) => state === 'open');
    screen.waiting(
      open.length === 0
        ? 'the next task'
        : open
            .map(
              ({ number, title, draft }) =>
                `#${number} ${title.split(':')[0] ?? ''}${draft ? '' : ' (ready)'}`,
            )
            .join(', '),
    );
    return (await ana.issueState(issue)) === 'closed' ? true : null;
  });
}

async function attend(desk: Desk, pull: Pull, notes: Seen): Promise<void> {
  const { screen } = desk;
  if (!notes.opened) {
    notes.opened = true;
    screen.tell('entourage', `opens draft #${pull.number} “${pull.title}”`);
  }
  if (pull.merged && !notes.merged) {
    notes.merged = true;
    screen.tell('entourage', `merges #${pull.number}`);
  }
  if (pull.state !== 'open') return;
  await answerQuestions(desk, pull.number, notes.answered);
  await tellReviews(desk, pull, notes);
  if (!pull.draft && notes.ready !== pull.head && (await readByAgent(desk, pull, notes)))
    await review(desk, pull, notes);
}

/** Those that an issue or a pull request shows, each once. */
export async function answerQuestions(
  { screen, ana, bot, answer }: Desk,
  place: number,
  answered: Set<number>,
): Promise<void> {
  for (const { id, by, body } of await ana.commentsOf(place)) {
    const number = /<!-- entourage:question \d+\/(q\d+) -->/.exec(body)?.[1];
    // What is no longer open says nothing of how to answer.
    if (by !== bot || number === undefined || answered.has(id) || !body.includes('/entourage answer'))
      continue;
    answered.add(id);
    screen.tell(
      'entourage',
      `asks in #${place}: ${body.split('\n').find((line) => line.endsWith('?')) ?? ''}`,
    );
    await ana.comments(place, `/entourage answer ${number} ${answer}`);
    screen.tell('ana', `answers in #${place}: ${answer}`);
  }
}

/** What the reviewer agent wants changed stands in a review; its approval is a check alone. */
async function tellReviews({ screen, ana, bot }: Desk, pull: Pull, notes: Seen): Promise<void> {
  for (const { id, by, body } of await ana.reviewsOf(pull.number)) {
    if (by !== bot || notes.told.has(id)) continue;
    notes.told.add(id);
    const words =
      body
        .split('\n')[0]
        ?.replaceAll('**', '')
        .replace(/ \(.*\)$/, '') ?? '';
    screen.tell('entourage', `its agent reads #${pull.number} first: ${words}`);
  }
}

/** Both of Entourage's checks on the head are green: the proof is given and its reviewer has nothing against it. */
async function readByAgent({ screen, ana, bot }: Desk, pull: Pull, notes: Seen): Promise<boolean> {
  const slug = bot.replace('[bot]', '');
  const checks = (await ana.checksOf(pull.head)).filter(
    ({ app, status, conclusion }) => app === slug && status === 'completed' && conclusion === 'success',
  );
  const green = ['entourage', 'entourage/review'].every((own) => checks.some(({ name }) => name === own));
  if (green && !notes.told.has(pull.head)) {
    notes.told.add(pull.head);
    screen.tell('entourage', `its agent reads #${pull.number} first: reviewer approves`);
  }
  return green;
}

async function review(desk: Desk, pull: Pull, notes: Seen): Promise<void> {
  const { screen, ana, ben, remarks } = desk;
  const bell = remarks && pull.title.includes('bell');
  if (bell && notes.changesAt === null) {
    notes.ready = pull.head;
    notes.changesAt = pull.head;
    screen.tell(
      'entourage',
      `asks for review of #${pull.number}: checks are green on ${pull.head.slice(0, 7)}`,
    );
    const comments = [{ path: 'src/bell.js', line: 3, body: remark }];
    await ben.reviews(pull.number, 'REQUEST_CHANGES', {
      head: pull.head,
      body: 'Nice and small. One thing.',
      comments,
    });
    screen.tell(
      'ben',
      `requests changes on #${pull.number}, src/bell.js line 3: “${remark.split('.')[0] ?? ''}.”`,
    );
    return;
  }
  if (bell && !(await replied(desk, pull))) return;
  notes.ready = pull.head;
  screen.tell(
    'entourage',
    `asks for review of #${pull.number}: checks are green on ${pull.head.slice(0, 7)}`,
  );
  const reviewer = bell ? ben : ana;
  await reviewer.reviews(pull.number, 'APPROVE', { head: pull.head, body: '' });
  notes.approved = pull.head;
  screen.tell(reviewer.login, `approves #${pull.number}`);
}

/** The agent’s answer stands in the thread. */
async function replied({ screen, ben, bot }: Desk, pull: Pull): Promise<boolean> {
  const reply = (await ben.lineComments(pull.number)).find(
    ({ by, replyTo }) => by === bot && replyTo !== null,
  );
  if (reply !== undefined)
    screen.tell('entourage', `answers in the thread of #${pull.number}: ${reply.body.split('\n')[0] ?? ''}`);
  return reply !== undefined;
}
