/** Keeps what becomes of workflow runs: rows, check suites and check runs, and their webhooks. */
import type { JobState, RunState } from './actions/run-state.ts';
import type { RunWatcher } from './actions/run.ts';
import type { CheckRun, WorkflowJob, WorkflowRun } from './check-rows.ts';
import { addCheckRun, addSuite, emitCheckRunEvent, settleSuite } from './checks.ts';
import { timestampOf } from './clock.ts';
import type { Forge } from './forge.ts';
import type { Doer } from './pulls.ts';
import { renderWorkflow, renderWorkflowJob, renderWorkflowRun } from './render/workflow.ts';
import { repositoryPage } from './render/repository.ts';
import { actionsAppId } from './seed.ts';
import { nextId, row, where, type Repository } from './state.ts';

/** What a run is about; `headSha` is the branch's, also where a test merge commit is checked out. */
export type RunSubject = {
  repository: Repository;
  workflowId: number;
  event: string;
  headSha: string;
  headBranch: string;
  pullIds: number[];
  /** What the run is called where its file has no `run-name`. */
  title: string;
};

/** A queued run with its check suite. */
export function plantRun(forge: Forge, doer: Doer, subject: RunSubject): WorkflowRun {
  const { repository, workflowId, headSha, headBranch, event, pullIds } = subject;
  const suite = addSuite(forge, { repository, appId: actionsAppId, headSha, headBranch });
  const now = forge.clock.timestamp();
  const run: WorkflowRun = {
    id: nextId(forge.state),
    repositoryId: repository.id,
    workflowId,
    suiteId: suite.id,
    runNumber: where(forge.state.workflowRuns, (one) => one.workflowId === workflowId).length + 1,
    attempt: 1,
    event,
    displayTitle: subject.title,
    headBranch,
    headSha,
    actorId: doer.actor.id,
    triggeringActorId: doer.actor.id,
    earlierAttempts: [],
    pullIds,
    status: 'queued',
    conclusion: null,
    createdAt: now,
    startedAt: now,
    updatedAt: now,
  };
  forge.state.workflowRuns.set(run.id, run);
  return run;
}

/** A run that somebody must approve before it starts (G32). */
export async function holdRun(forge: Forge, doer: Doer, run: WorkflowRun): Promise<void> {
  await recordRunState(forge, doer, { run, state: { status: 'queued', conclusion: null } });
  const state = { status: 'completed' as const, conclusion: 'action_required' as const };
  await recordRunState(forge, doer, { run, state });
}

/** Writes every change of a run down and tells of it. The interpreter waits, so webhooks keep its order. */
export function recordRun(forge: Forge, doer: Doer, run: WorkflowRun): RunWatcher {
  const known = new Map<string, WorkflowJob>();
  return {
    onRun: (state) => {
      if (state.name !== '') run.displayTitle = state.name;
      return recordRunState(forge, doer, { run, state });
    },
    onJob: async (state) => {
      if (state.earlier) return;
      const job = known.get(state.key) ?? plantJob(forge, doer, { run, state });
      known.set(state.key, job);
      await recordJobState(forge, doer, { job, state });
    },
  };
}

const runActions = {
  queued: 'requested',
  in_progress: 'in_progress',
  completed: 'completed',
} as const;

type RunChange = {
  run: WorkflowRun;
  state: { status: RunState['status']; conclusion: RunState['conclusion'] | 'action_required' };
};

async function recordRunState(forge: Forge, doer: Doer, { run, state }: RunChange): Promise<void> {
  // Nobody is told that a run waits for its group, nor that its turn has come.
  const silent = state.status === 'pending' || run.status === 'pending';
  Object.assign(run, {
    status: state.status,
    conclusion: state.conclusion,
    updatedAt: forge.clock.timestamp(),
  });
  if (state.status === 'pending' || (silent && state.status === 'queued')) return;
  forge.webhooks.emit({
    event: 'workflow_run',
    action: runActions[state.status],
    payload: {
      workflow_run: await renderWorkflowRun(forge, run),
      workflow: renderWorkflow(forge, row(forge.state.workflows, run.workflowId)),
    },
    sender: doer.actor,
    repository: row(forge.state.repositories, run.repositoryId),
    caller: doer.caller,
  });
  if (state.status !== 'completed') return;
  const suite = row(forge.state.checkSuites, run.suiteId);
  // A file that can't be read has no job; its suite ends with the run.
  if (suite.status !== 'completed')
    Object.assign(suite, { status: 'completed', conclusion: state.conclusion });
  await forge.save();
}

