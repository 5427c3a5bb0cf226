/** An issue or pull request as a page: what was said, and for a pull request its checks and its diff. */
import { headRepositoryOf, isCrossRepository } from '../forks.ts';
import type { Forge } from '../forge.ts';
import type { ChangedFile } from '../git/repository.ts';
import { entriesOf, entryOf } from '../merge-entries.ts';
import { latestChecks } from '../merge-state.ts';
import type { Pull, Review } from '../pull-rows.ts';
import { repositoryOf } from '../pulls.ts';
import { commentsOf, threadsOf } from '../review-threads.ts';
import { row, where, type Account, type Issue, type Repository } from '../state.ts';
import { escapeHtml, renderMarkdown } from './markdown.ts';

const face = (account: Account): string =>
  `<img class="face" alt="" src="/_forge/avatars/${account.id}"><strong>${escapeHtml(account.login)}</strong>`;

interface Said {
  by: Account;
  at: string;
  verb: string;
  body: string;
  anchor: string;
}

function renderSaid({ by, at, verb, body, anchor }: Said, page: string): string {
  const text = body === '' ? '<p class="muted">No description.</p>' : renderMarkdown(body, page);
  return (
    `<article id="${anchor}"><header>${face(by)} <span class="muted">${verb} <time datetime="${at}">${at.replace('T', ' ').replace('Z', '')}</time></span></header>` +
    `<div class="body">${text}</div></article>`
  );
}

const reviewVerbs: Record<Review['state'], string> = {
  APPROVED: 'approved',
  CHANGES_REQUESTED: 'requested changes',
  COMMENTED: 'reviewed',
  DISMISSED: 'reviewed (dismissed)',
  PENDING: 'is reviewing',
};

function saidOf(forge: Forge, issue: Issue): Said[] {
  const { state } = forge;
  const comments = where(state.comments, ({ issueId }) => issueId === issue.id).map((comment) => ({
    by: row(state.accounts, comment.authorId),
    at: comment.createdAt,
    verb: comment.updatedAt === comment.createdAt ? 'commented' : 'commented, edited',
    body: comment.body,
    anchor: `issuecomment-${comment.id}`,
  }));
  const reviews = where(
    state.reviews,
    (review) => review.pullId === issue.id && review.state !== 'PENDING',
  ).map((review) => ({
    by: row(state.accounts, review.authorId),
    at: review.submittedAt ?? review.updatedAt,
    verb: reviewVerbs[review.state],
    body: review.body,
    anchor: `pullrequestreview-${review.id}`,
  }));
  return [...comments, ...reviews].toSorted((a, b) => a.at.localeCompare(b.at));
}

function stateOf(forge: Forge, issue: Issue): { word: string; kind: string } {
  const pull = forge.state.pulls.get(issue.id);
  if (pull !== undefined && pull.mergedAt !== null) return { word: 'Merged', kind: 'merged' };
  if (issue.state === 'closed')
    return { word: 'Closed', kind: issue.stateReason === 'completed' ? 'completed' : 'closed' };
  return pull?.draft === true ? { word: 'Draft', kind: 'draft' } : { word: 'Open', kind: 'open' };
}

export function renderState(forge: Forge, issue: Issue): string {
  const { word, kind } = stateOf(forge, issue);
  return `<span class="state ${kind}">${word}</span>`;
}

export function renderLabels(forge: Forge, issue: Issue): string {
  return issue.labelIds
    .map((id) => `<span class="label">${escapeHtml(row(forge.state.labels, id).name)}</span>`)
    .join('');
}

function renderChecks(forge: Forge, pull: Pull): string {
  const checks = latestChecks(forge, pull.repositoryId, pull.headSha);
  if (checks.length === 0) return '<p class="muted">No checks ran on this commit.</p>';
  const items = checks.map((check) => {
    const outcome = check.conclusion ?? 'pending';
    const words = [check.title, check.summary].filter((part) => part !== null && part !== '').join(': ');
    return `<li><strong class="${escapeHtml(outcome)}">${escapeHtml(check.conclusion ?? check.status)}</strong> ${escapeHtml(check.name)} <span class="muted">${escapeHtml(words.slice(0, 200))}</span></li>`;
  });
  return `<ul class="rows">${items.join('')}</ul>`;
}

