/** What can be seen of a repository's CI at a commit: job logs of red checks, and why checks may be missing (RE-7). */
import { parse } from 'yaml';
import { z } from 'zod';
import { skipWords, type AbsenceFacts, type WorkflowFacts } from '../domain/ci-absence.ts';
import { pages, refusedWith, type Connection } from './connection.ts';
import { endOf, logTail } from './job-log.ts';
import type { GitHub, RepositoryRef } from './port.ts';
import { at, fileText, named } from './repositories.ts';

type Verbs = Pick<GitHub, 'ciFacts'>;

const directory = '.github/workflows';
/** Bytes of a log that are read, from its end. */
const maxLog = 2 * 1024 * 1024;
const maxKept = 200;

export function ciVerbs(connection: Connection): Verbs {
  return {
    ciFacts: async (repository, { head, pull, base }) => {
      const runs = (await runsAt(connection, repository, head)) ?? [];
      const commit = await connection.find(`reads commit ${head} of ${named(repository)}`, () =>
        connection.octokit.request('GET /repos/{owner}/{repo}/git/commits/{commit_sha}', {
          ...at(repository),
          commit_sha: head,
        }),
      );
      const seen = await connection.find(`reads pull request #${pull} of ${named(repository)}`, () =>
        connection.octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
          ...at(repository),
          pull_number: pull,
        }),
      );
      const unapproved = runs.filter(
        (run) => run.conclusion === 'action_required' || run.status === 'action_required',
      );
      return {
        base,
        workflows: await workflowsAt(connection, repository, head),
        running: runs
          .filter((run) => run.status !== 'completed' && !unapproved.includes(run))
          .map(({ name }) => name),
        unapproved: unapproved.map(({ name, url }) => ({ name, url })),
        skip: skipWords.exec(commit?.message ?? '')?.[0] ?? null,
        conflicts: seen?.mergeable === false,
      } satisfies Omit<AbsenceFacts, 'missing' | 'seen'>;
    },
  };
}

/** Without the permission, or where Actions are not known, there is nothing to see: null. */
async function optional<T>(reading: () => Promise<T>): Promise<T | null> {
  try {
    return await reading();
  } catch (error) {
    if (refusedWith(error, 404) || refusedWith(error, 410)) return null;
    if (refusedWith(error, 403) && error.blockedUntil === null) return null;
    throw error;
  }
}

async function runsAt({ octokit, call }: Connection, repository: RepositoryRef, head: string) {
  return await optional(async () => {
    const data = await call(`reads the workflow runs of ${head} in ${named(repository)}`, () =>
      octokit.request('GET /repos/{owner}/{repo}/actions/runs', {
        ...at(repository),
        head_sha: head,
        per_page: 100,
      }),
    );
    return data.workflow_runs.map((run) => ({
      name: run.name ?? run.path,
      status: run.status ?? 'queued',
      conclusion: run.conclusion,
      url: run.html_url,
    }));
  });
}

async function workflowsAt(
  connection: Connection,
  repository: RepositoryRef,
  head: string,
): Promise<WorkflowFacts[] | null> {
  const { octokit, call } = connection;
  const listed = await optional(() =>
    call(`lists the workflow files of ${named(repository)}`, () =>
      octokit.request('GET /repos/{owner}/{repo}/contents/{path}', {
        ...at(repository),
        path: directory,
        ref: head,
      }),
    ),
  );
  if (listed === null) return [];
  if (!Array.isArray(listed)) return null;
  const states = await statesOf(connection, repository);
  const facts: WorkflowFacts[] = [];
  for (const file of listed.filter(({ name }) => /\.ya?ml$/.test(name)).slice(0, 20)) {
    const data = await optional(() =>
      call(`reads ${file.path} of ${named(repository)}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/contents/{path}', {
          ...at(repository),
          path: file.path,
          ref: head,
        }),
      ),
    );
    const text = data === null ? null : fileText(data);
    if (text === null) continue;
    facts.push({ file: file.name, ...triggers(text), state: states.get(file.path) ?? 'active' });
  }
  return facts;
}

async function statesOf(
  { octokit, call }: Connection,
  repository: RepositoryRef,
): Promise<ReadonlyMap<string, string>> {
  const rows = await optional(() =>
    pages((page, size) =>
      call(`lists the workflows of ${named(repository)}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/actions/workflows', {
          ...at(repository),
          page,
          per_page: size,
        }),
      ).then((data) => data.workflows),
    ),
  );
  return new Map((rows ?? []).map(({ path, state }) => [path, state]));
}

const On = z.object({
  on: z.union([z.string(), z.array(z.string()), z.record(z.string(), z.unknown())]),
});
const narrowing = ['branches', 'branches-ignore', 'paths', 'paths-ignore', 'types'];

/** `on:` as GitHub reads it: a word, a list, or events with their filters. A file that can't be read runs on nothing. */
function triggers(text: string): { events: string[]; filtered: boolean } {
  let document: unknown;
  try {
    document = parse(text);
  } catch {
    // Broken YAML: GitHub starts nothing from it, which is what is said of it.
    return { events: [], filtered: false };
  }
  const parsed = On.safeParse(document);
  if (!parsed.success) return { events: [], filtered: false };
  const { on } = parsed.data;
  if (typeof on === 'string') return { events: [on], filtered: false };
  if (Array.isArray(on)) return { events: on, filtered: false };
  const filtered = ['push', 'pull_request', 'pull_request_target']
    .filter((event) => event in on)
    .every((event) => {
      const filter = on[event];
      return typeof filter === 'object' && filter !== null && narrowing.some((key) => key in filter);
    });
  return { events: Object.keys(on), filtered };
}

/** The tails of red jobs' logs, each read once: a job that is over does not change. */
export function createJobLogs({ octokit, call }: Connection) {
  const kept = new Map<string, string>();
  const read = async (repository: RepositoryRef, job: number): Promise<string | null> =>
    await optional(async () => {
      const data: unknown = await call(`reads the log of job ${job} in ${named(repository)}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs', {
          ...at(repository),
          job_id: job,
          request: { parseSuccessResponseBody: false },
        }),
      );
      if (data instanceof ReadableStream) return await logTail(await endOf(data, maxLog));
      return typeof data === 'string' ? await logTail(data) : null;
    });
  return {
    /** Null when there is no log to see (any more). */
    tail: async (repository: RepositoryRef, job: number): Promise<string | null> => {
      const key = `${repository.id}/${job}`;
      const known = kept.get(key);
      if (known !== undefined) return known;
      const text = await read(repository, job);
      if (text === null || text === '') return null;
      const [oldest] = kept.keys();
      if (kept.size >= maxKept && oldest !== undefined) kept.delete(oldest);
      kept.set(key, text);
      return text;
    },
  };
}

/** A job of Actions behind a check run: its page says which. */
export function jobOf(url: string | null): number | null {
  const id = /\/actions\/runs\/\d+\/jobs?\/(\d+)/.exec(url ?? '')?.[1];
  return id === undefined ? null : Number(id);
}
