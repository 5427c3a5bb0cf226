import { pino } from 'pino';
import { expect, it, vi } from 'vitest';
import { createHealthDoor } from './health.ts';

const log = pino({ level: 'silent' });

it('lives without a database, and is ready with one', async () => {
  let up = true;
  let time = 0;
  const ask = vi.fn(async () => {
    if (!up) throw new Error('connection to postgres://me:secret@db refused');
    await Promise.resolve();
  });
  const door = createHealthDoor({ ask, log, now: () => time });
  expect((await door.request('/readyz')).status).toBe(200);
  up = false;
  expect((await door.request('/readyz')).status).toBe(200);
  time = 1_000;
  const down = await Promise.all([door.request('/readyz'), door.request('/readyz')]);
  expect(down.map(({ status }) => status)).toEqual([503, 503]);
  expect(await down[0].text()).not.toContain('secret');
  expect(ask).toHaveBeenCalledTimes(2);
  expect((await door.request('/healthz')).status).toBe(200);
});

it('does not wait for a database that hangs', async () => {
  vi.useFakeTimers();
  try {
    const door = createHealthDoor({ ask: () => new Promise(() => undefined), log });
    const answer = door.request('/readyz');
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await answer).status).toBe(503);
  } finally {
    vi.useRealTimers();
  }
});
