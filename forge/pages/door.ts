/** Pages for people: repositories, issues, pull requests. Read only; people act through the API. */
import { Hono } from 'hono';
import type { Forge } from '../forge.ts';
import { fullName } from '../render/repository.ts';
import { repositoryNamed } from '../rest.ts';
import { find, row, where, type Issue, type Repository } from '../state.ts';
import { appPages } from './apps.ts';
import { renderConversation, renderLabels, renderState } from './conversation.ts';
import { frame, type Crumb } from './frame.ts';
import { escapeHtml, renderMarkdown } from './markdown.ts';
import { runPages } from './runs.ts';

const crumbsOf = (page: string): Crumb[] => [
  { words: page.slice(1), href: page },
  { words: 'Issues', href: `${page}/issues` },
  { words: 'Pull requests', href: `${page}/pulls` },
  { words: 'Actions', href: `${page}/actions` },
];

function home(forge: Forge): string {
  const items = [...forge.state.repositories.values()].map((repository) => {
    const name = escapeHtml(fullName(forge, repository));
    return `<li><a href="/${name}"><strong>${name}</strong></a> <span class="muted">${escapeHtml(repository.description ?? '')}</span></li>`;
  });
  return frame({
    title: 'forge',
    crumbs: [],
    body: `<h1>Repositories</h1><ul class="rows">${items.join('')}</ul>`,
  });
}

function forkedFrom(forge: Forge, { parentId }: Repository): string {
  const parent = parentId === null ? undefined : forge.state.repositories.get(parentId);
  if (parent === undefined) return '';
  const name = escapeHtml(fullName(forge, parent));
  return `<p class="muted">forked from <a href="/${name}">${name}</a></p>`;
}

async function overview(forge: Forge, repository: Repository, page: string): Promise<string> {
  const git = forge.git(repository);
  const entries = (await git.listTree(repository.defaultBranch)) ?? [];
  const commits = await git.log(repository.defaultBranch, { limit: 10 });
  const readme = await git.readFile(repository.defaultBranch, 'README.md');
  const files = entries
    .map(({ path, type }) => `<li>${escapeHtml(path)}${type === 'tree' ? '/' : ''}</li>`)
    .join('');
  const history = commits.map(
    ({ sha, message, author }) =>
      `<li><code>${sha.slice(0, 7)}</code> ${escapeHtml(message.split('\n')[0] ?? '')} <span class="muted">${escapeHtml(author.name)}, ${escapeHtml(author.date)}</span></li>`,
  );
  const body =
    `<h1>${escapeHtml(page.slice(1))}</h1>${forkedFrom(forge, repository)}<p class="muted">${escapeHtml(repository.description ?? '')}</p>` +
    `<ul class="rows">${files}</ul><h2>Latest on ${escapeHtml(repository.defaultBranch)}</h2><ul class="rows">${history.join('')}</ul>` +
    (readme === null
      ? ''
      : `<article><header>README.md</header><div class="body">${renderMarkdown(readme.toString(), page)}</div></article>`);
  return frame({ title: page.slice(1), crumbs: crumbsOf(page), body });
}

function list(
  forge: Forge,
  repository: Repository,
  { page, pulls }: { page: string; pulls: boolean },
): string {
  const rows = where(
    forge.state.issues,
    (issue) => issue.repositoryId === repository.id && issue.isPull === pulls,
  );
  const items = rows.toReversed().map((issue) => {
    const by = row(forge.state.accounts, issue.authorId).login;
    const href = `${page}/${pulls ? 'pull' : 'issues'}/${issue.number}`;
    return `<li>${renderState(forge, issue)} <a href="${escapeHtml(href)}"><strong>${escapeHtml(issue.title)}</strong></a>${renderLabels(forge, issue)} <span class="muted">#${issue.number} by ${escapeHtml(by)}</span></li>`;
  });
  const title = pulls ? 'Pull requests' : 'Issues';
  const body = `<h1>${title}</h1>${items.length === 0 ? '<p class="muted">None yet.</p>' : `<ul class="rows">${items.join('')}</ul>`}`;
  return frame({ title: `${title} · ${page.slice(1)}`, crumbs: crumbsOf(page), body });
}

async function conversation(
  forge: Forge,
  repository: Repository,
  { page, issue }: { page: string; issue: Issue },
): Promise<string> {
  const body = await renderConversation(forge, { repository, issue, page });
  return frame({ title: `${issue.title} · #${issue.number}`, crumbs: crumbsOf(page), body });
}

/** No page runs a script, whatever somebody wrote into an issue. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: data:";

/** Mounted behind every other door, for this machine only: pages show private repositories too. */
export function pagesDoor(forge: Forge): Hono {
  const door = new Hono();
  const repositoryAt = (owner: string, name: string): { repository: Repository; page: string } | null => {
    const repository = repositoryNamed(forge.state, owner, name);
    return repository === null ? null : { repository, page: `/${fullName(forge, repository)}` };
  };
  door.use(async (context, next) => {
    await next();
    context.header('content-security-policy', policy);
  });
  door.route('/', appPages(forge));
  door.route('/', runPages(forge));
  door.get('/', (context) => context.html(home(forge)));
  door.get('/:owner/:name', async (context) => {
    const found = repositoryAt(context.req.param('owner'), context.req.param('name'));
    return found === null
      ? context.notFound()
      : context.html(await overview(forge, found.repository, found.page));
  });
  for (const kind of ['issues', 'pulls'])
    door.get(`/:owner/:name/${kind}`, (context) => {
      const found = repositoryAt(context.req.param('owner'), context.req.param('name'));
      if (found === null) return context.notFound();
      return context.html(list(forge, found.repository, { page: found.page, pulls: kind === 'pulls' }));
    });
  for (const kind of ['issues', 'pull'])
    door.get(`/:owner/:name/${kind}/:number`, async (context) => {
      const found = repositoryAt(context.req.param('owner'), context.req.param('name'));
      const number = Number(context.req.param('number'));
      const fits = (issue: Issue): boolean =>
        issue.repositoryId === found?.repository.id && issue.number === number;
      const issue = find(forge.state.issues, fits);
      if (found === null || issue === undefined) return context.notFound();
      const right = issue.isPull ? 'pull' : 'issues';
      if (kind !== right) return context.redirect(`${found.page}/${right}/${number}`);
      return context.html(await conversation(forge, found.repository, { page: found.page, issue }));
    });
  return door;
}
