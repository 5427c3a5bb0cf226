/** `entourage bundle get`: work that was refused, as a file for a person’s own git. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { getRefusedBundle } from '../catalog/tasks.ts';
import { connected, connectionOf, type ConnectionOptions } from './connection.ts';
import { UsageError } from './failure.ts';
import { plainLine } from './table.ts';

type GetOptions = ConnectionOptions & { run?: string; out?: string };

export function bundleCommand(): Command {
  const bundle = new Command('bundle').description('Work of agents whose push was refused.');
  bundle.addCommand(
    connected('get', 'Write it to a file, and say how to look at it.')
      .argument('<task>', 'the task as 12/t3')
      .option('--run <n>', 'the run’s number, where the task is given as t3')
      .option('--out <path>', 'the file (default: entourage-12-t3.bundle); none is overwritten')
      .action(get),
  );
  return bundle;
}

async function get(task: string, options: GetOptions): Promise<void> {
  const { client, repository, json } = connectionOf(options);
  const run = options.run ?? /^(\d+)\//.exec(task)?.[1];
  if (run === undefined) throw new UsageError('Of which run? Name the task as 12/t3, or give --run 12.');
  const answer = await client.call(getRefusedBundle, { repository, run, task });
  const name = options.out ?? `entourage-${answer.run}-${answer.task}.bundle`;
  await save(name, Buffer.from(answer.bundle, 'base64'));
  if (json) {
    const { bundle: _, ...rest } = answer;
    console.log(JSON.stringify({ ...rest, file: resolve(name) }));
    return;
  }
  const lines = [
    `${answer.task} of run ${answer.run}, refused: ${plainLine(answer.reason, 1_000)}`,
    `Written to ${name}. In a clone of ${repository}:`,
    `git fetch origin ${answer.branch ?? ''} && git fetch ${resolve(name)} HEAD && git log -p FETCH_HEAD`,
  ];
  console.log(lines.join('\n'));
}

/** It may hold the secret that it was refused for: nobody else on this machine needs to read it. */
async function save(path: string, bytes: Buffer): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const help = code === 'EEXIST' ? `${path} is there already` : message;
    throw new UsageError(`The bundle was not written: ${help}. Name another file by --out.`);
  }
}
