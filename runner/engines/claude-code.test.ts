import { describe, expect, test } from 'vitest';
import { digestsOf } from './digests.ts';
import { claudeArguments, claudeTranslator } from './claude-code.ts';

/** Lines of Claude Code 2.1.329, shortened to what they are about. */
const init = `{"type":"system","subtype":"init","cwd":"/w","session_id":"724932ca","tools":["Bash"],"mcp_servers":[{"name":"entourage","status":"connected"}],"model":"claude-sonnet-4-5"}`;
const ask = `{"type":"assistant","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"tool_use","id":"call_0","name":"mcp__entourage__ask_human","input":{"question":"q"}}],"usage":{"input_tokens":100,"cache_read_input_tokens":20,"cache_creation_input_tokens":5,"output_tokens":1}},"session_id":"724932ca"}`;
const asked = `{"type":"user","message":{"role":"user","content":[{"tool_use_id":"call_0","type":"tool_result","content":[{"type":"text","text":"in cents"}]}]}}`;
const words = `{"type":"assistant","message":{"id":"msg_2","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"ok"}],"usage":{"input_tokens":100,"cache_read_input_tokens":20,"output_tokens":1}}}`;
const result = `{"duration_api_ms":2804,"session_id":"724932ca","total_cost_usd":0.000912,"usage":{"input_tokens":195,"cache_creation_input_tokens":5,"cache_read_input_tokens":40,"output_tokens":20},"is_error":false,"subtype":"success","result":"ok","type":"result","model_usage_since_last_result":{"claude-sonnet-4-5":{"costUSD":0.000812},"claude-haiku-4-5":{"costUSD":0.0001}}}`;
const failed = `{"session_id":"a409549e","total_cost_usd":0,"usage":{"input_tokens":0,"output_tokens":0},"is_error":true,"subtype":"success","api_error_status":400,"result":"API Error: 400 the scripted fault","type":"result"}`;

const events = (...lines: string[]) => lines.flatMap(claudeTranslator());

describe('Claude Code', () => {
  test('AG-8: its lines become events', () => {
    expect(events(init, ask, asked, words, result)).toEqual([
      { type: 'started', conversation: '724932ca' },
      { type: 'tool_started', tool: 'ask_human' },
      // 105 × 3 + 20 × 0.3 + 1 × 15
      { type: 'usage', usage: { input_tokens: 105, cached_tokens: 20, output_tokens: 1, cost: 336 } },
      {
        type: 'tool_ended',
        tool: 'ask_human',
        ok: true,
        digests: digestsOf({ question: 'q' }, [{ type: 'text', text: 'in cents' }]),
      },
      { type: 'text', text: 'ok' },
      { type: 'usage', usage: { input_tokens: 205, cached_tokens: 40, output_tokens: 2, cost: 657 } },
      { type: 'usage', usage: { input_tokens: 200, cached_tokens: 40, output_tokens: 20, cost: 912 } },
      { type: 'ended', ok: true, reason: 'ok' },
    ]);
  });

  test('an answer that comes in several lines is counted once', () => {
    const usages = events(ask, ask).filter(({ type }) => type === 'usage');
    expect(usages[1]).toEqual(usages[0]);
  });

  test('BU-1: on a resumed conversation the cost is what came since, not the sum from its beginning', () => {
    const resumed = result.replace('0.000912', '5.000912');
    expect(events(resumed)[0]).toMatchObject({ usage: { cost: 912 } });
    const without = resumed.replace(/,"model_usage_since_last_result":.*$/, '}');
    expect(events(without)[0]).toMatchObject({ usage: { cost: 5_000_912 } });
  });

  test('BU-1: the price that it invents for a model it does not know is not taken', () => {
    const strange = (line: string) => line.replaceAll('claude-sonnet-4-5', 'some-model');
    for (const event of events(strange(ask), strange(result)).filter(({ type }) => type === 'usage'))
      expect(event).toMatchObject({ usage: { cost: null } });
    expect(events(strange(result))).toHaveLength(2);
  });

  test('an API error calls itself a success and is none', () => {
    expect(events(failed).at(-1)).toEqual({
      type: 'ended',
      ok: false,
      reason: 'Claude Code ended with an error (success): API Error: 400 the scripted fault',
    });
    const turns = failed
      .replace('"subtype":"success"', '"subtype":"error_max_turns"')
      .replace('true', 'false');
    expect(events(turns).at(-1)).toMatchObject({ type: 'ended', ok: false });
  });

  test('a wait for the API is told with its reason', () => {
    const retry = `{"type":"system","subtype":"api_retry","attempt":1,"max_retries":10,"retry_delay_ms":1117,"error_status":429,"error":"rate_limit"}`;
    expect(events(retry)).toEqual([{ type: 'retrying', reason: 'rate_limit (HTTP 429)' }]);
    const cut = retry.replace('429', 'null').replace('rate_limit', 'unknown');
    expect(events(cut)).toEqual([{ type: 'retrying', reason: 'unknown' }]);
  });

  test('a failed tool is told; without our MCP server there is no hope', () => {
    const bad = asked.replace('"type":"tool_result"', '"type":"tool_result","is_error":true');
    expect(events(ask, bad).at(-1)).toMatchObject({ type: 'tool_ended', tool: 'ask_human', ok: false });
    expect(events(init.replace('"connected"', '"failed"'))).toMatchObject([
      { type: 'started' },
      { type: 'hopeless', reason: expect.stringMatching(/MCP server/) as string },
    ]);
  });

  test.each([
    '',
    'garbage',
    '{',
    '[1]',
    'null',
    '{"type":"result"}',
    '{"type":"new_thing"}',
    '{"type":"assistant","message":null}',
  ])('the line %o says nothing', (line) => {
    expect(events(line)).toEqual([]);
  });

  test('the MCP configuration is followed by a flag: it takes all up to one', () => {
    expect(claudeArguments({ conversation: null, model: 'opus', mcpConfig: '/s/mcp.json' }).join(' ')).toBe(
      '--print --output-format stream-json --verbose --model opus --mcp-config /s/mcp.json --strict-mcp-config --dangerously-skip-permissions',
    );
    expect(claudeArguments({ conversation: null, model: null, mcpConfig: '/s/mcp.json' })).not.toContain(
      '--model',
    );
  });
});
