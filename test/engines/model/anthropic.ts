/** Anthropic's Messages API as far as Claude Code and opencode use it: streams, tool calls, token counts. */
import { z } from 'zod';
import { openStream, type Answer, type Asked, type Dialect } from './dialect.ts';

const Block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  content: z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]).optional(),
});
const Request = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  tools: z.array(z.looseObject({ name: z.string() })).default([]),
  messages: z.array(z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(Block)]) })),
});

function read(request: { method: string; path: string; body: unknown }): Asked | null {
  if (request.method !== 'POST' || !/^\/v1\/messages$/.test(request.path)) return null;
  const { model, stream, tools, messages } = Request.parse(request.body);
  let done = 0;
  let result: string | null = null;
  for (const { role, content } of messages) {
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    const calls = blocks.filter(({ type }) => type === 'tool_use').length;
    if (role === 'assistant') {
      // A message with calls may come in pieces, so texts beside calls are no step of their own.
      done += calls === 0 && blocks.some(({ type }) => type === 'text') ? 1 : calls;
    } else if (role === 'user') {
      const results = blocks.filter(({ type }) => type === 'tool_result');
      const last = results.at(-1);
      result = last === undefined ? null : textOf(last);
    }
  }
  return { model, stream, tools: tools.map(({ name }) => ({ name, namespace: null })), done, result };
}

function textOf(block: z.infer<typeof Block>): string {
  if (block.content === undefined) return '';
  return typeof block.content === 'string'
    ? block.content
    : block.content.map(({ text = '' }) => text).join('\n');
}

function messageOf({ model, said, usage }: Answer) {
  const content =
    said.type === 'text'
      ? { type: 'text', text: said.text }
      : { type: 'tool_use', id: said.id, name: said.tool.name, input: said.arguments };
  return {
    id: `msg_${said.type === 'call' ? said.id : 'text'}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [content],
    stop_reason: said.type === 'text' ? 'end_turn' : 'tool_use',
    stop_sequence: null,
    usage: {
      input_tokens: usage.input,
      cache_read_input_tokens: usage.cached,
      cache_creation_input_tokens: 0,
      output_tokens: usage.output,
    },
  };
}

export const anthropic: Dialect = {
  name: 'anthropic',
  read,
  write(response, answer, asked) {
    const message = messageOf(answer);
    if (!asked.stream) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message));
      return;
    }
    const send = openStream(response);
    const emit = (data: { type: string } & Record<string, unknown>) => send(data, data.type);
    const { said } = answer;
    emit({
      type: 'message_start',
      message: { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } },
    });
    if (said.type === 'text') {
      emit({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
      emit({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: said.text } });
    } else {
      const block = { type: 'tool_use', id: said.id, name: said.tool.name, input: {} };
      emit({ type: 'content_block_start', index: 0, content_block: block });
      const partial = JSON.stringify(said.arguments);
      emit({
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'input_json_delta', partial_json: partial },
      });
    }
    emit({ type: 'content_block_stop', index: 0 });
    emit({
      type: 'message_delta',
      delta: { stop_reason: message.stop_reason, stop_sequence: null },
      usage: message.usage,
    });
    emit({ type: 'message_stop' });
    response.end();
  },
  fail: (status, message) => ({
    type: 'error',
    error: {
      type: status === 429 ? 'rate_limit_error' : status >= 500 ? 'api_error' : 'invalid_request_error',
      message,
    },
  }),
};
