/** Names of commits: resolve, list, create, move, delete. */
import { type Git, GitError, gitText } from './command.ts';

export type Ref = { ref: string; sha: string; type: 'commit' | 'tag' | 'blob' | 'tree' };

/** What a move of a ref came to; the caller turns it into GitHub's answer. */
export type RefChange = 'done' | 'exists' | 'missing' | 'not_fast_forward' | 'invalid';

const fullSha = /^[0-9a-f]{40}$/;
// git check-ref-format, tightened: these characters would also be revision syntax or break a line protocol.
// eslint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^[/-]|[/.]$|\.lock(\/|$)|(^|\/)\./;

/** Whether text may be a ref, a branch or a sha, and nothing cleverer. */
function isPlainName(name: string): boolean {
  return name !== '' && name !== '@' && !forbidden.test(name);
}

/**
 * The commit that a sha, `HEAD`, branch, tag, `heads/x` or `refs/heads/x` names (in that order), else null.
 * Revision syntax (`main~1`, `:/text`) is not accepted: callers hand in what came over HTTP.
 */
export async function resolveCommit(git: Git, name: string): Promise<string | null> {
  if (!isPlainName(name)) return null;
  const candidates = name.startsWith('refs/')
    ? [name]
    : [`refs/heads/${name}`, `refs/tags/${name}`, `refs/${name}`];
  if (name === 'HEAD' || /^[0-9a-f]{7,40}$/.test(name)) candidates.unshift(name);
  const input = candidates.map((candidate) => `${candidate}^{commit}\n`).join('');
  const text = await gitText(git, ['cat-file', '--batch-check=%(objectname)'], { input });
  return text.split('\n').find((line) => fullSha.test(line)) ?? null;
}

/** Sha of the tree that a tree's or commit's sha, or a commit's name, stands for; null when nothing does. */
export async function resolveTree(git: Git, name: string): Promise<string | null> {
  const start = fullSha.test(name) ? name : await resolveCommit(git, name);
  if (start === null) return null;
  const input = `${start}^{tree}\n`;
  const text = await gitText(git, ['cat-file', '--batch-check=%(objectname)'], { input });
  return fullSha.test(text) ? text : null;
}

/** Refs below a prefix such as `refs/heads/`; with `exact` only the one of that very name. */
export async function listRefs(git: Git, prefix: string): Promise<Ref[]> {
  const text = await gitText(git, ['for-each-ref', '--format=%(refname)%00%(objectname)%00%(objecttype)']);
  return parseRefs(text).filter(({ ref }) => ref.startsWith(prefix));
}

function parseRefs(text: string): Ref[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [ref = '', sha = '', type = ''] = line.split('\0');
      return { ref, sha, type: type as Ref['type'] };
    });
}

/** Refs below a prefix that contain a commit, at most `limit`. */
export async function refsWith(
  git: Git,
  sha: string,
  { prefix, limit }: { prefix: string; limit: number },
): Promise<Ref[]> {
  const format = '--format=%(refname)%00%(objectname)%00%(objecttype)';
  return parseRefs(
    await gitText(git, ['for-each-ref', format, `--count=${limit}`, `--contains=${sha}`, prefix]),
  );
}

/** The ref of that full name, or null. */
export async function readRef(git: Git, ref: string): Promise<Ref | null> {
  const refs = await listRefs(git, ref);
  return refs.find((candidate) => candidate.ref === ref) ?? null;
}

/** Makes `refs/…` at a commit that exists. */
export async function createRef(git: Git, ref: string, sha: string): Promise<RefChange> {
  if (!ref.startsWith('refs/') || !isPlainName(ref) || ref.split('/').length < 3) return 'invalid';
  if ((await resolveCommit(git, sha)) === null) return 'missing';
  return moveRef(git, { ref, sha, before: '0'.repeat(40), otherwise: 'exists' });
}

/** Moves `refs/…`; without `force` only forward. */
export async function updateRef(
  git: Git,
  ref: string,
  target: { sha: string; force?: boolean; before?: string },
): Promise<RefChange> {
  const present = await readRef(git, ref);
  if (present === null || (await resolveCommit(git, target.sha)) === null) return 'missing';
  if (target.before !== undefined && target.before !== present.sha) return 'not_fast_forward';
  if (target.force !== true && !(await isAncestor(git, present.sha, target.sha))) return 'not_fast_forward';
  return moveRef(git, { ref, sha: target.sha, before: present.sha, otherwise: 'not_fast_forward' });
}

async function moveRef(
  git: Git,
  move: { ref: string; sha: string; before: string; otherwise: RefChange },
): Promise<RefChange> {
  try {
    await git(['update-ref', '--no-deref', move.ref, move.sha, move.before]);
    return 'done';
  } catch (error) {
    // The compare-and-swap lost, or a ref such as `a` stands in the way of `a/b`.
    if (error instanceof GitError && error.exitCode === 128) return move.otherwise;
    throw error;
  }
}

export async function deleteRef(git: Git, ref: string): Promise<RefChange> {
  const present = await readRef(git, ref);
  if (present === null) return 'missing';
  await git(['update-ref', '--no-deref', '-d', ref, present.sha]);
  return 'done';
}

/** Whether `ancestor` is reachable from `sha` (a commit is its own ancestor). */
export async function isAncestor(git: Git, ancestor: string, sha: string): Promise<boolean> {
  return (await git(['merge-base', '--is-ancestor', ancestor, sha], { answers: [1] })).code === 0;
}
