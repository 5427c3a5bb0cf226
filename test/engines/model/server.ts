/**
 * A model on loopback that says what its script says, in the words of three APIs. Which step is next is read from the
 * conversation that comes with each request, so that a repeated or resumed request gets the answer it should. Whatever
 * the script doesn't foresee is refused with HTTP 400 and kept in `problems`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anthropic } from './anthropic.ts';
import { resolve, type Asked, type Dialect, type Said } from './dialect.ts';
import { gemini } from './gemini.ts';
import { responses } from './responses.ts';
import { Script, type Fault, type ScriptInput, type Step } from './script.ts';

const dialects: readonly Dialect[] = [anthropic, responses, gemini];

export type ModelRequest = {
  dialect: string;
  model: string;
  step: number | null;
  tools: string[];
  key: string;
};

export type ModelServer = {
  /** Without a path and a slash at its end. */
  readonly url: string;
  readonly requests: ModelRequest[];
  /** What was asked and not scripted; a test expects none. */
  readonly problems: string[];
  [Symbol.asyncDispose](): Promise<void>;
};

type Model = { scripts: Script[]; requests: ModelRequest[]; problems: string[]; faults: Map<Step, number> };

/** Of several scripts, the first whose words the conversation has in it is played. */
export async function startModel(...scripts: [ScriptInput, ...ScriptInput[]]): Promise<ModelServer> {
  const model: Model = {
    scripts: scripts.map((script) => Script.parse(script)),
    requests: [],
    problems: [],
    faults: new Map(),
  };
  const server = createServer((request, response) => {
    void serve(model, request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: model.requests,
    problems: model.problems,
    [Symbol.asyncDispose]: () => close(server),
  };
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  server.closeAllConnections();
  await closed;
}

async function serve(model: Model, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://model');
  const method = request.method ?? 'GET';
  let dialect: Dialect = anthropic;
  try {
    const body = await bodyOf(request);
    if (method === 'POST' && pathname === '/v1/messages/count_tokens') {
      json(response, 200, { input_tokens: 100 });
      return;
    }
    for (const candidate of dialects) {
      const asked = candidate.read({ method, path: pathname, body });
      if (asked === null) continue;
      dialect = candidate;
      answer(model, { dialect, asked, script: scriptFor(model, body), response, key: keyOf(request) });
      return;
    }
    throw new Error(`unscripted: no route ${method} ${pathname}`);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    model.problems.push(problem);
    if (!response.headersSent) json(response, 400, dialect.fail(400, problem));
    else response.destroy();
  }
}

function scriptFor({ scripts }: Model, body: unknown): Script {
  const text = JSON.stringify(body);
  const script = scripts.find(({ when }) => text.includes(when));
  if (script === undefined)
    throw new Error(`unscripted: no script is for a conversation that begins ${text.slice(0, 500)}`);
  return script;
}

/** The caller's key as its API sends it: a test shows by it that the engine got its variable. */
function keyOf({ headers }: IncomingMessage): string {
  const key = headers['x-api-key'] ?? headers['x-goog-api-key'] ?? headers.authorization ?? '';
  return String(key).replace(/^Bearer /, '');
}

type Turn = { dialect: Dialect; asked: Asked; script: Script; response: ServerResponse; key: string };

function answer(model: Model, turn: Turn): void {
  const { dialect, asked, script, response, key } = turn;
  const tools = asked.tools.map(({ name }) => name);
  const aside = tools.length === 0;
  model.requests.push({
    dialect: dialect.name,
    model: asked.model,
    step: aside ? null : asked.done,
    tools,
    key,
  });
  if (aside) {
    const said: Said = { type: 'text', text: script.aside };
    dialect.write(response, { model: asked.model, said, usage: { input: 0, cached: 0, output: 0 } }, asked);
    return;
  }
  if (asked.model !== script.model) {
    throw new Error(`unscripted: model ${asked.model}; the script is for ${script.model}`);
  }
  const step = script.steps[asked.done];
  if (step === undefined) {
    throw new Error(`unscripted: step ${asked.done}; the script has ${script.steps.length}`);
  }
  if (step.after !== undefined && asked.result?.includes(step.after) !== true) {
    throw new Error(
      `unscripted: step ${asked.done} comes after a result with ${JSON.stringify(step.after)}, and it is ${JSON.stringify(asked.result)}`,
    );
  }
  if (step.fault !== undefined && fails(model, step, step.fault)) {
    breakDown(turn, step.fault);
    return;
  }
  dialect.write(
    response,
    { model: asked.model, said: saidBy(step, asked, dialect), usage: step.usage },
    asked,
  );
}

function saidBy(step: Step, asked: Asked, dialect: Dialect): Said {
  if (step.call === undefined) return { type: 'text', text: step.text ?? '' };
  return { type: 'call', id: `call_${asked.done}`, ...(dialect.resolve ?? resolve)(step.call, asked.tools) };
}

function fails(model: Model, step: Step, fault: Fault): boolean {
  const had = model.faults.get(step) ?? 0;
  model.faults.set(step, had + 1);
  return had < fault.times;
}

function breakDown({ dialect, response }: Turn, fault: Fault): void {
  switch (fault.kind) {
    case 'status': {
      if (fault.retryAfterSeconds !== undefined) {
        response.setHeader('retry-after', String(fault.retryAfterSeconds));
      }
      json(response, fault.status, dialect.fail(fault.status, 'the scripted fault'));
      return;
    }
    case 'cut':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"type":', () => response.destroy());
      return;
    case 'silence':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? null : (JSON.parse(text) as unknown);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
