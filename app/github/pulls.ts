/** Pull requests: opened as drafts, kept up to date between our markers, merged on the head that was approved. */
import { refusedWith, type Connection } from './connection.ts';
import { said } from './merges.ts';
import type { GitHub, GitHubError, MergeResult, PullState, RepositoryRef } from './port.ts';
import { endMarker } from './render/markers.ts';
import { at, named } from './repositories.ts';

type Verbs = Pick<
  GitHub,
  'pull' | 'ensurePull' | 'ensurePullBody' | 'ensureDraft' | 'closePull' | 'reopenPull' | 'merge'
>;
type Wanted = Parameters<GitHub['ensurePull']>[1];

/** Stands before the title where drafts are refused (G11). */
const workInProgress = '[WIP] ';

export function pullVerbs(connection: Connection): Verbs {
  const { octokit, call, find } = connection;
  const pull: Verbs['pull'] = async (repository, number) => {
    const data = await find(`reads pull request #${number} of ${named(repository)}`, () =>
      octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
        ...at(repository),
        pull_number: number,
      }),
    );
    return data === null ? null : toPullState(data, data.merged);
  };
  const edit = async (
    repository: RepositoryRef,
    number: number,
    change: { title?: string; body?: string; state?: 'open' | 'closed' },
  ): Promise<void> => {
    await call(`edits pull request #${number} of ${named(repository)}`, () =>
      octokit.request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
        ...at(repository),
        pull_number: number,
        ...change,
      }),
    );
  };
  return {
    pull,
    ensurePull: async (repository, wanted) => await ensurePull(connection, repository, wanted),
    ensurePullBody: async (repository, state, ours) => {
      const body = withOurPart(state.body, ours);
      if (body !== unix(state.body).trim()) await edit(repository, state.number, { body });
    },
    ensureDraft: async (repository, state, draft) => {
      const isWip = state.title.startsWith(workInProgress);
      if (!draft && isWip)
        await edit(repository, state.number, { title: state.title.slice(workInProgress.length) });
      if (state.draft !== draft && !(draft && isWip)) await setDraft(connection, state, draft);
    },
    closePull: async (repository, number) => {
      const state = await pull(repository, number);
      if (state?.state === 'open') await edit(repository, number, { state: 'closed' });
    },
    reopenPull: async (repository, number) => {
      const state = await pull(repository, number);
      if (state?.state === 'closed' && !state.merged) await edit(repository, number, { state: 'open' });
    },
    merge: async (repository, wanted) => {
      try {
        const data = await call(`merges pull request #${wanted.number} of ${named(repository)}`, () =>
          octokit.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', {
            ...at(repository),
            pull_number: wanted.number,
            sha: wanted.head,
            merge_method: wanted.method,
            ...(wanted.method === 'rebase'
              ? {}
              : { commit_title: wanted.title, commit_message: wanted.message }),
          }),
        );
        return { result: 'merged', commit: data.sha };
      } catch (error) {
        if (!refusedWith(error, 405) && !refusedWith(error, 409) && !refusedWith(error, 422)) throw error;
        return await whyNot(connection, repository, { ...wanted, refusal: error });
      }
    },
  };
}

/** The refusals' words vary over GitHub's versions: the pull request itself says what stands in the way (G21). */
async function whyNot(
  { octokit, call }: Connection,
  repository: RepositoryRef,
  { number, head, refusal }: { number: number; head: string; refusal: GitHubError },
): Promise<MergeResult> {
  const data = await call(`reads pull request #${number} of ${named(repository)}`, () =>
    octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
      ...at(repository),
      pull_number: number,
    }),
  );
  if (data.merged) return { result: 'merged', commit: data.merge_commit_sha ?? data.head.sha };
  if (data.head.sha !== head) return { result: 'head_moved' };
  const reason = said(refusal);
  return data.mergeable === false || data.mergeable_state === 'dirty' || /conflict/i.test(reason)
    ? { result: 'conflict', reason }
    : { result: 'blocked', reason };
}

async function ensurePull(
  connection: Connection,
  repository: RepositoryRef,
  wanted: Wanted,
): Promise<PullState> {
  const known = await openPull(connection, repository, wanted);
  if (known !== null) return known;
  const opened = await open(connection, repository, wanted);
  if (wanted.labels.length > 0) {
    await connection.call(`labels pull request #${opened.number} of ${named(repository)}`, () =>
      connection.octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/labels', {
        ...at(repository),
        issue_number: opened.number,
        labels: [...wanted.labels],
      }),
    );
  }
  return opened;
}

