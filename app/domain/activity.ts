/**
 * What a session's agent is doing, by the signs of life that are seen of it: what its engine says, what its processes
 * use and print, what changes in its worktree. All instants are milliseconds of one clock that never goes back.
 */
import { z } from 'zod';
import type { Policy } from './policy.ts';

/**
 * `idle`: silent, and not for long. `waiting`: for a person or for other tasks. `retrying`: for the model's API.
 * `stuck`: silent for longer than policy allows. `exited`: the engine is over.
 */
export const Condition = z.enum(['active', 'idle', 'waiting', 'retrying', 'stuck', 'exited']);
export type Condition = z.infer<typeof Condition>;

export type Signal =
  /** The engine said something that is no tool's: text, usage, its start. */
  | { type: 'event' }
  | { type: 'tool_started'; tool: string }
  | { type: 'tool_ended'; tool: string }
  | { type: 'retrying'; reason: string }
  /** Its processes printed something, or used more of the CPU than one that sleeps. */
  | { type: 'output' }
  | { type: 'cpu' }
  /** A commit, or a file in the worktree. */
  | { type: 'change' }
  | { type: 'exited' };

export type Activity = {
  /** The last sign of life. */
  readonly at: number;
  readonly last: string;
  /** Tools in flight, oldest first. */
  readonly tools: readonly string[];
  /** Since when, and why, the model's API makes it wait; tries in between are no progress. */
  readonly retrying: { since: number; reason: string } | null;
  /** The agent was warned of this silence. */
  readonly warned: boolean;
  readonly exited: boolean;
};

export const beginning = (at: number): Activity => ({
  at,
  last: 'the engine’s start',
  tools: [],
  retrying: null,
  warned: false,
  exited: false,
});

export function evolve(activity: Activity, signal: Signal, at: number): Activity {
  const alive = { ...activity, at, warned: false };
  switch (signal.type) {
    case 'event':
      return { ...alive, retrying: null };
    case 'tool_started':
      return {
        ...alive,
        retrying: null,
        last: `${signal.tool} running`,
        // An engine that never says the end of its tools must not fill the memory.
        tools: [...activity.tools.slice(-49), signal.tool],
      };
    case 'tool_ended':
      return {
        ...alive,
        retrying: null,
        last: `${signal.tool} ended`,
        tools: without(activity.tools, signal.tool),
      };
    case 'retrying':
      return {
        ...activity,
        retrying: { since: activity.retrying?.since ?? at, reason: signal.reason },
      };
    case 'output':
    case 'cpu':
    case 'change':
      return alive;
    case 'exited':
      return { ...activity, exited: true };
  }
}

function without(tools: readonly string[], ended: string): string[] {
  const at = tools.indexOf(ended);
  return tools.filter((_, index) => index !== at);
}

/** In milliseconds of silence. */
export type Patience = { idleMs: number; warnMs: number; stuckMs: number; stopMs: number };

/** What a runner is told of policy. */
export const StuckRules = z.object({
  /** From when on people are told. */
  stuck_minutes: z.number().positive(),
  /** When the agent is told. */
  warn_minutes: z.number().positive(),
  stop_minutes: z.number().positive(),
});
export type StuckRules = z.infer<typeof StuckRules>;

export const stuckRules = ({ limits, reactions }: Pick<Policy, 'limits' | 'reactions'>): StuckRules => ({
  stuck_minutes: limits.stuck_minutes,
  ...reactions.stuck,
});

export function patienceOf(rules: StuckRules): Patience {
  const ms = (minutes: number): number => minutes * 60_000;
  const stuckMs = ms(rules.stuck_minutes);
  return {
    idleMs: Math.min(60_000, stuckMs / 4),
    warnMs: ms(rules.warn_minutes),
    stuckMs,
    stopMs: ms(rules.stop_minutes),
  };
}

/**
 * Calls that last until a person or another task has acted. They may take as long as they take: questions have
 * deadlines of their own, and the session its time limit.
 */
const waits: ReadonlySet<string> = new Set(['ask_human', 'get_answer', 'wait_for_task_completion']);

/** An API that is overloaded comes back by itself, and nothing the agent could do would help: it gets more time. */
const retryFactor = 2;

/** `blind`: what processes print and use can't be seen on this machine, so a tool in flight has the benefit of the doubt. */
export type Look = { at: number; patience: Patience; blind: boolean };

export type Seen = {
  activity: Activity;
  condition: Condition;
  /** What speaks for being stuck; empty when nothing does. */
  evidence: string;
  /** The agent is to be told now. */
  warn: boolean;
  /** It was told, and has had the time that policy gives it. */
  stop: boolean;
};

export function look(activity: Activity, { at, patience, blind }: Look): Seen {
  const calm = (condition: Condition): Seen => ({
    activity,
    condition,
    evidence: '',
    warn: false,
    stop: false,
  });
  if (activity.exited) return calm('exited');
  const { retrying } = activity;
  if (retrying === null && activity.tools.some((tool) => waits.has(tool))) return calm('waiting');
  if (retrying === null && blind && activity.tools.length > 0) return calm('active');
  const silent = at - (retrying?.since ?? activity.at);
  const scale = retrying === null ? 1 : retryFactor;
  const stop = activity.warned && silent >= patience.stopMs * scale;
  const warn = !activity.warned && silent >= patience.warnMs * scale;
  const condition =
    silent >= patience.stuckMs * scale || stop
      ? 'stuck'
      : retrying !== null
        ? 'retrying'
        : silent >= patience.idleMs
          ? 'idle'
          : 'active';
  return {
    activity: warn ? { ...activity, warned: true } : activity,
    condition,
    evidence: condition === 'stuck' || warn ? evidenceOf(activity, silent, blind) : '',
    warn,
    stop,
  };
}

function evidenceOf({ retrying, tools, last }: Activity, silent: number, blind: boolean): string {
  if (retrying !== null)
    return `no answer of the model’s API for ${minutes(silent)}; last: ${retrying.reason || 'it tries again'}`;
  const signs = blind
    ? 'no event, no change of a file'
    : 'no event, no output, no CPU use, no change of a file';
  const newest = tools.at(-1);
  return `${signs} for ${minutes(silent)}; last: ${newest === undefined ? last : `${newest} running`}`;
}

/** `1200000` → `20 minutes`. */
export function minutes(ms: number): string {
  const count = Math.max(1, Math.round(ms / 60_000));
  return count === 1 ? 'a minute' : `${count} minutes`;
}
