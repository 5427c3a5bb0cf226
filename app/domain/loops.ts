/** Going in circles (AG-10): the same action and result, the same error, two actions by turns, many turns and no change. */

/** A tool call that ended. Inputs and results are digests: only whether two are equal matters. Null: the engine does not tell. */
export type Step = {
  tool: string;
  input: string | null;
  ok: boolean;
  result: string | null;
  /** Calls of one answer of the model have the same turn. */
  turn: number;
  /** When it ended, in milliseconds of a clock that never goes back. */
  at: number;
};

export type Loops = {
  /** The newest last; as many as the longest rule looks at. */
  readonly steps: readonly Step[];
  /** The newest calls that only ask whether something happened. */
  readonly polls: readonly Step[];
  /** Steps since the agent was warned; null when it was not, or that is forgotten. */
  readonly sinceWarning: number | null;
  /** The last turn that was counted, and how many since the worktree or the branch changed. */
  readonly turn: number | null;
  readonly unchanged: number;
  readonly unchangedWarned: boolean;
};

export const noLoops: Loops = {
  steps: [],
  polls: [],
  sinceWarning: null,
  turn: null,
  unchanged: 0,
  unchangedWarned: false,
};

/** What goes in circles, in words; `again`: the agent was warned of a loop before. */
export type Loop = { rule: 'repetition' | 'unchanged'; evidence: string; again: boolean };

const equalSteps = 4;
const equalErrors = 3;
const alternating = 6;
/**
 * An agent that reads its way into a large code base takes some dozens of turns before its first edit; sixty turns are
 * most of what engines allow by themselves in one go.
 */
const turnsWithoutChange = 60;
/** A warning is forgotten after as many steps without a loop: it has done its work. */
const forgottenAfter = 30;

const quickPolls = 20;
const quickPollsMs = 60_000;

/** They say the same until something happens elsewhere: ours, and those that read a background command's output. */
const polls: ReadonlySet<string> = new Set([
  'ask_human',
  'get_answer',
  'get_inbox',
  'wait_for_task_completion',
  'request_review',
  'push_branch',
  'BashOutput',
  'TaskOutput',
  'write_stdin',
  'wait',
]);

/** `changes`: the session is there to change something, as a reviewer's is not. */
export function addStep(
  loops: Loops,
  step: Step,
  { changes }: { changes: boolean },
): { loops: Loops; found: Loop | null } {
  const poll = step.ok && polls.has(step.tool);
  const counted = poll ? { ...loops, polls: [...loops.polls, step].slice(-quickPolls) } : count(loops, step);
  const evidence = poll ? impatience(counted.polls) : repetition(counted.steps);
  if (evidence !== null) {
    // From here on it is counted anew.
    const next = { ...counted, steps: [], polls: [], sinceWarning: 0 };
    return { loops: next, found: { rule: 'repetition', evidence, again: counted.sinceWarning !== null } };
  }
  if (!poll && changes && counted.unchanged >= turnsWithoutChange) {
    const found: Loop = {
      rule: 'unchanged',
      evidence: `${turnsWithoutChange} turns without any change of a file or the branch`,
      again: counted.unchangedWarned,
    };
    return { loops: { ...counted, unchanged: 0, unchangedWarned: true }, found };
  }
  return { loops: counted, found: null };
}

function count(loops: Loops, step: Step): Loops {
  const last = loops.steps.at(-1);
  // Three files at once, refused for one reason, are one step.
  const same = last !== undefined && last.turn === step.turn && sameResult(last, step);
  const since = loops.sinceWarning === null ? null : loops.sinceWarning + 1;
  return {
    ...loops,
    steps: same ? loops.steps : [...loops.steps, step].slice(-alternating),
    sinceWarning: since === null || since > forgottenAfter ? null : since,
    turn: step.turn,
    unchanged: loops.unchanged + (loops.turn === step.turn ? 0 : 1),
  };
}

/** The worktree or the branch changed. */
export const changed = (loops: Loops): Loops => ({ ...loops, unchanged: 0, unchangedWarned: false });

/** Whether it is worth a look at the worktree: that costs two calls of git. */
export const wantsLook = ({ unchanged }: Loops): boolean =>
  unchanged > 0 && unchanged % (turnsWithoutChange / 6) === turnsWithoutChange / 6 - 1;

/** Who waits well calls what waits with it, for most of a minute: even some in a row take their time. */
function impatience(steps: readonly Step[]): string | null {
  const [first] = steps;
  const last = steps.at(-1);
  if (first === undefined || last === undefined || steps.length < quickPolls) return null;
  const quick = last.at - first.at <= quickPollsMs && steps.every((step) => sameStep(step, last));
  return quick ? `${quickPolls} calls of ${last.tool} with the same result within a minute` : null;
}

function repetition(steps: readonly Step[]): string | null {
  const last = steps.at(-1);
  if (last === undefined || last.result === null) return null;
  if (!last.ok && run(steps, (step) => !step.ok && sameResult(step, last)) >= equalErrors)
    return `the same error of ${last.tool} ${equalErrors} times in a row`;
  if (last.input === null) return null;
  if (run(steps, (step) => sameStep(step, last)) >= equalSteps)
    return `the same call of ${last.tool} with the same result ${equalSteps} times in a row`;
  const before = steps.at(-2);
  if (before === undefined || sameStep(before, last) || steps.length < alternating) return null;
  const alternates = steps.every((step, index) =>
    sameStep(step, (steps.length - index) % 2 === 1 ? last : before),
  );
  return alternates
    ? `${before.tool === last.tool ? `two calls of ${last.tool}` : `${before.tool} and ${last.tool}`} by turns with the same results, ${alternating} steps long`
    : null;
}

/** How many at the end are so. */
function run(steps: readonly Step[], so: (step: Step) => boolean): number {
  const other = steps.findLastIndex((step) => !so(step));
  return steps.length - 1 - other;
}

const sameResult = (one: Step, other: Step): boolean =>
  one.tool === other.tool && one.ok === other.ok && one.result !== null && one.result === other.result;
const sameStep = (one: Step, other: Step): boolean =>
  sameResult(one, other) && one.input !== null && one.input === other.input;

/** What differs each time and says nothing: colours, times of day, durations, addresses, white space. */
export function normalise(text: string): string {
  return text
    .replaceAll(/\p{Cc}\[[0-9;?]*[A-Za-z]/gu, '')
    .replaceAll(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?Z?/g, '#')
    .replaceAll(/\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b/g, '#')
    .replaceAll(/\b\d+(?:\.\d+)?\s?(?:ms|µs|s|secs?|seconds?|m(?:in)?)\b/g, '#')
    .replaceAll(/\b0x[0-9a-fA-F]+\b/g, '#')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
