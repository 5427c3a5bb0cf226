/** Comments and reactions on issues and pull requests. Markers count only in what our own App wrote. */
import { pages, refusedWith, type Connection } from './connection.ts';
import type { GitHub, RepositoryRef } from './port.ts';
import { at, named } from './repositories.ts';

type Verbs = Pick<GitHub, 'ensureComment' | 'comment' | 'createComment' | 'ensureReaction'>;

export function commentVerbs(connection: Connection): Verbs {
  const { octokit, call, find, login } = connection;
  const comment: Verbs['comment'] = async (repository, id) => {
    const data = await find(`reads a comment of ${named(repository)}`, () =>
      octokit.request('GET /repos/{owner}/{repo}/issues/comments/{comment_id}', {
        ...at(repository),
        comment_id: id,
      }),
    );
    return data === null ? null : { body: data.body ?? '', author: data.user?.login ?? 'ghost' };
  };
  const createComment: Verbs['createComment'] = async (repository, issue, body) => {
    const data = await call(`comments on #${issue} of ${named(repository)}`, () =>
      octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...at(repository),
        issue_number: issue,
        body,
      }),
    );
    return Number(data.id);
  };
  const found = async (
    repository: RepositoryRef,
    wanted: { issue: number; marker: string; known: number | null },
  ) => {
    const known = wanted.known === null ? null : await comment(repository, wanted.known);
    if (known !== null && wanted.known !== null) return { id: wanted.known, body: known.body };
    return await ourComment(connection, repository, { ...wanted, author: await login() });
  };
  return {
    comment,
    createComment,
    ensureComment: async (repository, wanted) => {
      const existing = await found(repository, wanted);
      if (existing === null)
        return { id: await createComment(repository, wanted.issue, wanted.body), before: null };
      if (normal(existing.body) !== normal(wanted.body)) {
        await call(`edits a comment on #${wanted.issue} of ${named(repository)}`, () =>
          octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
            ...at(repository),
            comment_id: existing.id,
            body: wanted.body,
          }),
        );
      }
      return { id: existing.id, before: existing.body };
    },
    // GitHub answers 200 instead of 201 where it is there already (G3). A comment that was deleted needs no reaction.
    ensureReaction: async (repository, target, content) => {
      try {
        await find(`reacts in ${named(repository)}`, () =>
          react(connection, repository, { target, content }),
        );
      } catch (error) {
        if (!refusedWith(error, 410)) throw error;
      }
    },
  };
}

/** GitHub keeps what browsers send; only the words count. */
const normal = (body: string): string => body.replace(/\r\n/g, '\n').trim();

type Reaction = {
  target: Parameters<GitHub['ensureReaction']>[1];
  content: Parameters<GitHub['ensureReaction']>[2];
};

async function react(
  { octokit }: Connection,
  repository: RepositoryRef,
  { target, content }: Reaction,
): Promise<{ data: unknown }> {
  return 'comment' in target
    ? await octokit.request('POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', {
        ...at(repository),
        comment_id: target.comment,
        content,
      })
    : await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/reactions', {
        ...at(repository),
        issue_number: target.issue,
        content,
      });
}

async function ourComment(
  { octokit, call }: Connection,
  repository: RepositoryRef,
  { issue, marker, author }: { issue: number; marker: string; author: string },
): Promise<{ id: number; body: string } | null> {
  const rows = await pages((page, size) =>
    call(`lists the comments of #${issue} of ${named(repository)}`, () =>
      octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...at(repository),
        issue_number: issue,
        page,
        per_page: size,
      }),
    ),
  );
  const row = rows.find(
    (candidate) =>
      candidate.user?.login === author &&
      candidate.user.type === 'Bot' &&
      (candidate.body ?? '').includes(marker),
  );
  return row === undefined ? null : { id: Number(row.id), body: row.body ?? '' };
}
