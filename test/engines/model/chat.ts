/** OpenAI's older Chat Completions API, which opencode speaks to every compatible server. */
import { z } from 'zod';
import { openStream, type Answer, type Asked, type Dialect } from './dialect.ts';

const Message = z.looseObject({
  role: z.string(),
  content: z
    .union([z.string(), z.null(), z.array(z.looseObject({ text: z.string().optional() }))])
    .optional(),
  tool_calls: z.array(z.unknown()).optional(),
});
const Request = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  messages: z.array(Message),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }) })).default([]),
});

function read(request: { method: string; path: string; body: unknown }): Asked | null {
  if (request.method !== 'POST' || request.path !== '/v1/chat/completions') return null;
  const { model, stream, tools, messages } = Request.parse(request.body);
  const done = messages
    .filter(({ role }) => role === 'assistant')
    .reduce((sum, { tool_calls: calls = [] }) => sum + Math.max(1, calls.length), 0);
  const last = messages.at(-1);
  return {
    model,
    stream,
    tools: tools.map((tool) => ({ name: tool.function.name, namespace: null })),
    done,
    result: last?.role === 'tool' ? textOf(last) : null,
  };
}

function textOf({ content }: z.infer<typeof Message>): string {
  if (content === null || content === undefined) return '';
  return typeof content === 'string' ? content : content.map(({ text = '' }) => text).join('\n');
}

function deltaOf({ said }: Answer): Record<string, unknown> {
  if (said.type === 'text') return { role: 'assistant', content: said.text };
  const called = { name: said.tool.name, arguments: JSON.stringify(said.arguments) };
  return {
    role: 'assistant',
    content: null,
    tool_calls: [{ index: 0, id: said.id, type: 'function', function: called }],
  };
}

export const chat: Dialect = {
  name: 'chat',
  read,
  write(response, answer, asked) {
    const { usage, model, said } = answer;
    const base = { id: 'chatcmpl-1', created: 0, model };
    const finish = said.type === 'text' ? 'stop' : 'tool_calls';
    const counted = {
      prompt_tokens: usage.input + usage.cached,
      prompt_tokens_details: { cached_tokens: usage.cached },
      completion_tokens: usage.output,
      total_tokens: usage.input + usage.cached + usage.output,
    };
    if (!asked.stream) {
      const choices = [{ index: 0, message: deltaOf(answer), finish_reason: finish }];
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ...base, object: 'chat.completion', choices, usage: counted }));
      return;
    }
    const send = openStream(response);
    const chunk = (delta: unknown, reason: string | null) =>
      send({
        ...base,
        object: 'chat.completion.chunk',
        choices: [{ index: 0, delta, finish_reason: reason }],
      });
    chunk(deltaOf(answer), null);
    chunk({}, finish);
    send({ ...base, object: 'chat.completion.chunk', choices: [], usage: counted });
    send('[DONE]');
    response.end();
  },
  fail: (status, message) => ({
    error: { message, type: status === 429 ? 'rate_limit_exceeded' : 'invalid_request_error', code: null },
  }),
};
