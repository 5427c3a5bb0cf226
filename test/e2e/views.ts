/** What tests look at: issues, cards, pull requests in the forge; runs, tasks, sessions in the record. Each can be awaited. */
import type { Comment } from '../../forge/state.ts';
import type { RunningForge } from '../../forge/server.ts';
import { eventually, type Patience } from './eventually.ts';
import type { Records, RunRow, SessionRow, TaskRow } from './records.ts';

export type PullView = {
  number: number;
  title: string;
  body: string;
  state: 'open' | 'closed';
  merged: boolean;
  draft: boolean;
  head: string;
  branch: string;
};
export type Watched<T> = {
  /** As it is now. */
  now(): Promise<T>;
  /** Resolves with it once its state is one of these. */
  is(...states: string[]): Promise<T>;
  /** Resolves once it fits. */
  becomes(what: string, fits: (seen: T) => boolean, patience?: Patience): Promise<T>;
};

export interface Views {
  run(issue: number): Watched<RunRow | undefined>;
  task(issue: number, ref: string): Watched<TaskRow | undefined>;
  sessions(issue: number): Promise<SessionRow[]>;
  /** The run's comment on the issue. */
  card(issue: number): {
    now(): Comment | undefined;
    shows(pattern: RegExp | string, patience?: Patience): Promise<Comment>;
  };
  /** A task's pull request. */
  pull(
    issue: number,
    ref: string,
  ): {
    now(): Promise<PullView | undefined>;
    becomes(what: string, fits: (seen: PullView) => boolean, patience?: Patience): Promise<PullView>;
    /** Out of draft, with proof on its head: people's turn. */
    isReady(patience?: Patience): Promise<PullView>;
    isMerged(patience?: Patience): Promise<PullView>;
  };
  /** Comments of the App on an issue or pull request. */
  replies(number: number): Comment[];
  says(number: number, pattern: RegExp, patience?: Patience): Promise<Comment>;
  reactions(subject: number): string[];
  reacts(subject: number, content: string, patience?: Patience): Promise<void>;
  issueState(number: number): string;
  isClosed(number: number, patience?: Patience): Promise<void>;
  /** Nothing is on its way: no webhook, no delivery unhandled, no job that could run now. */
  settled(): Promise<void>;
}

type Sources = { forge: RunningForge; records: Records; bot: string };

export function createViews(sources: Sources): Views {
  const { records } = sources;
  const github = createGitHubViews(sources);
  const run = (issue: number): Watched<RunRow | undefined> => {
    const now = async (): Promise<RunRow | undefined> => (await records.runsOf(issue))[0];
    return watched(`the run of #${issue}`, now, (row) => row?.state);
  };
  const task = (issue: number, ref: string): Watched<TaskRow | undefined> => {
    const number = Number(ref.slice(1));
    const now = async (): Promise<TaskRow | undefined> =>
      (await records.tasksOf(issue)).find((row) => row.number === number);
    return watched(`${ref} of #${issue}`, now, (row) => row?.state);
  };
  const pullNow = async (issue: number, ref: string): Promise<PullView | undefined> => {
    const row = await task(issue, ref).now();
    return typeof row?.pull === 'number' ? github.pullNumbered(row.pull) : undefined;
  };
  return {
    ...github,
    run,
    task,
    sessions: (issue) => records.sessionsOf(issue),
    pull(issue, ref) {
      const becomes = async (
        what: string,
        fits: (seen: PullView) => boolean,
        patience?: Patience,
      ): Promise<PullView> => {
        const wait = { what: `the pull request of ${ref} of #${issue} ${what}`, ...patience };
        const looks = (seen: PullView | undefined): boolean => seen !== undefined && fits(seen);
        return (await eventually(wait, () => pullNow(issue, ref), looks))!;
      };
      const isReady = async (patience?: Patience): Promise<PullView> => {
        await task(issue, ref).becomes('in review', (seen) => seen?.state === 'in_review', patience);
        return await becomes('out of draft', ({ draft, state }) => !draft && state === 'open', patience);
      };
      return {
        now: () => pullNow(issue, ref),
        becomes,
        isReady,
        isMerged: (patience) => becomes('merged', ({ merged }) => merged, patience),
      };
    },
    async settled() {
      await eventually(
        { what: 'nothing on its way' },
        async () => {
          await sources.forge.settled();
          return await records.query<{ what: string }>(
            `select 'delivery ' || event as what from delivery where handled_at is null
             union all select 'job ' || task_identifier from graphile_worker.jobs where run_at <= now() + interval '100 ms' and attempts < max_attempts`,
          );
        },
        (left) => left.length === 0,
      );
    },
  };
}

