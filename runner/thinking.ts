/** The engine's part of a session: from its start to its last event, with every process it started gone afterwards. */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startSession } from '../app/catalog/sessions.ts';
import { activityOf } from './activity.ts';
import type { Course, Ending } from './course.ts';
import { findEngine } from './engines/engines.ts';
import type { EngineRun } from './engines/engine.ts';
import { wordsOf } from './log.ts';
import { markVariable, type ProcessId } from './process-tree.ts';
import { openPushSocket } from './push-socket.ts';
import type { Quarters } from './quarters.ts';
import { writeMcpConfig, writeSessionFile } from './session-file.ts';
import { giveTo } from './spawn-as.ts';
import type { Uploader } from './upload.ts';
import { watchEngine, type Watch } from './watch.ts';
import type { Workspace } from './workspace.ts';

export type Thinking = {
  quarters: Quarters;
  workspace: Workspace;
  uploader: Uploader;
  environment: Readonly<Record<string, string>>;
};

export async function think(course: Course, thinking: Thinking): Promise<Ending> {
  const { assignment, directory } = course;
  const { quarters, workspace, environment } = thinking;
  const engine = findEngine(assignment.engine);
  if (engine === undefined)
    return { outcome: 'failed', reason: `There is no engine \`${assignment.engine}\` here.` };
  const ready = await engine.ready(environment);
  if (!ready.ready)
    return { outcome: 'failed', reason: `Engine \`${assignment.engine}\` is not ready here: ${ready.words}` };
  const socket = await openPushSocket({
    directory,
    user: quarters.user,
    uploader: thinking.uploader,
    notices: course.notices,
  });
  try {
    const mcpConfig = await configure(course, thinking, socket.path);
    const { session } = assignment;
    const start = { session, isolation: quarters.isolation };
    await course.client.call(startSession, start, { idempotent: true });
    if (course.ending !== null) return course.ending;
    course.activity = 'starting the engine';
    course.log('the engine starts', { engine: assignment.engine });
    course.engine = await engine.start({
      session,
      command: assignment.command,
      model: assignment.model,
      prompt: assignment.prompt,
      cwd: workspace.path,
      user: quarters.user,
      mcpConfig,
      environment,
      outputs: join(directory, 'engine'),
    });
    await noteEngine(course, course.engine.process);
    // Asked to stop while it was starting: nobody could tell the engine then.
    if (course.stop.signal.aborted) await course.engine.stop(course.patienceMs);
    const { pid: leader } = course.engine.process;
    const watch = watchEngine(course, { workspace, user: quarters.user, leader });
    const ended = await follow(course, course.engine, watch).finally(() => watch.close());
    course.condition = 'exited';
    course.stuckOn = null;
    await course.engine.stop(0);
    if (course.ending !== null) return course.ending;
    return { outcome: ended.ok ? 'completed' : 'failed', reason: ended.reason };
  } finally {
    await course.engine?.stop(0);
    await socket.close();
  }
}

/**
 * Read at the next start, if this runner doesn't live to clean up. An agent may have filled the disk already: its commits
 * count more than the note, without which its processes are still found by their mark.
 */
async function noteEngine({ directory, log }: Course, engine: ProcessId): Promise<void> {
  try {
    await writeFile(join(directory, 'engine.pid'), JSON.stringify(engine));
  } catch (error) {
    log('the engine’s process could not be noted', { error: wordsOf(error) });
  }
}

/** Both files lie in the session's own directory: its agent reads them and can't put others in their place. */
async function configure(course: Course, thinking: Thinking, socket: string): Promise<string> {
  const { assignment, directory, place } = course;
  const { session, role, repository, run, task } = assignment;
  const { user: _, ...workspace } = thinking.workspace;
  const sessionFile = join(directory, 'session.json');
  await writeSessionFile(sessionFile, { session, role, repository, run, task, socket, workspace });
  const mcpConfig = join(directory, 'mcp.json');
  await writeMcpConfig(mcpConfig, {
    command: place.node,
    args: [place.mcp],
    env: {
      ENTOURAGE_URL: place.url,
      ENTOURAGE_TOKEN: assignment.agent_token,
      ENTOURAGE_SESSION_FILE: sessionFile,
      [markVariable]: session,
    },
  });
  for (const path of [sessionFile, mcpConfig]) await chmod(path, 0o400);
  await giveTo(thinking.quarters.user, [sessionFile, mcpConfig]);
  return mcpConfig;
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
