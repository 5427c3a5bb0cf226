import { expect, test } from 'vitest';
import { linesFor, nameOf } from './view.ts';

const at = '12:00:00';
const redact = (text: string) => text.replaceAll('sk-secret', '***');

test.each([
  [{ run: 12, task: 't3', kind: 'work' }, 'entourage-12-t3'],
  [{ run: 12, task: 't3', kind: 'review' }, 'entourage-12-t3-review'],
  [{ run: 12, task: null, kind: 'plan' }, 'entourage-12-plan'],
  [{ run: 12, task: null, kind: 'manage' }, 'entourage-12-manage'],
] as const)('AG-3: the session of %j is %s', (session, name) => {
  expect(nameOf(session)).toBe(name);
});

test('AG-3: events are calm lines without secrets, and write nothing but text on a terminal', () => {
  const lines = (event: Parameters<typeof linesFor>[0]) => linesFor(event, at, redact);
  expect(lines({ type: 'text', text: 'I have sk-secret\n\n\u001b[2J\u0007and more' })).toEqual([
    '12:00:00  I have ***',
    '          [2Jand more',
  ]);
  expect(lines({ type: 'tool_started', tool: 'bash sk-secret' })).toEqual(['12:00:00  → bash ***']);
  expect(lines({ type: 'tool_ended', tool: 'bash', ok: false })).toEqual(['12:00:00  ✗ bash']);
  expect(lines({ type: 'retrying', reason: 'HTTP 529' })).toEqual([
    '12:00:00  … waits for the model: HTTP 529',
  ]);
  expect(lines({ type: 'ended', ok: true, reason: '' })).toEqual(['12:00:00  The agent is done.']);
  expect(
    lines({ type: 'usage', usage: { input_tokens: 1, cached_tokens: 0, output_tokens: 1, cost: 1 } }),
  ).toEqual([]);
});
