/** The reviewer agent's side of a pull request: the lines that can be commented on, and our one review of a head. */
import type { PatchedFile } from '../domain/diff-lines.ts';
import { pages, refusedWith, type Connection } from './connection.ts';
import type { GitHub, RepositoryRef, ReviewContent } from './port.ts';
import { at, named } from './repositories.ts';
import { threadsOf } from './reviews.ts';

type Verbs = Pick<GitHub, 'pullFiles' | 'ensureReview'>;

/** A reviewer asks once for every remark: a head's files change no more, and few heads are read at a time. */
const remembered = 20;

export function agentReviewVerbs(connection: Connection): Verbs {
  const seen = new Map<string, Promise<readonly PatchedFile[]>>();
  return {
    pullFiles: async (repository, { pull, head }) => {
      const key = `${repository.id}/${pull}/${head}`;
      const known = seen.get(key);
      if (known !== undefined) return await known;
      const files = readFiles(connection, repository, pull);
      seen.set(key, files);
      // A failure is not remembered.
      files.catch(() => seen.delete(key));
      for (const oldest of [...seen.keys()].slice(0, Math.max(0, seen.size - remembered)))
        seen.delete(oldest);
      return await files;
    },
    ensureReview: async (repository, review) => {
      const written =
        (await ourReview(connection, repository, review)) ??
        (await createReview(connection, repository, review));
      return written === null
        ? null
        : { ...written, threads: await threadsOf(connection, repository, { pull: review.pull, ...written }) };
    },
  };
}

async function readFiles(
  { octokit, call }: Connection,
  repository: RepositoryRef,
  pull: number,
): Promise<PatchedFile[]> {
  const rows = await pages((page, size) =>
    call(`lists the files of #${pull} of ${named(repository)}`, () =>
      octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/files', {
        ...at(repository),
        pull_number: pull,
        page,
        per_page: size,
      }),
    ),
  );
  return rows.map((row) => ({ path: row.filename, patch: row.patch ?? null }));
}

type Written = { id: number; body: string };

async function ourReview(
  { octokit, call, login }: Connection,
  repository: RepositoryRef,
  { pull, marker }: ReviewContent,
): Promise<Written | null> {
  const us = await login();
  const rows = await pages((page, size) =>
    call(`lists the reviews of #${pull} of ${named(repository)}`, () =>
      octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
        ...at(repository),
        pull_number: pull,
        page,
        per_page: size,
      }),
    ),
  );
  const row = rows.find(({ user, body }) => user?.login === us && body.includes(marker));
  return row === undefined ? null : { id: Number(row.id), body: row.body };
}

/** COMMENT is all that an App may say about its own pull request (G14). */
async function createReview(
  { octokit, find }: Connection,
  repository: RepositoryRef,
  { pull, head, ...review }: ReviewContent,
): Promise<Written | null> {
  const create = async (body: string, comments: ReviewContent['comments']): Promise<Written | null> => {
    const made = await find(`reviews #${pull} of ${named(repository)}`, () =>
      octokit.request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
        ...at(repository),
        pull_number: pull,
        commit_id: head,
        event: 'COMMENT',
        body,
        ...(comments.length === 0 ? {} : { comments: [...comments] }),
      }),
    );
    return made === null ? null : { id: Number(made.id), body: made.body };
  };
  if (review.comments.length === 0) return await create(review.body, []);
  try {
    return await create(review.body, review.comments);
  } catch (error) {
    // A line that is not in the diff any more, or not as GitHub cuts it.
    if (!refusedWith(error, 422)) throw error;
    return await create(review.wholeBody, []);
  }
}
