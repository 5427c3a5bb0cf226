import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { aider } from '../../runner/engines/aider.ts';
import { branch } from '../../runner/fixtures/origin.ts';
import { play, type PlayOptions } from '../../runner/fixtures/play.ts';
import { answeredQuestion, askedQuestion } from '../../runner/fixtures/question.ts';
import { processTree } from '../../runner/process-tree.ts';

const standIn = fileURLToPath(new URL('./stand-in/aider.ts', import.meta.url));
const before = { ...process.env };
afterEach(() => {
  Object.assign(process.env, before);
});

async function session(prompt: string, options: PlayOptions = {}) {
  const played = await play('', { ...options, assignment: { engine: 'aider', model: 'sonnet', prompt } });
  const bin = join(played.directory, 'bin');
  mkdirSync(bin, { mode: 0o755 });
  writeFileSync(join(bin, 'aider'), `#!/bin/sh\nexec "${process.execPath}" "${standIn}" "$@"\n`);
  chmodSync(join(bin, 'aider'), 0o755);
  chmodSync(played.directory, 0o711);
  Object.assign(process.env, {
    PATH: [bin, dirname(process.execPath), before['PATH']].join(delimiter),
    ANTHROPIC_API_KEY: 'sk-of-the-test',
  });
  played.place.pass = ['ANTHROPIC_API_KEY'];
  return played;
}

describe('Aider’s stand-in', () => {
  test.each(['none', 'auto'] as const)(
    'AG-1: asks and hands in by its file, as many answers as it takes; isolation %s',
    async (isolation) => {
      let polls = 0;
      const played = await session('Add the sum.', {
        isolation,
        answers: {
          ask_human: () => ({
            question: askedQuestion(),
            pending: true,
            next: 'Call get_answer.',
          }),
          get_answer: () => {
            polls += 1;
            return {
              question: polls > 1 ? answeredQuestion('in cents') : askedQuestion(),
              pending: polls < 2,
              next: 'Go on.',
            };
          },
          request_review: () => ({ state: 'in_review', words: 'In review.', next: 'End.' }),
        },
      });
      expect(await aider.ready(process.env)).toEqual({ ready: true, words: 'Aider 0.86.1' });
      expect(await played.work()).toMatchObject({ outcome: 'completed' });
      expect(played.app.inputsOf('ask_human')).toMatchObject([{ question: 'Which unit?' }]);
      expect(played.app.inputsOf('get_answer')).toMatchObject([{ question: 'q1' }, { question: 'q1' }]);
      expect(played.app.inputsOf('request_review')).toMatchObject([{ summary: 'Added sum', task: 't2' }]);
      expect(played.ending()).toMatchObject({
        usage: { input_tokens: 600, cached_tokens: 3_000, output_tokens: 30, cost: 30_000 },
      });
      expect(played.origin.git('log', '-1', '--format=%s|%an', branch)).toBe(
        'Work of Aider|eng-1 (Entourage)',
      );
      expect(played.origin.git('show', '--name-only', '--format=', branch)).toBe('sum.txt');
      expect(played.isClean()).toBe(true);
    },
  );

  test('an error of the API is the reason, though Aider ends with 0', async () => {
    const played = await session('Fail.');
    await played.work();
    expect(played.ending()).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('invalid x-api-key') as string,
    });
  });

  test('AG-10: a stop ends it', async () => {
    const played = await session('Hang.');
    const stop = new AbortController();
    const work = played.work(stop.signal);
    while (!played.app.inputsOf('heartbeat').some(({ activity }) => activity === 'Thinking')) await delay(50);
    stop.abort();
    expect(await work).toMatchObject({ outcome: 'stopped' });
    expect(await processTree(null, played.assignment.session).alive()).toEqual([]);
  });
});
