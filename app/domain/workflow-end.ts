/** What a workflow run that is over says about the session it was made for. */
import type { Outcome } from './session.ts';
import { workflowPath } from './workflow.ts';

/** A workflow run that ended, as far as GitHub tells. */
export type WorkflowEnd = {
  /** GitHub's word: success, failure, cancelled, timed_out, startup_failure, action_required, skipped, … */
  conclusion: string;
  /** The step that failed, or that was at work when it was cancelled. */
  step: string | null;
  /** How long its job ran; null when none began. */
  minutes: number | null;
  /** How long it is since it was dispatched. */
  age: number;
  /** Its page, where its log says more than GitHub's API does. */
  url: string;
};

export type Judgement = {
  outcome: Outcome;
  reason: string;
  /** By a person: nothing starts again before somebody says so. */
  cancelled: boolean;
  /** Another try would end alike: the run waits for a person, and no attempt is used up. */
  setUp: boolean;
};

/** GitHub cancels a job that found no runner within a day (G33). */
const dayOfWaiting = 23.5 * 60;

/** `tried`: an attempt before this one came to nothing. `limit`: policy's `session_minutes`. `taken`: its job has exchanged its token. */
export function judgeWorkflow(
  end: WorkflowEnd,
  session: { taken: boolean; tried: boolean; limit: number },
): Judgement {
  const where = end.step === null ? '' : ` in step “${end.step}”`;
  switch (end.conclusion) {
    case 'cancelled':
      return cancelled(end, session);
    case 'timed_out':
      return outOfTime(end);
    case 'failure':
      return session.taken
        ? { ...plain, outcome: 'lost', reason: `its workflow run failed${where}: ${end.url}` }
        : notBegun(end, session.tried);
    case 'startup_failure':
      return setUp(`GitHub could not start ${workflowPath}: it is broken, or uses what is not allowed here.`);
    case 'action_required':
      return setUp('GitHub wants somebody to approve the workflow run.');
    case 'skipped':
      return setUp(`The job of ${workflowPath} was skipped: a condition in the file kept it from running.`);
    case 'success':
      return session.taken
        ? { ...plain, outcome: 'lost', reason: 'its workflow run ended without reporting an end' }
        : setUp(
            `The workflow run ended without taking its session. Does ${workflowPath} run the action, with this App’s address as url?`,
          );
    default:
      return { ...plain, outcome: 'lost', reason: `its workflow run ended: ${end.conclusion}` };
  }
}

const plain = { cancelled: false, setUp: false } as const;

const setUp = (reason: string): Judgement => ({
  outcome: 'stopped',
  reason: `${reason} Mend it, then /entourage resume.`,
  cancelled: false,
  setUp: true,
});

/** Once may be the network's fault. Twice is somebody's to mend: a secret, an address, an agent that can't be installed. */
function notBegun({ step, url }: WorkflowEnd, tried: boolean): Judgement {
  const where = step === null ? '' : ` in step “${step}”`;
  return tried
    ? setUp(`The workflow failed again${where} before the session began; its log says why: ${url}.`)
    : {
        ...plain,
        outcome: 'failed',
        reason: `its workflow run failed${where} before the session began, its log says why: ${url}`,
      };
}

const outOfTime = ({ minutes }: WorkflowEnd): Judgement => ({
  ...plain,
  outcome: 'lost',
  reason: `its job ran out of time${minutes === null ? '' : ` after ${Math.round(minutes)} minutes`}`,
});

/** GitHub says `cancelled` of jobs that met `timeout-minutes` as well (reported, not documented): only the time tells them apart. */
function cancelled(end: WorkflowEnd, session: { taken: boolean; limit: number }): Judgement {
  if (end.minutes === null && end.age >= dayOfWaiting)
    return setUp(
      'No GitHub runner took the job within a day. Are there runners with the labels it asks for?',
    );
  if (end.minutes !== null && end.minutes >= session.limit) return outOfTime(end);
  return {
    outcome: 'stopped',
    reason: 'its workflow run was cancelled on GitHub',
    cancelled: true,
    setUp: false,
  };
}
