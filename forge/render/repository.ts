/** A repository as GitHub shows it, to REST and in webhooks. */
import type { components } from '@octokit/openapi-types';
import { atLeast, roleOf } from '../access.ts';
import type { Forge } from '../forge.ts';
import { nodeId } from '../ids.ts';
import { row, where, type Account, type Repository, type Role } from '../state.ts';
import { apiUrl, renderUser } from './account.ts';

type Schemas = components['schemas'];
type FullRepository = Schemas['full-repository'];
/** Fits every shape in which the description shows a repository. */
export type RenderedRepository = Omit<
  FullRepository,
  'code_search_index_status' | 'template_repository' | 'permissions'
> &
  Omit<Schemas['repository'], 'permissions' | 'template_repository'> & {
    permissions?: ReturnType<typeof renderPermissions>;
  };

export function fullName(forge: Forge, repository: Repository): string {
  return `${row(forge.state.accounts, repository.ownerId).login}/${repository.name}`;
}

/** `…/api/v3/repos/o/r`, the start of everything inside it. */
export function repositoryUrl(forge: Forge, repository: Repository): string {
  return `${apiUrl(forge)}/repos/${fullName(forge, repository)}`;
}

/** `…/o/r`, its page. */
export function repositoryPage(forge: Forge, repository: Repository): string {
  return `${forge.url}/${fullName(forge, repository)}`;
}

type Urls = Pick<FullRepository, Extract<keyof FullRepository, `${string}_url`> | 'url'>;

function urlsOf(forge: Forge, repository: Repository): Urls {
  const url = repositoryUrl(forge, repository);
  const page = repositoryPage(forge, repository);
  const name = fullName(forge, repository);
  return {
    url,
    html_url: page,
    archive_url: `${url}/{archive_format}{/ref}`,
    assignees_url: `${url}/assignees{/user}`,
    blobs_url: `${url}/git/blobs{/sha}`,
    branches_url: `${url}/branches{/branch}`,
    collaborators_url: `${url}/collaborators{/collaborator}`,
    comments_url: `${url}/comments{/number}`,
    commits_url: `${url}/commits{/sha}`,
    compare_url: `${url}/compare/{base}...{head}`,
    contents_url: `${url}/contents/{+path}`,
    contributors_url: `${url}/contributors`,
    deployments_url: `${url}/deployments`,
    downloads_url: `${url}/downloads`,
    events_url: `${url}/events`,
    forks_url: `${url}/forks`,
    git_commits_url: `${url}/git/commits{/sha}`,
    git_refs_url: `${url}/git/refs{/sha}`,
    git_tags_url: `${url}/git/tags{/sha}`,
    git_url: `${page.replace(/^http/, 'git')}.git`,
    issue_comment_url: `${url}/issues/comments{/number}`,
    issue_events_url: `${url}/issues/events{/number}`,
    issues_url: `${url}/issues{/number}`,
    keys_url: `${url}/keys{/key_id}`,
    labels_url: `${url}/labels{/name}`,
    languages_url: `${url}/languages`,
    merges_url: `${url}/merges`,
    milestones_url: `${url}/milestones{/number}`,
    notifications_url: `${url}/notifications{?since,all,participating}`,
    pulls_url: `${url}/pulls{/number}`,
    releases_url: `${url}/releases{/id}`,
    ssh_url: `git@${new URL(forge.url).hostname}:${name}.git`,
    stargazers_url: `${url}/stargazers`,
    statuses_url: `${url}/statuses/{sha}`,
    subscribers_url: `${url}/subscribers`,
    subscription_url: `${url}/subscription`,
    tags_url: `${url}/tags`,
    teams_url: `${url}/teams`,
    trees_url: `${url}/git/trees{/sha}`,
    clone_url: `${page}.git`,
    mirror_url: null,
    hooks_url: `${url}/hooks`,
    svn_url: page,
  };
}

export function renderPermissions(role: Role | null) {
  return {
    admin: atLeast(role, 'admin'),
    maintain: atLeast(role, 'maintain'),
    push: atLeast(role, 'write'),
    triage: atLeast(role, 'triage'),
    pull: atLeast(role, 'read'),
  };
}

/**
 * Fits `full-repository`, `minimal-repository`, `repository` and `repository-webhooks` alike.
 *
 * @param viewer adds `permissions` as this account has them
 */
export function renderRepository(
  forge: Forge,
  repository: Repository,
  viewer: Account | null = null,
): RenderedRepository {
  const open = where(
    forge.state.issues,
    (issue) => issue.repositoryId === repository.id && issue.state === 'open',
  ).length;
  const forks = where(forge.state.repositories, (one) => one.parentId === repository.id).length;
  return {
    id: repository.id,
    node_id: nodeId('Repository', repository.id),
    name: repository.name,
    full_name: fullName(forge, repository),
    owner: renderUser(forge, row(forge.state.accounts, repository.ownerId)),
    private: repository.private,
    visibility: repository.private ? 'private' : 'public',
    description: repository.description,
    fork: repository.parentId !== null,
    ...urlsOf(forge, repository),
    homepage: null,
    language: null,
    forks_count: forks,
    forks,
    stargazers_count: 0,
    watchers_count: 0,
    watchers: 0,
    subscribers_count: 0,
    network_count: forks,
    size: 1,
    default_branch: repository.defaultBranch,
    open_issues_count: open,
    open_issues: open,
    is_template: false,
    topics: [],
    has_issues: true,
    has_projects: false,
    has_wiki: false,
    has_pages: false,
    has_discussions: false,
    has_downloads: false,
    archived: false,
    disabled: false,
    allow_forking: true,
    web_commit_signoff_required: false,
    allow_squash_merge: repository.mergeMethods.includes('squash'),
    allow_merge_commit: repository.mergeMethods.includes('merge'),
    allow_rebase_merge: repository.mergeMethods.includes('rebase'),
    allow_auto_merge: repository.allowAutoMerge,
    allow_update_branch: false,
    use_squash_pr_title_as_default: false,
    delete_branch_on_merge: repository.deleteBranchOnMerge,
    pushed_at: repository.pushedAt,
    created_at: repository.createdAt,
    updated_at: repository.updatedAt,
    license: null,
    ...(viewer === null ? {} : { permissions: renderPermissions(roleOf(forge.state, repository, viewer)) }),
  };
}
