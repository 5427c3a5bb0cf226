import { expect, test } from 'vitest';
import { digestsOf } from './digests.ts';

test('AG-10: digests are equal for equal calls, whatever the model says about them, and hide what was in them', () => {
  const one = digestsOf({ command: 'npm test', description: 'Run the tests' }, '3 failed (12 ms)');
  const same = digestsOf({ command: 'npm test', description: 'Try again' }, '3 failed (15 ms)');
  expect(same).toEqual(one);
  expect(digestsOf({ command: 'npm test' }, '2 failed (12 ms)').result).not.toBe(one.result);
  expect(digestsOf({ command: 'npm run build' }, '').input).not.toBe(one.input);
  expect(one.input).toMatch(/^[\w-]{16}$/);
  expect(digestsOf(undefined, null)).toEqual(digestsOf(undefined, null));
});
