/**
 * KW-2: webhooks that were sent while nobody listened. GitHub sends a delivery once and repeats it only when asked (G43),
 * so its log is compared with our inbox: at each start, and every minute from then on. One job for all replicas; it puts
 * itself back.
 */
import { z } from 'zod';
import { addJobs } from '../../db/jobs.ts';
import { newestDelivery, storedDeliveries } from '../../db/queries/inbox.ts';
import { inTransaction } from '../../db/transaction.ts';
import { missedDeliveries } from '../domain/missed.ts';
import type { Deliveries } from '../github/deliveries.ts';
import { GitHubError } from '../github/port.ts';
import { after, type Jobs } from './context.ts';

/** GitHub keeps its log so long (G43). */
const keptMs = 3 * 24 * 3_600_000;
/** How far each look reaches back behind the one before: more than an attempt and all its repetitions take. */
const overlapMs = 15 * 60_000;
const intervalMs = 60_000;
/** The first look after a start may come before GitHub has given up what it was sending just then. */
const secondLookMs = 12_000;

const Payload = z.object({ since: z.string(), first: z.boolean().default(false) });

const job = (payload: z.infer<typeof Payload>, runAt?: string) => ({
  task: 'find_missed',
  payload,
  key: 'find_missed',
  newTime: true as const,
  ...(runAt === undefined ? {} : { runAt }),
});

/** Looks now, as far back as something can have been missed. */
export async function lookForMissed(jobs: Pick<Jobs, 'db' | 'now'>): Promise<void> {
  await inTransaction(jobs.db, { installation: 'all' }, async (tx) => {
    const oldest = after(jobs.now(), -keptMs);
    const newest = await newestDelivery(tx);
    const since = newest === null ? oldest : after(newest, -overlapMs);
    await addJobs(tx, [job({ since: since > oldest ? since : oldest, first: true })]);
  });
}

/** A GitHub that is away is asked again at the next look, which then reaches back as far as this one. */
export async function findMissed(
  jobs: Pick<Jobs, 'db' | 'log' | 'now'>,
  deliveries: Deliveries,
  payload: unknown,
): Promise<void> {
  const { since, first } = Payload.parse(payload);
  const now = jobs.now();
  let next = { since: after(now, -overlapMs), at: after(now, first ? secondLookMs : intervalMs) };
  try {
    await look(jobs, deliveries, since);
  } catch (error) {
    // Whatever it was: the next look must come.
    jobs.log.error({ err: error }, 'GitHub’s log of webhooks could not be read; it is read again');
    const blocked = error instanceof GitHubError ? error.blockedUntil : null;
    next = { since, at: blocked ?? after(now, intervalMs) };
  }
  await inTransaction(jobs.db, { installation: 'all' }, async (tx) => {
    await addJobs(tx, [job({ since: next.since, first: false }, next.at)]);
  });
}

async function look(
  { db, log }: Pick<Jobs, 'db' | 'log'>,
  deliveries: Deliveries,
  since: string,
): Promise<void> {
  const attempts = await deliveries.since(since);
  const stored = await inTransaction(
    db,
    { installation: 'all', idempotent: true },
    async (tx) =>
      await storedDeliveries(
        tx,
        attempts.map(({ guid }) => guid),
      ),
  );
  const { again, lost } = missedDeliveries(attempts, stored);
  for (const id of again) await askAgain({ log }, deliveries, id);
  if (again.length > 0) log.warn({ deliveries: again.length }, 'asked GitHub for webhooks that were missed');
  if (lost.length > 0)
    log.error(
      { guids: lost.slice(0, 20), deliveries: lost.length },
      'webhooks were refused each time; see doctor',
    );
}

/** One that GitHub will not send (it is too old, or gone) must not keep the later ones from being asked for. */
async function askAgain({ log }: Pick<Jobs, 'log'>, deliveries: Deliveries, id: number): Promise<void> {
  try {
    await deliveries.redeliver(id);
  } catch (error) {
    const itself = error instanceof GitHubError && error.blockedUntil === null && hopeless(error.status);
    if (!itself) throw error;
    log.error({ err: error, delivery: id }, 'GitHub does not send a missed webhook again');
  }
}

/** About this delivery; anything else (no answer, GitHub's own trouble, our key) is about all of them. */
const hopeless = (status: number): boolean => [400, 404, 410, 422].includes(status);