function watched<T>(
  name: string,
  now: () => Promise<T>,
  stateOf: (seen: T) => string | undefined,
): Watched<T> {
  return {
    now,
    is: (...states) =>
      eventually({ what: `${name} to be ${states.join(' or ')}` }, now, (seen) =>
        states.includes(stateOf(seen) ?? 'missing'),
      ),
    becomes: (what, fits, patience) => eventually({ what: `${name} to be ${what}`, ...patience }, now, fits),
  };
}

type GitHubViews = Pick<
  Views,
  'card' | 'replies' | 'says' | 'reactions' | 'reacts' | 'issueState' | 'isClosed'
> & {
  pullNumbered(number: number): PullView | undefined;
};

function createGitHubViews({ forge, bot }: Sources): GitHubViews {
  const { state } = forge;
  const issueNumbered = (number: number) =>
    [...state.issues.values()].find((issue) => issue.number === number);
  const replies = (number: number): Comment[] => {
    const issue = issueNumbered(number);
    return [...state.comments.values()].filter(
      ({ issueId, authorId }) => issueId === issue?.id && state.accounts.get(authorId)?.login === bot,
    );
  };
  const reactions = (subject: number): string[] =>
    [...state.reactions.values()]
      .filter(
        ({ subjectId, accountId }) => subjectId === subject && state.accounts.get(accountId)?.login === bot,
      )
      .map(({ content }) => content);
  const cardNow = (number: number): Comment | undefined =>
    replies(number).findLast(({ body }) => body.includes('<!-- entourage:run '));
  return {
    replies,
    reactions,
    issueState: (number) => issueNumbered(number)?.state ?? 'missing',
    card: (number) => ({
      now: () => cardNow(number),
      shows: async (pattern, patience) => {
        const wait = { what: `the card of #${number} to show ${String(pattern)}`, ...patience };
        const shown = (card: Comment | undefined): boolean =>
          card !== undefined &&
          (typeof pattern === 'string' ? card.body.includes(pattern) : pattern.test(card.body));
        // As a page shows it: what changes afterwards is not on it.
        return { ...(await eventually(wait, () => cardNow(number), shown))! };
      },
    }),
    says: async (number, pattern, patience) => {
      const wait = { what: `a comment like ${String(pattern)} on #${number}`, ...patience };
      const said = await eventually(
        wait,
        () => replies(number),
        (comments) => comments.some(({ body }) => pattern.test(body)),
      );
      return { ...said.findLast(({ body }) => pattern.test(body))! };
    },
    async reacts(subject, content, patience) {
      await eventually(
        { what: `the reaction ${content}`, ...patience },
        () => reactions(subject),
        (seen) => seen.includes(content),
      );
    },
    async isClosed(number, patience) {
      const look = (): string | undefined => issueNumbered(number)?.state;
      await eventually({ what: `#${number} to be closed`, ...patience }, look, (seen) => seen === 'closed');
    },
    pullNumbered(number) {
      const issue = issueNumbered(number);
      const pull = issue === undefined ? undefined : state.pulls.get(issue.id);
      if (issue === undefined || pull === undefined) return undefined;
      const { draft, headSha, headRef, mergedAt } = pull;
      return {
        number,
        title: issue.title,
        body: issue.body ?? '',
        state: issue.state,
        merged: mergedAt !== null,
        draft,
        head: headSha,
        branch: headRef,
      };
    },
  };
}
