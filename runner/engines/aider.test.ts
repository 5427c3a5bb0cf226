import { describe, expect, test } from 'vitest';
import { aiderArguments } from './aider.ts';
import { aiderTranslator } from './aider-lines.ts';

const events = (...lines: string[]) => lines.flatMap(aiderTranslator());

describe('Aider', () => {
  test('AG-8: its lines become events; the cost is the process’s, tokens are each answer’s', () => {
    expect(
      events(
        'Aider v0.86.1',
        'Applied edit to sum.txt',
        'Tokens: 2.4k sent, 1.2k cache hit, 250 received. Cost: $0.01 message, $0.01 session.',
        'Tokens: 12k sent, 30 received. Cost: $0.0123 message, $0.0223 session.',
      ),
    ).toEqual([
      { type: 'text', text: 'Aider v0.86.1' },
      { type: 'tool_started', tool: 'edit' },
      { type: 'tool_ended', tool: 'edit', ok: true },
      {
        type: 'usage',
        usage: { input_tokens: 1_200, cached_tokens: 1_200, output_tokens: 250, cost: 10_000 },
      },
      { type: 'ended', ok: true, reason: '' },
      {
        type: 'usage',
        usage: { input_tokens: 13_200, cached_tokens: 1_200, output_tokens: 280, cost: 22_300 },
      },
      { type: 'ended', ok: true, reason: '' },
    ]);
  });

  test('the costs may come on a line of their own, or not at all', () => {
    const tokens = 'Tokens: 2.4k sent, 1.1k cache write, 1.2k cache hit, 250 received.';
    expect(events(tokens)[0]).toMatchObject({ usage: { input_tokens: 1_200, cost: null } });
    expect(events(tokens, 'Cost: $0.01 message, $0.02 session.')[2]).toMatchObject({
      usage: { input_tokens: 1_200, cost: 20_000 },
    });
  });

  test('an error is the last word until an answer comes', () => {
    const error = 'litellm.RateLimitError: AnthropicException - too many requests';
    expect(events(error, 'Retrying in 0.2 seconds...')).toEqual([
      { type: 'ended', ok: false, reason: `Aider: ${error}` },
      { type: 'retrying', reason: 'Retrying in 0.2 seconds...' },
    ]);
    expect(events(error, 'Tokens: 10 sent, 1 received.').at(-1)).toMatchObject({ ok: true });
  });

  test('it commits nothing, asks nobody, tells nobody, and leaves no history in the worktree', () => {
    const order = { file: '/s/message.md', home: '/s/aider', first: true };
    const args = aiderArguments({ model: 'sonnet' }, order);
    for (const flag of ['--yes-always', '--no-auto-commits', '--analytics-disable', '--no-check-update'])
      expect(args).toContain(flag);
    expect(args.filter((argument) => argument.startsWith('/'))).toEqual([
      '/s/message.md',
      '/s/aider/chat.md',
      '/s/aider/input',
    ]);
    expect(args).not.toContain('--restore-chat-history');
    expect(aiderArguments({ model: null }, { ...order, first: false })).toContain('--restore-chat-history');
  });
});
