/** Rows of checks and Actions. */

export interface CheckSuite {
  id: number;
  repositoryId: number;
  appId: number;
  headSha: string;
  headBranch: string | null;
  before: string | null;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface Annotation {
  path: string;
  start_line: number;
  end_line: number;
  start_column?: number | undefined;
  end_column?: number | undefined;
  annotation_level: 'notice' | 'warning' | 'failure';
  message: string;
  title?: string | undefined;
  raw_details?: string | undefined;
}

export interface CheckRun {
  id: number;
  repositoryId: number;
  suiteId: number;
  appId: number;
  name: string;
  headSha: string;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
  externalId: string;
  detailsUrl: string | null;
  startedAt: string | null;
  completedAt: string | null;
  title: string | null;
  summary: string | null;
  text: string | null;
  annotations: Annotation[];
  actions: { label: string; description: string; identifier: string }[];
}

export interface Workflow {
  id: number;
  repositoryId: number;
  path: string;
  name: string;
  state: 'active' | 'disabled_manually';
  createdAt: string;
  updatedAt: string;
}

/** What a repository's settings say of Actions; its id is the repository's. */
export interface RepositoryActions {
  id: number;
  enabled: boolean;
  /** What a job's token may where no `permissions:` says it: contents alone, or everything. */
  defaultPermissions: 'read' | 'write';
  secrets: Record<string, string>;
  variables: Record<string, string>;
}

export interface WorkflowRun {
  id: number;
  repositoryId: number;
  workflowId: number;
  suiteId: number;
  runNumber: number;
  attempt: number;
  event: string;
  /** `run-name`, or what GitHub shows instead of it. */
  displayTitle: string;
  headBranch: string;
  headSha: string;
  actorId: number;
  /** Who started the present attempt. */
  triggeringActorId: number;
  /** What became of the attempts before the present one. */
  earlierAttempts: WorkflowAttempt[];
  pullIds: number[];
  status: 'queued' | 'pending' | 'in_progress' | 'completed';
  conclusion: string | null;
  createdAt: string;
  startedAt: string;
  updatedAt: string;
}

export type WorkflowAttempt = Pick<
  WorkflowRun,
  'attempt' | 'status' | 'conclusion' | 'startedAt' | 'updatedAt' | 'triggeringActorId'
>;

export interface WorkflowStep {
  name: string;
  number: number;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
  startedAt: string | null;
  completedAt: string | null;
}

export interface WorkflowJob {
  id: number;
  repositoryId: number;
  runId: number;
  /** The attempt it ran in. */
  attempt: number;
  /** In the workflow file. */
  key: string;
  checkRunId: number;
  name: string;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
  labels: string[];
  runner: { id: number; name: string } | null;
  steps: WorkflowStep[];
  outputs: Record<string, string>;
  /** Markdown of GITHUB_STEP_SUMMARY (G35). */
  summary: string;
  log: string;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
}
