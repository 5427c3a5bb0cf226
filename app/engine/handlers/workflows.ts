/** Handlers of sessions on GitHub Actions: what the dispatch found out, and the exchange that gives a job its session. */
import { workflowPath } from '../../domain/workflow.ts';
import { decided } from '../../domain/decision.ts';
import { isRejection, reject, type Rejection } from '../../domain/rejection.ts';
import { decide as decideRun } from '../../domain/run-rules.ts';
import { decide } from '../../domain/session-rules.ts';
import { sessionOnActions, waitsForJob, type Session } from '../../domain/session.ts';
import { judgeWorkflow } from '../../domain/workflow-end.ts';
import { repositoryById, type RepositoryRow } from '../../../db/queries/runs.ts';
import { upsertRepository } from '../../../db/queries/registry.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { dropLease, sessionRun, setLease } from '../../../db/queries/sessions.ts';
import type { WorkflowClaims } from '../caller.ts';
import { commit } from '../commit.ts';
import { completeAssignment, handOver, later } from '../hand-over.ts';
import type { Context, Engine, Handlers } from '../handler.ts';
import { policyOf } from '../policy-of.ts';
import { found, type Found } from './on-task.ts';
import { openRun, type RunWork } from '../run-work.ts';

type At = { work: RunWork; session: Session };

/** The session under its run's lock, while it lives. */
async function liveSession(context: Context, id: string): Promise<At | Rejection> {
  const run = await sessionRun(context.tx, context.caller.installation, id);
  const work = run === null ? null : await openRun(context.tx, run, { now: context.now });
  if (work === null)
    return reject('not_found', `There is no session ${id} here.`, {
      help: 'Does the workflow name the App that started it (`url`)?',
    });
  const session = work.sessions.get(id);
  return session === undefined
    ? reject('session_ended', 'This session ended already; there is nothing to do any more.')
    : { work, session };
}

export const recordLaunch: Handlers['record_launch'] = {
  async handle(context, input) {
    const at = await liveSession(context, input.session);
    if (isRejection(at)) return at;
    const decision = decide(at.session, { type: 'record_launch', workflowRun: input.workflow_run });
    const rejection = await commit(context, at.work, decision);
    if (rejection !== null) return rejection;
    // A job that took the session meanwhile has a lease of its own.
    if (at.session.state === 'queued')
      await setLease(context.tx, {
        installation: at.work.installation,
        session: at.session.id,
        until: later(context.now, context.engine.ceilings.startSeconds),
        activity: 'waits for a GitHub runner',
      });
    return found(true);
  },
};

/** As things are set up nobody can work there: the run waits for a person, and no attempt is used up. A plan falls to a template. */
async function waitForPerson(
  context: Context,
  { work, session }: At,
  end: { reason: string; own: boolean },
): Promise<Found> {
  const paused = decideRun(work.run, { type: 'pause_run', reason: end.reason });
  const ended = decide(session, {
    type: 'end_session',
    outcome: session.kind === 'plan' ? 'failed' : 'stopped',
    ...end,
  });
  if (isRejection(ended)) return ended;
  // The pause keeps what the end sets free from being started again at once. A run that plans is not paused.
  const rejection = await commit(context, work, [...decided(paused), ...ended]);
  return rejection ?? found(true);
}

export const recordLaunchRefused: Handlers['record_launch_refused'] = {
  async handle(context, input) {
    const at = await liveSession(context, input.session);
    if (isRejection(at)) return at;
    if (at.session.state !== 'queued') return found(false);
    return await waitForPerson(context, at, { reason: input.reason, own: true });
  },
};

export const recordWorkflowRun: Handlers['record_workflow_run'] = {
  async handle(context, input) {
    const at = await liveSession(context, input.session);
    if (isRejection(at)) return at;
    const { work, session } = at;
    const known = session.workflowRun;
    const { id, attempt } = input.workflow_run;
    const other = known !== null && (known.id !== id || known.attempt > attempt);
    if (other || !sessionOnActions(session)) return found(false);
    const repository = await repositoryById(context.tx, work.installation, work.run.repository);
    if (repository === null) return found(false);
    const age = (Date.parse(context.now) - Date.parse(input.created_at)) / 60_000;
    const { setUp, ...end } = judgeWorkflow(
      {
        conclusion: input.conclusion,
        step: input.step,
        minutes: input.minutes,
        age,
        url: input.workflow_run.url,
      },
      {
        taken: session.boundAt !== null,
        tried: session.task !== null && (work.tasks.get(session.task)?.attempts ?? 0) > 0,
        limit: policyOf(repository).limits.session_minutes,
      },
    );
    if (setUp) return await waitForPerson(context, at, { reason: end.reason, own: true });
    const rejection = await commit(
      context,
      work,
      decide(session, { type: 'end_session', ...end, own: true }),
    );
    return rejection ?? found(true);
  },
};

/** How often a workflow is dispatched for one session before it counts as lost. */
const mostLaunches = 2;

