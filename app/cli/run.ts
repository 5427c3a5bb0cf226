/** `entourage run …`, `respond`, `runner token`: the catalog's operations for people at a terminal. */
import { Command } from 'commander';
import type { z } from 'zod';
import { respondToRequest } from '../catalog/questions.ts';
import { approveRun, createRun, getRun, getRunTasks, listRuns } from '../catalog/runs.ts';
import { createRunnerToken } from '../catalog/sessions.ts';
import type { RunView, TaskView } from '../catalog/views.ts';
import { costWords, micros } from '../domain/words.ts';
import { clientOf, connected, connectionOf, type ConnectionOptions } from './connection.ts';
import { plainLine, table } from './table.ts';

export function runCommand(): Command {
  const run = new Command('run').description('Start runs, read them, approve their plans.');
  run.addCommand(create());
  run.addCommand(connected('list', 'The runs of the repository, newest first.').action(list));
  run.addCommand(of('status', 'One run: its state, tasks and cost.').action(status));
  run.addCommand(of('plan', 'The plan of a run, with what each task depends on.').action(plan));
  run.addCommand(
    of('approve', 'Approve the plan of a run; its tasks start.')
      .option('--plan-version <n>', 'the version that you read')
      .action(approve),
  );
  run.addCommand(of('tasks', 'The tasks of a run.').action(tasks));
  return run;
}

const of = (name: string, summary: string): Command =>
  connected(name, summary).argument('<run>', 'the run’s number');

type CreateOptions = ConnectionOptions & {
  intent?: string;
  template?: z.input<typeof createRun.input>['template'];
  budget?: string;
  base?: string;
  yes?: boolean;
};

function create(): Command {
  return connected('create', 'Start a run on an issue.')
    .argument('<issue>', 'the issue’s number')
    .option('--intent <text>', 'what is wanted; without it the issue’s title and body')
    .option('--template <name>', 'feature, bugfix, refactor, migration or custom')
    .option('--budget <usd>', 'what the run may cost')
    .option('--base <branch>', 'the branch to work on')
    .option('--yes', 'approve the first plan at once, where policy allows it')
    .action(async (issue: string, options: CreateOptions) => {
      const { client, repository, json } = connectionOf(options);
      const { intent, template, budget, base, yes } = options;
      const answer = await client.call(createRun, {
        repository,
        issue,
        ...(intent === undefined ? {} : { intent }),
        ...(template === undefined ? {} : { template }),
        ...(budget === undefined ? {} : { budget_usd: Number(budget) }),
        ...(base === undefined ? {} : { base }),
        yes: yes === true,
      });
      show(json, answer, runLines(answer.run));
    });
}

async function list(options: ConnectionOptions): Promise<void> {
  const { client, repository, json } = connectionOf(options);
  const answer = await client.call(listRuns, { repository });
  const rows = answer.runs.map((run) => [
    String(run.run),
    run.state,
    `${run.tasks.done}/${run.tasks.total}`,
    spent(run),
    `#${run.issue}`,
    plainLine(run.title),
  ]);
  const head = ['RUN', 'STATE', 'DONE', 'COST', 'ISSUE', 'TITLE'];
  show(json, answer, rows.length === 0 ? 'No runs yet.' : table([head, ...rows]));
}

async function status(run: string, options: ConnectionOptions): Promise<void> {
  const { client, repository, json } = connectionOf(options);
  const answer = await client.call(getRun, { repository, run });
  const now = answer.sessions.map(
    ({ task, kind, agent, doing }) => `${task ?? kind} ${plainLine(agent)}: ${plainLine(doing, 200)}`,
  );
  show(json, answer, [runLines(answer.run), ...now].join('\n'));
}

