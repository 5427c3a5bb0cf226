import { describe, expect, test } from 'vitest';
import { startModel, type ModelServer } from './model/server.ts';
import { Script } from './model/script.ts';

const script = {
  model: 'm-1',
  steps: [{ call: { mcp: 'ask_human', arguments: { question: 'q' } } }, { after: 'in cents', text: 'Done.' }],
};
const tools = [{ name: 'mcp__entourage__ask_human', input_schema: {} }];
const said = [
  { role: 'user', content: 'Go' },
  { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: tools[0]!.name, input: {} }] },
];
const result = (text: string) => ({
  role: 'user',
  content: [{ type: 'tool_result', tool_use_id: 'c', content: [{ type: 'text', text }] }],
});

async function ask(model: ModelServer, body: object, path = '/v1/messages') {
  const response = await fetch(`${model.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('the scripted model', () => {
  test('takes the next step from the conversation, as often as it is asked', async () => {
    await using model = await startModel(script);
    for (let time = 0; time < 2; time += 1) {
      const first = await ask(model, { model: 'm-1', tools, messages: said.slice(0, 1) });
      expect(first.body['content']).toEqual([
        { type: 'tool_use', id: 'call_0', name: 'mcp__entourage__ask_human', input: { question: 'q' } },
      ]);
    }
    const last = await ask(model, { model: 'm-1', tools, messages: [...said, result('in cents')] });
    expect(last.body['content']).toEqual([{ type: 'text', text: 'Done.' }]);
    expect(model.problems).toEqual([]);
    expect(model.requests.map(({ step }) => step)).toEqual([0, 0, 1]);
  });

  test.each([
    { what: 'another model', body: { model: 'm-2', tools, messages: said.slice(0, 1) }, words: /model m-2/ },
    {
      what: 'a result that was not expected',
      body: { model: 'm-1', tools, messages: [...said, result('in euros')] },
      words: /"in cents".*in euros/,
    },
    {
      what: 'a step too many',
      body: {
        model: 'm-1',
        tools,
        messages: [...said, result('in cents'), { role: 'assistant', content: 'Done.' }],
      },
      words: /step 2; the script has 2/,
    },
    {
      what: 'a tool that is not offered',
      body: { model: 'm-1', tools: [{ name: 'Bash' }], messages: said.slice(0, 1) },
      words: /no tool for .*ask_human.*; offered are Bash/,
    },
    { what: 'a body of another shape', body: { messages: 7 }, words: /model/ },
  ])('refuses $what, and keeps it as a problem', async ({ body, words }) => {
    await using model = await startModel(script);
    const { status, body: refusal } = await ask(model, body);
    expect(status).toBe(400);
    expect(JSON.stringify(refusal)).toMatch(/invalid_request_error/);
    expect(model.problems).toEqual([expect.stringMatching(words)]);
  });

  test('refuses another route', async () => {
    await using model = await startModel(script);
    expect((await ask(model, {}, '/v1/other')).status).toBe(400);
    expect(model.problems).toEqual(['unscripted: no route POST /v1/other']);
  });

  test('a step is a text or a call, and nothing else', () => {
    for (const step of [{}, { text: 'a', call: { shell: 'b' } }, { say: 'a' }])
      expect(Script.safeParse({ model: 'm', steps: [step] }).success).toBe(false);
  });
});
