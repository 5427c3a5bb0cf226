/** GitHub Actions of the forge: which events start which workflows, and what becomes of the runs. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Actions, createActions } from './actions/actions.ts';
import type { Json } from './actions/expression.ts';
import type { Patience } from './actions/process-group.ts';
import type { EarlierJob } from './actions/run-request.ts';
import { hostedRunners, type Runner } from './actions/runners.ts';
import { workflowsFor } from './actions/trigger.ts';
import { type BrokenWorkflow, readWorkflow, type Workflow } from './actions/workflow.ts';
import { atLeast, roleOf } from './access.ts';
import type { WorkflowRun } from './check-rows.ts';
import { recordCrash } from './crash.ts';
import type { Forge, ForgeEvent, Workflows } from './forge.ts';
import type { Pull } from './pull-rows.ts';
import type { Doer } from './pulls.ts';
import { renderUser } from './render/account.ts';
import { renderRepository } from './render/repository.ts';
import { find, row, type Repository } from './state.ts';
import { workflowAt } from './workflow-files.ts';
import { endLostRuns, holdRun, plantRun, recordRun, type RunSubject } from './workflow-records.ts';
import { requestOf, type Start } from './workflow-requests.ts';
import { actionsOf } from './workflow-settings.ts';
import { triggerOf } from './workflow-triggers.ts';

type Beginning = { subject: RunSubject; workflow: Workflow | BrokenWorkflow; start: Start };

/** The interpreter, made when the first run needs it. */
function createLauncher(forge: Forge, patience: Patience | undefined) {
  let opened: Promise<Actions> | null = null;
  let running: Actions | null = null;
  let runners: readonly Runner[] = hostedRunners(2);
  const crashed = (error: unknown): void => recordCrash(forge, 'workflows', error);
  const open = async (): Promise<Actions> => {
    const now = () => forge.clock.now();
    const options = { root: join(forge.dataDir, 'jobs'), runners, now };
    opened ??= createActions({ ...options, ...(patience === undefined ? {} : { patience }) });
    running = await opened;
    return running;
  };
  return {
    crashed,
    running: () => running,
    launch: async (doer: Doer, launched: Launch): Promise<void> => {
      const actions = await open();
      const repository = row(forge.state.repositories, launched.run.repositoryId);
      const request = requestOf(forge, { repository, ...launched });
      actions.start(request, recordRun(forge, doer, launched.run)).ended.catch(crashed);
    },
    setRunners: (wanted: readonly Runner[]): void => {
      runners = wanted;
      running?.setRunners(wanted);
    },
  };
}

