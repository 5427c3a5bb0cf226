/** The machines that jobs wait for. */
import type { JobRunner } from './run-request.ts';

/** `labels` is null for a hosted runner, which takes whatever `runs-on` says. */
export type Runner = { id: number; name: string; labels: readonly string[] | null };

export type Lease = { runner: JobRunner; release: () => void };

export type Runners = {
  /** Replaces all runners; busy ones that are gone end with their job. */
  set(runners: readonly Runner[]): void;
  /** The first free runner with all the labels, in the order of asking; null once the signal fires. */
  take(labels: readonly string[], signal: AbortSignal): Promise<Lease | null>;
};

type Waiting = { labels: readonly string[]; give: (lease: Lease | null) => void };

/** So many hosted runners. */
export function hostedRunners(count: number): Runner[] {
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    name: `forge-${index + 1}`,
    labels: null,
  }));
}

export function createRunners(initial: readonly Runner[]): Runners {
  let all = initial;
  const busy = new Set<number>();
  let waiting: Waiting[] = [];

  const leaseOf = (runner: Runner): Lease => {
    busy.add(runner.id);
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      busy.delete(runner.id);
      assign();
    };
    return { runner: { id: runner.id, name: runner.name, hosted: runner.labels === null }, release };
  };
  const assign = (): void => {
    for (const one of waiting) {
      const free = all.find((runner) => !busy.has(runner.id) && fits(runner, one.labels));
      if (free === undefined) continue;
      waiting = waiting.filter((other) => other !== one);
      one.give(leaseOf(free));
    }
  };
  return {
    set(runners) {
      all = runners;
      assign();
    },
    async take(labels, signal) {
      if (signal.aborted) return null;
      return new Promise<Lease | null>((resolve) => {
        const leave = (): void => {
          waiting = waiting.filter((other) => other !== one);
          resolve(null);
        };
        const one: Waiting = {
          labels,
          give: (lease) => {
            signal.removeEventListener('abort', leave);
            resolve(lease);
          },
        };
        signal.addEventListener('abort', leave, { once: true });
        waiting.push(one);
        assign();
      });
    },
  };
}

/** Labels are compared without case, as GitHub does. */
function fits({ labels }: Runner, wanted: readonly string[]): boolean {
  if (labels === null) return true;
  const has = new Set(labels.map((label) => label.toLowerCase()));
  return wanted.every((label) => has.has(label.toLowerCase()));
}
