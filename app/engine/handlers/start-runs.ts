/** Handlers that start runs: from an issue's intent, or one prompt for one agent. */
import { notManaged } from '../../domain/managing.ts';
import type { Plan } from '../../domain/plan.ts';
import { priorityOf } from '../../domain/priority.ts';
import { isRejection, reject, type Rejection } from '../../domain/rejection.ts';
import type { Run } from '../../domain/run.ts';
import { guessTemplate } from '../../domain/templates.ts';
import { micros } from '../../domain/words.ts';
import { nextRunNumber, repositoryById, type RepositoryRow } from '../../../db/queries/runs.ts';
import { commit } from '../commit.ts';
import { mustBeEngineers } from '../engineers.ts';
import type { Context, Engine, Handlers } from '../handler.ts';
import { policyOf } from '../policy-of.ts';
import { ensurePolicy } from '../policy-source.ts';
import { newRun, type RunWork } from '../run-work.ts';
import { runOutput } from '../views.ts';

type Start = {
  issue: number;
  title: string;
  intent: string;
  template: Run['template'];
  labels: readonly string[];
  budgetUsd?: number | undefined;
  maxParallel?: number | undefined;
  base?: string | undefined;
  yes: boolean;
};

export const createRun: Handlers['create_run'] = {
  async prepare(engine, { repository }, input) {
    const refusal = await prepare(engine, repository, input.base);
    if (refusal !== null) return refusal;
    if (input.title !== undefined || repository === null) return { input };
    const issue = await engine.github.issue(repository.installation, repository, input.issue);
    if (issue === null)
      return reject(
        'not_found',
        `There is no issue #${input.issue} in ${repository.owner}/${repository.name}.`,
      );
    const words = `${issue.title}\n\n${issue.body}`.trim().slice(0, 20_000);
    return {
      input: {
        ...input,
        title: oneLine(issue.title),
        intent: input.intent ?? words,
        labels: input.labels.length > 0 ? input.labels : issue.labels,
      },
    };
  },
  async handle(context, input) {
    const title = input.title ?? input.intent ?? '';
    if (title === '')
      return reject('invalid_input', 'A run needs an intent or a title.', {
        help: 'Write `/entourage run <what you want>`.',
      });
    const intent = input.intent ?? title;
    const start: Start = {
      issue: input.issue,
      title,
      intent,
      labels: input.labels,
      template: input.template ?? guessTemplate(input.labels, `${title}\n${intent}`),
      budgetUsd: input.budget_usd,
      maxParallel: input.max_parallel,
      base: input.base,
      yes: input.yes,
    };
    const work = await begin(context, start);
    if (isRejection(work)) return work;
    const rejection = await commit(context, work, [
      { type: 'run_created', run: work.run },
      { type: 'planning_started' },
    ]);
    return rejection ?? runOutput(context, work);
  },
};

export const dispatch: Handlers['dispatch'] = {
  async prepare(engine, { repository }, input) {
    return (await prepare(engine, repository, undefined)) ?? { input };
  },
  async handle(context, input) {
    const title = oneLine(input.title ?? input.prompt);
    const { repository } = context;
    const wrong = repository === null ? null : mustBeEngineers(policyOf(repository), [input.agent ?? null]);
    if (wrong !== null) return wrong;
    const work = await begin(context, {
      issue: input.issue,
      title,
      intent: input.prompt,
      template: 'custom',
      labels: input.labels,
      yes: true,
    });
    if (isRejection(work)) return work;
    const plan: Plan = {
      tasks: [
        {
          title,
          why: '',
          description: input.prompt.slice(0, 8_000),
          acceptance: [],
          size: 'M',
          priority: 'medium',
          role: 'engineer',
          capabilities: [],
          files: [],
          agent: input.agent ?? null,
          depends_on: [],
        },
      ],
      by: 'dispatch',
      source: 'dispatch',
      note: '',
    };
    const rejection = await commit(context, work, [
      { type: 'run_created', run: work.run },
      { type: 'planning_started' },
      { type: 'plan_proposed', version: 1, plan },
      { type: 'run_approved', version: 1, by: work.run.requester },
    ]);
    return rejection ?? runOutput(context, work);
  },
};

/** The policy binds a run from its first moment, so it must be known; a plan could not begin on a branch that is not there. */
async function prepare(
  engine: Engine,
  repository: RepositoryRow | null,
  base: string | undefined,
): Promise<Rejection | null> {
  if (repository === null) return null;
  await ensurePolicy(engine, repository);
  if (base === undefined || (await engine.github.head(repository.installation, repository, base)) !== null)
    return null;
  return reject('not_found', `${repository.owner}/${repository.name} has no branch ${base}.`, {
    help: 'Push it first, or leave `--base` out for the default branch.',
  });
}

const oneLine = (text: string): string =>
  (text.split('\n').find((line) => line.trim() !== '') ?? text)
    .replaceAll(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, 100) || 'Task';

/** A new run in draft, within the ceilings: a request may lower the policy's limits, never raise them. */
async function begin(context: Context, start: Start): Promise<RunWork | Rejection> {
  const { engine, caller, tx } = context;
  if (context.repository === null)
    return reject('invalid_input', 'A run needs a repository.', { help: 'Give `repository` as owner/name.' });
  if (caller.actor.kind !== 'person') return reject('not_permitted', 'Only a person starts a run.');
  const repository = await repositoryById(tx, caller.installation, context.repository.id);
  if (repository === null)
    return reject('not_found', 'The App is not installed on this repository any more.');
  const policy = policyOf(repository);
  const cap = Math.min(micros(policy.budget.run_usd), engine.ceilings.runBudget);
  const run: Run = {
    id: engine.uuid(),
    installation: caller.installation,
    repository: repository.id,
    number: await nextRunNumber(tx, caller.installation, repository.id),
    issue: start.issue,
    intent: start.intent,
    title: oneLine(start.title),
    template: start.template,
    priority: priorityOf(start.labels),
    state: 'draft',
    requester: caller.actor.login,
    base:
      start.base ?? (policy.branches.base === 'default' ? repository.defaultBranch : policy.branches.base),
    budget: Math.min(start.budgetUsd === undefined ? cap : micros(start.budgetUsd), cap),
    maxParallel: Math.min(start.maxParallel ?? policy.limits.max_parallel, policy.limits.max_parallel),
    autoApprove: start.yes,
    plan: null,
    planVersion: 0,
    feedback: null,
    planner: null,
    contracts: [],
    approvedBy: null,
    approvedAt: null,
    tasks: { total: 0, done: 0, cancelled: 0, failed: 0, moving: 0 },
    cost: 0,
    unpriced: 0,
    managing: notManaged,
    summary: null,
    reason: null,
    createdAt: context.now,
    endedAt: null,
  };
  return newRun(tx, run);
}