async function plan(run: string, options: ConnectionOptions): Promise<void> {
  const { client, repository, json } = connectionOf(options);
  const answer = await client.call(getRun, { repository, run });
  const proposed = answer.run.plan;
  if (proposed === null) {
    show(json, answer, `Run ${answer.run.run} has no plan yet; it is ${answer.run.state}.`);
    return;
  }
  const rows = proposed.tasks.map((task) => [
    task.task,
    task.size,
    task.depends_on.join(' ') || '–',
    plainLine(task.title),
    plainLine(task.why),
  ]);
  const lines = [
    `Plan ${proposed.version} by ${plainLine(proposed.by)}`,
    table([['TASK', 'SIZE', 'AFTER', 'TITLE', 'WHY'], ...rows]),
  ];
  if (answer.run.state === 'awaiting_approval') {
    lines.push(`\nentourage run approve ${answer.run.run} --plan-version ${proposed.version}`);
  }
  show(json, answer, lines.join('\n'));
}

async function approve(run: string, options: ConnectionOptions & { planVersion?: string }): Promise<void> {
  const { client, repository, json } = connectionOf(options);
  const version = options.planVersion === undefined ? {} : { version: options.planVersion };
  const answer = await client.call(approveRun, { repository, run, ...version });
  show(json, answer, runLines(answer.run));
}

async function tasks(run: string, options: ConnectionOptions): Promise<void> {
  const { client, repository, json } = connectionOf(options);
  const answer = await client.call(getRunTasks, { repository, run });
  const rows = answer.tasks.map(taskRow);
  show(json, answer, table([['TASK', 'STATE', 'PULL', 'AGENT', 'COST', 'TITLE'], ...rows]));
}

const taskRow = (task: TaskView): string[] => [
  task.task,
  task.state,
  task.pull === null ? '–' : `#${task.pull}`,
  task.agent ?? '–',
  spent(task),
  plainLine(task.title),
];

function runLines(run: RunView): string {
  const { total, done, moving, failed } = run.tasks;
  const lines = [
    `Run ${run.run} of #${run.issue}: ${plainLine(run.title)}`,
    `${run.state}; ${done} of ${total} tasks done, ${moving} moving, ${failed} failed; ${spent(run)} of ${dollars(run.budget_usd)}`,
  ];
  if (run.reason !== null) lines.push(plainLine(run.reason, 500));
  if (run.state === 'awaiting_approval') lines.push(`entourage run plan ${run.run}`);
  return lines.join('\n');
}

const dollars = (usd: number): string => `$${usd.toFixed(2)}`;

const spent = (view: { cost_usd: number; unpriced_tokens: number }): string =>
  costWords({ cost: micros(view.cost_usd), unpriced: view.unpriced_tokens });

function show(json: boolean, answer: unknown, words: string): void {
  console.log(json ? JSON.stringify(answer) : words);
}

export function respondCommand(): Command {
  return connected('respond', 'Answer a question that an agent asked.')
    .argument('<text>', 'the answer')
    .requiredOption('--run <n>', 'the run’s number')
    .option('--question <q>', 'the question as q2; without it the one open question')
    .action(async (text: string, options: ConnectionOptions & { run: string; question?: string }) => {
      const { client, repository, json } = connectionOf(options);
      const question = options.question === undefined ? {} : { question: options.question };
      const answer = await client.call(respondToRequest, { repository, run: options.run, text, ...question });
      const state = `${answer.question.question} of run ${answer.question.run} is ${answer.question.state}.`;
      show(json, answer, state);
    });
}

export function runnerTokenCommand(): Command {
  return connected('token', 'Make a token that registers one runner, valid for an hour.')
    .option('--group <name>', 'the runner’s group', 'default')
    .action(async (options: ConnectionOptions & { group: string }) => {
      const repository = options.repo ?? process.env['ENTOURAGE_REPOSITORY'];
      const place = repository === undefined ? {} : { repository };
      const answer = await clientOf(options).call(createRunnerToken, { ...place, group: options.group });
      show(options.json === true, answer, answer.token);
    });
}
