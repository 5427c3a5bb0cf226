/** `npm run demo -- --engine`: a whole run on the local GitHub with the real Claude Code, on a scripted model. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { modelKey } from './clis.ts';
import { path } from './play.ts';
import type { ScriptInput } from './model/script.ts';
import { startModel } from './model/server.ts';

const main = join(import.meta.dirname, '..', '..', 'demo', 'main.ts');
const model = 'claude-sonnet-5';

async function playDemo(args: string[], searched = path) {
  // Others may play a demo at the same time. A short name: there are sockets below it.
  const temporary = mkdtempSync(join(tmpdir(), 'd-'));
  chmodSync(temporary, 0o711);
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // The key of whoever starts the demo stays with them.
    env: { ...process.env, PATH: searched, TMPDIR: temporary, NO_COLOR: '1', ANTHROPIC_API_KEY: modelKey },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  const left = readdirSync(temporary).filter((name) => name.startsWith('entourage-demo-'));
  rmSync(temporary, { recursive: true, force: true });
  return { code: child.exitCode, text, left };
}

const change = [
  `const fs = require('node:fs');`,
  `const file = 'src/loans.js';`,
  `const rule = "  if (loansOf(store, member).length >= 5) throw new Error(member + ' has five books already');";`,
  `const text = fs.readFileSync(file, 'utf8').replace('  const loan = {', rule + '\\n  const loan = {');`,
  `fs.writeFileSync(file, text);`,
].join('\n');

const proof = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lend } from '../src/loans.js';
import { createStore } from '../src/store.js';

test('a member has at most five books', () => {
  const books = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => ({ id, title: id }));
  const store = createStore({ members: [{ id: 'ada', name: 'Ada' }], books });
  for (const { id } of books.slice(0, 5)) lend(store, { book: id, member: 'ada', now: 0 });
  assert.throws(() => lend(store, { book: 'f', member: 'ada', now: 0 }), /five books already/);
});
`;

/** A shell's word, whatever is in it. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const planned = {
  title: 'Refuse a sixth book',
  why: 'Nobody takes half of the shelf home.',
  description: 'In `lend` of src/loans.js, with a test.',
  acceptance: ['Lending a sixth book fails with words'],
  size: 'S',
  files: ['src/loans.js', 'test/limit.test.js'],
};

/** By what the prompts of the four kinds of sessions say. */
const scripts: [ScriptInput, ...ScriptInput[]] = [
  {
    when: 'You plan run 1',
    model,
    steps: [{ call: { mcp: 'set_run_task_graph', arguments: { tasks: [planned] } } }, { text: 'Planned.' }],
  },
  {
    when: 'You look after run 1',
    model,
    steps: [
      { call: { mcp: 'summarize_run', arguments: { text: 'A sixth book is refused now.' } } },
      { text: 'Summed up.' },
    ],
  },
  {
    when: 'submit_review_verdict',
    model,
    steps: [
      {
        call: {
          mcp: 'submit_review_verdict',
          arguments: { verdict: 'approve', summary: 'The rule and its test are there.' },
        },
      },
      { text: 'Reviewed.' },
    ],
  },
  {
    when: 'request_review',
    model,
    steps: [
      {
        call: {
          shell: `node -e ${quoted(change)} && printf %s ${quoted(proof)} > test/limit.test.js && node --test && git add . && git commit -qm "Refuse a sixth book" && git log -1 --format=%s`,
        },
      },
      {
        after: 'Refuse a sixth book',
        call: {
          mcp: 'request_review',
          arguments: {
            summary: 'Lending fails at five books.',
            acceptance: [{ item: 1, evidence: 'test/limit.test.js' }],
            wait: 45,
          },
        },
      },
      { text: 'Given to review.' },
    ],
  },
];

// The run's own time, and that of everything around it.
const limit = { timeout: 12 * 60_000 };

test('LO-1, AG-1: the demo plays a run with Claude Code, from the issue to its summary', limit, async () => {
  await using server = await startModel(...scripts);
  const demo = await playDemo(['--engine', 'claude-code', '--model-url', server.url, '--model', model]);
  // The demo's own look whether anybody is there.
  expect(server.problems, demo.text).toEqual(['unscripted: no route GET /']);
  expect(demo.code, demo.text).toBe(0);
  expect(demo.text).toContain('the run is done: 1 of 1 tasks merged');
  expect(demo.text).toContain('A sixth book is refused now.');
  expect(demo.text).not.toContain('✗');
  expect(demo.left).toEqual([]);
  const keys = new Set(server.requests.map(({ key }) => key));
  expect(keys.has(modelKey), 'the key of whoever starts it').toBe(false);
});

test('LO-1: the demo says what is missing for an engine, and leaves nothing behind', async () => {
  await using server = await startModel(...scripts);
  const nowhere = 'http://127.0.0.1:1';
  // node and git alone.
  const bare = [dirname(process.execPath), '/usr/bin', '/bin'].join(':');
  const asked: [string[], RegExp, string?][] = [
    [
      ['--engine', 'abacus', '--model-url', server.url],
      /abacus is none .* claude-code, codex, gemini, opencode/,
    ],
    [['--engine', 'claude-code'], /needs a model: give its address by --model-url/],
    [['--engine', 'claude-code', '--model-url', 'somewhere'], /somewhere is no address/],
    [['--engine', 'claude-code', '--model-url', nowhere], /No model answers at http:\/\/127\.0\.0\.1:1/],
    [['--engine', 'codex', '--model-url', server.url], /codex can’t start: Codex is not installed/, bare],
    [['--engine', 'codex', '--model-url', server.url, '--on', 'actions'], /--on runner only/],
    [['--model-url', server.url], /name it by --engine/],
  ];
  for (const [args, words, searched] of asked) {
    const demo = await playDemo(args, searched);
    expect(demo, args.join(' ')).toMatchObject({ code: 2, left: [] });
    expect(demo.text).toMatch(words);
    expect(demo.text.trim().split('\n')).toHaveLength(1);
  }
  expect(server.requests).toEqual([]);
});
