/** Reviews of people with their threads, and our one reply to each thread. */
import type { Thread, Verdict } from '../domain/review.ts';
import { pages, type Connection } from './connection.ts';
import type { GitHub, RepositoryRef } from './port.ts';
import { at, named } from './repositories.ts';

type Verbs = Pick<GitHub, 'review' | 'ensureThreadReplies'>;

const verdicts: Readonly<Record<string, Verdict | 'pending' | 'dismissed'>> = {
  APPROVED: 'approve',
  CHANGES_REQUESTED: 'request_changes',
  COMMENTED: 'comment',
  DISMISSED: 'dismissed',
  PENDING: 'pending',
};
/** The last lines of the diff hunk are those the comment stands on. */
const quotedLines = 12;

export function reviewVerbs(connection: Connection): Verbs {
  const { octokit, find, login } = connection;
  return {
    review: async (repository, pull, id) => {
      const data = await find(`reads a review of #${pull} of ${named(repository)}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}', {
          ...at(repository),
          pull_number: pull,
          review_id: id,
        }),
      );
      if (data === null) return null;
      return {
        id,
        by: data.user?.login ?? 'ghost',
        verdict: verdicts[data.state.toUpperCase()] ?? 'comment',
        head: data.commit_id ?? '',
        body: data.body,
        threads: await threadsOf(connection, repository, { pull, id }),
      };
    },
    ensureThreadReplies: async (repository, pull, replies) => {
      if (replies.length === 0) return;
      const us = await login();
      const written = (await reviewComments(connection, repository, pull)).filter(
        (row) => row.user?.login === us,
      );
      for (const reply of replies) {
        if (written.some((row) => row.in_reply_to_id === reply.comment && row.body.includes(reply.marker)))
          continue;
        // A thread whose comment was deleted answers 404: nobody waits for the reply any more.
        await find(`replies in a thread of #${pull} of ${named(repository)}`, () =>
          octokit.request('POST /repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies', {
            ...at(repository),
            pull_number: pull,
            comment_id: reply.comment,
            body: reply.body,
          }),
        );
      }
    },
  };
}

/** The first comments of a review, each of which begins a thread. */
export async function threadsOf(
  connection: Connection,
  repository: RepositoryRef,
  { pull, id }: { pull: number; id: number },
): Promise<Thread[]> {
  const rows = await reviewComments(connection, repository, pull);
  return rows
    .filter((row) => row.pull_request_review_id === id && row.in_reply_to_id === undefined)
    .map(toThread);
}

type CommentRow = Awaited<ReturnType<typeof reviewComments>>[number];

/** All of the pull request's: the list of one review leaves line and side out. */
async function reviewComments({ octokit, call }: Connection, repository: RepositoryRef, pull: number) {
  return await pages((page, size) =>
    call(`lists the review comments of #${pull} of ${named(repository)}`, () =>
      octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/comments', {
        ...at(repository),
        pull_number: pull,
        page,
        per_page: size,
      }),
    ),
  );
}

function toThread(row: CommentRow): Thread {
  return {
    id: Number(row.id),
    path: row.path,
    // Outdated comments have no line any more, but the one they were written on (G16).
    line: row.line ?? row.original_line ?? null,
    side: row.side === 'LEFT' || row.side === 'RIGHT' ? row.side : null,
    code: row.diff_hunk.split('\n').slice(-quotedLines).join('\n'),
    body: row.body,
    state: 'open',
    commit: null,
    why: null,
  };
}
