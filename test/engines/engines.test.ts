import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { costOf } from '../../app/domain/prices.ts';
import type { EngineEvent } from '../../runner/engines/engine.ts';
import { clis, modelKey, variants, type Cli } from './clis.ts';
import { path, playEngine, type EnginePlay } from './play.ts';
import type { ScriptInput } from './model/script.ts';

const start = (
  cli: Cli,
  steps: (worktree: string) => ScriptInput['steps'],
  mcp?: string[],
): Promise<EnginePlay> =>
  playEngine({
    ...(mcp === undefined ? {} : { mcp }),
    engine: cli.engine,
    model: cli.model,
    script: (worktree) => ({ model: cli.asked, steps: steps(worktree) }),
    environment: cli.environment,
  });

const ofType = <T extends EngineEvent['type']>(events: readonly EngineEvent[], type: T) =>
  events.filter((event): event is Extract<EngineEvent, { type: T }> => event.type === type);

/** A whole task: a question, a file, a commit, the hand-in. */
const task = (worktree: string): ScriptInput['steps'] => [
  { call: { mcp: 'ask_human', arguments: { question: 'Which unit?' } } },
  { after: 'in cents', call: { write: { path: join(worktree, 'sum.txt'), content: "it's 3\n" } } },
  { call: { shell: 'git add . && git commit --quiet -m "Add sum" && git log --format=%s' } },
  { after: 'Add sum', call: { mcp: 'request_review', arguments: { summary: 'Added sum' } } },
  { after: 'in_review', text: 'All done.' },
];

const until = async (holds: () => boolean) => await vi.waitUntil(holds, { timeout: 120_000, interval: 50 });

describe.each([...clis, ...variants])('$title', (cli) => {
  test('AG-1, AG-8: does a whole task with its tools, and tells what it used', async () => {
    const played = await start(cli, task);
    const events = await played.done;
    await using _ = played.model;
    expect(played.model.problems).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: 'ended', ok: true });
    expect(ofType(events, 'ended')).toHaveLength(1);
    expect(ofType(events, 'started')).toEqual([{ type: 'started', conversation: expect.any(String) }]);
    expect(played.calls().map(({ tool, input }) => [tool, input])).toEqual([
      ['ask_human', { question: 'Which unit?' }],
      ['request_review', { summary: 'Added sum' }],
    ]);
    expect(new Set(played.calls().map(({ token }) => token))).toEqual(new Set([played.token]));
    const started = ofType(events, 'tool_started').map(({ tool }) => tool);
    expect(started).toHaveLength(4);
    expect([started[0], started[3]]).toEqual(['ask_human', 'request_review']);
    expect(ofType(events, 'tool_ended').map(({ ok }) => ok)).toEqual([true, true, true, true]);
    expect(ofType(events, 'text').map(({ text }) => text)).toContain('All done.');

    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: played.worktree, encoding: 'utf8' }).trim();
    expect(readFileSync(join(played.worktree, 'sum.txt'), 'utf8')).toBe("it's 3\n");
    expect(git('log', '-1', '--format=%s|%an')).toBe('Add sum|eng-1 (Entourage)');
    expect(git('status', '--porcelain', '--ignored')).toBe('');
    expect(readdirSync(played.worktree).sort()).toEqual(['.git', 'sum.txt']);

    const answers = played.model.requests.filter(({ step }) => step !== null).length;
    const counts = { input_tokens: 100 * answers, cached_tokens: 20 * answers, output_tokens: 10 * answers };
    const cost = costOf(cli.asked, counts) ?? 0;
    const usage = ofType(events, 'usage').at(-1)?.usage;
    expect(usage).toEqual({ ...counts, cost: expect.any(Number) });
    expect(Math.abs((usage?.cost ?? -1) - cost)).toBeLessThanOrEqual(5);
    expect(new Set(played.model.requests.map(({ key }) => key))).toEqual(new Set([modelKey]));
    expect(played.strangers).toEqual([]);
    expect(await played.survivors()).toBe(0);
  });
});

