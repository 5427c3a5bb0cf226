/** TR-1: the events of a run, folded, are its rows. */
import { isRejection } from '../../domain/rejection.ts';
import { compareRun, type Comparison } from '../../../db/verify.ts';
import { listRunIds } from '../../../db/queries/runs.ts';
import type { Context, Handlers } from '../handler.ts';
import { locateRun } from '../locate.ts';
import { openRun } from '../run-work.ts';

export const verifyEvents: Handlers['verify_events'] = {
  async handle(context, input) {
    const ids = await wanted(context, input);
    if (!Array.isArray(ids)) return ids;
    let events = 0;
    const differences = [];
    for (const id of ids) {
      const compared = await compareStill(context, id);
      events += compared.events;
      differences.push(...compared.differences.map((difference) => ({ run: id, ...difference })));
    }
    return { output: { runs: ids.length, events, differences } };
  },
};

/** A run may change between two reads; a difference counts when it is there under the run's lock too. */
async function compareStill(context: Context, id: string): Promise<Comparison> {
  const compared = await compareRun(context.tx, id);
  if (compared.differences.length === 0) return compared;
  await openRun(context.tx, id, { now: context.now });
  return await compareRun(context.tx, id);
}

async function wanted(context: Context, input: { run?: number | undefined }) {
  if (input.run !== undefined) {
    const work = await locateRun(context, input);
    return isRejection(work) ? work : [work.run.id];
  }
  const { repository, caller, tx } = context;
  return repository === null
    ? []
    : await listRunIds(tx, caller.installation, { repository: repository.id, limit: 10_000, before: null });
}
