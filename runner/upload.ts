/** Hands the session's commits to the App and learns what became of them, one upload at a time. */
import { z } from 'zod';
import type { Client } from '../app/client/client.ts';
import { getBundle, uploadBundle } from '../app/catalog/sessions.ts';
import { bundleOf, headOf, type Workspace } from './workspace.ts';

export const PushResult = z.discriminatedUnion('state', [
  z.object({ state: z.literal('pushed'), head: z.string() }),
  /** There is nothing that the App doesn't have. */
  z.object({ state: z.literal('unchanged'), head: z.string() }),
  z.object({ state: z.literal('refused'), head: z.string(), reason: z.string() }),
  /** Uploaded, not yet judged: asking again goes on waiting for the same bundle. */
  z.object({ state: z.literal('pending'), head: z.string() }),
]);
export type PushResult = z.infer<typeof PushResult>;

export type Uploader = {
  /** Uploads HEAD if it is new and waits at most that long for the verdict. Throws what the client throws. */
  push(waitMs: number): Promise<PushResult>;
};

/** The largest bundle that `upload_bundle` takes. */
const largest = 24 * 1024 * 1024;

export function createUploader(client: Client, session: string, workspace: Workspace): Uploader {
  let pushed = workspace.start;
  let asked: { head: string; bundle: string } | null = null;
  let refused: PushResult | null = null;
  let turn: Promise<unknown> = Promise.resolve();

  async function upload(): Promise<PushResult | null> {
    const bundle = await bundleOf(workspace);
    if (bundle === null) return { state: 'unchanged', head: await headOf(workspace) };
    if (bundle.bytes.length > largest) {
      const mib = (bundle.bytes.length / 1024 / 1024).toFixed(1);
      const reason = `The commits are ${mib} MiB packed and at most 24 can be handed over: take large or generated files out of the commits.`;
      return { state: 'refused', head: bundle.head, reason };
    }
    const input = { session, head: bundle.head, bundle: bundle.bytes.toString('base64') };
    asked = {
      head: bundle.head,
      bundle: (await client.call(uploadBundle, input, { idempotent: true })).bundle,
    };
    return null;
  }

  async function push(waitMs: number): Promise<PushResult> {
    const deadline = Date.now() + waitMs;
    const head = await headOf(workspace);
    if (head === pushed) return { state: 'unchanged', head };
    if (refused?.head === head) return refused;
    if (asked?.head !== head) {
      const early = await upload();
      if (early !== null) return early;
    }
    const result = await verdict(deadline);
    if (result.state === 'pushed') pushed = result.head;
    if (result.state === 'refused') refused = result;
    if (result.state !== 'pending') asked = null;
    return result;
  }

  async function verdict(deadline: number): Promise<PushResult> {
    if (asked === null) throw new Error('there is no bundle to ask for');
    for (;;) {
      const left = deadline - Date.now();
      const wait = Math.max(0, Math.min(45, Math.floor(left / 1000)));
      const answer = await client.call(getBundle, { session, bundle: asked.bundle, wait });
      if (answer.state === 'pushed') return { state: 'pushed', head: answer.head ?? asked.head };
      if (answer.state === 'refused') return { state: 'refused', head: asked.head, reason: answer.reason };
      if (left <= 1_000) return { state: 'pending', head: asked.head };
    }
  }

  return {
    push(waitMs) {
      const mine = turn.then(() => push(waitMs));
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}
