/** Proof that GitHub would take our workflow files: its own parser and its language service find nothing in them. */
import { globSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { workflowFile, workflowPath } from '../../app/domain/workflow.ts';
import { workflowParser } from '../../forge/actions/parser.ts';

const root = join(import.meta.dirname, '../..');
const sha = '0123456789abcdef0123456789abcdef01234567';

/** The packages import JSON as bundlers do: Node wants to be told that it is JSON. */
async function languageService() {
  const isTheirs = (url: string): boolean => url.includes('/@actions/') && url.endsWith('.json');
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      return isTheirs(resolved.url) ? { ...resolved, importAttributes: { type: 'json' } } : resolved;
    },
    load(url, context, nextLoad) {
      const asJson = { ...context, format: 'json', importAttributes: { type: 'json' } };
      return nextLoad(url, isTheirs(url) ? asJson : context);
    },
  });
  try {
    return await import('@actions/languageservice');
  } finally {
    hooks.deregister();
  }
}

/** What the language service's editor protocol wants of a text; its findings name lines by offset. */
const documentOf = (path: string, text: string) => ({
  uri: `file:///${path}`,
  languageId: 'yaml',
  version: 1,
  lineCount: text.split('\n').length,
  getText: () => text,
  getEOLCharacters: () => '\n',
  getLineRange: (line: number) => ({
    start: { line, character: 0 },
    end: { line, character: text.split('\n')[line]?.length ?? 0 },
  }),
  positionAt: (offset: number) => {
    const before = text.slice(0, offset).split('\n');
    return { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
  },
  offsetAt: ({ line, character }: { line: number; character: number }) =>
    text
      .split('\n')
      .slice(0, line)
      .reduce((sum, one) => sum + one.length + 1, character),
});

async function findings(path: string, text: string): Promise<string[]> {
  const parser = await workflowParser();
  const trace = new parser.NoOperationTraceWriter();
  const { context } = parser.parseWorkflow({ name: path, content: text }, trace);
  const { validate } = await languageService();
  const found = await validate(documentOf(path, text));
  return [
    ...context.errors.getErrors().map(({ message }) => message),
    ...found.map(({ range, message }) => `${path}:${range.start.line + 1} ${JSON.stringify(message)}`),
  ];
}

const ownFiles = ['.github/workflows/*.{yml,yaml}', 'demo/project/.github/workflows/*.{yml,yaml}'].flatMap(
  (pattern) => globSync(pattern, { cwd: root }),
);
const forUsers = {
  plain: workflowFile({
    url: 'https://entourage.example.com',
    action: `acme/entourage/action@${sha}`,
    pass: [],
  }),
  full: workflowFile({
    url: 'https://entourage.example.com:8443/path',
    action: `acme/entourage/action@${sha}`,
    pass: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY'],
    runsOn: ['self-hosted', 'linux'],
    setup: ['npm install --global an-agent'],
    sessionMinutes: 90,
  }),
};

describe('workflow files', () => {
  it('are there: our own, the demo’s and the one for users', () => {
    expect(ownFiles.length).toBeGreaterThanOrEqual(3);
  });

  it.each(ownFiles)('%s: no finding', { timeout: 60_000 }, async (file) => {
    expect(await findings(file, readFileSync(join(root, file), 'utf8'))).toEqual([]);
  });

  it.each(Object.entries(forUsers))('AG-4: the workflow for users, %s: no finding', async (_, text) => {
    expect(await findings(workflowPath, text)).toEqual([]);
  });

  it('what is wrong with a file is found', async () => {
    const text = forUsers.plain;
    const wrong = [
      text.replace('runs-on:', 'runs-upon:'),
      text.replace('inputs.session', 'input.session'),
      text.replace('id-token: write', 'id-token: maybe'),
    ];
    for (const one of wrong) {
      expect(one).not.toBe(text);
      expect(await findings(workflowPath, one)).not.toEqual([]);
    }
  });
});
