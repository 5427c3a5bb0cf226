/** The reviewer agent's words on GitHub: harmless, and the verdict where people look. */
import { describe, expect, it } from 'vitest';
import type { AgentReview } from '../../domain/agent-review.ts';
import { remarkBody, reviewCheck, reviewText } from './agent-review.ts';
import { renderCard } from './card.ts';
import { card, run, session, task } from './golden/states.ts';
import { pullBody } from './task-pull.ts';

const head = 'b'.repeat(40);
const review = (about: Partial<AgentReview> = {}): AgentReview => ({
  head,
  agent: 'reviewer',
  state: 'running',
  round: 0,
  session: '00000000-0000-4000-8000-000000000077',
  failures: 0,
  remarks: [],
  verdict: null,
  summary: '',
  givenAt: null,
  posted: false,
  reason: '',
  ...about,
});
const remark = {
  path: 'src/a.ts',
  line: 3,
  side: 'RIGHT',
  body: 'This is wrong.',
  suggestion: null,
} as const;
const given = (verdict: 'approve' | 'request_changes' | 'reject', about: Partial<AgentReview> = {}) =>
  review({ state: 'given', round: 1, verdict, summary: 'I read all of it.', ...about });
const reviewed = (agentReview: AgentReview | null, about: Parameters<typeof task>[0] = {}) =>
  task({ number: 2, state: 'in_review', pull: 33, head, agentReview, ...about });

const cases = {
  waits: reviewed(review({ state: 'waiting', session: null })),
  reads: reviewed(review()),
  approves: reviewed(given('approve')),
  'approves with a comment': reviewed(given('approve', { remarks: [remark] })),
  'requests changes': reviewed(given('request_changes', { remarks: [remark, remark] })),
  rejects: reviewed(given('reject'), { state: 'failed' }),
  'a person was faster': reviewed(
    review({ state: 'closed', reason: 'a person approved it before there was a verdict' }),
    { state: 'approved' },
  ),
  'people decide alone': reviewed(
    review({ state: 'closed', reason: 'reviewer has reviewed 3 times already, so people decide' }),
  ),
  'left review': reviewed(review({ state: 'waiting' }), { state: 'ready' }),
};

describe('RE-2 where the agent’s review is shown', () => {
  it('RE-2 check run, pull request and card, state by state', async () => {
    const text = Object.entries(cases).map(([name, of]) => {
      const check = reviewCheck({ run: run(), task: of, sessions: [session({ kind: 'review' })] })!;
      const body = pullBody({ run: run(), task: of, tasks: [of], sessions: [] });
      const shown = renderCard(card({ tasks: [of], sessions: [], questions: [], happened: [] }));
      return [
        `## ${name}`,
        `${check.name}: ${check.conclusion ?? check.status}: ${check.title}`,
        check.summary,
        body.split('\n').find((line) => line.startsWith('**Agent review:**')) ??
          '(nothing in the pull request)',
        shown.split('\n').find((line) => line.includes('| t2 ')),
        shown.split('\n').find((line) => line.startsWith('**Waits for you:**')) ?? '(nobody is asked)',
      ].join('\n');
    });
    await expect(`${text.join('\n\n')}\n`).toMatchFileSnapshot('golden/agent-review.txt');
  });
  it('RE-2 nothing for another head, or where no agent reviews', () => {
    for (const of of [reviewed(null), reviewed(given('approve', { head: 'c'.repeat(40) }))]) {
      expect(reviewCheck({ run: run(), task: of, sessions: [] })).toBeNull();
      expect(pullBody({ run: run(), task: of, tasks: [of], sessions: [] })).not.toContain('Agent review');
      expect(renderCard(card({ tasks: [of], sessions: [] }))).toContain(
        'in review, unproven (no check ran), waits for a person',
      );
    }
  });
  it('RE-2 a policy that names nobody says so once, on the card', () => {
    const shown = renderCard(card({ missingReviewer: 'critic' }));
    expect(shown.match(/ENTOURAGE\.md names critic for reviews/g)).toHaveLength(1);
    expect(renderCard(card())).not.toContain('for reviews');
  });
});

describe('RE-2 TR-4 the review on GitHub', () => {
  it('RE-2 its body and the one for when its comments can’t stand on their lines', async () => {
    const { body, wholeBody } = reviewText(given('request_changes', { remarks: [remark] }), 'id-of-session');
    await expect(`${body}\n\n----\n\n${wholeBody}\n`).toMatchFileSnapshot('golden/agent-review-body.txt');
  });
  it('TR-4 its words mention nobody, close nothing and carry no marker of ours', () => {
    const evil = 'See @ana, fixes #12 <!-- entourage:task 12/t1 --> ![x](https://evil.example/p.png)';
    const texts = [
      remarkBody({ ...remark, body: evil }),
      reviewText(
        given('reject', { summary: evil, agent: evil, remarks: [{ ...remark, body: evil, path: evil }] }),
        's',
      ).wholeBody,
    ];
    for (const text of texts) {
      expect(text).not.toMatch(/@ana|fixes #12|!\[x\]\(https:/);
      expect(text.match(/<!--/g) ?? []).toHaveLength(text === texts[0] ? 0 : 1);
    }
  });
  it('TR-4 a suggestion can’t close its own block', () => {
    const body = remarkBody({ ...remark, suggestion: 'a();\n```\n@ana\n' });
    expect(body).toBe('This is wrong.\n\n````suggestion\na();\n```\n@ana\n````');
  });
});
