/**
 * Caps of task, run and team day (BU-1): who may start, who is warned, who has to stop. A session that starts sets money
 * aside: what a task of its size costs as a rule, or what is left. Sessions that work at the same time so never start on
 * the same dollar, and one that needs more than was set aside for it goes on only while nobody else's share is touched.
 */
import { costWords, dollars, type Micros } from './words.ts';

export type Cap = {
  readonly of: 'task' | 'run' | 'team_day';
  /** As people call it: `t2`, `run 12`, `team platform today`. */
  readonly name: string;
  readonly cap: Micros;
  readonly spent: Micros;
  /** Tokens whose price nobody knows: they count to no cap, and are told. */
  readonly unpriced: number;
  /** Set aside for other sessions that live, and not spent by them yet. */
  readonly held: Micros;
};

export type Spending = {
  /** Words for the agent once `budget.warn_at` of a cap is spent. */
  readonly warn: string | null;
  /** Why nothing more may be spent. A stop is never also a warning. */
  readonly stop: string | null;
};

/** `beyond`: the session has spent all that was set aside for it. */
export function spend(
  caps: readonly Cap[],
  { warnAt, beyond }: { warnAt: number; beyond: boolean },
): Spending {
  const over = caps.find(({ spent, cap }) => spent >= cap);
  if (over !== undefined) return { warn: null, stop: `${sentence(over)}; nothing more may be spent on it` };
  const tight = beyond ? caps.find(({ spent, held, cap }) => spent + held >= cap) : undefined;
  if (tight !== undefined)
    return { warn: null, stop: `${sentence(tight)}, and the rest is set aside for other sessions` };
  const near = caps.find(({ spent, cap }) => spent >= cap * warnAt);
  return { warn: near === undefined ? null : sentence(near), stop: null };
}

/** What may be spent before one of the caps is met; never below 0. */
export const left = (caps: readonly Cap[]): Micros =>
  Math.max(0, Math.min(...caps.map(({ cap, spent, held }) => cap - spent - held)));

export type Share = { reserved: Micros } | { waits: string; usedUp: boolean };

/**
 * What a session that starts now sets aside, at most `wanted`; or why it waits. With nobody else at work, whatever is left
 * is enough to begin with; else it waits until all that it wants is free.
 */
export function setAside(caps: readonly Cap[], wanted: Micros): Share {
  for (const { name, cap, spent, held } of caps) {
    if (spent >= cap) return { waits: `the budget of ${name} (${dollars(cap)}) is used up`, usedUp: true };
    const rest = cap - spent - held;
    if (rest <= 0 || (held > 0 && rest < wanted))
      return {
        waits: `the rest of the budget of ${name} (${dollars(cap)}) is set aside for sessions at work`,
        usedUp: false,
      };
  }
  return { reserved: Math.min(wanted, left(caps)) };
}

const sentence = ({ name, spent, unpriced, cap }: Cap): string =>
  `${name} has spent ${costWords({ cost: spent, unpriced })} of ${dollars(cap)}`;
