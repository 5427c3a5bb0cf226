/** How much memory all processes of the demo take together, at most. */
import { descendants, memoryOf } from './process-tree.ts';

export interface Memory extends Disposable {
  /** Bytes, the most that was seen at one moment. */
  peak(): number;
}

/** Looks every second and a half: reading a process's share costs the kernel a walk over its pages. */
export function watchMemory(root: number): Memory {
  let peak = 0;
  const look = (): void => {
    const pids = [root, ...descendants(root).map(({ pid }) => pid)];
    peak = Math.max(
      peak,
      pids.reduce((sum, pid) => sum + memoryOf(pid), 0),
    );
  };
  const timer = setInterval(look, 1_500);
  timer.unref();
  return {
    peak() {
      look();
      return peak;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
