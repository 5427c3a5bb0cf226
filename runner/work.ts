/** One session, from its assignment to its end: workspace, set-up, engine, heartbeat, hand-over, clean-up. */
import { join } from 'node:path';
import type { Assignment } from '../app/catalog/assignment.ts';
import { endSession } from '../app/catalog/sessions.ts';
import { createClient } from '../app/client/client.ts';
import { halt, warn, type Course, type Ending, type SessionReport, type WorkPlace } from './course.ts';
import { environmentFor } from './engines/environment.ts';
import { handOver } from './hand-over.ts';
import { beat, isOver } from './heartbeat.ts';
import { reasonOf, wordsOf, type Log } from './log.ts';
import { createNotices } from './notices.ts';
import { closeQuarters, openQuarters } from './quarters.ts';
import { createRedactor } from './secrets.ts';
import { runSetUp } from './set-up.ts';
import { think, type Thinking } from './thinking.ts';
import { timeLimit, watchTime } from './time-limit.ts';
import { createUploader } from './upload.ts';
import { excludeUntracked, forgetStart, makeReadOnly, prepareWorkspace } from './workspace.ts';

/** Does a session. Never throws: whatever goes wrong is the session's reason, or a log line. `signal` asks it to stop. */
export async function workOn(
  assignment: Assignment,
  place: WorkPlace,
  signal: AbortSignal,
): Promise<SessionReport> {
  const course = begin(assignment, place, Date.now());
  return await conduct(course, signal, async () => {
    const { session, runner_token: token } = assignment;
    await place.tickets?.keep({ session, token, adoption: null });
    return await go(course);
  });
}

/** All that a session has around it from its beginning on, or from when it is adopted. */
export async function conduct(
  course: Course,
  signal: AbortSignal,
  steps: () => Promise<Ending>,
): Promise<SessionReport> {
  const { assignment, place } = course;
  const whenAsked = () => {
    course.patienceMs = place.asked.patienceMs;
    course.pushPatienceMs = place.asked.pushPatienceMs;
    const { reason, cancelled } = place.asked;
    halt(course, { outcome: 'stopped', reason, cancelled });
  };
  signal.addEventListener('abort', whenAsked, { once: true });
  if (signal.aborted) whenAsked();
  const ignoreTime = watchTime(timeLimit(assignment.minutes), course.began, {
    warn: (words) => warn(course, words),
    stop: () => halt(course, outOfTime(assignment)),
  });
  const asleep = new AbortController();
  const heart = beat(heartOf(course), asleep.signal);
  let ending: Ending;
  try {
    ending = await guarded(course, steps);
    asleep.abort();
    await heart;
    ending = { ...ending, reason: course.redact(ending.reason).slice(0, 2_000) };
    await report(course, ending);
  } finally {
    ignoreTime();
    signal.removeEventListener('abort', whenAsked);
    asleep.abort();
    await cleanUp(course);
  }
  return reportOf(course, ending);
}

export function begin(assignment: Assignment, place: WorkPlace, began: number): Course {
  const { session } = assignment;
  const log: Log = (message, fields = {}) =>
    place.log(message, { session, run: assignment.run, task: assignment.task, ...fields });
  return {
    assignment,
    place,
    client: createClient({ url: place.url, token: assignment.runner_token }),
    directory: join(place.sessions, session),
    log,
    began,
    stop: new AbortController(),
    ending: null,
    patienceMs: place.patienceMs,
    pushPatienceMs: place.pushPatienceMs,
    over: false,
    reported: false,
    activity: 'preparing the workspace',
    condition: 'active',
    stuckOn: null,
    usage: undefined,
    engine: null,
    view: null,
    conversation: null,
    begun: false,
    isolation: null,
    prepared: false,
    notices: createNotices(),
    warnings: [],
    work: null,
    redact: createRedactor([
      assignment.runner_token,
      assignment.agent_token,
      assignment.git_token,
      ...place.pass.map((name) => process.env[name]),
    ]),
  };
}

/** A work session goes on in another one, from the branch; others have nothing that could be handed over. */
function outOfTime({ kind, minutes }: Assignment): Ending {
  const time = minutes === 1 ? 'a minute' : `${minutes} minutes`;
  return kind === 'work'
    ? { outcome: 'suspended', reason: `The job’s time limit of ${time} came.` }
    : { outcome: 'failed', reason: `The time limit of ${time} was reached.` };
}

