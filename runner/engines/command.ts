/** Engine `command`: any program. The prompt comes on its stdin, its MCP configuration's path in `ENTOURAGE_MCP_CONFIG`. */
import { z } from 'zod';
import { Usage } from '../../app/domain/session.ts';
import { digestsOf } from './digests.ts';
import type { Engine, EngineEvent, EngineRun, EngineWork } from './engine.ts';
import { lastLines } from './lines.ts';
import { adoptProgram, exitWords, objectIn, startProgram, textEvent, type Judge } from './program.ts';

/** A line of stdout that is one of these is an event; any other line is text. Unknown fields are ignored. */
const Line = z.discriminatedUnion('type', [
  z.object({ type: z.literal('usage'), ...Usage.shape }),
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('tool_started'), tool: z.string().max(200) }),
  z.object({
    type: z.literal('tool_ended'),
    tool: z.string().max(200),
    ok: z.boolean().default(true),
    /** Where it tells both, an agent that goes in circles is seen. */
    input: z.unknown().optional(),
    result: z.unknown().optional(),
  }),
  z.object({ type: z.literal('retrying'), reason: z.string().default('') }),
  z.object({ type: z.literal('ended'), ok: z.boolean(), reason: z.string().default('') }),
]);

/** What is no event is text. */
function translate(line: string): EngineEvent[] {
  const parsed = Line.safeParse(objectIn(line));
  if (!parsed.success) return textEvent(line.trim());
  const event = parsed.data;
  if (event.type === 'text') return textEvent(event.text);
  if (event.type === 'tool_ended') {
    const { input, result, ...ended } = event;
    const told = input !== undefined && result !== undefined;
    return [told ? { ...ended, digests: digestsOf(input, result) } : ended];
  }
  return [event.type === 'usage' ? { type: 'usage', usage: Usage.strip().parse(event) } : event];
}

export const commandEngine: Engine = {
  name: 'command',
  ready: async () => ({ ready: true, words: 'runs the program that the policy names' }),
  keeps: null,
  start,
  adopt: async (work, process) => whole(await adoptProgram(work, process, { translate, judge })),
};

async function start(work: EngineWork): Promise<EngineRun> {
  const [file, ...args] = work.command;
  if (file === undefined || file === '') {
    throw new Error('Engine `command` has no program: the agent’s `command` in ENTOURAGE.md is missing.');
  }
  const run = await startProgram(work, {
    file,
    args,
    env: { ENTOURAGE_MCP_CONFIG: work.mcpConfig },
    input: work.prompt,
    translate,
    judge,
  });
  return whole(run);
}

const whole = (run: EngineRun): EngineRun => ({ ...run, events: eventsOf(run) });

async function* eventsOf(run: EngineRun): AsyncGenerator<EngineEvent> {
  yield { type: 'started', conversation: null };
  yield* run.events;
}

/** A program of any kind has only its exit code; where it prints a last `ended` line, both must be good. */
const judge: Judge = (exit, said, errors) => {
  if (exit.code === 0 && said?.ok !== false) return { ok: true, reason: said?.reason ?? '' };
  const words = said !== null && said.reason !== '' ? ` It said: ${said.reason}` : '';
  const last = lastLines(errors);
  const reason = `The engine ended with ${exitWords(exit)}.${words}${last === '' ? '' : `\n${last}`}`;
  return { ok: false, reason };
};
