/** The forge as a process: `node forge/main.ts --seed FILE.json --data DIR [--port N] [--webhook URL]`. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readSeed } from './seed-file.ts';
import { startForge } from './server.ts';

const usage = `The local GitHub.

  node forge/main.ts --seed FILE.json --data DIR [--port N] [--webhook URL]

  --seed     what a fresh forge holds: App, people, repositories (see forge/seed-file.ts)
  --data     directory of its repositories and its memory; an earlier forge's is continued
  --port     the port to listen on, on 127.0.0.1 only; a free one by default
  --webhook  where the App's webhooks go

Prints one line of JSON: { url, credentials, pid }; credentials is a file that only you can read.
Stops on SIGTERM or SIGINT.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      data: { type: 'string' },
      port: { type: 'string' },
      webhook: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    console.log(usage);
    return;
  }
  if (values.seed === undefined || values.data === undefined)
    throw new Error(`--seed and --data are needed.\n\n${usage}`);
  const port = values.port === undefined ? 0 : Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port ${values.port} is no port: 0 to 65535`);
  const running = await startForge({
    port,
    dataDir: resolve(values.data),
    seed: readSeed(values.seed),
    ...(values.webhook === undefined ? {} : { webhookUrl: values.webhook }),
  });
  console.log(JSON.stringify({ url: running.url, credentials: running.credentialsFile, pid: process.pid }));
  const stop = (): void => {
    running[Symbol.asyncDispose]().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
