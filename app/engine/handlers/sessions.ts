/** Handlers of runners: register, claim, heartbeat, hand over work, end. */
import { spend } from '../../domain/budget.ts';
import { isRejection, reject, type Rejection } from '../../domain/rejection.ts';
import { decide } from '../../domain/session-rules.ts';
import type { Session, Usage } from '../../domain/session.ts';
import { addBundle, bundleById } from '../../../db/queries/bundles.ts';
import { addJobs } from '../../../db/jobs.ts';
import { repositoryById } from '../../../db/queries/runs.ts';
import {
  addRunner,
  addRunnerToken,
  markWarned,
  nextQueued,
  setLease,
  useRunnerToken,
} from '../../../db/queries/sessions.ts';
import { defaultPolicy, type Policy } from '../../domain/policy.ts';
import { claimKey, runKey } from '../bell.ts';
import { commit } from '../commit.ts';
import { completeAssignment, handOver, later } from '../hand-over.ts';
import type { Context, Handlers } from '../handler.ts';
import { callingSession, locateRun } from '../locate.ts';
import { messageNotice } from '../message-notice.ts';
import { policyOf } from '../policy-of.ts';
import { spokeLongAgo } from '../review-sessions.ts';
import { capsOf } from '../money.ts';
import { openRun, type RunWork } from '../run-work.ts';
import { hashSecret } from '../secret.ts';
import { whySuspend } from '../suspending.ts';

export const createRunnerToken: Handlers['create_runner_token'] = {
  async handle({ engine, tx, caller, now }, input) {
    const token = engine.secret('ent_registration');
    const expires = later(now, 3600);
    const by = caller.actor.kind === 'person' ? caller.actor.login : 'entourage';
    await addRunnerToken(tx, {
      hash: hashSecret(token),
      installation: caller.installation,
      group: input.group,
      by,
      expires,
    });
    return { output: { token, expires_at: expires } };
  },
};

export const registerRunner: Handlers['register_runner'] = {
  async handle({ engine, tx, caller, now }, input) {
    const { registration, installation } = caller;
    if (registration === undefined)
      return reject('not_permitted', 'Registering needs a registration token.', {
        help: '`entourage app runner-token` makes one, beside the App.',
      });
    if (!(await useRunnerToken(tx, { hash: registration, installation, now })))
      return reject('not_authenticated', 'This registration token was used already.', {
        help: '`entourage app runner-token` makes another: each registers one runner.',
      });
    const token = engine.secret('ent_runner');
    const id = engine.uuid();
    await addRunner(tx, {
      id,
      installation,
      name: input.name,
      group: caller.group ?? anyRunner,
      hash: hashSecret(token),
    });
    return { output: { runner: id, token } };
  },
};

export const claimSession: Handlers['claim_session'] = {
  async handle(context, input) {
    const { caller, tx } = context;
    if (caller.actor.kind !== 'runner' || caller.session !== undefined || caller.registration !== undefined)
      return reject('not_permitted', 'Only a registered runner claims sessions.', {
        help: 'Register first, and call with the credential that comes back.',
      });
    const seen: string[] = [];
    for (;;) {
      const next = await nextQueued(tx, caller.installation, { engines: input.engines, skip: seen });
      if (next === null) return { pending: { assignment: null }, until: [claimKey(caller.installation)] };
      seen.push(next.id);
      const work = await openRun(tx, next.run, { now: context.now });
      const session = work?.sessions.get(next.id);
      // Another runner may have been faster, or the run was cancelled, between the look and the lock.
      if (work === null || session === undefined || session.state !== 'queued') continue;
      const repository = await repositoryById(tx, work.installation, work.run.repository);
      if (repository === null || !serves(caller.group ?? anyRunner, policyOf(repository).dispatch)) continue;
      const { runner } = caller.actor;
      const rejection = await commit(context, work, decide(session, { type: 'dispatch_session', runner }));
      if (rejection !== null) return rejection;
      return { output: { assignment: await handOver(context, work, { session, repository }) } };
    }
  },
  finish: async (engine, caller, output) => ({
    assignment:
      output.assignment === null
        ? null
        : await completeAssignment(engine, caller.installation, output.assignment),
  }),
};

const anyRunner = 'default';

/** A policy that names a group is served by its runners alone; every other one by all. */
const serves = (group: string, dispatch: string): boolean => dispatch === 'runner' || dispatch === group;

/** The calling session under its run's lock. */
export async function located(
  context: Context,
  session: string,
): Promise<{ work: RunWork; session: Session } | Rejection> {
  if (context.caller.session?.token !== 'runner' || context.caller.session.id !== session) {
    return reject('not_permitted', 'This token is another session’s.');
  }
  const work = await locateRun(context, {});
  if (isRejection(work)) return work;
  const own = callingSession(context, work);
  return isRejection(own) ? own : { work, session: own };
}