function renderDiff(file: ChangedFile): string {
  const kinds: Record<string, string> = { '+': 'added', '-': 'removed', '@': 'hunk' };
  const lines = (file.patch ?? 'Binary file, or nothing but a new name or mode')
    .split('\n')
    .map((line) => `<span class="${kinds[line.charAt(0)] ?? ''}">${escapeHtml(line) || ' '}</span>`);
  return (
    `<article><header><strong>${escapeHtml(file.filename)}</strong> <span class="muted">${file.status} +${file.additions} −${file.deletions}</span></header>` +
    `<div class="diff">${lines.join('')}</div></article>`
  );
}

function renderThreads(forge: Forge, { pull, page }: { pull: Pull; page: string }): string {
  return threadsOf(forge, pull)
    .map((thread) => {
      const comments = commentsOf(forge, thread);
      const [first] = comments;
      const where_ = `${first?.path ?? ''}${first?.line === null ? ' (outdated)' : `:${first?.line ?? ''}`}`;
      const said = comments.map((comment) =>
        renderSaid(
          {
            by: row(forge.state.accounts, comment.authorId),
            at: comment.createdAt,
            verb: 'commented',
            body: comment.body,
            anchor: `discussion_r${comment.id}`,
          },
          page,
        ),
      );
      const resolved = thread.resolvedById === null ? '' : ' · resolved';
      return `<h3><code>${escapeHtml(where_)}</code><span class="muted">${resolved}</span></h3>${said.join('')}`;
    })
    .join('');
}

function renderQueue(forge: Forge, pull: Pull): string {
  const entry = entryOf(forge, pull);
  if (entry === null) return '';
  const queue = { repository: repositoryOf(forge, pull), baseRef: entry.baseRef };
  const position = entriesOf(forge, queue).findIndex(({ id }) => id === entry.id) + 1;
  return `<p>In the merge queue of <code>${escapeHtml(entry.baseRef)}</code>, position ${position}.</p>`;
}

/** The head's branch, with its owner when it lies in a fork. */
function headOf(forge: Forge, pull: Pull): string {
  if (!isCrossRepository(pull)) return pull.headRef;
  const source = headRepositoryOf(forge, pull);
  const owner = source === null ? 'a fork that is gone' : row(forge.state.accounts, source.ownerId).login;
  return `${owner}:${pull.headRef}`;
}

/** The body of an issue's or pull request's page. */
export async function renderConversation(
  forge: Forge,
  { repository, issue, page }: { repository: Repository; issue: Issue; page: string },
): Promise<string> {
  const opened = {
    by: row(forge.state.accounts, issue.authorId),
    at: issue.createdAt,
    verb: 'opened this',
    body: issue.body ?? '',
    anchor: 'top',
  };
  const said = [opened, ...saidOf(forge, issue)].map((part) => renderSaid(part, page)).join('');
  const head = `<h1>${escapeHtml(issue.title)} <span class="number">#${issue.number}</span></h1><p>${renderState(forge, issue)}${renderLabels(forge, issue)}</p>`;
  const pull = forge.state.pulls.get(issue.id);
  if (pull === undefined) return head + said;
  const files = (await forge.git(repository).compare(pull.baseSha, pull.headSha))?.files ?? [];
  const branches = `<p><code>${escapeHtml(headOf(forge, pull))}</code> into <code>${escapeHtml(pull.baseRef)}</code> <span class="muted">at ${pull.headSha.slice(0, 7)}</span></p>`;
  return (
    `${head}${branches}${renderQueue(forge, pull)}${said}${renderThreads(forge, { pull, page })}` +
    `<h2>Checks</h2>${renderChecks(forge, pull)}<h2>Files</h2>${files.map(renderDiff).join('')}`
  );
}
