/**
 * From the start of the Action's process to its OIDC exchange at the App, as a multiple of `node -e 0`, and the
 * bundle's size. The App and the identity provider are one loopback server that only answers. Both programs are
 * started in turn, so that a busy machine slows both; the ratio is of the medians. Exit code 1 when a goal is missed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAction } from '../action/build.ts';
import { median, verdict } from './verdict.ts';

const goals = { ratio: 5, bytes: 1_500_000 };
const rounds = Number(process.argv[2] ?? 15);
const session = '018f0000-0000-7000-8000-000000000001';

const directory = await mkdtemp(join(tmpdir(), 'entourage-bench-'));
try {
  const sizes = await buildAction(directory);
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const bare: number[] = [];
  const action: number[] = [];
  // The first of each warms the file cache and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    const one = await bareStart();
    const other = await actionStart(join(directory, 'main.js'));
    if (round === 0) continue;
    bare.push(one);
    action.push(other);
  }
  const ratio = median(action) / median(bare);
  console.log(`node -e 0               ${median(bare).toFixed(0)} ms (median of ${rounds})`);
  console.log(`Action, to its exchange ${median(action).toFixed(0)} ms`);
  verdict(ratio <= goals.ratio, `start ${ratio.toFixed(2)}×, goal at most ${goals.ratio}×`);
  verdict(bytes < goals.bytes, `bundle ${(bytes / 1e6).toFixed(2)} MB, goal below ${goals.bytes / 1e6} MB`);
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function bareStart(): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  await once(child, 'exit');
  return performance.now() - began;
}

async function actionStart(main: string): Promise<number> {
  const { promise: exchanged, resolve } = Promise.withResolvers<number>();
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/api/') === true) resolve(performance.now());
    const body =
      request.url?.startsWith('/token') === true
        ? { value: 'identity' }
        : { error: { code: 'already_done', message: 'Another run has this session.' } };
    response
      .writeHead('value' in body ? 200 : 409, { 'content-type': 'application/json' })
      .end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const began = performance.now();
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'],
      INPUT_URL: url,
      INPUT_SESSION: session,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/token?version=2`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request',
    },
    stdio: 'ignore',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  server.closeAllConnections();
  server.close();
  if (code !== 0) throw new Error(`the Action ended with ${code} and should have ended with 0`);
  return (await exchanged) - began;
}