function heartOf(course: Course) {
  return {
    session: course.assignment.session,
    client: course.client,
    seconds: course.assignment.heartbeat_seconds,
    log: course.log,
    // An engine may print what it was given.
    now: () => ({
      activity: course.stuckOn ?? course.redact(course.activity),
      condition: course.condition,
      usage: course.usage,
    }),
    warn: (words: string) => warn(course, words),
    notify: (words: string) => course.notices.add(words),
    stop(reason: string, over: boolean) {
      course.over ||= over;
      course.log(over ? 'the App has ended this session' : 'the App stops this session', { reason });
      halt(course, { outcome: 'stopped', reason });
    },
    suspend(reason: string) {
      if (course.ending === null) course.log('the App suspends this session', { reason });
      halt(course, { outcome: 'suspended', reason });
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
    return course.ending ?? { outcome: 'failed', reason: reasonOf(error) };
  }
}

async function go(course: Course): Promise<Ending> {
  const { assignment, place, directory, log } = course;
  const { session, repository } = assignment;
  const { isolation: mode, node, mcp } = place;
  log('session begins', { kind: assignment.kind, engine: assignment.engine });
  const quarters = await openQuarters({ session, directory, mode, node, mcp, log });
  course.isolation = quarters.isolation;
  const workspace = await prepareWorkspace(place.cache, {
    session,
    directory,
    origin: { repository, cloneUrl: assignment.clone_url, token: assignment.git_token },
    base: assignment.base,
    branch: assignment.branch,
    start: assignment.start,
    user: quarters.user,
    address: assignment.address,
    signal: course.stop.signal,
  });
  course.prepared = true;
  const environment = environmentFor({
    session,
    quarters,
    agent: assignment.agent,
    address: assignment.address,
    excludes: workspace.excludes,
    pass: place.pass,
  });
  course.activity = 'setting up the workspace';
  const problem = await runSetUp({
    session,
    lines: assignment.setup,
    minutes: assignment.setup_minutes,
    cwd: workspace.path,
    user: quarters.user,
    environment,
    signal: course.stop.signal,
  });
  if (course.ending !== null) return course.ending;
  if (problem !== null) return { outcome: 'failed', reason: problem };
  if (assignment.setup.length > 0) await excludeUntracked(workspace);
  if (!writes(assignment)) await makeReadOnly(workspace);
  const uploader = createUploader(course.client, session, workspace);
  return await finish(course, { quarters, workspace, uploader, environment, adopted: null });
}

/** The engine's part, and what is left to do when it is over. */
export async function finish(course: Course, thinking: Thinking): Promise<Ending> {
  const { assignment, directory, log } = course;
  const { workspace, uploader } = thinking;
  const ending = await think(course, thinking);
  if (!writes(assignment) || course.over) return ending;
  course.activity = 'handing over the work';
  const { agent } = assignment;
  const { pushPatienceMs: patienceMs } = course;
  course.work = await handOver({ workspace, directory, uploader, agent, patienceMs, log });
  const { refusal } = course.work;
  if (refusal === null) return ending;
  return ending.outcome === 'completed'
    ? { outcome: 'failed', reason: refusal }
    : { ...ending, reason: `${ending.reason}\n${refusal}` };
}

/** Only a work session's commits go anywhere. */
const writes = (assignment: Assignment): boolean => assignment.kind === 'work' && assignment.branch !== null;

async function report(course: Course, ending: Ending): Promise<void> {
  const { assignment, log } = course;
  const { outcome, reason, cancelled = false } = ending;
  log('session ends', { outcome, reason, reported: !course.over });
  if (course.over) return;
  const usage = course.usage === undefined ? {} : { usage: course.usage };
  try {
    const input = { session: assignment.session, outcome, reason, cancelled, ...usage };
    await course.client.call(endSession, input, { idempotent: true });
    course.reported = true;
  } catch (error) {
    if (isOver(error)) course.over = true;
    // Its lease runs out, and the App goes on from there.
    log('the end could not be reported', { error: wordsOf(error) });
  }
}

async function cleanUp(course: Course): Promise<void> {
  const { assignment, place, directory } = course;
  const { session, repository } = assignment;
  try {
    if (course.over || course.reported) await place.tickets?.drop(session);
    await course.view?.close();
    const survivors = await closeQuarters(session, directory);
    if (survivors > 0) course.log('processes did not end after SIGKILL', { survivors });
    await forgetStart(place.cache, repository, session);
  } catch (error) {
    course.log('the workspace could not be removed; the next start tries again', { error: wordsOf(error) });
  }
}

function reportOf(course: Course, ending: Ending): SessionReport {
  const { isolation, prepared, usage = null, warnings, work } = course;
  const heard = course.reported ? 'reported' : 'unreported';
  const told = course.over ? 'over' : heard;
  return { outcome: ending.outcome, reason: ending.reason, told, isolation, prepared, usage, warnings, work };
}
