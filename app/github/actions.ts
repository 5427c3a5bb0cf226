/** GitHub Actions: dispatch the workflow that hosts a session, look at what became of it, cancel it. Needs actions:write. */
import { z } from 'zod';
import { refusedWith, type Connection } from './connection.ts';
import {
  GitHubError,
  type DispatchProblem,
  type DispatchResult,
  type GitHub,
  type RepositoryRef,
  type WorkflowRunState,
} from './port.ts';
import { at, named } from './repositories.ts';

type Verbs = Pick<
  GitHub,
  'dispatchWorkflow' | 'workflowRun' | 'findWorkflowRun' | 'cancelWorkflowRun' | 'workflowJobs'
>;
type Dispatch = Parameters<GitHub['dispatchWorkflow']>[1];

/** What was learned of a site: older servers refuse `return_run_details` with 400 (G30), and are not asked for it again. */
export type SiteMemory = { tellsRunDetails: boolean };

export function actionsVerbs(connection: Connection, memory: SiteMemory): Verbs {
  const { octokit, call, find } = connection;
  return {
    dispatchWorkflow: async (repository, dispatch) => {
      try {
        const data = await post(connection, memory, { repository, dispatch });
        return { result: 'accepted', run: data };
      } catch (error) {
        const refused = refusalOf(error);
        if (refused === null) throw error;
        return refused;
      }
    },
    workflowRun: async (repository, id) => {
      const data = await find(`reads workflow run ${id} of ${named(repository)}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}', {
          ...at(repository),
          run_id: id,
        }),
      );
      return data === null ? null : toRunState(data);
    },
    findWorkflowRun: async (repository, wanted) => await findByName(connection, repository, wanted),
    cancelWorkflowRun: async (repository, id) => {
      try {
        await call(`cancels workflow run ${id} of ${named(repository)}`, () =>
          octokit.request('POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel', {
            ...at(repository),
            run_id: id,
          }),
        );
      } catch (error) {
        // Over already, or deleted by hand: nothing of it is left to cancel.
        if (!refusedWith(error, 409) && !refusedWith(error, 404)) throw error;
      }
    },
    workflowJobs: async (repository, run, attempt) => {
      const data = await find(`reads the jobs of workflow run ${run} of ${named(repository)}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs', {
          ...at(repository),
          run_id: run,
          attempt_number: attempt,
          per_page: 100,
        }),
      );
      return (data?.jobs ?? []).map((job) => ({
        name: job.name,
        status: job.status,
        conclusion: job.conclusion,
        startedAt: job.started_at,
        completedAt: job.completed_at,
        url: job.html_url,
        steps: (job.steps ?? []).map((step) => ({ name: step.name, conclusion: step.conclusion })),
      }));
    },
  };
}

/** So many runs of our workflow in the time one session waits are beyond any limit of ours: G33's 500 in ten seconds. */
const mostPages = 10;
/** GitHub's clock may be behind ours. */
const skew = 60_000;

/** Newest first, until they are older than the session: the filter `created` takes one instant by GitHub's description, and ranges by its words. */
async function findByName(
  { octokit, find }: Connection,
  repository: RepositoryRef,
  { path, session, since }: Parameters<GitHub['findWorkflowRun']>[1],
): Promise<WorkflowRunState | null> {
  const oldest = Date.parse(since) - skew;
  for (let page = 1; page <= mostPages; page += 1) {
    const data = await find(`looks for the workflow run of a session in ${named(repository)}`, () =>
      octokit.request('GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs', {
        ...at(repository),
        workflow_id: fileName(path),
        event: 'workflow_dispatch',
        per_page: 100,
        page,
      }),
    );
    const rows = data?.workflow_runs ?? [];
    const row = rows.find((run) => run.display_title.includes(session));
    if (row !== undefined) return toRunState(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < 100 || Date.parse(last.created_at) < oldest) return null;
  }
  return null;
}

const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

async function post(
  { octokit, call }: Connection,
  memory: SiteMemory,
  { repository, dispatch }: { repository: RepositoryRef; dispatch: Dispatch },
): Promise<{ id: number; url: string } | null> {
  const request = async (details: boolean): Promise<{ id: number; url: string } | null> => {
    const data = await call(`starts ${dispatch.path} in ${named(repository)}`, () =>
      octokit.request('POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches', {
        ...at(repository),
        workflow_id: fileName(dispatch.path),
        ref: dispatch.ref,
        inputs: dispatch.inputs,
        ...(details ? { return_run_details: true } : {}),
      }),
    );
    // 204 has no body, and the typed client knows only the answers that have one.
    const told = Details.safeParse(data);
    return told.success ? { id: told.data.workflow_run_id, url: told.data.html_url } : null;
  };
  if (!memory.tellsRunDetails) return await request(false);
  try {
    return await request(true);
  } catch (error) {
    if (!refusedWith(error, 400)) throw error;
    const run = await request(false);
    memory.tellsRunDetails = false;
    return run;
  }
}

const Details = z.object({ workflow_run_id: z.int(), html_url: z.string() });

/**
 * GitHub's words, from reports of those who met them: no other field tells these cases apart. Null: it is no answer about
 * the workflow, but a limit or a breakdown, which is waited for.
 */
function refusalOf(error: unknown): DispatchResult | null {
  if (!(error instanceof GitHubError) || error.blockedUntil !== null) return null;
  const problem = problemOf(error);
  if (problem === null) return null;
  return { result: 'refused', problem, reason: wordsOf(error) };
}

/** GitHub's own words, without ours around them. */
const wordsOf = ({ cause, message }: GitHubError): string =>
  (cause instanceof Error ? cause.message : message).replace(/ - https:\/\/docs\.github\.com\/\S*$/, '');

function problemOf({ status, message }: GitHubError): DispatchProblem | null {
  if (status === 404) return 'missing';
  if (status === 403)
    return /actions (?:is|are|has been|have been) disabled/i.test(message)
      ? 'actions_disabled'
      : 'permission';
  if (status !== 422) return null;
  if (/no ref found/i.test(message)) return 'no_branch';
  if (/disabled workflow/i.test(message)) return 'disabled';
  if (/actions (?:is|are|has been|have been) disabled/i.test(message)) return 'actions_disabled';
  // "Unexpected inputs provided", "Required input … not provided", "does not have 'workflow_dispatch' trigger", broken YAML.
  return 'outdated';
}

type SentRun = {
  id: number | bigint;
  run_attempt?: number | undefined;
  status: string | null;
  conclusion: string | null;
  html_url: string;
  created_at: string;
};

const toRunState = (run: SentRun): WorkflowRunState => ({
  id: Number(run.id),
  attempt: run.run_attempt ?? 1,
  url: run.html_url,
  status: run.status ?? 'queued',
  conclusion: run.conclusion,
  createdAt: run.created_at,
});
