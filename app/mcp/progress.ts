/** Progress of a call that waits: how long already and what for, where the client asked to be told. */
import type { Operation } from '../catalog/operation.ts';

export type ProgressToken = string | number;
export type ProgressNote = {
  progressToken: ProgressToken;
  /** Seconds since the call came. */
  progress: number;
  /** Seconds that the call waits at most. */
  total: number;
  message: string;
};

type Wait = {
  operation: Operation;
  token: ProgressToken;
  /** As the call has it. */
  seconds: number;
  everyMs: number;
  /** A client that is gone hears nothing more; the call's own end shows that. */
  send: (note: ProgressNote) => Promise<void>;
};

/** Sends a note at once and then every few seconds; the answer stops it. */
export function reportProgress({ operation, token, seconds, everyMs, send }: Wait): () => void {
  const started = Date.now();
  let last = -1;
  const tell = (): void => {
    // The protocol wants every note further than the last one.
    const progress = Math.max(Math.round((Date.now() - started) / 100) / 10, last + 0.1);
    last = progress;
    const message = `waiting for ${operation.waitsFor ?? 'an answer'}, ${Math.round(progress)} s of ${seconds} s`;
    send({ progressToken: token, progress, total: seconds, message }).catch(stop);
  };
  const timer = setInterval(tell, everyMs);
  const stop = (): void => clearInterval(timer);
  tell();
  return stop;
}
