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

async function inspect<T>(order: Inspection): Promise<T | typeof tooMuch> {
  const worker = new Worker(new URL('./inspector.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: memoryMib },
    env: {},
    execArgv: [],
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T | typeof tooMuch>((resolve, reject) => {
      timer = setTimeout(() => resolve(tooMuch), patience);
      worker.once('message', resolve);
      worker.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve(tooMuch);
        else reject(error);
      });
      worker.once('exit', (code) =>
        reject(new Error(`the inspection’s thread ended with ${code} and no answer`)),
      );
      worker.postMessage(order);
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
