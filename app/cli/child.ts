/** Starts another process of Entourage and stands in for it: same terminal, same signals, same exit code. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** A process's entry, from the root of the package. */
export type Entry = 'app/main.ts' | 'runner/main.ts' | 'runner/mcp-main.ts';

/** Runs `node <entry> …args` to its end and takes over its exit code; a death by signal counts 128 and more. */
export async function stand(entry: Entry, args: readonly string[]): Promise<void> {
  const file = fileURLToPath(new URL(`../../${entry}`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: 'inherit' });
  for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    process.on(name, () => {
      // A terminal's Ctrl-C reaches the child by itself; told twice, it would hurry.
      if (name !== 'SIGINT' || !process.stdin.isTTY) child.kill(name);
    });
  }
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
  });
}
