import { accessSync, chmodSync, constants, existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { branch } from '../../runner/fixtures/origin.ts';
import { play } from '../../runner/fixtures/play.ts';
import { answeredQuestion } from '../../runner/fixtures/question.ts';
import { processTree } from '../../runner/process-tree.ts';
import { clis, modelKey } from './clis.ts';
import { path } from './play.ts';
import { startModel } from './model/server.ts';

const answers = {
  ask_human: () => ({ question: answeredQuestion('in cents'), pending: false, next: 'Go on.' }),
  request_review: () => ({ state: 'in_review', words: 'In review.', next: 'End your session.' }),
};

const before = { ...process.env };
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
});

/** Root in a namespace of its own is root by name only. */
function makesUsers(): boolean {
  try {
    accessSync('/etc/shadow', constants.W_OK);
    return process.getuid?.() === 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

describe.each(clis)('a session of $title', (cli) => {
  test.each([{ isolation: 'none' as const }, ...(makesUsers() ? [{ isolation: 'auto' as const }] : [])])(
    'AG-2, AG-5, SE-4: works through the runner’s own tools, isolation $isolation',
    async ({ isolation }) => {
      await using model = await startModel({
        model: cli.asked,
        steps: [
          { call: { mcp: 'ask_human', arguments: { question: 'Which unit?' } } },
          {
            after: 'in cents',
            call: { shell: 'echo 3 > sum.txt && git add . && git commit -qm "Add sum" && id -un' },
          },
          {
            after: isolation === 'auto' ? 'ent-' : '',
            call: { mcp: 'request_review', arguments: { summary: 'Added sum' } },
          },
          { after: 'In review', text: 'All done.' },
        ],
      });
      const passed = cli.environment(model.url);
      Object.assign(process.env, passed, { PATH: path });
      const session = await play('', {
        assignment: { engine: cli.engine.name, model: cli.model, prompt: 'Add the sum.' },
        answers,
        isolation,
      });
      session.place.pass = Object.keys(passed);
      // Its temporary directory is nobody else's until then.
      chmodSync(session.directory, 0o711);
      const report = await session.work();
      expect(model.problems).toEqual([]);
      expect(report).toMatchObject({ outcome: 'completed' });
      expect(session.app.inputsOf('start_session')).toMatchObject([
        { isolation: isolation === 'auto' ? 'user' : 'none' },
      ]);
      expect(session.app.inputsOf('ask_human')).toMatchObject([{ question: 'Which unit?', wait: 45 }]);
      expect(session.app.inputsOf('request_review')).toMatchObject([{ summary: 'Added sum', task: 't2' }]);
      expect(session.ending()).toMatchObject({
        outcome: 'completed',
        usage: { input_tokens: 400, cached_tokens: 80, output_tokens: 40 },
      });
      expect(session.origin.git('log', '-1', '--format=%s|%an', branch)).toBe('Add sum|eng-1 (Entourage)');
      expect(session.origin.git('show', '--name-only', '--format=', branch)).toBe('sum.txt');
      expect(model.requests.every(({ key }) => key === modelKey)).toBe(true);
      const told = JSON.stringify(session.app.calls) + session.lines.join('');
      expect(told).not.toContain(modelKey);
      expect(session.isClean()).toBe(true);
      expect(await processTree(null, session.assignment.session).alive()).toEqual([]);
      const users = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8') : '';
      expect(users).not.toContain(`ent-${session.assignment.session.replaceAll('-', '').slice(-12)}`);
    },
  );
});
