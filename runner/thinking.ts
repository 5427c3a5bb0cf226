/** The engine's part of a session: from its start to its last event, with every process it started gone afterwards. */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Usage } from '../app/domain/session.ts';
import { startSession } from '../app/catalog/sessions.ts';
import { activityOf } from './activity.ts';
import { keepConversation, takeUp } from './conversations.ts';
import type { Course, Ending } from './course.ts';
import { findEngine } from './engines/engines.ts';
import type { Engine, EngineEvent, EngineRun, EngineWork } from './engines/engine.ts';
import { leftOut, leftOutWords } from './left-out.ts';
import { wordsOf } from './log.ts';
import { markVariable, type ProcessId } from './process-list.ts';
import { explainKill, memoryKills } from './outside-kill.ts';
import { openPushSocket } from './push-socket.ts';
import type { Quarters } from './quarters.ts';
import { writeMcpConfig, writeSessionFile } from './session-file.ts';
import { giveTo } from './spawn-as.ts';
import type { Adoption } from './tickets.ts';
import type { Uploader } from './upload.ts';
import { openView } from './view.ts';
import { watchEngine, type Watch } from './watch.ts';
import type { Workspace } from './workspace.ts';

export type Thinking = {
  quarters: Quarters;
  workspace: Workspace;
  uploader: Uploader;
  environment: Readonly<Record<string, string>>;
  /** Its engine was started by an earlier life of this runner. */
  adopted: Pick<Adoption, 'engine' | 'socket'> | null;
};

export async function think(course: Course, thinking: Thinking): Promise<Ending> {
  const { assignment, directory } = course;
  const { quarters, environment, adopted } = thinking;
  const engine = findEngine(assignment.engine);
  if (engine === undefined)
    return { outcome: 'failed', reason: `There is no engine \`${assignment.engine}\` here.` };
  const { ready, words } = await engine.ready(environment);
  // One that runs already was ready.
  if (!ready && adopted === null)
    return { outcome: 'failed', reason: `Engine \`${assignment.engine}\` is not ready here: ${words}` };
  const socket = await openPushSocket({
    directory,
    path: adopted?.socket ?? null,
    user: quarters.user,
    uploader: thinking.uploader,
    notices: course.notices,
  });
  const { tmux } = course.place;
  if (tmux !== null) course.view = openView({ ...course, tmux });
  try {
    const means = { engine, version: words, socket: socket.path };
    if (adopted === null && !(await announce(course, thinking, means))) return unstarted(course);
    const work = await workOf(course, thinking, means);
    const ended = await run(course, thinking, { ...means, work });
    if (work.conversation === null || ended.ok || course.begun || course.ending !== null)
      return await conclude(course, { ...means, work }, ended);
    course.log('the conversation could not be taken up; the session begins anew', { reason: ended.reason });
    const prompt = await wholePrompt(course, thinking);
    const anew = { ...means, work: { ...work, prompt, conversation: null } };
    return await conclude(course, anew, await run(course, { ...thinking, adopted: null }, anew));
  } finally {
    await course.engine?.stop(0);
    await socket.close();
  }
}

const unstarted = (course: Course): Ending =>
  course.ending ?? { outcome: 'failed', reason: 'The engine was not started.' };

/** `version`: what the engine calls itself. */
type Means = { engine: Engine; version: string; socket: string };
type Started = Means & { work: EngineWork };
type Ended = { ok: boolean; reason: string };

/** Configures the agent's tools and tells the App. False when the engine is not wanted any more. */
async function announce(course: Course, thinking: Thinking, { socket }: Means): Promise<boolean> {
  const { session } = course.assignment;
  await configure(course, thinking, { socket, mcpConfig: mcpConfigIn(course) });
  const start = { session, isolation: thinking.quarters.isolation };
  await course.client.call(startSession, start, { idempotent: true });
  return course.ending === null;
}

const mcpConfigIn = ({ directory }: Course): string => join(directory, 'mcp.json');

const wholePrompt = async ({ assignment }: Course, { workspace }: Thinking): Promise<string> =>
  `${assignment.prompt}${leftOutWords(await leftOut(workspace))}`;

async function workOf(course: Course, thinking: Thinking, means: Means): Promise<EngineWork> {
  const { assignment, directory } = course;
  const { quarters, workspace, environment } = thinking;
  // For one that is adopted too: what it used counts from where it took the conversation up.
  const takenUp = await takeUp(course, { ...means, cwd: workspace.path });
  return {
    session: assignment.session,
    command: assignment.command,
    model: assignment.model,
    prompt: takenUp?.prompt ?? (await wholePrompt(course, thinking)),
    conversation: takenUp?.conversation ?? null,
    cwd: workspace.path,
    user: quarters.user,
    mcpConfig: mcpConfigIn(course),
    environment,
    outputs: join(directory, 'engine'),
  };
}

