/** Watches an engine at work: sees when it is stuck or goes in circles, tells the agent, and stops it when that was no help. */
import {
  beginning,
  evolve,
  look as lookAt,
  minutes,
  patienceOf,
  type Activity,
  type Patience,
  type Signal,
} from '../app/domain/activity.ts';
import { addStep, changed, noLoops, wantsLook, type Loop, type Loops } from '../app/domain/loops.ts';
import { halt, warn, type Course } from './course.ts';
import type { EngineEvent } from './engines/engine.ts';
import { pause } from './heartbeat.ts';
import { wordsOf } from './log.ts';
import { onLinux, processTree } from './process-tree.ts';
import type { AgentUser } from './agent-user.ts';
import { readVitals, signsBetween, type Vitals } from './vital-signs.ts';
import type { Workspace } from './workspace.ts';
import { printAtStart, printOf } from './worktree-print.ts';

export type Watch = {
  hear(event: EngineEvent): void;
  /** Ends the looking. */
  close(): Promise<void>;
};

export type Watched = {
  workspace: Workspace;
  user: AgentUser | null;
  /** The leader of the engine's group: the engine itself, or who started it. */
  leader: number;
  /** What it has said so far is heard once more, all at once. */
  adopted: boolean;
};

/** Rare enough to cost nothing, often enough that a warning comes at its minute. */
const longestPauseMs = 15_000;

type Sight = {
  course: Course;
  watched: Watched;
  activity: Activity;
  loops: Loops;
  /** The turn of the model; a call that starts after another has ended begins the next. */
  turn: number;
  ended: boolean;
  vitals: Vitals | null;
  /** The worktree as it was last seen. */
  print: string;
  /** The last sign that was there at the last look. */
  seenAt: number;
  patience: Patience;
  /** Until then steps are those of an earlier life, without their times. */
  heardBefore: number;
  /** A look failed before. */
  blinded: boolean;
};

export function watchEngine(course: Course, watched: Watched): Watch {
  const now = performance.now();
  const patience = patienceOf(course.assignment.stuck);
  const sight: Sight = {
    course,
    watched,
    activity: beginning(now),
    loops: noLoops,
    turn: 0,
    ended: false,
    vitals: null,
    print: printAtStart(watched.workspace),
    seenAt: now,
    patience,
    heardBefore: watched.adopted ? now + patience.idleMs : now,
    blinded: false,
  };
  const over = new AbortController();
  const looking = lookOn(sight, over.signal);
  return {
    hear: (event) => hear(sight, event),
    async close() {
      over.abort();
      await looking;
    },
  };
}

function hear(sight: Sight, event: EngineEvent): void {
  sight.activity = evolve(sight.activity, signalOf(event), performance.now());
  if (event.type === 'tool_started' && sight.ended) {
    sight.turn += 1;
    sight.ended = false;
  }
  if (event.type !== 'tool_ended') return;
  sight.ended = true;
  if (performance.now() < sight.heardBefore) return;
  const { tool, ok, digests } = event;
  const { input = null, result = null } = digests ?? {};
  const step = { tool, ok, input, result, turn: sight.turn, at: performance.now() };
  const { kind } = sight.course.assignment;
  const { loops, found } = addStep(sight.loops, step, { changes: kind === 'work' });
  sight.loops = loops;
  if (found !== null) void answer(sight, found);
}

/** First words, then the end. Never rejects. */
async function answer(sight: Sight, { rule, evidence, again }: Loop): Promise<void> {
  const { course } = sight;
  // Looks are rare and turns may be quick.
  if (rule === 'unchanged' && (await guarded(sight, () => seeWorktree(sight))) !== false) return;
  if (again) {
    stop(course, `The agent went in circles, was warned, and was stopped: ${evidence}.`);
    return;
  }
  const words = `You go in circles: ${evidence}. Try something else, or ask_human what to do; the next time this session is stopped.`;
  warn(course, words, { again: true });
}

function signalOf(event: EngineEvent): Signal {
  switch (event.type) {
    case 'tool_started':
    case 'tool_ended':
      return { type: event.type, tool: event.tool };
    case 'retrying':
      return { type: 'retrying', reason: event.reason.slice(0, 200) };
    case 'ended':
      return { type: 'exited' };
    case 'started':
    case 'text':
    case 'usage':
      return { type: 'event' };
  }
}

async function lookOn(sight: Sight, signal: AbortSignal): Promise<void> {
  const { warnMs, stopMs } = sight.patience;
  const pauseMs = Math.min(longestPauseMs, warnMs / 4, (stopMs - warnMs) / 2);
  for (;;) {
    await pause(pauseMs, signal);
    if (signal.aborted) return;
    await guarded(sight, () => look(sight));
  }
}

/** Null when it failed. Told once: what can't be seen now will hardly be seen later, and the session's time ends it. */
async function guarded<T>(sight: Sight, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!sight.blinded) sight.course.log('the agent could not be watched', { error: wordsOf(error) });
    sight.blinded = true;
    return null;
  }
}

async function look(sight: Sight): Promise<void> {
  const { course, patience } = sight;
  await seeProcesses(sight);
  const silent = performance.now() - sight.activity.at;
  if (silent >= patience.warnMs / 2 || wantsLook(sight.loops)) await seeWorktree(sight);
  const seen = lookAt(sight.activity, { at: performance.now(), patience, blind: !onLinux });
  sight.activity = seen.activity;
  const evidence = course.redact(seen.evidence);
  course.condition = seen.condition;
  course.stuckOn = seen.condition === 'stuck' ? evidence : null;
  if (seen.warn) {
    const left = minutes(patience.stopMs - patience.warnMs);
    const words = `You seem to be stuck: ${evidence}. This session is stopped in ${left} if you stay silent.`;
    warn(course, words, { again: true });
  }
  if (seen.stop) stop(course, `The agent was stuck and was stopped: ${evidence}.`);
}

/** Only when the engine said nothing since the last look: else it is known to be at work. */
async function seeProcesses(sight: Sight): Promise<void> {
  const { course, watched } = sight;
  const quiet = sight.activity.at === sight.seenAt;
  sight.seenAt = sight.activity.at;
  if (!quiet || !onLinux) {
    sight.vitals = null;
    return;
  }
  const tree = processTree(null, course.assignment.session, watched.user);
  const vitals = await readVitals(await tree.alive(), watched.user);
  // Any program may be one; the others are there to call models and tools.
  const computes = course.assignment.engine === 'command';
  const sign =
    sight.vitals === null ? null : signsBetween(sight.vitals, vitals, { leader: watched.leader, computes });
  sight.vitals = vitals;
  if (sign === null) return;
  sight.activity = evolve(sight.activity, { type: sign }, performance.now());
  // What its processes do is no news for whether they go on with it.
  sight.seenAt = sight.activity.at;
}

/** Whether it changed since it was last seen. */
async function seeWorktree(sight: Sight): Promise<boolean> {
  const print = await printOf(sight.watched.workspace);
  const moved = sight.print !== print;
  sight.print = print;
  if (moved) {
    sight.loops = changed(sight.loops);
    sight.activity = evolve(sight.activity, { type: 'change' }, performance.now());
  }
  return moved;
}

/** What it did is kept and handed over; the task is tried again as after any other failure. */
function stop(course: Course, reason: string): void {
  halt(course, { outcome: 'failed', reason });
}
