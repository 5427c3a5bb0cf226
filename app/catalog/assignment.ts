/** What a runner is handed when it claims a session. */
import { z } from 'zod';
import { StuckRules } from '../domain/activity.ts';
import { SessionKind } from '../domain/session.ts';
import { Role, Sha } from '../domain/words.ts';

/** Everything one session needs. The prompt is finished; both tokens die with the session. */
export const Assignment = z.object({
  session: z.uuid(),
  kind: SessionKind,
  repository: z.string(),
  run: z.int(),
  task: z.string().nullable(),
  /** Numbers to link in a job's summary: the run's issue, the task's pull request. */
  issue: z.int(),
  pull: z.int().nullable(),
  agent: z.string(),
  role: Role,
  engine: z.string(),
  model: z.string().nullable(),
  /** The program of engine `command`, from the default branch's policy. */
  command: z.array(z.string()),
  clone_url: z.string(),
  /** Reads this one repository, nothing else; null where the runner has access of its own. */
  git_token: z.string().nullable(),
  /** The branch that the run works towards. */
  base: z.string(),
  /** The task's branch; null for plan and review sessions, which are read-only. */
  branch: z.string().nullable(),
  /** The commit to start from: the branch's head, or the base's for plan sessions. */
  start: Sha,
  prompt: z.string(),
  /** An earlier session of this engine left its conversation; with it, this is all the engine needs to read. */
  resume: z.object({ prompt: z.string() }).nullable(),
  setup: z.array(z.string()),
  /** All set-up lines together may take this long. */
  setup_minutes: z.int(),
  minutes: z.int(),
  /** When silence is too long. */
  stuck: StuckRules,
  heartbeat_seconds: z.int(),
  runner_token: z.string(),
  agent_token: z.string(),
  /** The App's own address: what is committed here is in no person's name. */
  address: z.string().max(200),
});
export type Assignment = z.infer<typeof Assignment>;
