/** Check runs: ours are written, everybody else's are read, with which of them the branch requires. */
import { stripVTControlCharacters } from 'node:util';
import type { Check } from '../domain/ci.ts';
import { createJobLogs, jobOf } from './ci.ts';
import { pages, refusedWith, type Connection } from './connection.ts';
import type { CheckRunContent, GitHub, RepositoryRef } from './port.ts';
import { maskSecrets } from './mask-secrets.ts';
import { readRules } from './merges.ts';
import { at, named } from './repositories.ts';

type Verbs = Pick<GitHub, 'ensureCheckRun' | 'checks'>;

/** Output texts of check runs (G2); what an agent is told of a red check. */
const maxOutput = 65_000;
const maxSummary = 4_000;
const maxChecks = 100;

export function checkVerbs(connection: Connection): Verbs {
  const logs = createJobLogs(connection);
  const { octokit, call, find } = connection;
  return {
    ensureCheckRun: async (repository, check, known) => {
      const id = known ?? (await ourRun(connection, repository, check));
      const edited =
        id === null
          ? null
          : await find(`updates a check run of ${named(repository)}`, () =>
              octokit.request('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', {
                ...at(repository),
                check_run_id: id,
                ...content(check),
              }),
            );
      if (edited !== null) return Number(edited.id);
      const made = await call(`creates a check run in ${named(repository)}`, () =>
        octokit.request('POST /repos/{owner}/{repo}/check-runs', {
          ...at(repository),
          head_sha: check.head,
          ...content(check),
        }),
      );
      return Number(made.id);
    },
    checks: async (repository, head, { base, wanted }) => {
      const required =
        wanted === 'required'
          ? (await readRules(connection, repository, base)).required
              .filter(({ ours }) => !ours)
              .map(({ name }) => name)
          : wanted === 'all'
            ? []
            : wanted;
      const seen = [
        ...(await withLogs(await foreignRuns(connection, repository, head), (job) =>
          logs.tail(repository, job),
        )),
        ...(await statuses(connection, repository, head)),
      ];
      const checks = seen.map((check) => ({ ...check, required: required.includes(check.name) }));
      // A required check that has not reported yet is one to wait for, or the proof would rest on the others alone.
      const silent = required.filter((name) => !seen.some((check) => check.name === name));
      return [...checks, ...silent.map(expected)]
        .sort((first, second) => Number(second.required) - Number(first.required))
        .slice(0, maxChecks);
    },
  };
}

const expected = (name: string): Check => ({
  name,
  status: 'queued',
  conclusion: null,
  required: true,
  url: null,
  summary: '',
});

function content(check: CheckRunContent) {
  return {
    name: check.name,
    external_id: check.externalId,
    status: check.status,
    ...(check.conclusion === undefined ? {} : { conclusion: check.conclusion }),
    ...(check.detailsUrl === undefined ? {} : { details_url: check.detailsUrl }),
    output: { title: check.title, summary: check.summary.slice(0, maxOutput) },
  };
}

async function ourRun(
  { octokit, call, appId }: Connection,
  repository: RepositoryRef,
  check: CheckRunContent,
): Promise<number | null> {
  const data = await call(`looks for its check run in ${named(repository)}`, () =>
    octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
      ...at(repository),
      ref: check.head,
      check_name: check.name,
      app_id: appId,
      per_page: 100,
    }),
  );
  const run = data.check_runs.find((run) => run.external_id === check.externalId && run.app?.id === appId);
  return run === undefined ? null : Number(run.id);
}

/** The latest run of each name, by anybody but our App. */
async function foreignRuns(
  { octokit, call, appId }: Connection,
  repository: RepositoryRef,
  head: string,
): Promise<{ check: Check; job: number | null }[]> {
  const rows = await pages((page, size) =>
    call(`reads the checks of ${head} in ${named(repository)}`, () =>
      octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
        ...at(repository),
        ref: head,
        filter: 'latest',
        page,
        per_page: size,
      }),
    ).then((data) => data.check_runs),
  );
  const foreign = rows.filter((run) => run.app?.id !== appId);
  return await Promise.all(
    foreign.map(async (run) => ({
      job: isRed(run.conclusion) ? jobOf(run.details_url) : null,
      check: {
        name: run.name,
        // `waiting`, `requested` and `pending` are GitHub's other words for not started.
        status: run.status === 'completed' || run.status === 'in_progress' ? run.status : 'queued',
        conclusion: run.conclusion,
        required: false,
        url: run.html_url,
        summary: isRed(run.conclusion)
          ? await tail([run.output.title, run.output.summary, run.output.text])
          : '',
      } satisfies Check,
    })),
  );
}

/** A job's log says more than its check run, which is empty for most. */
async function withLogs(
  runs: readonly { check: Check; job: number | null }[],
  tailOf: (job: number) => Promise<string | null>,
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { check, job } of runs) {
    const log = job === null ? null : await tailOf(job);
    checks.push(log === null ? check : { ...check, summary: log });
  }
  return checks;
}

const isRed = (conclusion: string | null): boolean =>
  conclusion !== null && !['success', 'neutral', 'skipped'].includes(conclusion);

/** Commit statuses, the older way to report. */
async function statuses(
  { octokit, call }: Connection,
  repository: RepositoryRef,
  head: string,
): Promise<Check[]> {
  const data = await optional(() =>
    call(`reads the statuses of ${head} in ${named(repository)}`, () =>
      octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/status', {
        ...at(repository),
        ref: head,
        per_page: 100,
      }),
    ),
  );
  if (data === null) return [];
  return await Promise.all(
    data.statuses.map(async (status) => ({
      name: status.context,
      status: status.state === 'pending' ? 'in_progress' : 'completed',
      conclusion: status.state === 'pending' ? null : status.state === 'success' ? 'success' : 'failure',
      required: false,
      url: status.target_url,
      summary:
        status.state === 'success' || status.state === 'pending' ? '' : await tail([status.description]),
    })),
  );
}

/** Plans without rulesets and installations without the permission answer 403 or 404: there is nothing to see then. */
async function optional<T>(reading: () => Promise<T>): Promise<T | null> {
  try {
    return await reading();
  } catch (error) {
    if (refusedWith(error, 404) || (refusedWith(error, 403) && error.blockedUntil === null)) return null;
    throw error;
  }
}

const clean = (text: string): string =>
  stripVTControlCharacters(text.replaceAll(/\r\n?/g, '\n'))
    // eslint-disable-next-line no-control-regex -- control characters are what is taken out here
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
    .trim();

/** Title and summary, then as much of the text's end as fits: the end is where errors are. Secrets are masked before the cut. */
async function tail(parts: readonly (string | null | undefined)[]): Promise<string> {
  const cleaned = parts.flatMap((part) => (part === null || part === undefined ? [] : [clean(part)]));
  const text = await maskSecrets(cleaned.filter((part) => part !== '').join('\n'));
  if (text.length <= maxSummary) return text;
  const start = text.slice(0, 400);
  return `${start}\n…\n${text.slice(text.length - (maxSummary - start.length - 3))}`;
}
