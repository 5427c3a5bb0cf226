/** All merge queues and auto-merges: looked at whenever something happens that may matter to one, or time is up. */
import { recordCrash } from './crash.ts';
import type { Forge, ForgeEvent, MergeQueues } from './forge.ts';
import { autoPulls, mergeReady, watchAutoMerges } from './merge-auto.ts';
import type { Queue, RemovalReason } from './merge-entries.ts';
import { advance, groupDeadline, leave, waitDeadline } from './merge-queue.ts';
import { branchRules } from './rulesets.ts';
import { find, row, where, type Repository } from './state.ts';

/** How often time limits are looked at, while anything waits; the clock may be moved under a queue's feet. */
const glance = 200;

const telling = new Set(['check_run', 'status', 'pull_request', 'pull_request_review', 'push']);

export function createMergeQueues(forge: Forge): MergeQueues {
  let working: Promise<void> = Promise.resolve();
  let closed = false;
  /** Repositories that will be looked at anyway. */
  const due = new Set<number>();

  const look = (repository: Repository): void => {
    if (closed || due.has(repository.id)) return;
    due.add(repository.id);
    working = working.then(() => lookNow(repository)).catch(crashed);
  };
  const lookNow = async (repository: Repository): Promise<void> => {
    due.delete(repository.id);
    if (closed) return;
    const before = forge.state.queueEntries.size;
    await forge.git(repository).serially(async () => {
      for (const queue of queuesOf(forge, repository)) await advance(forge, queue);
    });
    const autos = autoPulls(forge, repository).length;
    await mergeReady(forge, repository);
    if (before > 0 || autos > 0) await forge.save();
    if (!closed) watch.start();
  };
  const watch = createWatch(forge, look);
  const crashed = (error: unknown): void => recordCrash(forge, 'merge queue', error);
  const hear = ({ event, repository }: ForgeEvent): void => {
    if (repository === null || !telling.has(event)) return;
    if (queuesOf(forge, repository).length > 0 || autoPulls(forge, repository).length > 0) look(repository);
  };

  return {
    watch: () => {
      watchAutoMerges(forge);
      forge.webhooks.listen(hear);
      for (const repository of forge.state.repositories.values())
        if (queuesOf(forge, repository).length > 0) look(repository);
    },
    look,
    remove: async (repository, number, reason) => {
      const removed = await removeEntry(forge, { repository, number, reason });
      look(repository);
      return removed;
    },
    settled: async () => {
      for (let seen: Promise<void> | null = null; seen !== working;) {
        seen = working;
        await seen;
      }
    },
    [Symbol.asyncDispose]: async () => {
      closed = true;
      watch.stop();
      await working;
    },
  };
}

/** Looks at a repository's queues when one of their time limits has passed; runs as long as anything waits. */
function createWatch(forge: Forge, look: (repository: Repository) => void): { start(): void; stop(): void } {
  let lookedAt = 0;
  let timer: NodeJS.Timeout | null = null;
  const stop = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };
  const glanceNow = (): void => {
    if (forge.state.queueEntries.size === 0) stop();
    const now = forge.clock.now().getTime();
    for (const repository of forge.state.repositories.values())
      if (deadlines(forge, repository).some((at) => at > lookedAt && at <= now)) look(repository);
    lookedAt = now;
  };
  const start = (): void => {
    if (timer !== null || forge.state.queueEntries.size === 0) return;
    timer = setInterval(glanceNow, glance);
    timer.unref();
  };
  return { start, stop };
}

async function removeEntry(
  forge: Forge,
  { repository, number, reason }: { repository: Repository; number: number; reason: RemovalReason },
): Promise<boolean> {
  const entry = find(
    forge.state.queueEntries,
    ({ pullId, repositoryId }) =>
      repositoryId === repository.id && row(forge.state.pulls, pullId).number === number,
  );
  if (entry === undefined) return false;
  const queue: Queue = { repository, baseRef: entry.baseRef };
  await forge.git(repository).serially(() => leave(forge, queue, { entry, reason }));
  return true;
}

/** Queues that somebody stands in. */
function queuesOf(forge: Forge, repository: Repository): Queue[] {
  const entries = where(forge.state.queueEntries, (entry) => entry.repositoryId === repository.id);
  return [...new Set(entries.map((entry) => entry.baseRef))].map((baseRef) => ({ repository, baseRef }));
}

function deadlines(forge: Forge, repository: Repository): number[] {
  return where(forge.state.queueEntries, (entry) => entry.repositoryId === repository.id).flatMap((entry) => {
    const pull = row(forge.state.pulls, entry.pullId);
    const { queue } = branchRules(forge, { repository, ref: `refs/heads/${pull.baseRef}` });
    return queue === null ? [] : [groupDeadline(entry, queue), waitDeadline(entry, queue)];
  });
}
