/** The engine's part of a session: from its start to its last event, with every process it started gone afterwards. */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startSession } from '../app/catalog/sessions.ts';
import { activityOf } from './activity.ts';
import type { Course, Ending } from './course.ts';
import { findEngine } from './engines/engines.ts';
import type { Engine, EngineRun, EngineWork } from './engines/engine.ts';
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
  if (adopted === null) {
    const ready = await engine.ready(environment);
    if (!ready.ready)
      return {
        outcome: 'failed',
        reason: `Engine \`${assignment.engine}\` is not ready here: ${ready.words}`,
      };
  }
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
    course.engine = await runEngine(course, thinking, { engine, socket: socket.path });
    if (course.engine === null) return unstarted(course);
    // Asked to stop while it was starting: nobody could tell the engine then.
    if (course.stop.signal.aborted) await course.engine.stop(course.patienceMs);
    const { pid: leader } = course.engine.process;
    const before = await memoryKills();
    const watch = watchEngine(course, {
      workspace: thinking.workspace,
      user: quarters.user,
      leader,
      adopted: adopted !== null,
    });
    const ended = await follow(course, course.engine, watch).finally(() => watch.close());
    course.condition = 'exited';
    course.stuckOn = null;
    await course.engine.stop(0);
    if (course.ending !== null) return course.ending;
    if (ended.ok) return { outcome: 'completed', reason: ended.reason };
    const after = await memoryKills();
    return { outcome: 'failed', reason: explainKill(ended.reason, { before, after }) };
  } finally {
    await course.engine?.stop(0);
    await socket.close();
  }
}

const unstarted = (course: Course): Ending =>
  course.ending ?? { outcome: 'failed', reason: 'The engine was not started.' };

type Means = { engine: Engine; socket: string };

/** Starts it, or goes on with the one that runs. Null when it is not wanted any more. */
async function runEngine(course: Course, thinking: Thinking, means: Means): Promise<EngineRun | null> {
  const { assignment, directory } = course;
  const { quarters, workspace, environment, adopted } = thinking;
  const { session } = assignment;
  const work: EngineWork = {
    session,
    command: assignment.command,
    model: assignment.model,
    prompt:
      adopted === null ? `${assignment.prompt}${leftOutWords(await leftOut(workspace))}` : assignment.prompt,
    cwd: workspace.path,
    user: quarters.user,
    mcpConfig: join(directory, 'mcp.json'),
    environment,
    outputs: join(directory, 'engine'),
  };
  if (adopted !== null) {
    if (means.engine.adopt === null) throw new Error(`Engine ${means.engine.name} can’t be adopted.`);
    return await means.engine.adopt(work, adopted.engine);
  }
  await configure(course, thinking, { socket: means.socket, mcpConfig: work.mcpConfig });
  const start = { session, isolation: quarters.isolation };
  await course.client.call(startSession, start, { idempotent: true });
  if (course.ending !== null) return null;
  course.activity = 'starting the engine';
  course.log('the engine starts', { engine: assignment.engine });
  const run = await means.engine.start(work);
  await noteEngine(course, thinking, { ...means, process: run.process });
  return run;
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

/** Reads the engine's events to the last one. */
async function follow(
  course: Course,
  engine: EngineRun,
  watch: Watch,
): Promise<{ ok: boolean; reason: string }> {
  let last = { ok: false, reason: 'The engine ended without a last event.' };
  for await (const event of engine.events) {
    watch.hear(event);
    course.view?.show(event);
    if (event.type === 'usage') course.usage = event.usage;
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
