import { describe, expect, test } from 'vitest';
import { digestsOf } from './digests.ts';
import { geminiArguments, geminiErrors, geminiTranslator } from './gemini.ts';

/** Lines of Gemini CLI 0.61.0. */
const lines = [
  `{"type":"init","timestamp":"2026-11-21T15:47:22.604Z","session_id":"24f86968","model":"gemini-2.5-pro"}`,
  `{"type":"message","timestamp":"2026-11-21T15:47:22.612Z","role":"user","content":"Do the task."}`,
  `{"type":"tool_use","timestamp":"2026-11-21T15:47:39.221Z","tool_name":"mcp_entourage_ask_human","tool_id":"t__0","parameters":{"question":"q"}}`,
  `{"type":"tool_result","timestamp":"2026-11-21T15:47:39.264Z","tool_id":"t__0","status":"success","output":"in cents"}`,
  `{"type":"tool_use","timestamp":"2026-11-21T15:47:39.265Z","tool_name":"run_shell_command","tool_id":"t__1","parameters":{"command":"false"}}`,
  `{"type":"tool_result","timestamp":"2026-11-21T15:47:39.266Z","tool_id":"t__1","status":"error","output":"","error":{"type":"x","message":"y"}}`,
  `{"type":"message","timestamp":"2026-11-21T15:47:39.285Z","role":"assistant","content":"ok","delta":true}`,
];
const result = `{"type":"result","timestamp":"2026-11-21T15:47:39.300Z","status":"success","stats":{"total_tokens":260,"input_tokens":240,"output_tokens":20,"cached":40,"input":200,"duration_ms":16696,"tool_calls":1,"models":{"gemini-2.5-pro":{"total_tokens":260,"input_tokens":240,"output_tokens":20,"cached":40,"input":200}}}}`;
const failed = `{"type":"result","timestamp":"2026-11-21T16:00:16.512Z","status":"error","error":{"type":"unknown","message":"[API Error: the scripted fault]"},"stats":{"total_tokens":0,"input_tokens":0,"output_tokens":0,"cached":0,"models":{}}}`;

describe('Gemini CLI', () => {
  test('AG-8: its lines become events; input is counted without what was cached', () => {
    expect([...lines, result].flatMap(geminiTranslator())).toEqual([
      { type: 'started', conversation: '24f86968' },
      { type: 'tool_started', tool: 'ask_human' },
      {
        type: 'tool_ended',
        tool: 'ask_human',
        ok: true,
        digests: digestsOf({ question: 'q' }, ['in cents', null]),
      },
      { type: 'tool_started', tool: 'run_shell_command' },
      {
        type: 'tool_ended',
        tool: 'run_shell_command',
        ok: false,
        digests: digestsOf({ command: 'false' }, ['', { type: 'x', message: 'y' }]),
      },
      { type: 'text', text: 'ok' },
      // 200 × 1.25 + 40 × 0.125 + 20 × 10
      { type: 'usage', usage: { input_tokens: 200, cached_tokens: 40, output_tokens: 20, cost: 455 } },
      { type: 'ended', ok: true, reason: '' },
    ]);
  });

  test('BU-1: each model of a session has its own price; one without is said', () => {
    const two = result.replace(
      '"models":{',
      '"models":{"gemini-9":{"input_tokens":10,"output_tokens":1,"cached":0},',
    );
    expect(geminiTranslator()(two)).toMatchObject([
      { type: 'text', text: 'The price of gemini-9 is not known.' },
      { type: 'usage', usage: { cost: null } },
      { type: 'ended', ok: true },
    ]);
  });

  test('an error is a failure with its words', () => {
    expect(geminiTranslator()(failed).at(-1)).toEqual({
      type: 'ended',
      ok: false,
      reason: 'Gemini CLI ended with an error: [API Error: the scripted fault]',
    });
  });

  test('a wait for the API and an MCP server that did not start are read from stderr', () => {
    const line =
      'Attempt 1 failed with status 429. Retrying with backoff... _ApiError: {"error":{"code":429}}';
    expect(geminiErrors(line)).toEqual([{ type: 'retrying', reason: line }]);
    expect(geminiErrors('MCP issues detected. Run /mcp list for status.')).toMatchObject([
      { type: 'hopeless' },
    ]);
    expect(geminiErrors('Ripgrep is not available. Falling back to GrepTool.')).toEqual([]);
  });

  test.each(['', 'YOLO mode is enabled.', '{', '{"type":"result"}', '{"type":"thought"}'])(
    'the line %o says nothing',
    (line) => {
      expect(geminiTranslator()(line)).toEqual([]);
    },
  );

  test('writing tools need yolo, and ours are the only MCP server', () => {
    expect(geminiArguments({ conversation: null, model: null }).join(' ')).toBe(
      '--output-format stream-json --allowed-mcp-server-names entourage --approval-mode yolo',
    );
  });
});
