/** Asking GitHub to merge: merge-async (G20), the merge queue (G21, G24), an update of the branch; and the rules of the base. */
import { z } from 'zod';
import { isOwnCheck } from '../domain/proof.ts';
import { pages, refusedWith, type Connection } from './connection.ts';
import { GitHubError, type AsyncMerge, type GitHub, type MergeRules, type RepositoryRef } from './port.ts';
import { at, named } from './repositories.ts';

type Verbs = Pick<
  GitHub,
  | 'mergeRules'
  | 'requestMerge'
  | 'mergeRequest'
  | 'enqueue'
  | 'dequeue'
  | 'queueEntry'
  | 'updateBranch'
  | 'behind'
>;

/** What is remembered of a site: whether it knows merge-async. */
export type MergeMemory = { asyncUnknownUntil: number };
/** A server may be upgraded: it is asked again after this many milliseconds. */
const forget = 60 * 60_000;

const Result = z.object({
  status: z.enum(['pending', 'merged', 'enqueued', 'failed']),
  details: z.object({
    message: z.string().default(''),
    uuid: z.string().optional(),
    sha: z.string().optional(),
    expected_head_sha: z.string().optional(),
  }),
});

// eslint-disable-next-line max-lines-per-function -- a table of verbs
export function mergeVerbs(connection: Connection, memory: MergeMemory): Verbs {
  const { octokit, call, find, graphql, now } = connection;
  return {
    mergeRules: async (repository, branch) => await readRules(connection, repository, branch),
    requestMerge: async (repository, pull) => {
      if (memory.asyncUnknownUntil > now()) return { result: 'unsupported', reason: unknownAsync };
      try {
        const data = await call(`asks to merge pull request #${pull.number} of ${named(repository)}`, () =>
          octokit.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge-async', {
            ...at(repository),
            pull_number: pull.number,
            sha: pull.head,
            ...(pull.method === null ? {} : { merge_method: pull.method }),
            ...(pull.method === null || pull.method === 'rebase'
              ? {}
              : { commit_title: pull.title, commit_message: pull.message }),
          }),
        );
        return asyncMerge(data);
      } catch (error) {
        const refused = refusal(error);
        if (refused === null) throw error;
        if (refused.result === 'unsupported') memory.asyncUnknownUntil = now() + forget;
        return refused;
      }
    },
    mergeRequest: async (repository, { number, request }) => {
      const data = await find(`reads a merge request of #${number} of ${named(repository)}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/merge-async/{uuid}', {
          ...at(repository),
          pull_number: number,
          uuid: request,
        }),
      );
      return data === null ? null : asyncMerge(data);
    },
    enqueue: async (repository, pull) => {
      try {
        await graphql(
          `puts pull request #${pull.number} of ${named(repository)} into the merge queue`,
          `
            mutation ($input: EnqueuePullRequestInput!) {
              enqueuePullRequest(input: $input) {
                mergeQueueEntry {
                  position
                  state
                }
              }
            }
          `,
          { input: { pullRequestId: pull.nodeId, expectedHeadOid: pull.head } },
        );
        return { result: 'enqueued' };
      } catch (error) {
        if (!(error instanceof GitHubError) || error.blockedUntil !== null || error.status !== 422)
          throw error;
        return { result: 'refused', reason: said(error) };
      }
    },
    dequeue: async (repository, pull) => {
      try {
        await graphql(
          `takes pull request #${pull.number} of ${named(repository)} out of the merge queue`,
          `
            mutation ($input: DequeuePullRequestInput!) {
              dequeuePullRequest(input: $input) {
                clientMutationId
              }
            }
          `,
          { input: { id: pull.nodeId } },
        );
        return { result: 'dequeued' };
      } catch (error) {
        if (!(error instanceof GitHubError) || error.blockedUntil !== null || error.status !== 422)
          throw error;
        return { result: 'refused', reason: said(error) };
      }
    },
    queueEntry: async (repository, number) => {
      const data = await graphql<unknown>(
        `reads where pull request #${number} of ${named(repository)} stands in the merge queue`,
        `
          query ($owner: String!, $name: String!, $number: Int!) {
            repository(owner: $owner, name: $name) {
              pullRequest(number: $number) {
                mergeQueueEntry {
                  position
                  state
                }
              }
            }
          }
        `,
        { owner: repository.owner, name: repository.name, number },
      );
      return Entry.parse(data).repository.pullRequest.mergeQueueEntry;
    },
    updateBranch: async (repository, pull) => {
      try {
        await call(`brings pull request #${pull.number} of ${named(repository)} up to date`, () =>
          octokit.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/update-branch', {
            ...at(repository),
            pull_number: pull.number,
            expected_head_sha: pull.head,
          }),
        );
        return { result: 'updating' };
      } catch (error) {
        if (!refusedWith(error, 422) && !(refusedWith(error, 403) && error.blockedUntil === null))
          throw error;
        return { result: 'refused', reason: said(error) };
      }
    },
    behind: async (repository, { base, head }) => {
      const data = await call(`compares ${head} of ${named(repository)} with ${base}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/compare/{basehead}', {
          ...at(repository),
          basehead: `${base}...${head}`,
          per_page: 1,
        }),
      );
      return data.behind_by;
    },
  };
}

const Entry = z.object({
  repository: z.object({
    pullRequest: z.object({
      mergeQueueEntry: z.object({ position: z.int(), state: z.string() }).nullable(),
    }),
  }),
});

const unknownAsync = 'this GitHub does not know asynchronous merges';

/** GitHub's words without our own before them and without links to its manual. */
export const said = (error: GitHubError): string =>
  error.message.replace(/^GitHub refused when [^:]*: /, '').replace(/ - https:\/\/docs\.\S+$/, '');

function asyncMerge(data: unknown): AsyncMerge {
  const { status, details } = Result.parse(data);
  switch (status) {
    case 'pending':
      return details.uuid === undefined
        ? { result: 'failed', reason: details.message }
        : { result: 'pending', request: details.uuid, head: details.expected_head_sha ?? null };
    case 'merged':
      return { result: 'merged', commit: details.sha ?? null };
    case 'enqueued':
      return { result: 'enqueued' };
    case 'failed':
      return { result: 'failed', reason: details.message };
  }
}

/** 400 and 409 answer in the shape of a result (G20); what the route's absence looks like differs over versions. */
function refusal(error: unknown): AsyncMerge | null {
  if (!(error instanceof GitHubError) || error.blockedUntil !== null) return null;
  if (error.status === 400 || error.status === 409) {
    const parsed = Result.safeParse(responseOf(error));
    return parsed.success ? asyncMerge(parsed.data) : { result: 'failed', reason: said(error) };
  }
  if ([404, 405, 501].includes(error.status)) return { result: 'unsupported', reason: unknownAsync };
  return error.status === 403 || error.status === 422 ? { result: 'failed', reason: said(error) } : null;
}

const Failed = z.object({ response: z.object({ data: z.unknown() }) });

function responseOf(error: GitHubError): unknown {
  const parsed = Failed.safeParse(error.cause);
  return parsed.success ? parsed.data.response.data : null;
}

/** Plans without rulesets, and installations without the permission, answer 403 or 404: there are no rules to see then. */
export async function readRules(
  { octokit, call, appId }: Connection,
  repository: RepositoryRef,
  branch: string,
): Promise<MergeRules> {
  let rows;
  try {
    rows = await pages((page, size) =>
      call(`reads the rules of ${branch} in ${named(repository)}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/rules/branches/{branch}', {
          ...at(repository),
          branch,
          page,
          per_page: size,
        }),
      ),
    );
  } catch (error) {
    if (!refusedWith(error, 404) && !(refusedWith(error, 403) && error.blockedUntil === null)) throw error;
    return { queue: false, strict: false, updateAsksAgain: false, required: [] };
  }
  const required = rows.flatMap((rule) =>
    rule.type === 'required_status_checks' ? (rule.parameters?.required_status_checks ?? []) : [],
  );
  return {
    queue: rows.some((rule) => rule.type === 'merge_queue'),
    strict: rows.some(
      (rule) =>
        rule.type === 'required_status_checks' &&
        rule.parameters?.strict_required_status_checks_policy === true,
    ),
    updateAsksAgain: rows.some(
      (rule) =>
        rule.type === 'pull_request' &&
        (rule.parameters?.require_last_push_approval === true ||
          rule.parameters?.dismiss_stale_reviews_on_push === true),
    ),
    required: required.map(({ context, integration_id: app }) => ({
      name: context,
      ours: app === appId || isOwnCheck(context),
    })),
  };
}
