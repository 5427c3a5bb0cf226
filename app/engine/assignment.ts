/** Everything one session needs, with the finished prompt. */
import type { Assignment } from '../catalog/assignment.ts';
import type { Session } from '../domain/session.ts';
import { stuckRules } from '../domain/activity.ts';
import { unknownApp } from '../domain/authorship.ts';
import { addressedTo } from '../domain/message.ts';
import { managePrompt } from '../domain/prompt/manage.ts';
import { planPrompt } from '../domain/prompt/plan.ts';
import { reviewPrompt } from '../domain/prompt/review.ts';
import { workPrompt, type WorkInput } from '../domain/prompt/work.ts';
import { loadMessages } from '../../db/entities.ts';
import type { RepositoryRow } from '../../db/queries/runs.ts';
import { resumption } from './conversations.ts';
import type { Context } from './handler.ts';
import { policyOf } from './policy-of.ts';
import type { RunWork } from './run-work.ts';

/** A manager's session starts from the base's head, which is read from GitHub after the commit. */
export const unknownStart = '0'.repeat(40);

type Claimed = { session: Session; repository: RepositoryRow; tokens: { runner: string; agent: string } };

export async function assignmentOf(context: Context, work: RunWork, claimed: Claimed): Promise<Assignment> {
  const { session, repository, tokens } = claimed;
  const policy = policyOf(repository);
  const agent = policy.agents.find((candidate) => candidate.name === session.agent);
  const task = session.task === null ? null : (work.tasks.get(session.task) ?? null);
  const messages = (await loadMessages(context.tx, work.run.id)).filter(
    (message) => message.seenAt === null && addressedTo(message, session),
  );
  const shared = {
    run: work.run,
    repository: `${repository.owner}/${repository.name}`,
    policy,
    agent: session.agent,
  };
  const prompt =
    task === null
      ? session.kind === 'manage'
        ? managePrompt({
            ...shared,
            tasks: [...work.tasks.values()],
            questions: [...work.questions.values()],
            messages,
          })
        : planPrompt({
            ...shared,
            questions: [...work.questions.values()].filter((question) => question.task === null),
          })
      : taskPrompt(work, session, { ...shared, task, messages });
  return {
    session: session.id,
    kind: session.kind,
    repository: shared.repository,
    run: work.run.number,
    task: task === null ? null : `t${task.number}`,
    issue: work.run.issue,
    pull: task?.pull ?? null,
    agent: session.agent,
    role: session.role,
    engine: session.engine,
    model: session.model,
    command: agent?.command ?? [],
    clone_url: context.engine.github.cloneUrl(repository),
    git_token: null,
    base: work.run.base,
    branch: session.kind === 'work' ? (task?.branch ?? null) : null,
    start: task?.head ?? unknownStart,
    prompt,
    resume: await resumption(context.tx, work, { session, messages }),
    setup: policy.workspace.setup,
    setup_minutes: policy.workspace.minutes,
    minutes: policy.limits.session_minutes,
    stuck: stuckRules(policy),
    heartbeat_seconds: context.engine.ceilings.heartbeatSeconds,
    runner_token: tokens.runner,
    agent_token: tokens.agent,
    address: unknownApp,
  };
}

type OfTask = Omit<WorkInput, 'tasks' | 'reviews' | 'questions'>;

function taskPrompt(work: RunWork, session: Session, of: OfTask): string {
  const mine = <T extends { task: number | null }>(rows: ReadonlyMap<number, T>): T[] =>
    [...rows.values()].filter((row) => row.task === of.task.number);
  const input = { ...of, tasks: [...work.tasks.values()], reviews: mine(work.reviews) };
  return session.kind === 'review'
    ? reviewPrompt(input)
    : workPrompt({ ...input, questions: mine(work.questions) });
}
