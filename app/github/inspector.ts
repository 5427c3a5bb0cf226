/** The thread in which uploaded bytes are looked at: whatever they do to it, the App goes on. See `inspection.ts`. */
import { parentPort } from 'node:worker_threads';
import type { Inspection } from './inspection.ts';
import { newSecretsIn } from './new-secrets.ts';
import { measureBundle } from './pack.ts';

const port = parentPort;
if (port === null) throw new Error('inspector.ts is started as a worker thread, by inspection.ts');

port.on('message', (order: Inspection) => {
  void inspect(order).then((answer) => port.postMessage(answer));
});

async function inspect(order: Inspection): Promise<unknown> {
  if ('bundle' in order) return measureBundle(Buffer.from(order.bundle));
  if ('searched' in order) return newSecretsIn(order.searched);
  // The detector takes longest to load, and only this needs it.
  const { detectSecrets } = await import('./detect-secrets.ts');
  return await Promise.all(order.texts.map(detectSecrets));
}
