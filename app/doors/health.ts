/** Two addresses without a token, for whoever watches the process: `/healthz` it runs, `/readyz` it can work. */
import { Hono } from 'hono';
import type { Log } from '../log.ts';

export type HealthDoor = {
  /** Rejects when the database does not answer. */
  ask: () => Promise<void>;
  log: Log;
  /** In milliseconds. */
  now?: () => number;
};

/** Slower is as good as gone for a load balancer. */
const patience = 2_000;
/** Anybody may call: however often, the database is asked once in that time. */
const lasts = 1_000;

export function createHealthDoor({ ask, log, now = () => Date.now() }: HealthDoor): Hono {
  let known: { at: number; ready: Promise<boolean> } | null = null;
  const ready = async (): Promise<boolean> => {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`no answer within ${patience} ms`)), patience);
    try {
      await Promise.race([ask(), late.promise]);
      return true;
    } catch (error) {
      log.warn({ err: error }, 'not ready: the database does not answer');
      return false;
    } finally {
      clearTimeout(timer);
    }
  };
  const door = new Hono();
  door.get('/healthz', (context) => context.json({ ok: true }));
  door.get('/readyz', async (context) => {
    if (known === null || now() - known.at >= lasts) known = { at: now(), ready: ready() };
    return (await known.ready)
      ? context.json({ ok: true })
      : context.json({ ok: false, problem: 'The database does not answer.' }, 503);
  });
  return door;
}
