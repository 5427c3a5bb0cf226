import { describe, expect, test } from 'vitest';
import { digestsOf } from './digests.ts';
import { opencodeConfig, opencodeErrors, opencodeTranslator } from './opencode.ts';

/** Lines of opencode 1.18.33, shortened to what they are about. */
const begun = `{"type":"step_start","timestamp":1795276225740,"sessionID":"ses_1","part":{"id":"prt_1","type":"step-start"}}`;
const tool = `{"type":"tool_use","timestamp":1795276226273,"sessionID":"ses_1","part":{"type":"tool","tool":"entourage_ask_human","callID":"call_0","state":{"status":"completed","input":{"question":"q"},"output":"in cents"}}}`;
const called = `{"type":"step_finish","timestamp":1795276226408,"sessionID":"ses_1","part":{"reason":"tool-calls","type":"step-finish","tokens":{"total":133,"input":100,"output":10,"reasoning":2,"cache":{"write":1,"read":20}},"cost":0.000456}}`;
const text = `{"type":"text","timestamp":1795276232309,"sessionID":"ses_1","part":{"type":"text","text":"All done."}}`;
const stopped = called.replace('tool-calls', 'stop');
const failed = `{"type":"error","timestamp":1795276833602,"sessionID":"ses_1","error":{"name":"APIError","data":{"message":"the scripted fault","statusCode":400}}}`;

const events = (...lines: string[]) => lines.flatMap(opencodeTranslator('m'));

describe('opencode', () => {
  test('AG-8: its lines become events; usage is the sum of its steps', () => {
    expect(events(begun, tool, called, begun, text, stopped)).toEqual([
      { type: 'started', conversation: 'ses_1' },
      { type: 'ended', ok: false, reason: '' },
      { type: 'tool_started', tool: 'ask_human' },
      {
        type: 'tool_ended',
        tool: 'ask_human',
        ok: true,
        digests: digestsOf({ question: 'q' }, ['in cents', null]),
      },
      { type: 'usage', usage: { input_tokens: 101, cached_tokens: 20, output_tokens: 12, cost: 456 } },
      { type: 'ended', ok: false, reason: '' },
      { type: 'ended', ok: false, reason: '' },
      { type: 'text', text: 'All done.' },
      { type: 'usage', usage: { input_tokens: 202, cached_tokens: 40, output_tokens: 24, cost: 912 } },
      { type: 'ended', ok: true, reason: '' },
    ]);
  });

  test('BU-1: where opencode knows no price the table does, or nobody', () => {
    const free = called.replace(/"cost":[\d.]+/, '"cost":0');
    const used = (model: string | null) =>
      free === called ? [] : [free].flatMap(opencodeTranslator(model))[0];
    // 101 × 3 + 20 × 0.3 + 12 × 15, in millionths of a dollar
    expect(used('anthropic/claude-sonnet-4-5')).toMatchObject({ usage: { cost: 489 } });
    expect(used('local/llama')).toMatchObject({ usage: { input_tokens: 101, cost: null } });
    expect(used(null)).toMatchObject({ usage: { cost: null } });
  });

  test('the last event decides: a step after the end, an error, another reason are no success', () => {
    expect(events(begun, stopped, begun).at(-1)).toMatchObject({ ok: false });
    expect(events(begun, failed).at(-1)).toEqual({
      type: 'ended',
      ok: false,
      reason: 'opencode ended with an error: the scripted fault',
    });
    expect(events(begun, called.replace('tool-calls', 'length')).at(-1)).toMatchObject({
      ok: false,
      reason: 'opencode stopped: length',
    });
    expect(events(tool.replace('"completed"', '"error"')).at(-1)).toMatchObject({ ok: false });
  });

  test('a wait for the API is read from the log, the title’s is not', () => {
    const line = `timestamp=2026-11-21T15:48:00.553Z level=ERROR run=84274ed7 message="stream error" providerID=anthropic modelID=m session.id=ses_1 small=false agent=build mode=primary error.error="AI_APICallError: the scripted fault"`;
    expect(opencodeErrors(line)).toEqual([
      { type: 'retrying', reason: 'AI_APICallError: the scripted fault' },
    ]);
    expect(opencodeErrors(line.replace('small=false', 'small=true'))).toEqual([]);
    expect(
      opencodeErrors('level=WARN message="server unavailable" key=entourage type=local status=failed'),
    ).toMatchObject([{ type: 'hopeless' }]);
    expect(opencodeErrors('level=WARN message="something else"')).toEqual([]);
  });

  test.each(['', 'garbage', '{', '{"type":"step_finish"}', '{"type":"later"}'])(
    'the line %o says nothing',
    (line) => {
      expect(events(line)).toEqual([]);
    },
  );

  test('models are where the variables of the other engines say', () => {
    const server = { command: 'node', args: ['mcp.ts'], env: { TOKEN: 't' } };
    expect(
      opencodeConfig(server, { ANTHROPIC_BASE_URL: 'http://a/', OPENAI_BASE_URL: 'http://o/v1' }),
    ).toMatchObject({
      mcp: { entourage: { type: 'local', command: ['node', 'mcp.ts'], environment: { TOKEN: 't' } } },
      provider: {
        anthropic: { options: { baseURL: 'http://a/v1' } },
        openai: { options: { baseURL: 'http://o/v1' } },
      },
    });
    expect(opencodeConfig(server, {})).toMatchObject({ provider: {} });
  });
});
