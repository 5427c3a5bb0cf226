/** TR-1: the events of a run, folded, are its rows. */
import { isRejection } from '../../domain/rejection.ts';
import { compareRun } from '../../../db/verify.ts';
import { listRunIds } from '../../../db/queries/runs.ts';
import type { Handlers } from '../handler.ts';
import { locateRun } from '../locate.ts';

export const verifyEvents: Handlers['verify_events'] = {
  async handle(context, input) {
    const ids = await wanted(context, input);
    if (!Array.isArray(ids)) return ids;
    let events = 0;
    const differences = [];
    for (const id of ids) {
      const compared = await compareRun(context.tx, id);
      events += compared.events;
      differences.push(...compared.differences.map((difference) => ({ run: id, ...difference })));
    }
    return { output: { runs: ids.length, events, differences } };
  },
};

async function wanted(context: Parameters<typeof locateRun>[0], input: { run?: number | undefined }) {
  if (input.run !== undefined) {
    const work = await locateRun(context, input);
    return isRejection(work) ? work : [work.run.id];
  }
  const { repository, caller, tx } = context;
  return repository === null
    ? []
    : await listRunIds(tx, caller.installation, { repository: repository.id, limit: 10_000, before: null });
}
