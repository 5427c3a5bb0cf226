/** GitHub's door: what is forged, broken, repeated or too large gets in nowhere; what is lost or doubled does no harm. */
import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { work } from './script.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
  world.plans('*', [{ title: 'A task' }]);
  world.works('*', work('a-task.txt'));
});
afterEach(async () => {
  world.forge.faults.clear();
  await world.isClean();
});
afterAll(() => world[Symbol.asyncDispose]());

type Sent = { body: string; signature?: string; guid?: string; event?: string };

const sign = (body: string): string =>
  `sha256=${createHmac('sha256', world.forge.credentials.webhookSecret).update(body).digest('hex')}`;

async function send({
  body,
  signature,
  guid = randomUUID(),
  event = 'issue_comment',
}: Sent): Promise<number> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-github-event': event,
    'x-github-delivery': guid,
  };
  if (signature !== undefined) headers['x-hub-signature-256'] = signature;
  const response = await fetch(`${world.appUrl}/api/github/webhooks`, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return response.status;
}

const deliveries = async (): Promise<number> =>
  Number((await world.records.query<{ count: string }>('select count(*) from delivery'))[0]!.count);

/** The delivery of a comment as the forge sent it. */
function deliveryOf(comment: number): { body: string; guid: string } {
  const sent = [...world.forge.state.deliveries.values()].find(({ event, request }) => {
    const payload = request.payload as { comment?: { id?: number } };
    return event === 'issue_comment' && payload.comment?.id === comment;
  });
  return { body: JSON.stringify(sent?.request.payload), guid: sent?.guid ?? '' };
}

it('KW-2 IN-5: unsigned, wrongly signed, malformed and oversized deliveries are refused and leave nothing', async () => {
  const before = await deliveries();
  const body = JSON.stringify({ action: 'created' });
  expect(await send({ body })).toBeGreaterThanOrEqual(400);
  expect(await send({ body, signature: sign(`${body} `) })).toBeGreaterThanOrEqual(400);
  expect(await send({ body: '{"action":', signature: sign('{"action":') })).toBeGreaterThanOrEqual(400);
  const huge = JSON.stringify({ action: 'created', filler: 'x'.repeat(26 * 1024 * 1024) });
  expect(await send({ body: huge, signature: sign(huge) }).catch(() => 413)).toBe(413);
  expect(await deliveries()).toBe(before);
});

it('IN-5: a payload that is no comment at all is stored, skipped and breaks nothing', async () => {
  const body = JSON.stringify({
    action: 'created',
    comment: { id: 'not a number' },
    installation: { id: -5 },
  });
  expect(await send({ body, signature: sign(body) })).toBeLessThan(500);
  await world.settled();
  const issue = await world.ana.opensIssue('Still alive', '');
  await world.reacts(await world.ana.comments(issue, '/entourage help'), 'rocket');
});

it('KW-1 IN-5: a replayed delivery runs its command once', async () => {
  const issue = await world.ana.opensIssue('Replayed', '');
  const comment = await world.ana.comments(issue, '/entourage run');
  await world.run(issue).is('awaiting_approval');
  const { body, guid } = deliveryOf(comment);
  expect(await send({ body, guid, signature: sign(body) })).toBeLessThan(300);
  await world.settled();
  expect(await world.records.runsOf(issue)).toHaveLength(1);
});

it('KW-2: doubled and reordered webhooks end in the same place', async () => {
  world.forge.faults.webhooks({ kind: 'double', count: 30 });
  const issue = await world.ana.opensIssue('Doubled', '');
  world.plans('Doubled', [{ title: 'Only one' }]);
  world.works('Only one', work('only-one.txt'));
  await world.ana.comments(issue, '/entourage run');
  await world.run(issue).is('awaiting_approval');
  world.forge.faults.webhooks({ kind: 'reorder', count: 2 });
  await world.ana.comments(issue, '/entourage approve');
  await world.ana.comments(issue, 'Thank you.');
  await world.ana.approves(await world.pull(issue, 't1').isReady());
  await world.isClosed(issue);
  expect(await world.records.runsOf(issue)).toHaveLength(1);
  expect((await world.records.eventTypes(issue)).filter((type) => type === 'run_approved')).toHaveLength(1);
});

it('SE-1 KW-3: GitHub that fails and limits for a while makes no second card and no second pull request', async () => {
  const { faults } = world.forge;
  faults.answers({ operation: 'issues/create-comment', count: 1, status: 502, afterwards: true });
  faults.answers({ operation: 'pulls/create', count: 1, status: 502, afterwards: true });
  faults.answers({ operation: 'issues/update-comment', count: 1, status: 403, retryAfter: 1 });
  const issue = await world.ana.opensIssue('Bad day', '');
  world.plans('Bad day', [{ title: 'In spite of it' }]);
  world.works('In spite of it', work('in-spite.txt'));
  await world.ana.comments(issue, '/entourage run').catch((error: unknown) => error);
  await world.run(issue).is('awaiting_approval');
  await world.ana.comments(issue, '/entourage approve');
  const pull = await world.pull(issue, 't1').isReady({ within: 60 });
  await world.ana.approves(pull);
  await world.isClosed(issue, { within: 60 });
  expect(world.replies(issue).filter(({ body }) => body.includes('entourage:run '))).toHaveLength(1);
  const pulls = [...world.forge.state.pulls.values()].filter(({ headRef }) => headRef === pull.branch);
  expect(pulls).toHaveLength(1);
});

it('KW-2 KW-1: what GitHub could not deliver while the App was away is asked for at its start, and done once', async () => {
  const issue = await world.ana.opensIssue('Nobody at home', '');
  world.plans('Nobody at home', [{ title: 'Late but done' }]);
  // A port that nobody has: the forge logs an attempt that failed.
  world.forge.setWebhookUrl('http://127.0.0.1:9/');
  await world.ana.comments(issue, '/entourage run');
  await world.forge.settled();
  world.forge.setWebhookUrl(`${world.appUrl}/api/github/webhooks`);
  expect(await world.records.runsOf(issue)).toEqual([]);
  await world.restartApp();
  await world.run(issue).is('awaiting_approval');
  await world.restartApp();
  await world.settled();
  expect(await world.records.runsOf(issue)).toHaveLength(1);
});
