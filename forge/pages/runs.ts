/** Pages of Actions: the runs of a repository, one run with its jobs and their summaries, one job with its log. */
import { Hono } from 'hono';
import type { WorkflowJob, WorkflowRun } from '../check-rows.ts';
import type { Forge } from '../forge.ts';
import { fullName } from '../render/repository.ts';
import { repositoryNamed } from '../rest.ts';
import { row, where, type Repository } from '../state.ts';
import { latestJobs } from '../workflow-reruns.ts';
import { type Crumb, frame } from './frame.ts';
import { escapeHtml, renderMarkdown } from './markdown.ts';

type Place = { repository: Repository; page: string };

const crumbsOf = ({ page }: Place): Crumb[] => [
  { words: page.slice(1), href: page },
  { words: 'Issues', href: `${page}/issues` },
  { words: 'Pull requests', href: `${page}/pulls` },
  { words: 'Actions', href: `${page}/actions` },
];

function stateOf({ status, conclusion }: Pick<WorkflowRun, 'status' | 'conclusion'>): string {
  const word = conclusion ?? status;
  return `<span class="${escapeHtml(conclusion ?? 'pending')}">${escapeHtml(word.replaceAll('_', ' '))}</span>`;
}

function list(forge: Forge, place: Place): string {
  const runs = where(forge.state.workflowRuns, (run) => run.repositoryId === place.repository.id);
  const items = runs.toReversed().map((run) => {
    const { name } = row(forge.state.workflows, run.workflowId);
    const by = row(forge.state.accounts, run.actorId).login;
    return (
      `<li>${stateOf(run)} <a href="${escapeHtml(place.page)}/actions/runs/${run.id}"><strong>${escapeHtml(run.displayTitle)}</strong></a>` +
      ` <span class="muted">${escapeHtml(name)} #${run.runNumber}, ${escapeHtml(run.event)} on ${escapeHtml(run.headBranch)} by ${escapeHtml(by)}</span></li>`
    );
  });
  const body =
    items.length === 0 ? '<p class="muted">None yet.</p>' : `<ul class="rows">${items.join('')}</ul>`;
  return frame({
    title: `Actions · ${place.page.slice(1)}`,
    crumbs: crumbsOf(place),
    body: `<h1>Workflow runs</h1>${body}`,
  });
}

const summaryOf = (job: WorkflowJob, page: string): string =>
  job.summary === ''
    ? ''
    : `<article><header>${escapeHtml(job.name)} summary</header><div class="body">${renderMarkdown(job.summary, page)}</div></article>`;

function annotationsOf(forge: Forge, job: WorkflowJob): string {
  const items = row(forge.state.checkRuns, job.checkRunId).annotations.map(
    ({ annotation_level: level, message, path, start_line: line }) =>
      `<li><span class="${level}">${level}</span> ${escapeHtml(message)} <span class="muted">${escapeHtml(path)}:${line}</span></li>`,
  );
  return items.length === 0 ? '' : `<ul class="rows">${items.join('')}</ul>`;
}

function oneRun(forge: Forge, place: Place, run: WorkflowRun): string {
  const jobs = latestJobs(forge, run);
  const { name, path } = row(forge.state.workflows, run.workflowId);
  const items = jobs.map(
    (job) =>
      `<li>${stateOf(job)} <a href="${escapeHtml(place.page)}/actions/runs/${run.id}/job/${job.id}"><strong>${escapeHtml(job.name)}</strong></a> <span class="muted">attempt ${job.attempt}</span></li>`,
  );
  const body =
    `<h1>${escapeHtml(run.displayTitle)} <span class="number">#${run.runNumber}</span></h1>` +
    `<p>${stateOf(run)} <span class="muted">${escapeHtml(name)}, ${escapeHtml(path)}, attempt ${run.attempt}, ${escapeHtml(run.event)} on ${escapeHtml(run.headBranch)}</span></p>` +
    `<h2>Jobs</h2><ul class="rows">${items.join('')}</ul>` +
    jobs.map((job) => annotationsOf(forge, job) + summaryOf(job, place.page)).join('');
  return frame({ title: run.displayTitle, crumbs: crumbsOf(place), body });
}

function oneJob(forge: Forge, place: Place, { run, job }: { run: WorkflowRun; job: WorkflowJob }): string {
  const steps = job.steps.map((step) => `<li>${stateOf(step)} ${escapeHtml(step.name)}</li>`);
  const body =
    `<h1>${escapeHtml(job.name)} <span class="number"><a href="${escapeHtml(place.page)}/actions/runs/${run.id}">${escapeHtml(run.displayTitle)}</a></span></h1>` +
    `<p>${stateOf(job)} <span class="muted">${job.runner === null ? `waits for ${escapeHtml(job.labels.join(', '))}` : `on ${escapeHtml(job.runner.name)}`}, attempt ${job.attempt}</span></p>` +
    `<ul class="rows">${steps.join('')}</ul>${annotationsOf(forge, job)}${summaryOf(job, place.page)}` +
    `<h2>Log</h2><pre>${escapeHtml(job.log)}</pre>`;
  return frame({ title: `${job.name} · ${run.displayTitle}`, crumbs: crumbsOf(place), body });
}

/** Mounted at the root of the pages. */
export function runPages(forge: Forge): Hono {
  const door = new Hono();
  const placeOf = (owner: string, name: string): Place | null => {
    const repository = repositoryNamed(forge.state, owner, name);
    return repository === null ? null : { repository, page: `/${fullName(forge, repository)}` };
  };
  const runAt = (place: Place | null, id: string): WorkflowRun | null => {
    const run = forge.state.workflowRuns.get(Number(id));
    return run !== undefined && run.repositoryId === place?.repository.id ? run : null;
  };
  door.get('/:owner/:name/actions', (context) => {
    const place = placeOf(context.req.param('owner'), context.req.param('name'));
    return place === null ? context.notFound() : context.html(list(forge, place));
  });
  door.get('/:owner/:name/actions/runs/:run', (context) => {
    const place = placeOf(context.req.param('owner'), context.req.param('name'));
    const run = runAt(place, context.req.param('run'));
    return place === null || run === null ? context.notFound() : context.html(oneRun(forge, place, run));
  });
  door.get('/:owner/:name/actions/runs/:run/job/:job', (context) => {
    const place = placeOf(context.req.param('owner'), context.req.param('name'));
    const run = runAt(place, context.req.param('run'));
    const job = forge.state.workflowJobs.get(Number(context.req.param('job')));
    if (place === null || run === null || job?.runId !== run.id) return context.notFound();
    return context.html(oneJob(forge, place, { run, job }));
  });
  return door;
}