async function openPull(
  { octokit, call }: Connection,
  repository: RepositoryRef,
  wanted: Wanted,
): Promise<PullState | null> {
  const rows = await call(`looks for the pull request of ${wanted.branch} in ${named(repository)}`, () =>
    octokit.request('GET /repos/{owner}/{repo}/pulls', {
      ...at(repository),
      state: 'open',
      head: `${repository.owner}:${wanted.branch}`,
      base: wanted.base,
      per_page: 10,
    }),
  );
  const row = rows.find((candidate) => candidate.head.ref === wanted.branch);
  return row === undefined ? null : toPullState(row, false);
}

async function open(connection: Connection, repository: RepositoryRef, wanted: Wanted): Promise<PullState> {
  const create = async (title: string, draft: boolean): Promise<PullState> => {
    const data = await connection.call(
      `opens a pull request for ${wanted.branch} in ${named(repository)}`,
      () =>
        connection.octokit.request('POST /repos/{owner}/{repo}/pulls', {
          ...at(repository),
          title,
          body: wanted.body,
          head: wanted.branch,
          base: wanted.base,
          draft,
        }),
    );
    return toPullState(data, data.merged);
  };
  try {
    return await create(wanted.title, true);
  } catch (error) {
    if (refusedWith(error, 422, /draft/i)) return await create(`${workInProgress}${wanted.title}`, false);
    const known = refusedWith(error, 422, /already exists/i)
      ? await openPull(connection, repository, wanted)
      : null;
    if (known === null) throw error;
    return known;
  }
}

const toDraft = `mutation ($input: ConvertPullRequestToDraftInput!) {
  convertPullRequestToDraft(input: $input) { pullRequest { isDraft } }
}`;
const toReady = `mutation ($input: MarkPullRequestReadyForReviewInput!) {
  markPullRequestReadyForReview(input: $input) { pullRequest { isDraft } }
}`;

async function setDraft({ graphql }: Connection, state: PullState, draft: boolean): Promise<void> {
  try {
    await graphql(
      `marks pull request #${state.number} as ${draft ? 'draft' : 'ready'}`,
      draft ? toDraft : toReady,
      {
        input: { pullRequestId: state.nodeId },
      },
    );
  } catch (error) {
    // Where drafts are refused there is nothing to go back to: people see the task's state on the card.
    if (!(draft && refusedWith(error, 422, /draft/i))) throw error;
  }
}

/** Our part replaced in place; people's text before and after it stays. Without our markers ours comes first. */
function withOurPart(current: string, ours: string): string {
  const body = unix(current).trim();
  const marker = ours.slice(0, ours.indexOf('\n'));
  const start = body.indexOf(marker);
  const end = start === -1 ? -1 : body.indexOf(endMarker, start);
  if (start === -1 || end === -1) return body === '' ? ours : `${ours}\n\n${body}`;
  return `${body.slice(0, start)}${ours}${body.slice(end + endMarker.length)}`;
}

const unix = (text: string): string => text.replace(/\r\n/g, '\n');

type PullData = {
  number: number;
  node_id: string;
  html_url: string;
  title: string;
  body: string | null;
  state: string;
  merge_commit_sha?: string | null;
  closed_at: string | null;
  draft?: boolean;
  head: { sha: string };
  base: { ref: string };
  labels: { name?: string }[];
  mergeable?: boolean | null;
  mergeable_state?: string;
};

function toPullState(data: PullData, merged: boolean): PullState {
  return {
    number: data.number,
    nodeId: data.node_id,
    url: data.html_url,
    title: data.title,
    body: data.body ?? '',
    state: data.state === 'closed' ? 'closed' : 'open',
    merged,
    mergeCommit: merged ? (data.merge_commit_sha ?? null) : null,
    closedAt: data.closed_at,
    draft: data.draft ?? false,
    head: data.head.sha,
    base: data.base.ref,
    labels: data.labels.flatMap((label) => label.name ?? []),
    mergeable: data.mergeable ?? null,
    mergeState: data.mergeable_state?.toLowerCase() ?? 'unknown',
  };
}
