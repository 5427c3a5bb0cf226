/** One session, from its assignment to its end: workspace, set-up, engine, heartbeat, hand-over, clean-up. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Assignment } from '../app/catalog/assignment.ts';
import { endSession, startSession } from '../app/catalog/sessions.ts';
import { createClient, type Client } from '../app/client/client.ts';
import type { Outcome, Usage } from '../app/domain/session.ts';
import { activityOf } from './activity.ts';
import { findEngine } from './engines/engines.ts';
import type { EngineRun } from './engines/engine.ts';
import { environmentFor } from './engines/environment.ts';
import { handOver } from './hand-over.ts';
import { beat, isOver } from './heartbeat.ts';
import { wordsOf, type Log } from './log.ts';
import type { ObjectCache } from './object-cache.ts';
import { identify, markVariable } from './process-tree.ts';
import { openPushSocket } from './push-socket.ts';
import { createRedactor } from './secrets.ts';
import { writeMcpConfig, writeSessionFile } from './session-file.ts';
import { runSetUp } from './set-up.ts';
import type { Tickets } from './tickets.ts';
import { createUploader, type Uploader } from './upload.ts';
import {
  excludeUntracked,
  makeReadOnly,
  prepareWorkspace,
  removeWorkspace,
  type Workspace,
} from './workspace.ts';

export type WorkPlace = {
  url: string;
  /** Each session gets a directory of its own below. */
  sessions: string;
  cache: ObjectCache;
  tickets: Tickets;
  /** The program of the agent's MCP server. */
  mcp: string;
  log: Log;
  /** Names of the runner's variables that engines get. */
  pass: readonly string[];
  /** How long an engine may take to end by itself when it is asked to. */
  patienceMs: number;
  /** The last upload's verdict is waited for at most this long. */
  pushPatienceMs: number;
};

type Ending = { outcome: Outcome; reason: string };

/** The course of one session, as far as it has come. */
type Course = {
  assignment: Assignment;
  place: WorkPlace;
  client: Client;
  directory: string;
  log: Log;
  /** Fires when the session has to stop, whoever wants it. */
  stop: AbortController;
  ending: Ending | null;
  /** The App has ended the session: there is nobody to report to. */
  over: boolean;
  /** The App knows how it ended. */
  reported: boolean;
  activity: string;
  usage: Usage | undefined;
  engine: EngineRun | null;
  /** Takes the session's tokens and the model keys out of what is reported. */
  redact: (text: string) => string;
};

/** Does a session. Never throws: whatever goes wrong is the session's reason, or a log line. `signal` asks it to stop. */
export async function workOn(assignment: Assignment, place: WorkPlace, signal: AbortSignal): Promise<void> {
  const { session } = assignment;
  const log: Log = (message, fields = {}) =>
    place.log(message, { session, run: assignment.run, task: assignment.task, ...fields });
  const course: Course = {
    assignment,
    place,
    client: createClient({ url: place.url, token: assignment.runner_token }),
    directory: join(place.sessions, session),
    log,
    stop: new AbortController(),
    ending: null,
    over: false,
    reported: false,
    activity: 'preparing the workspace',
    usage: undefined,
    engine: null,
    redact: createRedactor([
      assignment.runner_token,
      assignment.agent_token,
      assignment.git_token,
      ...place.pass.map((name) => process.env[name]),
    ]),
  };
  const whenAsked = () => halt(course, { outcome: 'stopped', reason: 'The runner is shutting down.' });
  signal.addEventListener('abort', whenAsked, { once: true });
  if (signal.aborted) whenAsked();
  const minutes = assignment.minutes;
  const limit = setTimeout(() => {
    halt(course, { outcome: 'failed', reason: `The time limit of ${minutes} minutes was reached.` });
  }, minutes * 60_000);
  const asleep = new AbortController();
  const heart = beat(heartOf(course), asleep.signal);
  log('session begins', { kind: assignment.kind, engine: assignment.engine });
  try {
    const ending = await guarded(course, async () => {
      await place.tickets.keep({ session, token: assignment.runner_token });
      return await go(course);
    });
    asleep.abort();
    await heart;
    await report(course, ending);
  } finally {
    clearTimeout(limit);
    signal.removeEventListener('abort', whenAsked);
    asleep.abort();
    await cleanUp(course);
  }
}

