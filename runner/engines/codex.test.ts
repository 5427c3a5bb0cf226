import { describe, expect, test } from 'vitest';
import { codexArguments, codexConfig, codexTranslator } from './codex.ts';

/** What they are is the digests' own test. */
const digests = { input: expect.any(String), result: expect.any(String) };

/** Lines of Codex 0.169.0, shortened to what they are about. */
const thread = `{"type":"thread.started","thread_id":"01a1fecd"}`;
const turn = `{"type":"turn.started"}`;
const lines = [
  thread,
  turn,
  `{"type":"error","message":"Reconnecting... 1/5 (exceeded retry limit, last status: 429 Too Many Requests)"}`,
  `{"type":"item.started","item":{"id":"item_0","type":"mcp_tool_call","server":"entourage","tool":"ask_human","arguments":{"question":"Which unit?"},"result":null,"error":null,"status":"in_progress"}}`,
  `{"type":"item.completed","item":{"id":"item_0","type":"mcp_tool_call","server":"entourage","tool":"ask_human","arguments":{"question":"Which unit?"},"result":{"content":[{"type":"text","text":"in cents"}]},"error":null,"status":"completed"}}`,
  `{"type":"item.started","item":{"id":"item_1","type":"command_execution","command":"/bin/bash -c 'false'","aggregated_output":"","exit_code":null,"status":"in_progress"}}`,
  `{"type":"item.completed","item":{"id":"item_1","type":"command_execution","command":"/bin/bash -c 'false'","aggregated_output":"","exit_code":1,"status":"failed"}}`,
  `{"type":"item.completed","item":{"id":"item_4","type":"agent_message","text":"All done."}}`,
  `{"type":"turn.completed","usage":{"input_tokens":840,"cached_input_tokens":140,"cache_write_input_tokens":0,"output_tokens":70,"reasoning_output_tokens":0}}`,
];

describe('Codex', () => {
  test('AG-8: its lines become events; input is counted without what was cached', () => {
    expect(lines.flatMap(codexTranslator('gpt-5.5'))).toEqual([
      { type: 'started', conversation: '01a1fecd' },
      { type: 'ended', ok: false, reason: '' },
      {
        type: 'retrying',
        reason: 'Reconnecting... 1/5 (exceeded retry limit, last status: 429 Too Many Requests)',
      },
      { type: 'tool_started', tool: 'ask_human' },
      { type: 'tool_ended', tool: 'ask_human', ok: true, digests },
      { type: 'tool_started', tool: 'shell' },
      { type: 'tool_ended', tool: 'shell', ok: false, digests },
      { type: 'text', text: 'All done.' },
      // 700 × 5 + 140 × 0.5 + 70 × 30
      { type: 'usage', usage: { input_tokens: 700, cached_tokens: 140, output_tokens: 70, cost: 5_670 } },
      { type: 'ended', ok: true, reason: '' },
    ]);
  });

  test('BU-1: a resumed conversation’s earlier tokens are not counted again', () => {
    const before = { input_tokens: 600, cached_tokens: 100, output_tokens: 50, cost: 9_999 };
    expect(lines.flatMap(codexTranslator('gpt-5.5', before)).at(-2)).toEqual({
      type: 'usage',
      usage: { input_tokens: 100, cached_tokens: 40, output_tokens: 20, cost: 1_120 },
    });
  });

  test('a count that goes backwards is no negative one', () => {
    const before = { input_tokens: 5_000, cached_tokens: 5_000, output_tokens: 5_000, cost: 0 };
    expect(lines.flatMap(codexTranslator('gpt-5.5', before)).at(-2)).toEqual({
      type: 'usage',
      usage: { input_tokens: 0, cached_tokens: 0, output_tokens: 0, cost: 0 },
    });
  });

  test.each(['gpt-7', null])('BU-1: the price of model %o is unknown, and that is said', (model) => {
    expect(lines.flatMap(codexTranslator(model)).slice(-3)).toMatchObject([
      { type: 'text', text: expect.stringContaining('is not known') as string },
      { type: 'usage', usage: { input_tokens: 700, cost: null } },
      { type: 'ended', ok: true },
    ]);
  });

  test('a turn that failed is a failure with the API’s words', () => {
    const message = JSON.stringify(JSON.stringify({ error: { message: 'the scripted fault', code: null } }));
    const failed = [
      thread,
      turn,
      `{"type":"error","message":${message}}`,
      `{"type":"turn.failed","error":{"message":${message}}}`,
    ];
    expect(failed.flatMap(codexTranslator('gpt-5.5')).slice(2)).toEqual([
      { type: 'ended', ok: false, reason: 'Codex gave up: the scripted fault' },
    ]);
  });

  test('a warning is told and decides nothing', () => {
    const warning = `{"type":"item.completed","item":{"id":"item_0","type":"error","message":"Model metadata not found."}}`;
    expect(codexTranslator('gpt-5.5')(warning)).toEqual([
      { type: 'text', text: 'Model metadata not found.' },
    ]);
  });

  test.each([
    '',
    'garbage',
    '{',
    '{"type":"turn.completed"}',
    '{"type":"item.completed","item":7}',
    '{"type":"later"}',
  ])('the line %o says nothing', (line) => {
    expect(codexTranslator('gpt-5.5')(line)).toEqual([]);
  });

  test('what the configuration holds can’t end its strings, and no argument holds a token', () => {
    const server = { command: '/n/node', args: ['a "b"\n[x]'], env: { TOKEN: 'back\\slash\u007f"' } };
    const config = codexConfig(server, {
      CODEX_API_KEY: 'k',
      OPENAI_API_KEY: 'k',
      OPENAI_BASE_URL: 'http://m/v1',
    });
    expect(config).toContain('args = ["a \\"b\\"\\n[x]"]');
    expect(config).toContain('"TOKEN" = "back\\\\slash\\u007f\\""');
    expect(config).toContain('base_url = "http://m/v1"');
    expect(config).toContain('env_key = "CODEX_API_KEY"');
    expect(config.split('\n').filter((line) => line.startsWith('['))).toEqual([
      '[analytics]',
      '[model_providers.entourage]',
      '[mcp_servers.entourage]',
      '[mcp_servers.entourage.env]',
    ]);
    expect(codexArguments({ conversation: null, model: 'gpt-5.5', cwd: '/w' }).at(-1)).toBe('-');
  });
});
