import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { Usage } from '../../app/domain/session.ts';
import { noUsage } from '../../app/domain/session.ts';
import { readConversation } from '../../runner/engines/conversation.ts';
import type { EngineEvent } from '../../runner/engines/engine.ts';
import { clis, variants } from './clis.ts';
import { playEngine } from './play.ts';

const silent = [join(import.meta.dirname, 'stand-in', 'mcp.ts'), '--silent'];

const lastUsage = (events: readonly EngineEvent[]): Usage | undefined =>
  events.findLast((event) => event.type === 'usage')?.usage;

const counts = (answers: number) => ({
  input_tokens: 100 * answers,
  cached_tokens: 20 * answers,
  output_tokens: 10 * answers,
});

describe.each([...clis, ...variants].filter(({ engine }) => engine.keeps !== null))('$title', (cli) => {
  test('AG-7, AG-11: stopped while it asks, goes on elsewhere with all it knew, and counts only what it used itself', async () => {
    const shared = { engine: cli.engine, model: cli.model, environment: cli.environment };
    const steps = [
      { call: { shell: 'echo the-first-result' } },
      { after: 'the-first-result', call: { mcp: 'ask_human', arguments: { question: 'Which unit?' } } },
    ];
    const first = await playEngine({
      ...shared,
      mcp: silent,
      script: () => ({ model: cli.asked, steps: [...steps, { text: 'never said' }] }),
    });
    await using _ = first.model;
    await vi.waitUntil(() => first.calls().length > 0, { timeout: 120_000, interval: 50 });
    await first.run.stop(5_000);
    const before = await first.done;
    const id = before.find((event) => event.type === 'started')?.conversation;
    const keeps = cli.engine.keeps;
    if (keeps === null || id === undefined || id === null) throw new Error('it keeps no conversation');
    const place = keeps(first.keptFor, id);
    const files = await readConversation({ user: null }, place);
    if (files === null) throw new Error('it left no conversation');
    const used = place.used(files) ?? lastUsage(before);
    // What it said when it asked is paid for, though it never told.
    const asked = first.model.requests.filter(({ step }) => step !== null).length;
    expect(used).toMatchObject(counts(asked));

    const second = await playEngine({
      ...shared,
      prompt: 'The answer is: in cents.',
      conversation: { id, before: used ?? noUsage, files },
      script: () => ({
        model: cli.asked,
        // What it was told before is there: the script counts its steps in the conversation.
        steps: [
          ...steps,
          ...(cli.file === 'claude' ? [{ text: 'Claude Code’s own word on the interruption.' }] : []),
          { call: { mcp: 'request_review', arguments: { summary: 'Added sum' } } },
          { after: 'in_review', text: 'All done.' },
        ],
      }),
    });
    await using __ = second.model;
    const after = await second.done;
    expect(second.model.problems).toEqual([]);
    expect(after.at(-1)).toMatchObject({ type: 'ended', ok: true });
    expect(second.calls().map(({ tool }) => tool)).toEqual(['request_review']);
    const answers = second.model.requests.filter(({ step }) => step !== null).length;
    expect(lastUsage(after)).toMatchObject(counts(answers));
    expect(second.strangers).toEqual([]);
    expect(await second.survivors()).toBe(0);
  });
});
