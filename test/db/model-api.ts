/** A model API on loopback, without streaming, in the words of OpenAI's chat completions and Anthropic's messages. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One answer: a text, an HTTP status with its words, or none at all until the client hangs up. */
export type Scripted = { text: string } | { status: number; error: string } | { silent: true };

export type ModelApi = {
  /** To be given as the base URL. */
  readonly url: string;
  /** The bodies that came, oldest first. */
  readonly asked: { messages: { role: string; content: unknown }[]; model: string }[];
  /** The keys that came. */
  readonly keys: string[];
  [Symbol.asyncDispose](): Promise<void>;
};

/** Answers one after the other; a request beyond the last is refused with 418. */
export async function startModelApi(script: readonly Scripted[]): Promise<ModelApi> {
  const asked: ModelApi['asked'] = [];
  const keys: string[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as ModelApi['asked'][number] & {
      tools?: { name: string }[];
    };
    asked.push(body);
    keys.push(String(request.headers['x-api-key'] ?? request.headers.authorization ?? ''));
    const next = script[asked.length - 1] ?? { status: 418, error: 'nothing is scripted for this request' };
    if ('silent' in next) return;
    response.setHeader('content-type', 'application/json');
    if ('status' in next) {
      response.statusCode = next.status;
      response.end(JSON.stringify({ error: { type: 'error', message: next.error } }));
      return;
    }
    const messages = request.url?.endsWith('/messages') === true;
    response.end(JSON.stringify(messages ? message(body, next.text) : completion(body.model, next.text)));
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    keys,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

const completion = (model: string, text: string): object => ({
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model,
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text } }],
  usage: {
    prompt_tokens: 1_000,
    completion_tokens: 200,
    total_tokens: 1_200,
    prompt_tokens_details: { cached_tokens: 400 },
  },
});

/** A model that has no structured output of its own is given a tool to answer with. */
function message({ model, tools }: { model: string; tools?: { name: string }[] }, text: string): object {
  const tool = tools?.[0];
  return {
    id: 'm1',
    type: 'message',
    role: 'assistant',
    model,
    content: [
      tool === undefined
        ? { type: 'text', text }
        : { type: 'tool_use', id: 't1', name: tool.name, input: JSON.parse(text) as object },
    ],
    stop_reason: tool === undefined ? 'end_turn' : 'tool_use',
    stop_sequence: null,
    usage: {
      input_tokens: 600,
      output_tokens: 200,
      cache_read_input_tokens: 400,
      cache_creation_input_tokens: 0,
    },
  };
}
