/** What GitHub, timers and our own effects report back. On no door: only the App itself calls these. */
import { z } from 'zod';
import { Login, RunId, Sha } from '../domain/words.ts';
import { PlannedTask } from '../domain/plan.ts';
import { Usage, WorkflowRun } from '../domain/session.ts';
import { Check } from '../domain/ci.ts';
import { Thread, Verdict } from '../domain/review.ts';
import { operation } from './operation.ts';

const system = { doors: [], runs: 'app', allow: { system: true } } as const;
const task = { run: RunId, task: z.int().positive() };
/** A pull request as GitHub names it; the handler finds the task or answers `found: false`. */
const pull = { repository: z.int(), pull: z.int().positive() };
const found = z.object({ found: z.boolean() });
/** Whether it changes against its base what the approved head changed: found out before the transaction. */
const unchanged = z.boolean().default(false);

export const recordBranch = operation({
  ...system,
  name: 'record_branch',
  summary: 'The task’s branch exists.',
  input: z.strictObject({ ...task, branch: z.string(), base: Sha, head: Sha }),
  output: found,
});
export const recordPullRequest = operation({
  ...system,
  name: 'record_pull_request',
  summary: 'The task’s pull request exists.',
  input: z.strictObject({ ...task, number: z.int(), url: z.string() }),
  output: found,
});
export const recordHead = operation({
  ...system,
  name: 'record_head',
  summary: 'A branch points to another commit.',
  input: z.strictObject({ repository: z.int(), branch: z.string(), head: Sha, by: z.string(), unchanged }),
  output: found,
});
export const recordChecks = operation({
  ...system,
  name: 'record_checks',
  summary: 'The check runs of a commit, as they are now.',
  input: z.strictObject({ ...task, head: Sha, checks: z.array(Check).max(100) }),
  output: found,
});
export const recordReview = operation({
  ...system,
  name: 'record_review',
  summary: 'A person gave a review in GitHub.',
  input: z.strictObject({
    ...pull,
    review: z.int(),
    by: Login,
    verdict: Verdict,
    head: Sha,
    body: z.string().max(70_000),
    threads: z.array(Thread).max(300),
    /** Whether the reviewer may write to the repository; a stranger's verdict is an opinion. */
    counts: z.boolean(),
  }),
  output: found,
});
export const recordReviewDismissed = operation({
  ...system,
  name: 'record_review_dismissed',
  summary: 'A review was dismissed.',
  input: z.strictObject({ ...pull, review: z.int() }),
  output: found,
});
export const recordMerge = operation({
  ...system,
  name: 'record_merge',
  summary: 'A pull request was merged.',
  input: z.strictObject({ ...pull, commit: z.string().nullable(), by: z.string() }),
  output: found,
});
export const recordClose = operation({
  ...system,
  name: 'record_close',
  summary: 'A pull request was closed unmerged.',
  input: z.strictObject({ ...pull, by: z.string() }),
  output: found,
});
export const recordReopen = operation({
  ...system,
  name: 'record_reopen',
  summary: 'A person reopened a pull request.',
  input: z.strictObject({ ...pull, by: z.string() }),
  output: found,
});
export const recordPush = operation({
  ...system,
  name: 'record_push',
  summary: 'A bundle was pushed, or refused with the reason.',
  input: z.strictObject({ ...task, bundle: z.uuid(), head: Sha, refused: z.string().nullable(), unchanged }),
  output: found,
});
export const returnTask = operation({
  ...system,
  name: 'return_task',
  summary: 'A task can’t merge as it is; it goes back to its agent with the reason.',
  input: z.strictObject({ ...task, reason: z.string().max(8_000) }),
  output: found,
});
export const recordBlocked = operation({
  ...system,
  name: 'record_blocked',
  summary: 'GitHub does not merge an approved pull request yet, and says why.',
  input: z.strictObject({ ...task, reason: z.string().min(1).max(1_000) }),
  output: found,
});
export const acceptUnproven = operation({
  ...system,
  name: 'accept_unproven',
  summary: 'No check showed up in time; people decide.',
  input: z.strictObject({ ...task, head: Sha }),
  output: found,
});
/** Tokens, and millionths of a dollar or null where nobody knows the price. */
const paid = Usage.nullable();
export const recordModelPlan = operation({
  ...system,
  name: 'record_model_plan',
  summary: 'A model API made the plan it was asked for, or could not; either way it may have cost something.',
  input: z.strictObject({
    run: RunId,
    /** Of the plan that was asked for. */
    version: z.int().positive(),
    /** `provider/model`. */
    model: z.string().max(300),
    usage: paid,
    result: z.union([
      z.strictObject({ tasks: z.array(PlannedTask) }),
      z.strictObject({ failed: z.string().min(1).max(1_000) }),
    ]),
  }),
  output: found,
});
export const expireQuestion = operation({
  ...system,
  name: 'expire_question',
  summary: 'A question’s deadline passed.',
  input: z.strictObject({ run: RunId, question: z.int() }),
  output: found,
});
export const expireLease = operation({
  ...system,
  name: 'expire_lease',
  summary: 'A session’s lease ran out.',
  input: z.strictObject({ session: z.uuid() }),
  output: found,
});
/** Only the session names itself; its installation is the caller's. */
const session = { session: z.uuid() };
export const recordLaunch = operation({
  ...system,
  name: 'record_launch',
  summary: 'GitHub accepted the dispatch of a session’s workflow.',
  input: z.strictObject({ ...session, workflow_run: WorkflowRun.nullable() }),
  output: found,
});
export const recordLaunchRefused = operation({
  ...system,
  name: 'record_launch_refused',
  summary: 'GitHub can’t start a session’s workflow as things are set up; the run waits for a person.',
  input: z.strictObject({ ...session, reason: z.string().min(1).max(2_000) }),
  output: found,
});
export const recordWorkflowRun = operation({
  ...system,
  name: 'record_workflow_run',
  summary: 'The workflow run of a session is over, with GitHub’s reason.',
  input: z.strictObject({
    ...session,
    workflow_run: WorkflowRun,
    conclusion: z.string().max(100),
    /** The step that failed or was cut off. */
    step: z.string().max(200).nullable(),
    minutes: z.number().nonnegative().nullable(),
    created_at: z.string(),
  }),
  output: found,
});
export const recordWorkflowMissing = operation({
  ...system,
  name: 'record_workflow_missing',
  summary: 'GitHub has no workflow run for a session that was dispatched.',
  input: z.strictObject(session),
  output: found,
});
export const sweepRun = operation({
  ...system,
  name: 'sweep_run',
  summary: 'Plan and dispatch what a lost notification left.',
  input: z.strictObject({ run: RunId }),
  output: found,
});

export const recordInstallation = operation({
  ...system,
  name: 'record_installation',
  summary: 'The App was installed, or uninstalled.',
  input: z.strictObject({
    account: z.string(),
    account_type: z.string(),
    removed: z.boolean().default(false),
  }),
  output: found,
});
export const recordRepository = operation({
  ...system,
  name: 'record_repository',
  summary: 'A repository as GitHub names it now, or its removal.',
  input: z.strictObject({
    repository: z.int(),
    owner: z.string(),
    owner_id: z.int().optional(),
    name: z.string(),
    default_branch: z.string().optional(),
    private: z.boolean().optional(),
    removed: z.boolean().default(false),
  }),
  output: found,
});
export const recordPolicy = operation({
  ...system,
  name: 'record_policy',
  summary: 'ENTOURAGE.md of the default branch, or that there is none.',
  input: z.strictObject({ repository: z.int(), text: z.string().max(1_000_000).nullable() }),
  output: found,
});
export const recordBranchDeleted = operation({
  ...system,
  name: 'record_branch_deleted',
  summary: 'A branch was deleted by hand.',
  input: z.strictObject({ repository: z.int(), branch: z.string(), by: z.string() }),
  output: found,
});
