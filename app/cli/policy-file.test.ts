import { expect, it } from 'vitest';
import { defaultPolicy, parsePolicy } from '../domain/policy.ts';
import { policyFile } from './policy-file.ts';

it('is this text', async () => {
  const text = policyFile({ dispatch: 'actions', engines: ['claude-code', 'codex'], command: [] });
  await expect(text).toMatchFileSnapshot('golden/policy-file.txt');
});

it('says the defaults, so that leaving a line out changes nothing', () => {
  const parsed = parsePolicy(policyFile({ dispatch: 'actions', engines: ['claude-code'], command: [] }));
  expect('policy' in parsed ? { ...parsed.policy, words: null } : parsed).toEqual({
    ...defaultPolicy,
    words: null,
  });
});

it('is valid with any program', () => {
  const command = ['/opt/my agent/run', '--', '-x: [y], {z}', '"#', "it's"];
  const parsed = parsePolicy(policyFile({ dispatch: 'runner', engines: ['command'], command }));
  expect(parsed).toMatchObject({
    policy: { dispatch: 'runner', agents: [{ command }, { command }, { command }, { command }] },
  });
});