export const recordWorkflowMissing: Handlers['record_workflow_missing'] = {
  async handle(context, input) {
    const at = await liveSession(context, input.session);
    if (isRejection(at)) return at;
    const { work, session } = at;
    if (!sessionOnActions(session)) return found(false);
    const again = waitsForJob(session) && session.launches < mostLaunches;
    if (again) await dropLease(context.tx, work.installation, session.id);
    const reason =
      session.boundAt === null
        ? 'GitHub has no workflow run for it'
        : 'its workflow run was deleted on GitHub';
    const decision = again
      ? decide(session, { type: 'requeue_session', place: 'actions', reason })
      : decide(session, { type: 'end_session', outcome: 'lost', reason, own: true });
    return (await commit(context, work, decision)) ?? found(true);
  },
};

export const exchangeSession: Handlers['exchange_session'] = {
  prepare: async (engine, { caller }, input) => {
    const { installation, workflow: claims } = caller;
    const repository = claims === undefined ? null : await currentNames(engine, installation, claims);
    // A GitHub that is away must be met before the session is bound: a job has only one exchange. The token is kept for the answer.
    if (claims !== undefined && repository !== null && refuseClaims(claims, repository) === null)
      await Promise.all([engine.github.readToken(installation, repository), engine.github.login()]);
    return { input };
  },
  async handle(context, input) {
    const claims = context.caller.workflow;
    if (claims === undefined)
      return reject('not_permitted', 'Only a job of GitHub Actions exchanges its token for a session.');
    const at = await liveSession(context, input.session);
    if (isRejection(at)) return at;
    const { work, session } = at;
    const repository = await repositoryById(context.tx, work.installation, work.run.repository);
    if (repository === null)
      return reject('not_permitted', 'The App is not installed on this repository any more.');
    const foreign = refuseClaims(claims, repository);
    if (foreign !== null) return foreign;
    const branch = session.task === null ? '' : (work.tasks.get(session.task)?.branch ?? null);
    if (branch === null) return reject('wrong_state', 'This session has no branch to work on yet.');
    const { id, attempt } = claims.run;
    const url = `${context.engine.github.cloneUrl(repository).replace(/\.git$/, '')}/actions/runs/${id}`;
    const rejection = await commit(
      context,
      work,
      decide(session, { type: 'bind_session', workflowRun: { id, attempt, url } }),
    );
    if (rejection !== null) return rejection;
    return { output: { assignment: await handOver(context, work, { session, repository }) } };
  },
  finish: async (engine, caller, { assignment }) => ({
    assignment: await completeAssignment(engine, caller.installation, assignment),
  }),
};

/** A rename whose webhook was lost: what the token says is compared with what GitHub says now. */
async function currentNames(
  engine: Engine,
  installation: number,
  claims: WorkflowClaims,
): Promise<RepositoryRow | null> {
  const known = await inTransaction(
    engine.db,
    { installation },
    async (tx) => await repositoryById(tx, installation, claims.repositoryId),
  );
  if (known === null || refuseClaims(claims, known) === null) return known;
  const now = await engine.github.repository(installation, known);
  if (now === null) return known;
  await inTransaction(engine.db, { installation }, async (tx) => {
    await upsertRepository(tx, { ...now, id: known.id, installation, removed: false });
  });
  return { ...known, ...now };
}

/** G34: ids decide, because a name can be taken by somebody else; names must be GitHub's current ones. Never `sub`. */
function refuseClaims(claims: WorkflowClaims, repository: RepositoryRow): Rejection | null {
  const name = `${repository.owner}/${repository.name}`;
  const branch = `refs/heads/${repository.defaultBranch}`;
  const file = `${name}/${workflowPath}@${branch}`;
  const refuse = (what: string, is: string, expected: string): Rejection =>
    reject('not_permitted', `This token’s ${what} is ${is}; this session wants ${expected}.`);
  if (claims.repositoryId !== repository.id) return refuse('repository', claims.repository, name);
  if (claims.ownerId !== repository.ownerId)
    return refuse(
      'repository owner',
      `account ${claims.ownerId}`,
      `account ${repository.ownerId ?? 'unknown'}`,
    );
  if (claims.event !== 'workflow_dispatch') return refuse('event', claims.event, 'workflow_dispatch');
  if (claims.ref !== branch) return refuse('branch', claims.ref, branch);
  if (!same(claims.workflowRef, file)) return refuse('workflow', claims.workflowRef, file);
  if (!same(claims.jobWorkflowRef, file)) return refuse('job’s workflow', claims.jobWorkflowRef, file);
  return null;
}

/** Names of owners and repositories have no case on GitHub; of branches and paths they have. */
function same(claimed: string, expected: string): boolean {
  const split = (text: string): [string, string] => {
    const [owner = '', name = '', ...rest] = text.split('/');
    return [`${owner}/${name}`.toLowerCase(), rest.join('/')];
  };
  const [name, path] = split(claimed);
  const [expectedName, expectedPath] = split(expected);
  return name === expectedName && path === expectedPath;
}