/** The first reason to stop is the one that is told. */
function halt(course: Course, ending: Ending): void {
  course.ending ??= ending;
  course.stop.abort();
  course.engine?.stop(course.place.patienceMs).catch((error: unknown) => {
    course.log('the engine’s processes did not end', { error: wordsOf(error) });
  });
}

function heartOf(course: Course) {
  return {
    session: course.assignment.session,
    client: course.client,
    seconds: course.assignment.heartbeat_seconds,
    log: course.log,
    // An engine may print what it was given.
    now: () => ({ activity: course.redact(course.activity), usage: course.usage }),
    stop(reason: string, over: boolean) {
      course.over ||= over;
      course.log(over ? 'the App has ended this session' : 'the App stops this session', { reason });
      halt(course, { outcome: 'stopped', reason });
    },
    beat: async () => await course.engine?.refresh(),
  };
}

/** A failure is the session's ending; only a session that the App has ended needs none. */
async function guarded(course: Course, work: () => Promise<Ending>): Promise<Ending> {
  try {
    return await work();
  } catch (error) {
    if (isOver(error)) course.over = true;
    return course.ending ?? { outcome: 'failed', reason: wordsOf(error) };
  }
}

async function go(course: Course): Promise<Ending> {
  const { assignment, place, directory } = course;
  const workspace = await prepareWorkspace(place.cache, {
    session: assignment.session,
    directory,
    origin: {
      repository: assignment.repository,
      cloneUrl: assignment.clone_url,
      token: assignment.git_token,
    },
    base: assignment.base,
    branch: assignment.branch,
    start: assignment.start,
    signal: course.stop.signal,
  });
  const home = join(directory, 'home');
  await mkdir(home, { mode: 0o700 });
  const environment = environmentFor({
    session: assignment.session,
    home,
    ceiling: directory,
    agent: assignment.agent,
    excludes: workspace.excludes,
    pass: place.pass,
  });
  course.activity = 'setting up the workspace';
  const problem = await runSetUp({
    session: assignment.session,
    lines: assignment.setup,
    cwd: workspace.path,
    environment,
    signal: course.stop.signal,
  });
  if (course.ending !== null) return course.ending;
  if (problem !== null) return { outcome: 'failed', reason: problem };
  if (assignment.setup.length > 0) await excludeUntracked(workspace);
  if (!writes(assignment)) await makeReadOnly(workspace);
  const uploader = createUploader(course.client, assignment.session, workspace);
  const ending = await think(course, { workspace, uploader, environment });
  if (!writes(assignment) || course.over) return ending;
  course.activity = 'handing over the work';
  const { agent } = assignment;
  const { pushPatienceMs: patienceMs } = place;
  const refusal = await handOver({ workspace, uploader, agent, patienceMs, log: course.log });
  if (refusal === null) return ending;
  return ending.outcome === 'completed'
    ? { outcome: 'failed', reason: refusal }
    : { ...ending, reason: `${ending.reason}\n${refusal}` };
}

/** Only a work session's commits go anywhere. */
const writes = (assignment: Assignment): boolean => assignment.kind === 'work' && assignment.branch !== null;

type Thinking = {
  workspace: Workspace;
  uploader: Uploader;
  environment: Readonly<Record<string, string>>;
};

