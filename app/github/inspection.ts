/** Asks for an inspection in a thread of its own, with limits on its time and memory. */
import { Worker } from 'node:worker_threads';
import type { FoundSecret } from './detect-secrets.ts';
import type { NewSecret, Searched } from './new-secrets.ts';

export type Inspection = { bundle: Uint8Array } | { texts: readonly string[] } | { searched: Searched };

const patience = 30_000;
const memoryMib = 512;

/** Words of refusal, or null when git may open it. */
export async function measureUpload(bundle: Uint8Array): Promise<string | null> {
  const answer = await inspect<string | null>({ bundle });
  return answer === tooMuch ? 'It takes too long to look at. Push fewer or smaller files.' : answer;
}

/** The findings of each text, in order; words when they take too long. */
export async function searchSecrets(texts: readonly string[]): Promise<FoundSecret[][] | string> {
  if (texts.length === 0) return [];
  const answer = await inspect<FoundSecret[][]>({ texts });
  return answer === tooMuch ? tooLong : answer;
}

/** Those that are new; words when telling that takes too long: a file may be nothing but secrets. */
export async function searchNewSecrets(searched: Searched): Promise<NewSecret[] | string> {
  const answer = await inspect<NewSecret[]>({ searched });
  return answer === tooMuch ? tooLong : answer;
}

const tooLong = 'Searching it for secrets takes too long. Push fewer or smaller files.';

const tooMuch = Symbol('too much');

/** Threads that have answered wait for the next order: the detector takes longer to load than most orders. */
const idle: Worker[] = [];
const mostIdle = 2;

function start(): Worker {
  const worker = new Worker(new URL('./inspector.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: memoryMib },
    env: {},
    execArgv: [],
  });
  // One that dies while it waits is nobody's failure.
  worker.on('error', () => undefined);
  worker.on('exit', () => {
    const at = idle.indexOf(worker);
    if (at >= 0) idle.splice(at, 1);
  });
  return worker;
}

/** A thread that was too slow, too large or broken takes no second order. */
async function inspect<T>(order: Inspection): Promise<T | typeof tooMuch> {
  const worker = idle.pop() ?? start();
  worker.ref();
  const answer = await answerOf<T>(worker, order).catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });
  if (answer === tooMuch || idle.length >= mostIdle) await worker.terminate();
  else {
    worker.unref();
    idle.push(worker);
  }
  return answer;
}

async function answerOf<T>(worker: Worker, order: Inspection): Promise<T | typeof tooMuch> {
  const { promise, resolve, reject } = Promise.withResolvers<T | typeof tooMuch>();
  const failed = (error: NodeJS.ErrnoException): void =>
    error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? resolve(tooMuch) : reject(error);
  const ended = (code: number): void =>
    reject(new Error(`the inspection’s thread ended with ${code} and no answer`));
  worker.on('message', resolve).on('error', failed).on('exit', ended);
  const timer = setTimeout(() => resolve(tooMuch), patience);
  try {
    worker.postMessage(order);
    return await promise;
  } finally {
    clearTimeout(timer);
    worker.off('message', resolve).off('error', failed).off('exit', ended);
  }
}
