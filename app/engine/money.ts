/** The books of one run at this moment: what its caps are, what is spent of them, what is set aside (BU-1). */
import { setAside, type Cap, type Share } from '../domain/budget.ts';
import { dayOf } from '../domain/ledger.ts';
import type { Policy } from '../domain/policy.ts';
import type { Session } from '../domain/session.ts';
import { ref, type Task } from '../domain/task.ts';
import { micros, type Micros } from '../domain/words.ts';
import { heldElsewhere, lockTeam, spentOnDay } from '../../db/queries/ledger.ts';
import type { Context } from './handler.ts';
import type { RunWork } from './run-work.ts';

/** A team's name in a repository whose policy gives none. */
export const teamOf = (policy: Policy): string => policy.team ?? 'default';

const outstanding = (session: Session): Micros => Math.max(0, session.reserved - (session.usage.cost ?? 0));

/**
 * The caps that a session meets: its task's (null for sessions of the run as a whole), its run's, its team's day.
 * `except`: the session that asks; what is set aside for itself is not held by others.
 */
export async function capsOf(
  context: Pick<Context, 'engine' | 'now' | 'tx'>,
  work: RunWork,
  about: { task: Task | null; policy: Policy; except?: string },
): Promise<Cap[]> {
  const { run, installation } = work;
  const { ceilings } = context.engine;
  const { task, policy } = about;
  const team = teamOf(policy);
  const place = { repository: run.repository, team };
  const others = [...work.sessions.values()].filter(
    ({ state, id }) => state !== 'ended' && id !== about.except,
  );
  const held = (which: (session: Session) => boolean): Micros =>
    others.filter(which).reduce((sum, session) => sum + outstanding(session), 0);
  const day = dayOf(context.now);
  const stored = await spentOnDay(context.tx, installation, { ...place, day });
  // What this transaction adds is not stored yet.
  const unsaved = work.postings.map(({ posting }) => posting).filter((entry) => entry.team === team);
  const elsewhere = await heldElsewhere(context.tx, installation, { ...place, run: run.id });
  const ofTask: Cap[] =
    task === null
      ? []
      : [
          {
            of: 'task',
            name: ref(task),
            cap: taskCap(task, policy, ceilings.taskBudget),
            spent: task.cost,
            unpriced: task.unpriced,
            held: held((session) => session.task === task.number),
          },
        ];
  return [
    ...ofTask,
    {
      of: 'run',
      name: `run ${run.number}`,
      cap: run.budget,
      spent: run.cost,
      unpriced: run.unpriced,
      held: held(() => true),
    },
    {
      of: 'team_day',
      name: `team ${team} today`,
      cap: Math.min(micros(policy.budget.team_daily_usd), ceilings.teamDayBudget),
      spent: stored.cost + unsaved.reduce((sum, entry) => sum + entry.cost, 0),
      unpriced: stored.unpriced + unsaved.reduce((sum, entry) => sum + entry.unpriced, 0),
      held: elsewhere + held((session) => session.team === team),
    },
  ];
}

/** What a session that would start now sets aside, or why it can't; from here to the commit nobody else gives it away. */
export async function shareFor(
  context: Context,
  work: RunWork,
  about: { task: Task | null; policy: Policy; wanted: Micros },
): Promise<Share> {
  await lockTeam(context.tx, { repository: work.run.repository, team: teamOf(about.policy) });
  return setAside(await capsOf(context, work, about), about.wanted);
}

export const taskCap = (task: Pick<Task, 'budget'>, policy: Policy, ceiling: Micros): Micros =>
  Math.min(task.budget ?? micros(policy.budget.task_usd), ceiling);
