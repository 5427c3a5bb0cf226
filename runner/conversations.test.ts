/** AG-7, AG-11 with a stand-in for Claude Code that keeps its conversation as that does; test/engines has the real ones. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { noUsage } from '../app/domain/session.ts';
import { nothingToSay, play, type Play, type PlayOptions } from './fixtures/play.ts';

const before = { ...process.env };
afterEach(() => {
  Object.assign(process.env, before);
});

/** Says what it was told; without a conversation it asks, and waits for ever; `broken` is one that it can't go on with. */
const standIn = `
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
const args = process.argv.slice(2);
if (args.includes('--version')) { console.log(process.env.HOME ? '2.9.9 (Claude Code)' : '2.9.9'); process.exit(); }
const say = (line) => console.log(JSON.stringify(line));
const resumed = args.includes('--resume') ? args[args.indexOf('--resume') + 1] : null;
const id = resumed ?? '11111111-2222-4333-8444-555555555555';
const place = join(process.env.HOME, '.claude', 'projects', process.cwd().replaceAll(/[^A-Za-z0-9]/g, '-'));
const file = join(place, id + '.jsonl');
const prompt = readFileSync(0, 'utf8');
if (resumed !== null && (!existsSync(file) || readFileSync(file, 'utf8').includes('broken'))) {
  console.error('No conversation found with session ID: ' + id);
  process.exit(1);
}
say({ type: 'system', subtype: 'init', session_id: id, mcp_servers: [] });
mkdirSync(place, { recursive: true });
const known = resumed !== null && existsSync(file) ? readFileSync(file, 'utf8') : '';
appendFileSync(file, JSON.stringify({ cwd: process.cwd(), prompt }) + '\\n');
const usage = { input_tokens: 5, output_tokens: 2 };
const message = { id: 'm1', model: 'sonnet', usage };
if (prompt.startsWith('Ask')) {
  appendFileSync('half.txt', 'half');
  say({ type: 'assistant', message: { ...message, content: [{ type: 'text', text: 'waiting' }] } });
  process.on('SIGINT', () => process.exit(0));
  setInterval(() => {}, 1000);
} else {
  const text = 'Known: ' + known.split('\\n').filter(Boolean).length + '. Told: ' + prompt;
  say({ type: 'assistant', message: { ...message, content: [{ type: 'text', text }] } });
  say({ type: 'result', is_error: false, subtype: 'success', result: text, usage, total_cost_usd: 0.01 });
}
`;

async function session(options: PlayOptions): Promise<Play> {
  const played = await play('', {
    ...options,
    assignment: { engine: 'claude-code', model: 'sonnet', ...options.assignment },
  });
  const bin = join(played.directory, 'bin');
  mkdirSync(bin, { mode: 0o755 });
  writeFileSync(join(bin, 'stand-in.mjs'), standIn);
  writeFileSync(join(bin, 'claude'), `#!/bin/sh\nexec "${process.execPath}" "${bin}/stand-in.mjs" "$@"\n`);
  chmodSync(join(bin, 'claude'), 0o755);
  chmodSync(played.directory, 0o711);
  process.env['PATH'] = [bin, dirname(process.execPath), before['PATH']].join(delimiter);
  process.env['ANTHROPIC_API_KEY'] = 'sk-of-the-test';
  played.place.pass = ['ANTHROPIC_API_KEY'];
  return played;
}

async function suspended(isolation: 'none' | 'auto' = 'none'): Promise<{ played: Play; text: string }> {
  const played = await session({
    isolation,
    assignment: { prompt: 'Ask.' },
    answers: {
      heartbeat: ({ input }) => ({
        ...nothingToSay,
        suspend: input['activity'] === 'waiting' ? 'q1 waits for a person’s answer.' : null,
      }),
      upload_conversation: () => ({ kept: true }),
    },
  });
  expect(await played.work()).toMatchObject({
    outcome: 'suspended',
    reason: 'q1 waits for a person’s answer.',
  });
  return { played, text: String(played.app.inputsOf('upload_conversation')[0]?.['conversation']) };
}

const resuming = (conversation: string | null): PlayOptions => ({
  assignment: { prompt: 'The whole prompt.', resume: { prompt: 'The answer.' } },
  answers: { get_conversation: () => ({ conversation }) },
});

describe('a session that is suspended', () => {
  it.each(['none', 'auto'] as const)(
    'AG-7, AG-11: hands over its work, leaves its conversation, and another goes on with it; isolation %s',
    async (isolation) => {
      const { played, text } = await suspended(isolation);
      const order = played.app.calls.map(({ operation }) => operation);
      expect(order.indexOf('upload_conversation')).toBeLessThan(order.indexOf('end_session'));
      expect(order.indexOf('upload_bundle')).toBeLessThan(order.indexOf('end_session'));
      expect(played.ending()).toMatchObject({ outcome: 'suspended', usage: { input_tokens: 5 } });
      expect(played.isClean()).toBe(true);

      const next = await session({ ...resuming(text), isolation });
      expect(await next.work()).toMatchObject({ outcome: 'completed' });
      expect(next.ending()?.reason).toMatch(/^Known: 1\. Told: The answer\./);
      expect(next.ending()?.reason).toContain('Your worktree has moved');
      expect(next.isClean()).toBe(true);
    },
  );

  it.each([
    ['there is none', null],
    ['it is garbage', 'AAAA'],
  ])('AG-11: begins anew with the whole prompt when %s', async (_, conversation) => {
    const played = await session(resuming(conversation));
    expect(await played.work()).toMatchObject({ outcome: 'completed' });
    expect(played.ending()?.reason).toBe('Known: 0. Told: The whole prompt.');
  });

  const id = '11111111-2222-4333-8444-555555555555';
  const kept = (path: string, text: string, engine = 'Claude Code 2.9.9'): string => {
    const files = [{ path, data: Buffer.from(text).toString('base64') }];
    const worktree = '/gone';
    return gzipSync(JSON.stringify({ engine, id, worktree, before: noUsage, files })).toString('base64');
  };

  it.each([
    ['the engine can’t go on with it', kept(`${id}.jsonl`, 'broken')],
    ['its file leads elsewhere', kept(`../../${id}.jsonl`, 'known')],
    ['another version left it', kept(`${id}.jsonl`, 'known', 'Claude Code 1.0.0')],
  ])('AG-11: begins anew when %s', async (_, conversation) => {
    const played = await session(resuming(conversation));
    expect(await played.work()).toMatchObject({ outcome: 'completed' });
    expect(played.ending()?.reason).toBe('Known: 0. Told: The whole prompt.');
    expect(played.lines.join('')).toContain('begins anew');
  });
});
