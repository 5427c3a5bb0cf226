/**
 * The tests' agent, run by engine `command`: does what its script says, step by step, and writes down what its tools
 * answered. `node agent.ts DIRECTORY` reads `DIRECTORY/script.json` at its start and appends to `transcript.jsonl`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { connectTools, ToolRefusal, type Tools } from '../../demo/agent/tools.ts';
import type { Script, Step } from './script.ts';

const directory = process.argv[2];
if (directory === undefined) throw new Error('the agent needs the directory of its script');
const configuration = process.env['ENTOURAGE_MCP_CONFIG'];
if (configuration === undefined) throw new Error('ENTOURAGE_MCP_CONFIG is not set');

const anything = z.record(z.string(), z.unknown());
const author = ['-c', 'user.name=Agent', '-c', 'user.email=agent@example.invalid'];
const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();

type Session = { tools: Tools; name: string; acceptance: number };

function note(session: string, step: string, said: unknown): void {
  appendFileSync(join(directory!, 'transcript.jsonl'), `${JSON.stringify({ session, step, said })}\n`);
}

/** Calls a tool and writes down its answer, or its refusal; a refusal ends the session unless the script expects it. */
// eslint-disable-next-line max-params -- reads as a sentence at its many calls
async function call(
  session: Session,
  tool: string,
  input: Record<string, unknown>,
  mayRefuse = false,
): Promise<Record<string, unknown>> {
  try {
    const said = await session.tools.call(tool, input, anything);
    note(session.name, tool, said);
    return said;
  } catch (error) {
    if (!(error instanceof ToolRefusal)) throw error;
    note(session.name, tool, { refused: error.message });
    if (mayRefuse) return { refused: error.message };
    throw error;
  }
}

function write(path: string, text: string): void {
  const directoryOf = dirname(path);
  if (directoryOf !== '.') mkdirSync(directoryOf, { recursive: true });
  writeFileSync(path, text);
}

function commit(message: string): void {
  git('add', '--all');
  git(...author, 'commit', '--quiet', '--allow-empty', `--message=${message}`);
}

async function ask(session: Session, step: Extract<Step, { do: 'ask' }>): Promise<void> {
  const { do: _, ...input } = step;
  let said = await call(session, 'ask_human', { ...input, wait: 20 });
  while (said['pending'] === true) {
    const { question } = z.object({ question: z.string() }).parse(said['question']);
    said = await call(session, 'get_answer', { question, wait: 20 });
  }
}

async function review(session: Session, step: Extract<Step, { do: 'review' }>): Promise<void> {
  const evidence = Array.from({ length: step.evidence ?? session.acceptance }, (_, index) => ({
    item: index + 1,
    evidence: 'seen',
  }));
  for (;;) {
    const said = await call(
      session,
      'request_review',
      { summary: step.summary ?? 'Done.', acceptance: evidence, wait: 20 },
      step.mayRefuse,
    );
    if (said['state'] !== 'pending') return;
  }
}

async function answerThreads(session: Session): Promise<void> {
  const { reviews } = z
    .object({
      reviews: z.array(z.object({ threads: z.array(z.object({ thread: z.int(), state: z.string() })) })),
    })
    .parse(await call(session, 'get_review_feedback', {}));
  for (const { thread, state } of reviews.flatMap(({ threads }) => threads)) {
    if (state !== 'open') continue;
    await call(session, 'answer_thread', {
      thread,
      outcome: 'fixed',
      commit: git('rev-parse', 'HEAD'),
      why: 'Fixed as asked.',
    });
  }
}

/** A child in a group of its own that ignores polite signals, as compilers' daemons do. */
function leaveChild(): void {
  const program =
    "process.on('SIGTERM', () => {}); process.on('SIGINT', () => {}); setInterval(() => {}, 1000);";
  const child = spawn(process.execPath, ['-e', program, 'entourage-test-orphan'], {
    detached: true,
    stdio: 'ignore',
  });
  note('child', 'pid', child.pid);
  child.unref();
}

// eslint-disable-next-line max-lines-per-function -- a table of steps, a line or two each
async function perform(session: Session, step: Step): Promise<void> {
  switch (step.do) {
    case 'plan':
      await call(session, 'set_run_task_graph', { tasks: step.tasks }, step.mayRefuse);
      return;
    case 'call':
      await call(session, step.tool, step.input ?? {}, true);
      return;
    case 'write':
      write(step.path, step.text);
      return;
    case 'link':
      symlinkSync(step.to, step.path);
      return;
    case 'commit':
      commit(step.message ?? 'Work');
      return;
    case 'git':
      note(session.name, `git ${step.args.join(' ')}`, git(...author, ...step.args));
      return;
    case 'push':
      await call(session, 'push_branch', {}, step.mayRefuse);
      return;
    case 'ask':
      return await ask(session, step);
    case 'review':
      return await review(session, step);
    case 'answer_threads':
      return await answerThreads(session);
    case 'print':
      console.log(step.text);
      return;
    case 'garbage':
      process.stdout.write(randomBytes(step.bytes));
      process.stderr.write(randomBytes(2_000));
      return;
    case 'wait_for':
      while (!existsSync(join(directory!, step.file))) await sleep(50);
      return;
    case 'crash':
      process.exit(step.code);
      return;
    case 'hang':
      process.on('SIGINT', () => {});
      process.on('SIGTERM', () => {});
      leaveChild();
      await new Promise(() => setInterval(() => {}, 1_000));
      return;
    case 'leave_child':
      return leaveChild();
    case 'keep_configuration':
      writeFileSync(join(directory!, 'kept-configuration.json'), readFileSync(configuration!));
      return;
    case 'show_environment':
      note(session.name, 'environment', process.env);
      return;
  }
}

async function scriptOf(tools: Tools): Promise<{ name: string; acceptance: number; sessions: Step[][] }> {
  const script = JSON.parse(readFileSync(join(directory!, 'script.json'), 'utf8')) as Script;
  if (tools.has('set_run_task_graph')) {
    const { run } = z
      .object({ run: z.object({ title: z.string(), state: z.string() }) })
      .parse(await tools.call('get_run', {}, anything));
    if (run.state !== 'planning') {
      const woken = script.managing[run.title] ?? script.managing['*'] ?? [];
      return { name: `manage: ${run.title}`, acceptance: 0, sessions: woken };
    }
    const sessions = script.plans[run.title] ?? script.plans['*'] ?? [];
    return { name: `plan: ${run.title}`, acceptance: 0, sessions };
  }
  const { task } = z
    .object({ task: z.object({ title: z.string(), acceptance: z.array(z.unknown()) }) })
    .parse(await tools.call('get_task', {}, anything));
  if (tools.has('submit_review_verdict')) {
    const sessions = script.reviews[task.title] ?? script.reviews['*'] ?? [];
    return { name: `review: ${task.title}`, acceptance: 0, sessions };
  }
  const sessions = script.tasks[task.title] ?? script.tasks['*'] ?? [];
  return { name: task.title, acceptance: task.acceptance.length, sessions };
}

/** The how-manieth session of this name it is, from 0. */
function turnOf(name: string): number {
  const file = join(directory!, 'turns.json');
  const turns = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>) : {};
  const turn = turns[name] ?? 0;
  writeFileSync(file, JSON.stringify({ ...turns, [name]: turn + 1 }));
  return turn;
}

await using tools = await connectTools(configuration);
const { name, acceptance, sessions } = await scriptOf(tools);
const steps = sessions[Math.min(turnOf(name), sessions.length - 1)] ?? [];
for (const step of steps) await perform({ tools, name, acceptance }, step);