/** From its start to its last event, with nothing of it left. */
async function run(course: Course, thinking: Thinking, started: Started): Promise<Ended> {
  try {
    course.engine = await startOrAdopt(course, thinking, started);
  } catch (error) {
    // A conversation that can't be put back is one that can't be taken up.
    if (started.work.conversation === null) throw error;
    return { ok: false, reason: wordsOf(error) };
  }
  // Asked to stop while it was starting: nobody could tell the engine then.
  if (course.stop.signal.aborted) await course.engine.stop(course.patienceMs);
  const { pid: leader } = course.engine.process;
  const before = await memoryKills();
  const watch = watchEngine(course, {
    workspace: thinking.workspace,
    user: thinking.quarters.user,
    leader,
    adopted: thinking.adopted !== null,
  });
  const ended = await follow(course, course.engine, watch).finally(() => watch.close());
  course.condition = 'exited';
  course.stuckOn = null;
  await course.engine.stop(0);
  if (ended.ok) return ended;
  const after = await memoryKills();
  return { ok: false, reason: explainKill(ended.reason, { before, after }) };
}

async function startOrAdopt(course: Course, thinking: Thinking, started: Started): Promise<EngineRun> {
  const { engine, work } = started;
  const { adopted } = thinking;
  if (adopted !== null) {
    if (engine.adopt === null) throw new Error(`Engine ${engine.name} can’t be adopted.`);
    return await engine.adopt(work, adopted.engine);
  }
  course.activity = 'starting the engine';
  course.log('the engine starts', { engine: engine.name });
  const running = await engine.start(work);
  await noteEngine(course, thinking, { ...started, process: running.process });
  return running;
}

async function conclude(course: Course, started: Started, ended: Ended): Promise<Ending> {
  await keepConversation(course, started);
  return course.ending ?? { outcome: ended.ok ? 'completed' : 'failed', reason: ended.reason };
}

/**
 * Read at the next start, if this runner doesn't live to clean up. An agent may have filled the disk already: its commits
 * count more than the note, without which its processes are still found by their mark.
 */
async function noteEngine(
  course: Course,
  thinking: Thinking,
  { engine, socket, process }: Means & { process: ProcessId },
): Promise<void> {
  const { assignment, directory, place, began } = course;
  const { isolation } = thinking.quarters;
  const { user: _, ...workspace } = thinking.workspace;
  const { session, runner_token: token } = assignment;
  try {
    await writeFile(join(directory, 'engine.pid'), JSON.stringify(process));
    const adoption = { assignment, engine: process, isolation, socket, workspace, began };
    if (engine.adopt !== null) await place.tickets?.keep({ session, token, adoption });
  } catch (error) {
    course.log('the engine’s process could not be noted', { error: wordsOf(error) });
  }
}

/** Both files lie in the session's own directory: its agent reads them and can't put others in their place. */
async function configure(
  course: Course,
  thinking: Thinking,
  { socket, mcpConfig }: { socket: string; mcpConfig: string },
): Promise<void> {
  const { assignment, directory, place } = course;
  const { session, role, repository, run, task } = assignment;
  const { user: _, ...workspace } = thinking.workspace;
  const sessionFile = join(directory, 'session.json');
  await writeSessionFile(sessionFile, { session, role, repository, run, task, socket, workspace });
  await writeMcpConfig(mcpConfig, {
    command: place.node,
    args: [place.mcp],
    env: {
      ENTOURAGE_URL: place.url,
      ENTOURAGE_TOKEN: assignment.agent_token,
      ENTOURAGE_SESSION_FILE: sessionFile,
      [markVariable]: session,
      ...compileCache(),
    },
  });
  for (const path of [sessionFile, mcpConfig]) await chmod(path, 0o400);
  await giveTo(thinking.quarters.user, [sessionFile, mcpConfig]);
}

/** Where the runner keeps compiled code, the tool server of each session starts in half the time. */
function compileCache(): Record<string, string> {
  const { NODE_COMPILE_CACHE } = process.env;
  return NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
}

/** Only a model that answered does any; errors may be told as text, and as a usage of nothing. */
const isWork = (event: EngineEvent): boolean =>
  event.type === 'tool_started' || (event.type === 'usage' && event.usage.output_tokens > 0);

/** Reads the engine's events to the last one. */
async function follow(course: Course, engine: EngineRun, watch: Watch): Promise<Ended> {
  let last = { ok: false, reason: 'The engine ended without a last event.' };
  for await (const event of engine.events) {
    watch.hear(event);
    course.view?.show(event);
    if (event.type === 'started') course.conversation = event.conversation;
    course.begun ||= isWork(event);
    // A total that can't be would make the App refuse the heartbeats that keep the session alive.
    if (event.type === 'usage' && Usage.safeParse(event.usage).success) course.usage = event.usage;
    if (event.type === 'ended') last = { ok: event.ok, reason: event.reason };
    // Before it is cut: half a secret would not be found.
    const told = event.type === 'text' ? { ...event, text: course.redact(event.text) } : event;
    const activity = activityOf(told);
    if (activity === null || activity === course.activity) continue;
    course.activity = activity;
    course.place.hear?.(course.redact(activity));
  }
  return last;
}
