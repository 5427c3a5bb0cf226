/** Opening a pull request, from a branch of the repository or of a fork. */
import { may } from './access.ts';
import { carry, isCrossRepository, isFamily } from './forks.ts';
import type { Forge } from './forge.ts';
import { GitHubError, notAdmin, notByIntegration, validationFailed } from './github-error.ts';
import { plantIssue } from './issues.ts';
import type { Pull } from './pull-rows.ts';
import { type Doer, emitPullEvent, isOpen, measure } from './pulls.ts';
import { setPullRef } from './push-events.ts';
import { writes } from './route.ts';
import { find, row, where, type Repository } from './state.ts';

export type Opening = {
  title: string;
  body: string | null;
  /** A branch, or `owner:branch`. */
  head: string;
  /** `owner/name` of the head's repository, where the owner has several of the family. */
  headRepository: string | undefined;
  base: string;
  draft: boolean;
  maintainerCanModify: boolean | undefined;
};

/** Throws GitHub's 422 for pull requests. */
export const pullRefused = (
  code: 'invalid' | 'custom' | 'missing_field',
  details: { field?: string; message?: string },
) => validationFailed({ resource: 'PullRequest', code, ...details });

interface Head {
  repository: Repository;
  branch: string;
}

/** The repository of the family that `owner:branch` names, the base itself for a bare branch. */
function headOf(forge: Forge, base: Repository, { head, headRepository }: Opening): Head {
  const colon = head.indexOf(':');
  const branch = head.slice(colon + 1);
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
  const ownerOf = (repository: Repository): string => row(forge.state.accounts, repository.ownerId).login;
  if (colon === -1 && headRepository === undefined) return { repository: base, branch };
  const owner = colon === -1 ? headRepository?.split('/')[0] : head.slice(0, colon);
  const family = where(forge.state.repositories, (one) => isFamily(one, base));
  const repository = [base, ...family].find(
    (one) =>
      same(ownerOf(one), owner ?? '') &&
      (headRepository === undefined || same(`${ownerOf(one)}/${one.name}`, headRepository)),
  );
  if (repository === undefined) throw pullRefused('invalid', { field: 'head' });
  return { repository, branch };
}

/** Write on either side will do: a fork's owner may open one here without any right here. */
function mayOpen(forge: Forge, { caller }: Doer, repositories: Repository[]): void {
  const access = writes('write', 'pull_requests');
  if (repositories.some((repository) => may(forge.state, caller, { repository, access }))) return;
  throw caller.kind === 'installation' ? notByIntegration('pull_requests=write') : notAdmin();
}

/**
 * G10: both branches must be there, with a commit between them, and no open pull request for the pair; G11: drafts need
 * a plan that knows them. A fork's commits are brought here first. For who runs serially in the repository.
 */
export async function openPull(
  forge: Forge,
  doer: Doer,
  { repository, opening }: { repository: Repository; opening: Opening },
): Promise<Pull> {
  if (opening.draft && !repository.drafts)
    throw new GitHubError(422, 'Draft pull requests are not supported in this repository.');
  const git = forge.git(repository);
  const from = headOf(forge, repository, opening);
  mayOpen(forge, doer, [repository, from.repository]);
  const head = await forge.git(from.repository).readRef(`refs/heads/${from.branch}`);
  const base = await git.readRef(`refs/heads/${opening.base}`);
  if (head === null) throw pullRefused('invalid', { field: 'head' });
  if (base === null) throw pullRefused('invalid', { field: 'base' });
  refuseTwin(forge, { repository, from, base: opening.base });
  await carry({ from: forge.git(from.repository), to: git, sha: head.sha });
  const comparison = await git.compare(base.sha, head.sha);
  if (comparison === null)
    throw pullRefused('custom', {
      message: `The ${from.branch} branch has no history in common with ${opening.base}`,
    });
  if (comparison.ahead === 0)
    throw pullRefused('custom', { message: `No commits between ${opening.base} and ${from.branch}` });
  const { title, body } = opening;
  const issue = plantIssue(forge, doer, { repository, title, body, isPull: true });
  const pull: Pull = {
    id: issue.id,
    repositoryId: repository.id,
    number: issue.number,
    draft: opening.draft,
    headRepositoryId: from.repository.id,
    headRef: from.branch,
    headSha: head.sha,
    baseRef: opening.base,
    baseSha: base.sha,
    mergedAt: null,
    mergedById: null,
    mergeCommitSha: null,
    requestedReviewerIds: [],
    commits: 0,
    additions: 0,
    deletions: 0,
    changedFiles: 0,
    behind: false,
    pushedById: doer.actor.id,
    mergeable: null,
    maintainerCanModify: false,
    autoMerge: null,
  };
  pull.maintainerCanModify = isCrossRepository(pull) && (opening.maintainerCanModify ?? true);
  forge.state.pulls.set(pull.id, pull);
  await measure(forge, pull);
  await setPullRef(forge, pull);
  emitPullEvent(forge, doer, { pull, action: 'opened' });
  return pull;
}

function refuseTwin(
  forge: Forge,
  { repository, from, base }: { repository: Repository; from: Head; base: string },
): void {
  const twin = find(
    forge.state.pulls,
    (pull) =>
      pull.repositoryId === repository.id &&
      pull.headRepositoryId === from.repository.id &&
      pull.headRef === from.branch &&
      pull.baseRef === base &&
      isOpen(forge, pull),
  );
  if (twin === undefined) return;
  const owner = row(forge.state.accounts, from.repository.ownerId).login;
  throw pullRefused('custom', { message: `A pull request already exists for ${owner}:${from.branch}.` });
}
