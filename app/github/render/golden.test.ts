/**
 * What people see, word for word. The files in `golden/` are the real texts (`.txt`, so that no formatter touches them); after a wanted change look at the difference
 * and run `vitest run --project unit app/github/render -u`.
 */
import { describe, expect, it } from 'vitest';
import { noCi } from '../../domain/ci.ts';
import { asker, choices } from '../../domain/escalation.ts';
import { newMerging, type Merging } from '../../domain/merge.ts';
import { notManaged } from '../../domain/managing.ts';
import { mergeStarted, takenOut, takenOver } from '../../domain/task.ts';
import { renderCard } from './card.ts';
import { groupCheck, taskCheck } from './check-run.ts';
import { card, question, run, session, task, tasks, waitingCard } from './golden/states.ts';
import { firstCommitMessage, pullBody, pullTitle } from './task-pull.ts';
import { renderQuestion } from './question.ts';
import { renderRefusal } from './reply.ts';
import { renderThreadReply } from './thread.ts';

const managerSession = '00000000-0000-4000-8000-000000000097';
const golden = async (name: string, text: string): Promise<void> => {
  await expect(`${text}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
};

describe('golden texts', () => {
  it('RE-5 GitHub’s reason not to merge stands on the card and in the pull request, and is harmless', () => {
    const blocked = task({
      number: 2,
      state: 'merging',
      reason: 'At least 1 approving review is required by @acme/owners <!-- x -->',
    });
    const said = /GitHub does not merge it yet: At least 1 approving review is required by /;
    for (const text of [
      renderCard(card({ tasks: [blocked] })),
      pullBody({ run: run(), task: blocked, tasks: [blocked], sessions: [] }),
    ]) {
      expect(text).toMatch(said);
      expect(text).not.toContain('<!-- x');
      expect(text).not.toContain('@acme/owners');
    }
    const free = task({ number: 2, state: 'merging', reason: mergeStarted });
    expect(renderCard(card({ tasks: [free] }))).not.toMatch(/does not merge/);
    expect(pullBody({ run: run(), task: free, tasks: [free], sessions: [] })).not.toMatch(/Merge:/);
  });
  it('AG-6 a refused push stands in the pull request with its reason until it is mended, harmless', () => {
    const reason = 'Secrets can’t be pushed: GITHUB_TOKEN in `src/a.ts` line 3. @everyone <!-- x -->';
    const held = task({ number: 3, state: 'in_progress', refused: { bundle: 'b', reason } });
    const at = { run: run(), tasks: [held], sessions: [] };
    const text = pullBody({ ...at, task: held });
    expect(text).toMatch(/\*\*Refused push:\*\* Secrets can’t be pushed[^]*`entourage bundle get 12\/t3`/);
    expect(text).not.toMatch(/<!-- x|@everyone/);
    expect(pullBody({ ...at, task: { ...held, refused: null } })).not.toContain('Refused');
    expect(pullBody({ ...at, task: { ...held, state: 'done' } })).not.toContain('Refused');
  });
  it('AG-5 says what isolation agents had, in the pull request and folded on the card', () => {
    const [first, second] = [session({ isolation: 'user' }), session({ task: 2, isolation: 'none' })];
    const sessions = [first, second];
    const text = pullBody({ run: run(), task: task({ number: 2 }), tasks: [], sessions });
    expect(text).toContain('· **Isolation:** none, the runner’s own user ·');
    expect(renderCard(card({ sessions }))).toMatch(
      /Isolation of agents: a user of its own, none, the runner’s own user\./,
    );
  });
  it('SE-1 card of a run that executes', () => golden('card-executing', renderCard(card())));
  it('BU-1 card says what waits for money and what would set it going; an unknown price is no zero', () => {
    const held = (number: number, what: string) =>
      task({ number, state: 'ready', held: `the budget of ${what} is used up`, cost: 0, unpriced: 12_000 });
    const text = renderCard(
      card({
        run: run({ unpriced: 36_000 }),
        tasks: [held(1, 'run 12 ($15.00)'), held(2, 't2 ($5.00)'), held(3, 'team platform today ($50.00)')],
        questions: [],
      }),
    );
    expect(text).toContain('budget $3.10 + 36k tokens of unknown price of $15.00');
    expect(text).toContain('| ready, but the budget of run 12 (&#36;15.00) is used up |');
    expect(text).toContain('| 12k tokens of unknown price |');
    expect(text).toContain(
      '**Waits for you:** `/entourage budget <USD>` · `/entourage budget <USD> --task t2`\n',
    );
  });
  it('BU-2 the end of a run says what a merged pull request cost, where all of it is known', () => {
    const over = { state: 'done', endedAt: '2026-11-21T10:00:00.000Z' } as const;
    const done = [task({ state: 'done', pull: 31 }), task({ number: 2, state: 'done', pull: 33 })];
    expect(renderCard(card({ run: run(over), tasks: done }))).toContain(
      'cost $3.10, $1.55 for each merged pull request',
    );
    const partly = renderCard(card({ run: run({ ...over, unpriced: 5 }), tasks: done }));
    expect(partly).toContain('cost $3.10 + 5 tokens of unknown price.');
    expect(partly).not.toContain('for each merged');
  });
  it('PL-6 an inferred dependency is marked, and what inferred it is said', () => {
    const plan = { ...run().plan!, inferred: [{ task: 2, on: 1, why: 'tests follow the implementation' }] };
    const text = renderCard(waitingCard({ plan }));
    expect(text).toMatch(/^\| ○ \| t2 .*\| t1\\\* \|/m);
    expect(text).toContain('\\* inferred, not stated by the planner: tests follow the implementation. ');
    expect(renderCard(waitingCard())).not.toContain('inferred');
  });
  it('PL-4 card of a plan that waits', () =>
    golden('card-waiting', renderCard(waitingCard({ budget: 2_000_000 }))));
  it('IN-1 card of a plan whose `--yes` the policy does not take', () => {
    expect(renderCard(waitingCard({ autoApprove: true, planVersion: 1 }))).toMatch(
      /Approve this plan[^]*`--yes` was given, but the policy wants a person to approve/,
    );
    expect(renderCard(waitingCard({ planVersion: 1 }))).not.toContain('--yes');
  });
  it('PL-2 card says which way made the plan', () =>
    golden(
      'card-template',
      renderCard(
        waitingCard({
          plan: {
            ...run().plan!,
            by: 'template',
            source: 'feature',
            note: 'The manager could not plan: exit code 1 | <b>',
          },
        }),
      ),
    ));
  it('card while the plan is made again', () =>
    golden(
      'card-planning',
      renderCard(
        card({
          run: run({
            state: 'planning',
            feedback: 'Split t2.\nKeep it small.',
            approvedBy: null,
            approvedAt: null,
          }),
          tasks: [],
          questions: [],
          happened: [],
          sessions: [
            session({ kind: 'plan', task: null, agent: 'manager', state: 'running', outcome: null }),
          ],
        }),
      ),
    ));
  it('AG-4 card of a run that Entourage paused, and of sessions that wait for GitHub', () => {
    const waiting = (number: number, about: Parameters<typeof session>[0]) =>
      session({
        id: `00000000-0000-4000-8000-00000000010${number}`,
        task: number,
        place: 'actions',
        outcome: null,
        ...about,
      });
    const at = (number: number, title: string) =>
      task({
        number,
        title,
        state: 'in_progress',
        session: `00000000-0000-4000-8000-00000000010${number}`,
      });
    const workflowRun = { id: 7001, attempt: 1, url: 'https://github.com/acme/shop/actions/runs/7001' };
    return golden(
      'card-paused',
      renderCard(
        card({
          run: run({
            state: 'paused',
            reason:
              'acme/shop has no .github/workflows/entourage.yml on main. Commit it (entourage init writes it), then /entourage resume.',
          }),
          tasks: [
            at(1, 'Not dispatched yet'),
            at(2, 'Dispatched'),
            at(3, 'Dispatched on an older server'),
            at(4, 'At work'),
          ],
          sessions: [
            waiting(1, { state: 'queued' }),
            waiting(2, { state: 'dispatched', workflowRun }),
            waiting(3, { state: 'dispatched' }),
            waiting(4, { state: 'running', boundAt: '2026-11-21T09:12:33.000Z', workflowRun }),
          ],
          questions: [],
          happened: [],
        }),
      ),
    );
  });
  it('TA-14 PL-7 card of a run whose manager looks at a failure, with a task that it added', () => {
    const manager = session({
      id: managerSession,
      kind: 'manage',
      task: null,
      agent: 'manager',
      state: 'running',
    });
    const managing = {
      ...notManaged,
      session: manager.id,
      sessions: 1,
      taken: [{ kind: 'task_failed' as const, task: 2 }],
    };
    return golden(
      'card-managed',
      renderCard(
        card({
          run: run({ managing }),
          tasks: [
            task({ number: 2, state: 'failed', reason: 'The pager is broken. (attempt 3 of 3)' }),
            task({ number: 3, title: 'Mend the pager', addedBy: 'manager' }),
            task({ number: 4, title: 'Say it in the docs', addedBy: '@ben' }),
          ],
          sessions: [manager],
          questions: [],
          happened: [],
        }),
      ),
    );
  });
  it('TA-14 TR-4 card of a run that its manager summed up, and of one that it was not woken for', () => {
    const summary =
      'The bell is there.\n\n@everyone: <b>t4</b> was dropped, #1 covers it. <!-- entourage:run 1 -->';
    const over = run({ state: 'done', summary, endedAt: '2026-11-21T10:05:00.000Z' });
    const text = renderCard(card({ run: over, questions: [] }));
    expect(text).toContain('**Summary** by the manager:\n> The bell is there.\n> \n> ');
    expect(text).not.toMatch(/<b>|@everyone|<!-- entourage:run 1 /);
    const gaveUp = { ...notManaged, gaveUp: "the manager's session failed 3 times: no key" };
    expect(renderCard(card({ run: run({ managing: gaveUp }) }))).toContain(
      "> The manager was not woken again: the manager's session failed 3 times: no key",
    );
  });
  it('RE-5 RE-7 card of merges on their way, and of CI that is silent or red for ever', () => {
    const merge = (about: Partial<Merging>) => ({ ...newMerging('2026-11-21T09:12:33.000Z'), ...about });
    const merging = { state: 'merging', reason: mergeStarted } as const;
    const at = (number: number, title: string, about: Parameters<typeof task>[0]) =>
      task({ number, title, pull: 30 + number, ...about });
    return golden(
      'card-merging',
      renderCard(
        card({
          tasks: [
            at(1, 'In the queue', { ...merging, merge: merge({ step: 'queued', way: 'async' }) }),
            at(2, 'After another', { ...merging, merge: merge({ note: '#31 merges first' }) }),
            at(3, 'Brought up to date', {
              ...merging,
              merge: merge({ step: 'updating', note: 'main moved' }),
            }),
            at(4, 'On an older server', {
              ...merging,
              merge: merge({
                step: 'asked',
                way: 'direct',
                note: 'this GitHub does not know asynchronous merges',
              }),
            }),
            at(5, 'By hand', {
              state: 'approved',
              reason: `${takenOut}: somebody took it out of the merge queue by hand`,
            }),
            at(6, 'Unproven', {
              state: 'in_review',
              ci: { ...noCi, absent: 'No check has reported on this commit. There is no workflow.' },
            }),
            at(7, 'Taken over', { state: 'waiting', reason: `${takenOver} @ana` }),
          ],
          sessions: [],
          questions: [],
          happened: [],
        }),
      ),
    );
  });
  it('G27 check of a merge group, approved or not, or none of ours', () => {
    const check = (about: Parameters<typeof task>[0] | null, pullHead = 'b'.repeat(40)): string => {
      const { title, summary, conclusion } = groupCheck({
        pullHead,
        name: 'entourage',
        head: 'c'.repeat(40),
        pull: 31,
        task: about === null ? null : task({ number: 1, approvedBy: 'ana', head: 'b'.repeat(40), ...about }),
      });
      return `${conclusion}: ${title}\n${summary}`;
    };
    return golden(
      'check-group',
      [
        check({ state: 'merging', reason: mergeStarted }),
        // `merge.by: person`
        check({ state: 'approved' }),
        check({ state: 'merging', reason: mergeStarted }, 'd'.repeat(40)),
        check({ state: 'in_review' }),
        check(null),
      ].join('\n\n'),
    );
  });
  it('KW-4 question that Entourage itself asks', () =>
    golden(
      'question-escalated',
      renderQuestion(
        question({
          session: null,
          agent: asker,
          text: 'CI was red 3 times for t2, the last time on bbbbbbb: test. What should happen now?',
          options: Object.values(choices),
          fallback: null,
          deadline: null,
        }),
        run(),
      ),
    ));
  it('card at the end', () =>
    golden(
      'card-done',
      renderCard(
        card({
          run: run({
            state: 'done',
            endedAt: '2026-11-21T10:20:00.000Z',
            tasks: { total: 2, done: 1, cancelled: 1, failed: 0, moving: 0 },
          }),
          tasks: [
            tasks[0]!,
            task({ number: 2, title: 'Not needed', state: 'cancelled', reason: 'cancelled by @ana' }),
          ],
          questions: [],
        }),
      ),
    ));
  it('pull request of a task', () =>
    golden(
      'task-pull',
      `${pullTitle(tasks[1]!)}\n${pullBody({ run: run(), task: tasks[1]!, tasks, sessions: card().sessions })}`,
    ));
  it('first commit', () => golden('first-commit', firstCommitMessage(run(), tasks[1]!)));
  it('question, open', () => golden('question-open', renderQuestion(question(), run())));
  it('question, answered', () =>
    golden(
      'question-answered',
      renderQuestion(
        question({
          state: 'answered',
          answer: '200 with\nan empty list',
          answeredBy: 'ben',
          answeredAt: '2026-11-21T09:50:00.000Z',
        }),
        run(),
      ),
    ));
  it('check run', () => {
    const content = taskCheck({
      run: run(),
      task: tasks[1]!,
      sessions: card().sessions,
      questions: [],
      activity: '',
    });
    return golden('check-run', JSON.stringify(content, null, 2));
  });
  it('AG-9 KW-4 a stuck agent stands on the card and on the check, with what was looked at', () => {
    const stuck = {
      since: '2026-11-21T09:40:00.000Z',
      evidence: 'no event, no output for 10 minutes; last: Bash @ana running',
    };
    const at = session({ task: 2, state: 'running', stuck });
    const working = task({ number: 2, state: 'in_progress', session: at.id, head: 'a'.repeat(40) });
    const state = { tasks: [working], sessions: [at] };
    expect(renderCard(card(state))).toMatch(
      /in progress, stuck since 09:40 UTC: no event, no output for 10 minutes; last: Bash .*running/,
    );
    expect(renderCard(card(state))).not.toContain('@ana running');
    const shown = taskCheck({
      run: run(),
      task: working,
      sessions: [at],
      questions: [],
      activity: 'using Bash',
    });
    expect(shown?.title).toMatch(/^Stuck since 09:40 UTC: no event, no output for 10 minutes/);
  });
  it('AG-4 check run of an agent that works in a job leads to that job', () => {
    const [session] = card().sessions;
    const url = 'https://github.com/acme/shop/actions/runs/7001';
    const at = { ...session!, workflowRun: { id: 7001, attempt: 1, url } };
    const shown = taskCheck({
      run: run(),
      task: { ...tasks[1]!, session: at.id },
      sessions: [at],
      questions: [],
      activity: '',
    });
    expect(shown?.detailsUrl).toBe(url);
  });
  it('refusal', () =>
    golden(
      'refusal',
      renderRefusal(
        {
          rejected: 'wrong_state',
          message: 'Task t4 can’t start: it waits for t2.',
          help: 'Approve and merge #31, or `/entourage unlink t2 t4`.',
        },
        ['/entourage status'],
      ),
    ));
  it('RE-3 thread reply', () =>
    golden(
      'thread',
      renderThreadReply({
        id: 5,
        path: 'a',
        line: 1,
        side: 'RIGHT',
        code: '',
        body: '',
        state: 'fixed',
        commit: 'c'.repeat(40),
        why: 'the limit is checked now',
      }) ?? '',
    ));
});