/** @param options `patience` is how long a cancelled step is waited for; GitHub's when it isn't given */
export function createWorkflows(forge: Forge, options: { patience?: Patience } = {}): Workflows {
  const { crashed, launch, running, setRunners } = createLauncher(forge, options.patience);
  let arriving: Promise<void> = Promise.resolve();
  let closed = false;

  const begin = async (doer: Doer, beginning: Beginning): Promise<WorkflowRun> => {
    const { subject, workflow, start } = beginning;
    const run = plantRun(forge, doer, subject);
    await keep(forge, run, start);
    if (needsApproval(forge, doer, beginning)) await holdRun(forge, doer, run);
    else await launch(doer, { run, workflow, start, earlier: {} });
    return run;
  };
  const follow = async (event: ForgeEvent, repository: Repository): Promise<void> => {
    if (closed || !actionsOf(forge.state, repository).enabled) return;
    const doer: Doer = { actor: event.sender, caller: event.caller };
    for (const beginning of await beginningsOf(forge, event, repository)) await begin(doer, beginning);
  };

  return {
    settings: { runDetails: true },
    async watch() {
      forge.webhooks.listen((event) => {
        const { repository } = event;
        if (repository === null || closed || !startsWorkflows(event)) return;
        arriving = arriving.then(() => follow(event, repository)).catch(crashed);
      });
      await endLostRuns(forge);
    },
    begin,
    cancel: (runId, force = false) => running()?.cancel(runId, force) ?? false,
    setRunners,
    async again(doer, run, earlier) {
      await launch(doer, { ...(await keptLaunch(forge, run)), earlier });
    },
    async idle() {
      // Jobs cause events, which start more.
      let seen: Promise<void> | null = null;
      while (seen !== arriving) {
        seen = arriving;
        await seen;
        await running()?.idle();
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await arriving;
      await running()?.[Symbol.asyncDispose]();
    },
  };
}

type Launch = {
  run: WorkflowRun;
  workflow: Workflow | BrokenWorkflow;
  start: Start;
  earlier: Record<string, EarlierJob>;
};

const startFile = (forge: Forge, run: WorkflowRun): string => join(forge.dataDir, 'runs', `${run.id}.json`);

/** A payload is large and needed again only when the run is: it lies beside the state, not in it. */
async function keep(forge: Forge, run: WorkflowRun, start: Start): Promise<void> {
  await mkdir(join(forge.dataDir, 'runs'), { recursive: true });
  await writeFile(startFile(forge, run), JSON.stringify(start));
}

/** The run as it was started, with its workflow file of that commit. */
export async function keptLaunch(forge: Forge, run: WorkflowRun): Promise<Omit<Launch, 'earlier'>> {
  const file = startFile(forge, run);
  if (!existsSync(file)) throw new Error(`what started the run ${run.id} is not in ${file}`);
  const start = JSON.parse(readFileSync(file, 'utf8')) as Start;
  const repository = row(forge.state.repositories, run.repositoryId);
  const { path } = row(forge.state.workflows, run.workflowId);
  const content = await forge.git(repository).readFile(start.sha, path);
  return { run, start, workflow: await readWorkflow(path, content?.toString() ?? '') };
}

const isJob = (caller: Doer['caller']): boolean =>
  caller.kind === 'installation' && caller.workflowRunId !== null;

/**
 * Whether somebody with write access must approve the run first: of a pull request that a GITHUB_TOKEN opens or
 * changes (G32), and of a newcomer's from a fork, which is GitHub's default for public repositories.
 */
function needsApproval(forge: Forge, { actor, caller }: Doer, { subject, start }: Beginning): boolean {
  if (start.event !== 'pull_request') return false;
  if (isJob(caller)) return true;
  if (!start.fromFork || atLeast(roleOf(forge.state, subject.repository, actor), 'write')) return false;
  const merged = (pull: Pull): boolean =>
    pull.mergedAt !== null &&
    pull.repositoryId === subject.repository.id &&
    row(forge.state.issues, pull.id).authorId === actor.id;
  return find(forge.state.pulls, merged) === undefined;
}

/** G32: what a job's GITHUB_TOKEN causes starts no workflow, save dispatches; the other one starts its run itself. */
function startsWorkflows({ event, caller }: ForgeEvent): boolean {
  if (event === 'repository_dispatch') return true;
  if (isJob(caller)) return event === 'pull_request';
  return event === 'push' || event === 'pull_request' || event === 'merge_group';
}

async function beginningsOf(forge: Forge, event: ForgeEvent, repository: Repository): Promise<Beginning[]> {
  const trigger = await triggerOf(forge, event, repository);
  if (trigger === null) return [];
  const found = await workflowsFor(forge.git(repository), trigger.sha, trigger.event);
  // GitHub reports a file it can't read once, at the push that brought it.
  const wanted = found.filter((workflow) => !('errors' in workflow) || event.event === 'push');
  const { headSha, headBranch, pullIds, title, sha, ref, headRef, baseRef, fromFork } = trigger;
  const start = {
    event: event.event,
    payload: payloadOf(forge, event, repository),
    sha,
    ref,
    headRef,
    baseRef,
    inputs: {},
    fromFork,
  };
  return wanted
    .map((workflow) => ({ workflow, row: workflowAt(forge, repository, workflow) }))
    .filter((one) => one.row.state === 'active')
    .map(({ workflow, row: { id } }) => ({
      workflow,
      start,
      subject: { repository, workflowId: id, event: event.event, headSha, headBranch, pullIds, title },
    }));
}

/** The webhook as `github.event` shows it. */
export function payloadOf(
  forge: Forge,
  event: Pick<ForgeEvent, 'action' | 'payload' | 'sender'>,
  repository: Repository,
): Json {
  const payload = {
    ...(event.action === null ? {} : { action: event.action }),
    ...event.payload,
    repository: renderRepository(forge, repository),
    sender: renderUser(forge, event.sender),
  };
  return JSON.parse(JSON.stringify(payload)) as Json;
}
