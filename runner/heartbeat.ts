/** Keeps a session's lease alive while it works, and hears what the App says back. */
import { setTimeout as delay } from 'node:timers/promises';
import { heartbeat } from '../app/catalog/sessions.ts';
import type { Client } from '../app/client/client.ts';
import { ClientError, TransportError } from '../app/client/failure.ts';
import type { Condition } from '../app/domain/activity.ts';
import type { Usage } from '../app/domain/session.ts';
import { wordsOf, type Log } from './log.ts';

/** Codes after which this session may not write any more: another one has its place, or it is over. */
const lastWords = new Set(['session_ended', 'superseded_session', 'not_authenticated']);

/** Whether the App told that the session is over, so that no further call of it can succeed. */
export const isOver = (error: unknown): error is ClientError =>
  error instanceof ClientError && lastWords.has(error.code);

export type Heart = {
  session: string;
  client: Client;
  seconds: number;
  log: Log;
  /** What the session is doing, in words, and its totals so far. */
  now(): { activity: string; condition: Condition; usage: Usage | undefined };
  /** The App warns of something that will stop it. */
  warn(words: string): void;
  /** The App has something to tell the agent. */
  notify(words: string): void;
  /** The App wants it stopped; `over` when it has ended the session already. */
  stop(reason: string, over: boolean): void;
  /** The App wants it suspended: handed over, to go on in another session. */
  suspend(reason: string): void;
  /** Called at each beat. */
  beat?(): Promise<void>;
};

/** Beats until the signal fires. Never throws: an App that is away is waited for, the work goes on. */
export async function beat(heart: Heart, signal: AbortSignal): Promise<void> {
  let away = false;
  while (!signal.aborted) {
    try {
      await heart.beat?.();
      const { activity, condition, usage } = heart.now();
      const input = {
        session: heart.session,
        activity: activity.slice(0, 300),
        condition,
        ...(usage === undefined ? {} : { usage }),
      };
      const answer = await heart.client.call(heartbeat, input, { idempotent: true, signal });
      if (away) heart.log('the App is back');
      away = false;
      if (answer.warn !== null) heart.warn(answer.warn);
      if (answer.messages !== null) heart.notify(answer.messages);
      if (answer.stop !== null) heart.stop(answer.stop, false);
      else if (answer.suspend !== null) heart.suspend(answer.suspend);
    } catch (error) {
      if (signal.aborted) return;
      if (isOver(error)) {
        heart.stop(error.message, true);
        return;
      }
      if (!away)
        heart.log('heartbeat got no answer; the work goes on', {
          session: heart.session,
          error: wordsOf(error),
        });
      away = error instanceof TransportError;
    }
    await pause(heart.seconds * 1000, signal);
  }
}

/** Sleeps until the time is up or the signal fires, and doesn't mind which. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