describe.each(clis)('$title', (cli) => {
  test('AG-8: is ready with a key, and says what is missing without one', async () => {
    const environment = { PATH: path, HOME: '/nonexistent', [cli.key]: modelKey };
    expect(await cli.engine.ready(environment)).toEqual({
      ready: true,
      words: expect.stringMatching(/ \d+\.\d+\.\d+$/) as string,
    });
    expect(await cli.engine.ready({ PATH: path })).toMatchObject({
      ready: false,
      words: expect.stringContaining(cli.key) as string,
    });
    expect(await cli.engine.ready({ PATH: '/nonexistent', [cli.key]: modelKey })).toMatchObject({
      ready: false,
      words: expect.stringContaining('is not installed') as string,
    });
  });

  test('a refusal of the model’s API is its reason, whatever its exit code', async () => {
    const steps = () => [{ text: 'never said', fault: { kind: 'status' as const, status: 400, times: 99 } }];
    const played = await start(cli, steps);
    const events = await played.done;
    await using _ = played.model;
    expect(events.at(-1)).toMatchObject({
      type: 'ended',
      ok: false,
      reason: expect.stringContaining('the scripted fault') as string,
    });
  });

  test('waits while the API is too busy, says so, and goes on', async () => {
    const fault = { kind: 'status' as const, status: 429, times: 2, retryAfterSeconds: 1 };
    const played = await start(cli, () => [
      { call: { mcp: 'ask_human', arguments: { question: 'q' } }, fault },
      { after: 'in cents', text: 'Done.' },
    ]);
    const events = await played.done;
    await using _ = played.model;
    expect(played.model.problems).toEqual([]);
    expect(ofType(events, 'retrying').length).toBeGreaterThanOrEqual(1);
    expect(ofType(events, 'retrying')[0]?.reason).toMatch(/429|rate|fault/i);
    expect(events.findIndex(({ type }) => type === 'retrying')).toBeLessThan(
      events.findIndex(({ type }) => type === 'tool_started'),
    );
    expect(events.at(-1)).toMatchObject({ type: 'ended', ok: true });
  });

  test('without the tools of Entourage it does not go on', async () => {
    const steps = () => [{ text: 'I have no tools.', fault: { kind: 'silence' as const, times: 99 } }];
    const played = await start(cli, steps, ['-e', 'process.exit(3)']);
    await using _ = played.model;
    expect((await played.done).at(-1)).toMatchObject({
      type: 'ended',
      ok: false,
      reason: expect.stringMatching(/MCP server/) as string,
    });
    expect(await played.survivors()).toBe(0);
  });

  test('AG-10: ends when it is stopped while the model thinks', async () => {
    const steps = () => [{ text: 'never', fault: { kind: 'silence' as const, times: 99 } }];
    const played = await start(cli, steps);
    await using _ = played.model;
    await until(() => played.model.requests.some(({ step }) => step === 0));
    await played.run.stop(5_000);
    expect((await played.done).at(-1)).toMatchObject({ type: 'ended', ok: false });
    expect(await played.survivors()).toBe(0);
  });

  test('AG-10: no tool outlives it, not even one that ignores signals in a group of its own', async () => {
    const stubborn = `trap '' INT TERM HUP; touch begun; while :; do sleep 1; done`;
    const shell = `setsid --wait sh -c "${stubborn}"`;
    const played = await start(cli, () => [{ call: { shell } }, { text: 'never' }]);
    await using _ = played.model;
    await until(() => readdirSync(played.worktree).includes('begun'));
    await played.run.refresh();
    expect(await played.survivors()).toBeGreaterThan(2);
    await played.run.stop(2_000);
    await played.done;
    expect(played.events.at(-1)).toMatchObject({ type: 'ended', ok: false });
    expect(await played.survivors()).toBe(0);
  });
});
