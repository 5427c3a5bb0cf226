/** KW-2: GitHub's log of webhooks against our inbox. */
import { sql } from 'kysely';
import pino from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findMissed } from '../../app/jobs/find-missed.ts';
import { GitHubError } from '../../app/github/port.ts';
import { inTransaction } from '../../db/transaction.ts';
import { engineWorld, type EngineWorld } from './engine-world.ts';

let world: EngineWorld;
beforeAll(async () => {
  world = await engineWorld();
});
afterAll(async () => await world.close());

const now = '2026-11-21T10:00:00.000Z';
const since = '2026-11-21T09:00:00.000Z';

/** Runs one look; answers with what was asked for and since when the next one looks. */
async function look(
  refusal: (id: number) => GitHubError | null,
): Promise<{ asked: number[]; next: unknown }> {
  const asked: number[] = [];
  await findMissed(
    { db: world.db, log: pino({ level: 'silent' }), now: () => now },
    {
      since: async () =>
        await Promise.resolve(
          [1, 2, 3].map((id) => ({ id, guid: `missed-${id}`, event: 'issues', at: since })),
        ),
      redeliver: async (id) => {
        asked.push(id);
        const error = refusal(id);
        await (error === null ? Promise.resolve() : Promise.reject(error));
      },
    },
    { since },
  );
  const { rows } = await inTransaction(
    world.db,
    { installation: 'all' },
    async (tx) =>
      await sql<{ since: string }>`
        select payload->>'since' as since from graphile_worker._private_jobs where key = 'find_missed'`.execute(
        tx,
      ),
  );
  return { asked, next: rows[0]?.since };
}

it('KW-2 a delivery that GitHub does not send again does not hide the later ones', async () => {
  const gone = new GitHubError('Not Found', { status: 404 });
  expect(await look((id) => (id === 1 ? gone : null))).toEqual({
    asked: [1, 2, 3],
    next: '2026-11-21T09:45:00.000Z',
  });
});

it('KW-2 a limit ends the look, and the next one reaches back as far', async () => {
  const limit = new GitHubError('slow down', { status: 403, blockedUntil: '2026-11-21T10:05:00.000Z' });
  expect(await look((id) => (id === 2 ? limit : null))).toEqual({ asked: [1, 2], next: since });
});