export const startSession: Handlers['start_session'] = {
  async handle(context, input) {
    const at = await located(context, input.session);
    if (isRejection(at)) return at;
    const rejection = await commit(
      context,
      at.work,
      decide(at.session, { type: 'start_session', isolation: input.isolation }),
    );
    return rejection ?? { output: { started: true } };
  },
};

export const heartbeat: Handlers['heartbeat'] = {
  async handle(context, input) {
    const at = await located(context, input.session);
    if (isRejection(at)) return at;
    const { work } = at;
    const reported = await report(context, at, input.usage);
    if (reported !== null) return reported;
    const { condition, activity: evidence } = input;
    const moved = decide(at.session, { type: 'report_condition', condition, evidence });
    const told = isRejection(moved) || moved.length > 0 ? await commit(context, work, moved) : null;
    if (told !== null) return told;
    const until = later(context.now, context.engine.ceilings.leaseSeconds);
    await setLease(context.tx, {
      installation: work.installation,
      session: input.session,
      until,
      activity: input.activity,
      condition,
    });
    const money = await budgetOf(context, work, at.session);
    const warn =
      money.warn !== null && (await markWarned(context.tx, work.installation, input.session))
        ? money.warn
        : null;
    const suspend = whySuspend(work, at.session, money.questions);
    const messages = await messageNotice(context.tx, work.run.id, at.session);
    const stop = spokeLongAgo(work, at.session) ?? money.stop;
    return { output: { stop, suspend, warn, messages, lease_until: until } };
  },
};

async function budgetOf(
  context: Context,
  work: RunWork,
  session: Session,
): Promise<{ warn: string | null; stop: string | null; questions: Policy['questions'] }> {
  const repository = await repositoryById(context.tx, work.installation, work.run.repository);
  if (repository === null)
    return {
      warn: null,
      stop: 'The App is not installed on this repository any more.',
      questions: defaultPolicy.questions,
    };
  const policy = policyOf(repository);
  const task = session.task === null ? null : (work.tasks.get(session.task) ?? null);
  const caps = await capsOf(context, work, { task, policy, except: session.id });
  const { usage, reserved } = work.sessions.get(session.id) ?? session;
  const spending = spend(caps, { warnAt: policy.budget.warn_at, beyond: (usage.cost ?? 0) >= reserved });
  return { ...spending, questions: policy.questions };
}

async function report(
  context: Context,
  at: { work: RunWork; session: Session },
  usage: Usage | undefined,
): Promise<Rejection | null> {
  return usage === undefined
    ? null
    : await commit(context, at.work, decide(at.session, { type: 'record_usage', usage }));
}

export const recordUsage: Handlers['record_usage'] = {
  async handle(context, input) {
    const at = await located(context, input.session);
    if (isRejection(at)) return at;
    return (await report(context, at, input.usage)) ?? { output: { recorded: true } };
  },
};

export const uploadBundle: Handlers['upload_bundle'] = {
  async handle(context, input) {
    const at = await located(context, input.session);
    if (isRejection(at)) return at;
    const { work, session } = at;
    if (session.kind !== 'work' || session.task === null)
      return reject('not_permitted', `A ${session.kind} session hands over no work.`);
    const id = context.engine.uuid();
    const data = Buffer.from(input.bundle, 'base64');
    await addBundle(context.tx, {
      id,
      installation: work.installation,
      run: work.run.id,
      task: session.task,
      session: session.id,
      head: input.head,
      data,
    });
    await addJobs(context.tx, [
      {
        task: 'push_bundle',
        payload: { installation: work.installation, bundle: id },
        key: `push_bundle:${id}`,
      },
    ]);
    return { output: { bundle: id } };
  },
};

export const getBundle: Handlers['get_bundle'] = {
  async handle(context, input) {
    if (context.caller.session?.id !== input.session)
      return reject('not_permitted', 'This token is another session’s.');
    const bundle = await bundleById(context.tx, context.caller.installation, input.bundle);
    if (bundle === null || bundle.session !== input.session)
      return reject('not_found', 'This session uploaded no such bundle.');
    const output = {
      state: bundle.state,
      head: bundle.state === 'pushed' ? bundle.head : null,
      reason: bundle.reason,
    };
    return bundle.state === 'pending' ? { pending: output, until: [runKey(bundle.run)] } : { output };
  },
};

export const endSession: Handlers['end_session'] = {
  async handle(context, input) {
    const at = await located(context, input.session);
    if (isRejection(at)) return at;
    const reported = await report(context, at, input.usage);
    if (reported !== null) return reported;
    const session = at.work.sessions.get(input.session) ?? at.session;
    const rejection = await commit(
      context,
      at.work,
      decide(session, {
        type: 'end_session',
        outcome: input.outcome,
        reason: input.reason === '' ? input.outcome : input.reason,
        cancelled: input.cancelled,
        own: true,
      }),
    );
    return rejection ?? { output: { ended: true } };
  },
};