function plantJob(
  forge: Forge,
  doer: Doer,
  { run, state }: { run: WorkflowRun; state: JobState },
): WorkflowJob {
  const repository = row(forge.state.repositories, run.repositoryId);
  const check = addCheckRun(forge, row(forge.state.checkSuites, run.suiteId), {
    name: state.name,
    externalId: '',
  });
  const job: WorkflowJob = {
    id: nextId(forge.state),
    repositoryId: run.repositoryId,
    runId: run.id,
    attempt: run.attempt,
    key: state.key,
    checkRunId: check.id,
    name: state.name,
    status: 'queued',
    conclusion: null,
    labels: state.labels,
    runner: null,
    steps: [],
    outputs: {},
    summary: '',
    log: '',
    createdAt: forge.clock.timestamp(),
    startedAt: null,
    completedAt: null,
  };
  forge.state.workflowJobs.set(job.id, job);
  check.detailsUrl = `${repositoryPage(forge, repository)}/actions/runs/${run.id}/job/${job.id}`;
  emitCheckRunEvent(forge, doer, { run: check, action: 'created' });
  emitJob(forge, doer, job);
  return job;
}

function emitJob(forge: Forge, doer: Doer, job: WorkflowJob): void {
  forge.webhooks.emit({
    event: 'workflow_job',
    action: job.status,
    payload: { workflow_job: renderWorkflowJob(forge, job) },
    sender: doer.actor,
    repository: row(forge.state.repositories, job.repositoryId),
    caller: doer.caller,
  });
}

const timestamp = (iso: string | null): string | null => (iso === null ? null : timestampOf(new Date(iso)));

async function recordJobState(
  forge: Forge,
  doer: Doer,
  { job, state }: { job: WorkflowJob; state: JobState },
): Promise<void> {
  const before = job.status;
  const check = row(forge.state.checkRuns, job.checkRunId);
  Object.assign(job, {
    status: state.status,
    conclusion: state.conclusion,
    startedAt: timestamp(state.startedAt),
    completedAt: timestamp(state.completedAt),
    steps: state.steps.map((step) => ({
      name: step.name,
      number: step.number,
      status: step.status,
      conclusion: step.conclusion,
      startedAt: timestamp(step.startedAt),
      completedAt: timestamp(step.completedAt),
    })),
    labels: state.labels,
    runner: state.runner === null ? null : { id: state.runner.id, name: state.runner.name },
    outputs: state.outputs,
    summary: state.summary,
    log: state.log,
  });
  Object.assign(check, { status: job.status, conclusion: job.conclusion, completedAt: job.completedAt });
  if (job.startedAt !== null) check.startedAt = job.startedAt;
  if (before !== job.status) {
    if (job.status === 'completed') finishCheck(check, state);
    emitJob(forge, doer, job);
    if (job.status === 'completed') emitCheckRunEvent(forge, doer, { run: check, action: 'completed' });
  }
  await settleSuite(forge, doer, row(forge.state.checkSuites, check.suiteId));
  if (job.status === 'completed') await forge.save();
}

/** Title, summary and text of a job's check run stay null, as at GitHub. */
function finishCheck(check: CheckRun, state: JobState): void {
  check.annotations = state.annotations.map((annotation) => ({
    path: annotation.path,
    start_line: annotation.line,
    end_line: annotation.endLine,
    ...(annotation.column === null ? {} : { start_column: annotation.column }),
    annotation_level: annotation.level,
    message: annotation.message,
    ...(annotation.title === null ? {} : { title: annotation.title }),
  }));
}

/** Runs that a killed forge left unfinished: their processes are gone, so they end as cancelled. */
export async function endLostRuns(forge: Forge): Promise<void> {
  const { state, clock } = forge;
  const now = clock.timestamp();
  const lost = { status: 'completed' as const, conclusion: 'cancelled' };
  for (const run of where(state.workflowRuns, (one) => one.status !== 'completed')) {
    const actor = row(state.accounts, run.actorId);
    const doer: Doer = { actor, caller: { kind: 'user', account: actor, app: null } };
    for (const job of where(
      state.workflowJobs,
      (one) => one.runId === run.id && one.status !== 'completed',
    )) {
      const check = row(state.checkRuns, job.checkRunId);
      Object.assign(job, { ...lost, completedAt: now, startedAt: job.startedAt ?? now });
      Object.assign(check, { ...lost, completedAt: now });
      emitJob(forge, doer, job);
      emitCheckRunEvent(forge, doer, { run: check, action: 'completed' });
      await settleSuite(forge, doer, row(state.checkSuites, check.suiteId));
    }
    await recordRunState(forge, doer, { run, state: { status: 'completed', conclusion: 'cancelled' } });
  }
}
