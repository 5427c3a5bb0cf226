/** Agents that say nothing any more, that only look as if, and that go in circles; with minutes of a second or two. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { commitOne, kit } from './fixtures/agent-script.ts';
import { branch } from './fixtures/origin.ts';
import { play, type Play } from './fixtures/play.ts';
import { until } from './fixtures/until.ts';
import { onLinux } from './process-tree.ts';

// Real processes; a busy machine needs its time.
vi.setConfig({ testTimeout: 40_000 });

const quick = { stuck_minutes: 0.03, warn_minutes: 0.03, stop_minutes: 0.13 };
const beats = (session: Play) => session.app.inputsOf('heartbeat');

describe.runIf(onLinux)('AG-9: an agent', () => {
  test('that says nothing is told, then people are, and it is forgotten when it moves; at last it is stopped', async () => {
    const session = await play(
      `${commitOne}
      say({ type: 'tool_started', tool: 'Bash' });
      const waiting = setInterval(() => {
        if (!existsSync('../enough')) return;
        clearInterval(waiting);
        say({ type: 'tool_ended', tool: 'Bash' });
        setInterval(() => {}, 10_000);
      }, 200);`,
      { assignment: { stuck: quick, heartbeat_seconds: 0.2 } },
    );
    const working = session.work();
    await until(() => beats(session).some(({ condition }) => condition === 'stuck'));
    const evidence = 'no event, no output, no CPU use, no change of a file for a minute; last: Bash running';
    expect(beats(session).at(-1)).toMatchObject({ condition: 'stuck', activity: evidence });
    writeFileSync(join(session.place.sessions, session.assignment.session, 'enough'), '');
    await until(() => beats(session).at(-1)?.['condition'] !== 'stuck');
    expect(session.ending()).toBeUndefined();
    const { warnings } = await working;
    expect(warnings[0]).toBe(
      `You seem to be stuck: ${evidence}. This session is stopped in a minute if you stay silent.`,
    );
    expect(session.ending()).toMatchObject({ outcome: 'failed' });
    expect(session.ending()?.reason).toMatch(
      /^The agent was stuck and was stopped: no event, .*; last: Bash ended\.$/,
    );
    expect(session.origin.git('log', '-1', '--format=%s', branch)).toBe('Test sum');
  });

  test('whose tool computes or writes, and that edits a file now and then, is at work without a word', async () => {
    const tool = (script: string) => `${kit} import { spawn } from 'node:child_process';
      const tool = spawn(process.execPath, ['-e', ${JSON.stringify(script)}], { stdio: 'ignore', detached: true });
      tool.on('spawn', () => {
        say({ type: 'tool_started', tool: 'Bash' });
        setTimeout(() => { tool.kill('SIGKILL'); process.exit(0); }, 6_000);
      });`;
    const edits = `${kit} let edits = 0;
      setInterval(() => { edits += 1; writeFileSync('sum.js', 'x'.repeat(edits)); if (edits === 12) process.exit(0); }, 500);`;
    const writes = `setInterval(() => require('node:fs').appendFileSync('../log', '.'), 100);`;
    const stuck = { stuck_minutes: 0.06, warn_minutes: 0.06, stop_minutes: 0.12 };
    const sessions = await Promise.all(
      [tool('for (;;) {}'), tool(writes), edits].map((script) => play(script, { assignment: { stuck } })),
    );
    const reports = await Promise.all(sessions.map((session) => session.work()));
    expect(reports.map(({ outcome, warnings }) => ({ outcome, warnings }))).toEqual(
      sessions.map(() => ({ outcome: 'completed', warnings: [] })),
    );
  });
});

const step = `const step = (tool, input, result, ok = true) => {
  say({ type: 'tool_started', tool }); say({ type: 'tool_ended', tool, input, result, ok });
};
const stay = () => setInterval(() => {}, 10_000);`;

describe('AG-10: an agent in circles', () => {
  test('is told which, and stopped the next time with what it did', async () => {
    const session = await play(`${commitOne} ${step}
      for (let i = 0; i < 4; i++) step('Bash', 'npm test', '1 failed (' + i + ' ms)');
      step('Read', 'sum.js', 'text');
      for (let i = 0; i < 3; i++) step('Edit', 'edit ' + i, 'no such text', false);
      stay();`);
    const { warnings } = await session.work();
    expect(warnings).toEqual([
      expect.stringMatching(
        /^You go in circles: the same call of Bash with the same result 4 times in a row\./,
      ),
    ]);
    expect(session.ending()).toMatchObject({
      outcome: 'failed',
      reason:
        'The agent went in circles, was warned, and was stopped: the same error of Edit 3 times in a row.',
    });
    expect(session.origin.git('log', '-1', '--format=%s', branch)).toBe('Test sum');
  });

  test('is none where its polls stay the same and its watcher’s output does not', async () => {
    const session = await play(`${kit} ${step}
      for (let i = 0; i < 15; i++) step('get_answer', 'q1', 'open');
      for (let i = 0; i < 50; i++) step('Bash', 'npm test -- --watch', i + ' passed');`);
    const { warnings } = await session.work();
    expect(session.ending()).toMatchObject({ outcome: 'completed' });
    expect(warnings).toEqual([]);
  });

  test('is one that changes nothing in sixty turns, and not one that does', async () => {
    const turns = (change: string) => `${kit} ${step}
      ${change}
      for (let i = 0; i < 60; i++) step('Read', 'file ' + i, 'text ' + i);
      setInterval(() => { if (existsSync('../enough')) process.exit(0); }, 100);`;
    const sessions = [await play(turns('')), await play(turns(`writeFileSync('new.js', '');`))];
    const working = sessions.map((session) => session.work());
    await until(() => sessions[0]!.lines.some((line) => line.includes('the agent is warned')));
    for (const session of sessions)
      writeFileSync(join(session.place.sessions, session.assignment.session, 'enough'), '');
    const told = await Promise.all(working);
    expect(told.map(({ warnings }) => warnings)).toEqual([
      [expect.stringMatching(/60 turns without any change of a file or the branch/)],
      [],
    ]);
  });
});
