/** The `entourage` command as people run it: a process with an environment of its own. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';

const main = join(import.meta.dirname, '..', '..', 'app', 'cli', 'main.ts');

export type Said = { code: number; out: string; err: string };

/** Runs `entourage …args` to its end; nothing of this process's environment but PATH and HOME reaches it. */
export function entourage(
  args: readonly string[],
  { environment = {}, cwd }: { environment?: Record<string, string>; cwd?: string } = {},
): Promise<Said> {
  return new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment };
    const options = { env, timeout: 90_000, ...(cwd === undefined ? {} : { cwd }) };
    const child = execFile(process.execPath, [main, ...args], options, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
    });
    child.stdin?.end();
  });
}
