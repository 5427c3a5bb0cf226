/**
 * Engine `aider`, by its documentation: it was never run here, only a stand-in that follows its documented options and
 * output (https://aider.chat/docs/config/options.html, /docs/scripting.html).
 *
 * Aider has no MCP. What it wants of Entourage it leaves in a file of its worktree; after each of its answers the file
 * becomes a call of the session's own MCP server, and Aider goes on with what that said.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { noUsage, type Usage } from '../../app/domain/session.ts';
import { processTree } from '../process-tree.ts';
import { giveTo } from '../spawn-as.ts';
import { commitWork, requestFile, settle, takeRequest } from './aider-request.ts';
import { aiderTranslator } from './aider-lines.ts';
import type { Engine, EngineEvent, EngineRun, EngineWork } from './engine.ts';
import { readinessOf } from './installed.ts';
import { readMcpServer, startProgram, textEvent, type McpServer } from './program.ts';

export const aider: Engine = {
  name: 'aider',
  ready: (environment) =>
    readinessOf(
      {
        title: 'Aider',
        file: 'aider',
        // The first with all options that are used here.
        oldest: '0.70.0',
        install: 'pipx install aider-chat',
        keys: [
          'ANTHROPIC_API_KEY',
          'OPENAI_API_KEY',
          'GEMINI_API_KEY',
          'OPENROUTER_API_KEY',
          'DEEPSEEK_API_KEY',
        ],
      },
      environment,
    ),
  keeps: null,
  start,
  // What it wants of Entourage is done between its answers, by the runner.
  adopt: null,
};

/** Answers of Aider in one session; a task that needs more is going in circles. */
const mostRounds = 20;

type Round = { message: string; number: number };

async function start(work: EngineWork): Promise<EngineRun> {
  const home = join(dirname(work.mcpConfig), 'aider');
  await mkdir(home, { mode: 0o700 });
  await giveTo(work.user, [home]);
  const server = await readMcpServer(work);
  const first = await runAider(work, home, { message: `${work.prompt}\n\n${protocol}`, number: 1 });
  // Later rounds and calls are found by the session's mark.
  const tree = processTree(null, work.session, work.user);
  const course: Course = { work, home, server, run: first, stopped: false };
  return {
    process: first.process,
    events: eventsOf(course),
    refresh: () => course.run.refresh(),
    stop: async (patienceMs) => {
      course.stopped = true;
      await course.run.stop(patienceMs);
      await tree.end(0);
    },
  };
}

type Course = { work: EngineWork; home: string; server: McpServer; run: EngineRun; stopped: boolean };

async function runAider(work: EngineWork, home: string, round: Round): Promise<EngineRun> {
  // A new one each time: an earlier one is the session's user's by now.
  const file = join(dirname(home), `aider-message-${round.number}.md`);
  await writeFile(file, round.message, { mode: 0o600 });
  await giveTo(work.user, [file]);
  return await startProgram(work, {
    file: 'aider',
    args: aiderArguments(work, { file, home, first: round.number === 1 }),
    env: {},
    input: '',
    translate: aiderTranslator(),
  });
}

export function aiderArguments(
  work: Pick<EngineWork, 'model'>,
  order: { file: string; home: string; first: boolean },
): string[] {
  return [
    '--message-file',
    order.file,
    '--yes-always',
    '--no-auto-commits',
    '--no-dirty-commits',
    '--no-gitignore',
    '--no-check-update',
    '--no-show-release-notes',
    '--no-show-model-warnings',
    '--no-detect-urls',
    '--analytics-disable',
    '--no-stream',
    '--no-pretty',
    '--chat-history-file',
    join(order.home, 'chat.md'),
    '--input-history-file',
    join(order.home, 'input'),
    ...(order.first ? [] : ['--restore-chat-history']),
    ...(work.model === null ? [] : ['--model', work.model]),
  ];
}

const protocol = `You have no tools of Entourage here. Where the text above names one, do this instead: as the last thing of an answer write the file \`${requestFile}\` at the repository’s root, with one JSON object:
- when the work is complete: {"tool": "request_review", "arguments": {"summary": "what you did and why"}}
- when a person has to decide something: {"tool": "ask_human", "arguments": {"question": "one question"}}
The file is taken away when your answer ends; what it led to comes with the next message. Your edits are committed for you.`;

async function* eventsOf(course: Course): AsyncGenerator<EngineEvent> {
  const { work, server } = course;
  yield { type: 'started', conversation: null };
  let before: Usage = noUsage;
  for (let round = 1; ; round += 1) {
    let used = before;
    let ended = { ok: false, reason: 'Aider ended without a last event.' };
    for await (const event of course.run.events) {
      if (event.type === 'ended') ended = { ok: event.ok, reason: event.reason };
      else if (event.type === 'usage') {
        used = plus(before, event.usage);
        yield { type: 'usage', usage: used };
      } else yield event;
    }
    before = used;
    if (!ended.ok || course.stopped) {
      yield { type: 'ended', ok: false, reason: ended.ok ? 'Aider was stopped.' : ended.reason };
      return;
    }
    const request = await takeRequest(work);
    await commitWork(work);
    if (request === null) {
      yield { type: 'ended', ok: true, reason: '' };
      return;
    }
    const tool = request.tool === 'invalid' ? requestFile : request.tool;
    yield { type: 'tool_started', tool };
    const told = await settle(work, server, request);
    yield { type: 'tool_ended', tool, ok: told.ok };
    if (told.done || course.stopped) {
      yield { type: 'ended', ok: told.done, reason: told.done ? '' : 'Aider was stopped.' };
      return;
    }
    yield* textEvent(told.words);
    if (round === mostRounds) {
      yield { type: 'ended', ok: false, reason: `Aider did not finish in ${mostRounds} answers.` };
      return;
    }
    course.run = await runAider(work, course.home, { message: told.words, number: round + 1 });
  }
}

const plus = (one: Usage, other: Usage): Usage => ({
  input_tokens: one.input_tokens + other.input_tokens,
  cached_tokens: one.cached_tokens + other.cached_tokens,
  output_tokens: one.output_tokens + other.output_tokens,
  cost: one.cost === null || other.cost === null ? null : one.cost + other.cost,
});