/** The engine's part: from its start to its last event, with every process it started gone afterwards. */
async function think(course: Course, { workspace, uploader, environment }: Thinking): Promise<Ending> {
  const { assignment, place, directory } = course;
  const engine = findEngine(assignment.engine);
  if (engine === undefined) {
    return { outcome: 'failed', reason: `This runner has no engine \`${assignment.engine}\`.` };
  }
  const socket = await openPushSocket(directory, uploader);
  try {
    const mcpConfig = await configure(course, workspace, socket.path);
    await course.client.call(
      startSession,
      { session: assignment.session, isolation: 'none' },
      { idempotent: true },
    );
    if (course.ending !== null) return course.ending;
    course.activity = 'starting the engine';
    course.engine = await engine.start({
      session: assignment.session,
      command: assignment.command,
      model: assignment.model,
      prompt: assignment.prompt,
      cwd: workspace.path,
      mcpConfig,
      environment,
    });
    // Read at the next start, if this runner doesn't live to clean up.
    await writeFile(join(directory, 'engine.pid'), JSON.stringify(await identify(course.engine.pid)));
    // Asked to stop while it was starting: nobody could tell the engine then.
    if (course.stop.signal.aborted) await course.engine.stop(place.patienceMs);
    const ended = await follow(course, course.engine);
    await course.engine.stop(0);
    if (course.ending !== null) return course.ending;
    return { outcome: ended.ok ? 'completed' : 'failed', reason: ended.reason };
  } finally {
    await course.engine?.stop(0);
    await socket.close();
  }
}

async function configure(course: Course, workspace: Workspace, socket: string): Promise<string> {
  const { assignment, directory } = course;
  const { session, role, repository, run, task } = assignment;
  const sessionFile = join(directory, 'session.json');
  await writeSessionFile(sessionFile, { session, role, repository, run, task, socket, workspace });
  const mcpConfig = join(directory, 'mcp.json');
  await writeMcpConfig(mcpConfig, {
    command: process.execPath,
    args: [course.place.mcp],
    env: {
      ENTOURAGE_URL: course.place.url,
      ENTOURAGE_TOKEN: assignment.agent_token,
      ENTOURAGE_SESSION_FILE: sessionFile,
      [markVariable]: session,
    },
  });
  return mcpConfig;
}

/** Reads the engine's events to the last one. */
async function follow(course: Course, engine: EngineRun): Promise<{ ok: boolean; reason: string }> {
  let last = { ok: false, reason: 'The engine ended without a last event.' };
  for await (const event of engine.events) {
    if (event.type === 'usage') course.usage = event.usage;
    if (event.type === 'ended') last = { ok: event.ok, reason: event.reason };
    // Before it is cut: half a secret would not be found.
    const told = event.type === 'text' ? { ...event, text: course.redact(event.text) } : event;
    course.activity = activityOf(told) ?? course.activity;
  }
  return last;
}

async function report(course: Course, ending: Ending): Promise<void> {
  const { assignment, log } = course;
  const reason = course.redact(ending.reason).slice(0, 2_000);
  log('session ends', { outcome: ending.outcome, reason, reported: !course.over });
  if (course.over) return;
  const usage = course.usage === undefined ? {} : { usage: course.usage };
  try {
    await course.client.call(
      endSession,
      { session: assignment.session, outcome: ending.outcome, reason, ...usage },
      { idempotent: true },
    );
    course.reported = true;
  } catch (error) {
    if (isOver(error)) course.over = true;
    // Its lease runs out, and the App goes on from there.
    log('the end could not be reported', { error: wordsOf(error) });
  }
}

async function cleanUp(course: Course): Promise<void> {
  const { assignment, place, directory } = course;
  const origin = { repository: assignment.repository, cloneUrl: assignment.clone_url, token: null };
  try {
    if (course.over || course.reported) await place.tickets.drop(assignment.session);
    await removeWorkspace(place.cache, { session: assignment.session, directory, origin });
  } catch (error) {
    course.log('the workspace could not be removed; the next start tries again', { error: wordsOf(error) });
  }
}
