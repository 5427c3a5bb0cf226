import { describe, expect, it } from 'vitest';
import { judgeWorkflow, type WorkflowEnd } from './workflow-end.ts';

const url = 'https://github.com/acme/shop/actions/runs/7001';
const judge = (end: Partial<WorkflowEnd>, taken = true, tried = false) =>
  judgeWorkflow(
    { conclusion: 'failure', step: null, minutes: 5, age: 6, url, ...end },
    { taken, tried, limit: 60 },
  );

describe('a workflow run that ended', () => {
  it.each<[string, string, Partial<WorkflowEnd>]>([
    ['lost', `its workflow run failed in step “Session”: ${url}`, { step: 'Session' }],
    ['lost', 'its job ran out of time after 80 minutes', { conclusion: 'timed_out', minutes: 79.6 }],
    ['lost', 'its job ran out of time', { conclusion: 'timed_out', minutes: null }],
    ['lost', 'its workflow run ended without reporting an end', { conclusion: 'success' }],
    ['lost', 'its workflow run ended: stale', { conclusion: 'stale' }],
  ])('while the agent worked is %s: %s', (outcome, reason, end) =>
    expect(judge(end)).toEqual({ outcome, reason, cancelled: false, setUp: false }),
  );

  it('before the session began failed, with the log that says why', () =>
    expect(judge({}, false)).toEqual({
      outcome: 'failed',
      reason: `its workflow run failed before the session began, its log says why: ${url}`,
      cancelled: false,
      setUp: false,
    }));

  it('before the session began again waits for a person', () => {
    const judged = judge({ step: 'Work' }, false, true);
    expect(judged).toMatchObject({ outcome: 'stopped', setUp: true, cancelled: false });
    expect(judged.reason).toBe(
      `The workflow failed again in step “Work” before the session began; its log says why: ${url}. Mend it, then /entourage resume.`,
    );
  });

  it.each<[string, RegExp]>([
    ['startup_failure', /could not start/],
    ['action_required', /approve/],
    ['skipped', /skipped/],
    ['success', /without taking its session/],
  ])('%s before the session began is a matter of the set-up: a person mends it', (conclusion, words) => {
    const judged = judge({ conclusion }, false);
    expect(judged).toMatchObject({ outcome: 'stopped', setUp: true, cancelled: false });
    expect(judged.reason).toMatch(words);
    expect(judged.reason).toMatch(/\/entourage resume\.$/);
  });

  it('cancelled is by hand, whether it waited or ran', () => {
    const byHand = { outcome: 'stopped', cancelled: true, setUp: false };
    expect(judge({ conclusion: 'cancelled', minutes: 59 })).toMatchObject(byHand);
    expect(judge({ conclusion: 'cancelled', minutes: null, age: 60 }, false)).toMatchObject(byHand);
  });

  it('G33: cancelled is not by hand when its time was up, or nobody took it for a day', () => {
    expect(judge({ conclusion: 'cancelled', minutes: 60 })).toMatchObject({
      outcome: 'lost',
      cancelled: false,
      reason: 'its job ran out of time after 60 minutes',
    });
    expect(judge({ conclusion: 'cancelled', minutes: null, age: 24 * 60 }, false)).toMatchObject({
      setUp: true,
      cancelled: false,
      reason: expect.stringContaining('No GitHub runner took the job within a day.'),
    });
  });
});
