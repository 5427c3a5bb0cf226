/**
 * OpenAI's Responses API as far as Codex uses it: one stream an answer, function calls, tools in namespaces. Codex offers
 * the tools of MCP servers in three ways, by model: to one that it doesn't know directly; to others after a
 * `tool_search`; and to the newest from inside of JavaScript, by the custom tool `exec`.
 */
import { z } from 'zod';
import {
  isOurs,
  openStream,
  resolve,
  shapesOf,
  type Answer,
  type Asked,
  type Dialect,
  type Offered,
  type Resolved,
} from './dialect.ts';
import type { Call } from './script.ts';

const Tool = z.looseObject({
  type: z.string(),
  name: z.string().optional(),
  tools: z.array(z.looseObject({ name: z.string() })).optional(),
});
const Item = z.looseObject({
  type: z.string().default('message'),
  role: z.string().optional(),
  output: z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]).optional(),
  /** What a search found, or what a client offers in the conversation instead of beside it. */
  tools: z.array(Tool).optional(),
});
const Request = z.looseObject({
  model: z.string(),
  stream: z.literal(true),
  tools: z.array(Tool).default([]),
  input: z.array(Item),
});

function offered(tool: z.infer<typeof Tool>): Offered[] {
  if (tool.type !== 'namespace') return [{ name: tool.name ?? tool.type, namespace: null }];
  return (tool.tools ?? []).map(({ name }) => ({ name, namespace: tool.name ?? null }));
}

function read(request: { method: string; path: string; body: unknown }): Asked | null {
  if (request.method !== 'POST' || request.path !== '/v1/responses') return null;
  const { model, tools, input } = Request.parse(request.body);
  const last = input.findLast(({ type }) => !type.startsWith('tool_search'));
  const done = input.filter(
    ({ type, role }) =>
      type === 'function_call' || type === 'custom_tool_call' || (type === 'message' && role === 'assistant'),
  ).length;
  let result: string | null = null;
  if (last?.type.endsWith('_call_output') === true && last.output !== undefined) {
    result =
      typeof last.output === 'string' ? last.output : last.output.map(({ text = '' }) => text).join('\n');
  }
  const all = [...tools, ...input.flatMap((item) => item.tools ?? [])];
  return { model, stream: true, tools: all.flatMap(offered), done, result };
}

const search: Offered = { name: 'tool_search', namespace: null };

/** A search is no step of the script: the step comes again when the client has told what it found. */
function resolveHere(call: Call, tools: readonly Offered[]): Resolved {
  const exec = tools.find(({ name, namespace }) => name === 'exec' && namespace === 'functions');
  if (exec !== undefined) return { tool: exec, arguments: { source: sourceOf(call) } };
  const hidden = 'mcp' in call && !tools.some((tool) => isOurs(tool, call.mcp));
  if (hidden && tools.some(({ name }) => name === search.name)) {
    return { tool: search, arguments: { query: call.mcp } };
  }
  return resolve(call, tools);
}

function sourceOf(call: Call): string {
  const shape = (name: string, input: unknown) => `text(await tools.${name}(${JSON.stringify(input)}));`;
  if ('mcp' in call) return shape(`mcp__entourage__${call.mcp}`, call.arguments);
  if ('tool' in call) return shape(call.tool, call.arguments);
  const command = shapesOf(call).find(({ name }) => name === 'exec_command');
  if (command === undefined) throw new Error('a call without a command');
  return shape(command.name, command.arguments);
}

function itemOf({ said }: Answer): Record<string, unknown> {
  if (said.type === 'text') {
    const content = [{ type: 'output_text', text: said.text, annotations: [] }];
    return { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content };
  }
  const { id, tool } = said;
  if (tool === search) {
    const args = { ...said.arguments, limit: 20 };
    return {
      type: 'tool_search_call',
      id: `ts_${id}`,
      call_id: `s${id}`,
      execution: 'client',
      status: 'completed',
      arguments: args,
    };
  }
  const named = {
    call_id: id,
    name: tool.name,
    ...(tool.namespace === null ? {} : { namespace: tool.namespace }),
  };
  if (tool.name === 'exec') {
    return {
      type: 'custom_tool_call',
      id: `ctc_${id}`,
      ...named,
      input: said.arguments['source'],
      status: 'completed',
    };
  }
  return {
    type: 'function_call',
    id: `fc_${id}`,
    ...named,
    arguments: JSON.stringify(said.arguments),
    status: 'completed',
  };
}

export const responses: Dialect = {
  name: 'responses',
  read,
  resolve: resolveHere,
  write(response, answer) {
    const send = openStream(response);
    const emit = (data: { type: string } & Record<string, unknown>) => send(data, data.type);
    const { usage, model } = answer;
    const whole = { id: `resp_${Date.now()}`, object: 'response', model };
    const item = itemOf(answer);
    emit({ type: 'response.created', response: { ...whole, status: 'in_progress', output: [] } });
    emit({ type: 'response.output_item.added', output_index: 0, item });
    if (answer.said.type === 'text') {
      const place = { item_id: item['id'], output_index: 0, content_index: 0 };
      emit({ type: 'response.output_text.delta', ...place, delta: answer.said.text });
    }
    emit({ type: 'response.output_item.done', output_index: 0, item });
    emit({
      type: 'response.completed',
      response: {
        ...whole,
        status: 'completed',
        output: [item],
        usage: {
          // Cached tokens are part of the input here.
          input_tokens: usage.input + usage.cached,
          input_tokens_details: { cached_tokens: usage.cached },
          output_tokens: usage.output,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: usage.input + usage.cached + usage.output,
        },
      },
    });
    response.end();
  },
  fail: (status, message) => ({
    error: { message, type: status === 429 ? 'rate_limit_exceeded' : 'invalid_request_error', code: null },
  }),
};
