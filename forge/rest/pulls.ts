/** Pull requests: open, read, change, ask for review. */
import { carry, headRepositoryOf, isCrossRepository } from '../forks.ts';
import type { Forge } from '../forge.ts';
import { limitBody, notAdmin, notByIntegration, notFound } from '../github-error.ts';
import { may } from '../access.ts';
import type { Caller } from '../caller.ts';
import { paginate } from '../page.ts';
import type { Pull } from '../pull-rows.ts';
import {
  closePull,
  type Doer,
  emitPullEvent,
  forkPoint,
  isOpen,
  measure,
  pullNumbered,
  settleMergeable,
  touch,
} from '../pulls.ts';
import { openPull, pullRefused } from '../pulls-opening.ts';
import { renderCommit, renderFile } from '../render/commit.ts';
import { renderPull, renderPullFull } from '../render/pull.ts';
import { reads, repositoryRoute, writes, type Route } from '../route.ts';
import { row, where, type Account, type Repository } from '../state.ts';

const permission = 'pull_requests';

const create = repositoryRoute(
  'pulls/create',
  { role: 'read', level: 'write', permissions: [permission] },
  async (request) => {
    const { forge, repository, body, actor, caller } = request;
    if (body.issue !== undefined)
      throw pullRefused('custom', { message: 'issues are not turned into pull requests here' });
    if ((body.title ?? '').trim() === '') throw pullRefused('missing_field', { field: 'title' });
    limitBody('PullRequest', body.body);
    const { title = '', head, base, draft = false } = body;
    const opening = {
      title,
      body: body.body ?? null,
      head,
      headRepository: body.head_repo,
      base,
      draft,
      maintainerCanModify: body.maintainer_can_modify,
    };
    const pull = await forge
      .git(repository)
      .serially(() => openPull(forge, { actor, caller }, { repository, opening }));
    return { status: 201, body: renderPullFull(forge, pull) };
  },
);

/** `owner:branch`, as the list's `head` filter has it. */
function headFilter(forge: Forge, head: string | undefined): (pull: Pull) => boolean {
  if (head === undefined) return () => true;
  const [owner = '', branch = ''] = head.split(':');
  return (pull) => {
    const repository = headRepositoryOf(forge, pull);
    const login = repository === null ? '' : row(forge.state.accounts, repository.ownerId).login;
    return pull.headRef === branch && login.toLowerCase() === owner.toLowerCase();
  };
}

const list = repositoryRoute('pulls/list', reads(permission), (request) => {
  const { forge, repository, params } = request;
  const wanted = params.state ?? 'open';
  const isHead = headFilter(forge, params.head);
  const found = where(forge.state.pulls, (pull) => {
    if (pull.repositoryId !== repository.id) return false;
    if (wanted !== 'all' && row(forge.state.issues, pull.id).state !== wanted) return false;
    return isHead(pull) && (params.base === undefined || pull.baseRef === params.base);
  });
  const key = (pull: Pull) => {
    const issue = row(forge.state.issues, pull.id);
    return params.sort === 'updated' ? issue.updatedAt : issue.createdAt;
  };
  const ascending = (params.direction ?? (params.sort === undefined ? 'desc' : 'asc')) === 'asc' ? 1 : -1;
  const sorted = found.toSorted((a, b) => ascending * (key(a).localeCompare(key(b)) || a.number - b.number));
  const { rows, headers } = paginate(request, sorted);
  return { status: 200, headers, body: rows.map((pull) => renderPull(forge, pull)) };
});

/** Authors change their own; others need write. */
function mayChange(
  forge: Forge,
  request: { repository: Repository; caller: Caller; actor: Account; pull: Pull },
): void {
  const { repository, caller, actor, pull } = request;
  if (row(forge.state.issues, pull.id).authorId === actor.id) return;
  if (may(forge.state, caller, { repository, access: writes('write', permission) })) return;
  throw caller.kind === 'installation' ? notByIntegration('pull_requests=write') : notAdmin();
}

type Change = { title?: string | undefined; body?: string | null | undefined; base?: string | undefined };

