/** Gemini's API as far as Gemini CLI uses it: streamed and plain content, function calls, token counts. */
import { z } from 'zod';
import { openStream, type Answer, type Asked, type Dialect } from './dialect.ts';

const Part = z.looseObject({
  text: z.string().optional(),
  thought: z.boolean().optional(),
  functionCall: z.looseObject({ name: z.string() }).optional(),
  functionResponse: z.looseObject({ response: z.unknown() }).optional(),
});
const Request = z.looseObject({
  contents: z.array(z.looseObject({ role: z.string().default('user'), parts: z.array(Part) })),
  tools: z
    .array(z.looseObject({ functionDeclarations: z.array(z.looseObject({ name: z.string() })).default([]) }))
    .default([]),
});

function read(request: { method: string; path: string; body: unknown }): Asked | null {
  const match = /^\/v1beta\/models\/([^/:]+):(streamGenerateContent|generateContent)$/.exec(request.path);
  if (request.method !== 'POST' || match === null) return null;
  const [, model = '', verb] = match;
  const { contents, tools } = Request.parse(request.body);
  let done = 0;
  let result: string | null = null;
  for (const { role, parts } of contents) {
    const calls = parts.filter((part) => part.functionCall !== undefined).length;
    if (role === 'model') {
      done +=
        calls === 0 && parts.some(({ text, thought }) => text !== undefined && thought !== true) ? 1 : calls;
    } else {
      const last = parts.findLast((part) => part.functionResponse !== undefined);
      result = last === undefined ? null : JSON.stringify(last.functionResponse?.response);
    }
  }
  return {
    model,
    stream: verb === 'streamGenerateContent',
    tools: tools.flatMap((tool) => tool.functionDeclarations.map(({ name }) => ({ name, namespace: null }))),
    done,
    result,
  };
}

function chunkOf({ model, said, usage }: Answer) {
  const part =
    said.type === 'text'
      ? { text: said.text }
      : { functionCall: { id: said.id, name: said.tool.name, args: said.arguments } };
  return {
    candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: {
      promptTokenCount: usage.input + usage.cached,
      cachedContentTokenCount: usage.cached,
      candidatesTokenCount: usage.output,
      totalTokenCount: usage.input + usage.cached + usage.output,
    },
    modelVersion: model,
  };
}

export const gemini: Dialect = {
  name: 'gemini',
  read,
  write(response, answer, asked) {
    const chunk = chunkOf(answer);
    if (!asked.stream) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(chunk));
      return;
    }
    openStream(response)(chunk);
    response.end();
  },
  fail: (status, message) => ({
    error: { code: status, message, status: status === 429 ? 'RESOURCE_EXHAUSTED' : 'INVALID_ARGUMENT' },
  }),
};
