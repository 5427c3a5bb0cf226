/** One session in a job: its place on this machine, the work, and what the job shows of it. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Assignment } from '../app/catalog/assignment.ts';
import { createObjectCache } from '../runner/object-cache.ts';
import { createTickets } from '../runner/tickets.ts';
import { removeTree } from '../runner/tree-removal.ts';
import { workOn } from '../runner/work.ts';
import type { Inputs } from './inputs.ts';
import { jobLog } from './job-log.ts';

export async function runSession(
  assignment: Assignment,
  inputs: Inputs,
  cancelled: AbortSignal,
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'entourage-'));
  try {
    await workOn(
      assignment,
      {
        url: inputs.url,
        sessions: join(root, 'sessions'),
        cache: createObjectCache(join(root, 'cache')),
        tickets: createTickets(join(root, 'tickets')),
        // Beside this file in the bundle.
        mcp: join(import.meta.dirname, 'mcp.js'),
        log: jobLog,
        pass: inputs.pass,
        patienceMs: 2_000,
        pushPatienceMs: 60_000,
      },
      cancelled,
    );
  } finally {
    await removeTree(root);
  }
}