/** Title, body and base in one `edited` webhook with what they were. */
async function edit(
  forge: Forge,
  doer: Doer,
  { pull, change }: { pull: Pull; change: Change },
): Promise<void> {
  const issue = row(forge.state.issues, pull.id);
  const changes: Record<string, unknown> = {};
  if (change.title !== undefined && change.title !== issue.title) {
    if (change.title.trim() === '') throw pullRefused('missing_field', { field: 'title' });
    changes['title'] = { from: issue.title };
    issue.title = change.title;
  }
  if (change.body !== undefined && change.body !== issue.body) {
    limitBody('PullRequest', change.body);
    changes['body'] = { from: issue.body ?? '' };
    issue.body = change.body;
  }
  if (change.base !== undefined && change.base !== pull.baseRef) {
    const base = await forge
      .git(row(forge.state.repositories, pull.repositoryId))
      .readRef(`refs/heads/${change.base}`);
    if (base === null) throw pullRefused('invalid', { field: 'base' });
    changes['base'] = { ref: { from: pull.baseRef }, sha: { from: pull.baseSha } };
    pull.baseRef = change.base;
    pull.baseSha = base.sha;
    await measure(forge, pull);
  }
  if (Object.keys(changes).length === 0) return;
  touch(forge, pull);
  emitPullEvent(forge, doer, { pull, action: 'edited', extra: { changes } });
}

async function reopen(forge: Forge, doer: Doer, pull: Pull): Promise<void> {
  const issue = row(forge.state.issues, pull.id);
  if (issue.state === 'open') return;
  if (pull.mergedAt !== null)
    throw pullRefused('custom', {
      field: 'state',
      message: 'state cannot be changed. The pull request was merged.',
    });
  const git = forge.git(row(forge.state.repositories, pull.repositoryId));
  const from = headRepositoryOf(forge, pull);
  const [head, base] = [
    from === null ? null : await forge.git(from).readRef(`refs/heads/${pull.headRef}`),
    await git.readRef(`refs/heads/${pull.baseRef}`),
  ];
  if (head === null || base === null)
    throw pullRefused('custom', {
      field: 'state',
      message: `state cannot be changed. The ${head === null ? pull.headRef : pull.baseRef} branch has been deleted.`,
    });
  if (from !== null) await carry({ from: forge.git(from), to: git, sha: head.sha });
  Object.assign(pull, { headSha: head.sha, baseSha: base.sha });
  Object.assign(issue, { state: 'open', closedAt: null, closedById: null });
  touch(forge, pull);
  await measure(forge, pull);
  emitPullEvent(forge, doer, { pull, action: 'reopened' });
}

const update = repositoryRoute(
  'pulls/update',
  { role: 'read', level: 'write', permissions: [permission] },
  async (request) => {
    const { forge, repository, body, params, actor, caller } = request;
    const pull = pullNumbered(forge, repository, params.pull_number);
    mayChange(forge, { repository, caller, actor, pull });
    const doer = { actor, caller };
    await forge.git(repository).serially(async () => {
      await edit(forge, doer, { pull, change: { title: body?.title, body: body?.body, base: body?.base } });
      if (body?.maintainer_can_modify !== undefined && isCrossRepository(pull))
        pull.maintainerCanModify = body.maintainer_can_modify;
      if (body?.state === 'closed') closePull(forge, doer, pull);
      if (body?.state === 'open') await reopen(forge, doer, pull);
    });
    return { status: 200, body: renderPullFull(forge, pull) };
  },
);

const reading: Route[] = [
  repositoryRoute('pulls/get', reads(permission), async ({ forge, repository, params }) => {
    const pull = pullNumbered(forge, repository, params.pull_number);
    if (isOpen(forge, pull)) await settleMergeable(forge, pull);
    return { status: 200, body: renderPullFull(forge, pull) };
  }),
  repositoryRoute('pulls/list-commits', reads(permission), async (request) => {
    const { forge, repository, params } = request;
    const pull = pullNumbered(forge, repository, params.pull_number);
    const commits = await forge.git(repository).log(pull.headSha, { not: await forkPoint(forge, pull) });
    const { rows, headers } = paginate(request, commits.toReversed());
    return { status: 200, headers, body: rows.map((commit) => renderCommit(forge, repository, commit)) };
  }),
  repositoryRoute('pulls/list-files', reads(permission), async (request) => {
    const { forge, repository, params } = request;
    const pull = pullNumbered(forge, repository, params.pull_number);
    const files = await forge.git(repository).changedFiles(await forkPoint(forge, pull), pull.headSha);
    const { rows, headers } = paginate(request, files);
    return {
      status: 200,
      headers,
      body: rows.map((file) => renderFile(forge, repository, { sha: pull.headSha, file })),
    };
  }),
  repositoryRoute('pulls/check-if-merged', reads(permission), ({ forge, repository, params }) => {
    if (pullNumbered(forge, repository, params.pull_number).mergedAt === null) throw notFound();
    return { status: 204 };
  }),
];

export const pullRoutes: Route[] = [create, list, update, ...reading];
