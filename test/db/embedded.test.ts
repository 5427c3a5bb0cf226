/** Our own Postgres outlives every way to die, is never two, and says what is wrong. Each start is a real server. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withClient } from '../../db/client.ts';
import { startEmbedded, startPostgres, type Postgres } from '../../db/embedded.ts';
import { isRunning } from '../../db/postmaster.ts';

let dir: string;
let started: Postgres[];
let children: ChildProcess[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'entourage-embedded-'));
  started = [];
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const postgres of started) await postgres.stop();
  const left = await postmasterPid().catch(() => 0);
  if (isRunning(left)) process.kill(left, 'SIGQUIT');
  await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

const start = async (): Promise<Postgres> => {
  const postgres = await startEmbedded({ dir });
  started.push(postgres);
  return postgres;
};
const postmasterPid = async (): Promise<number> =>
  Number.parseInt(await readFile(join(dir, 'postgres', 'postmaster.pid'), 'utf8'), 10);
const write = (url: string): Promise<unknown> =>
  withClient(url, (client) =>
    client.query(`create table if not exists kept (n int); insert into kept values (1)`),
  );
const count = (url: string): Promise<number> =>
  withClient(url, async (client) =>
    Number((await client.query<{ n: string }>('select count(*) as n from kept')).rows[0]?.n),
  );

test('both roles log in by password, only on loopback; secrets are ours alone; data stays after a stop', async () => {
  const first = await start();
  await write(first.ownerUrl);
  const settings = await withClient(first.ownerUrl, async (client) => {
    const { rows } = await client.query<{ listen: string; sockets: string; encoding: string }>(
      `select current_setting('listen_addresses') as listen, current_setting('unix_socket_directories') as sockets, current_setting('server_encoding') as encoding`,
    );
    return rows[0];
  });
  expect(settings).toEqual({ listen: '127.0.0.1', sockets: '', encoding: 'UTF8' });
  const role = await withClient(
    first.appUrl,
    async (client) => (await client.query('select current_user as name')).rows,
  );
  expect(role).toEqual([{ name: 'entourage_app' }]);
  const stranger = new URL(first.ownerUrl);
  stranger.password = 'guess';
  await expect(withClient(stranger.href, (client) => client.query('select 1'))).rejects.toThrow(
    /password authentication/,
  );
  expect((await stat(join(dir, 'postgres.json'))).mode & 0o777).toBe(0o600);
  const pid = await postmasterPid();
  await first.stop();
  expect(isRunning(pid)).toBe(false);
  const second = await start();
  expect(second.ownerUrl).toBe(first.ownerUrl);
  expect(await count(second.ownerUrl)).toBe(1);
});

test('after SIGKILL of the server a new one takes over, with everything committed and the same address', async () => {
  const first = await start();
  await write(first.ownerUrl);
  const pid = await postmasterPid();
  process.kill(pid, 'SIGKILL');
  await vi.waitUntil(() => !isRunning(pid), { timeout: 10_000, interval: 20 });
  const second = await start();
  expect(second.ownerUrl).toBe(first.ownerUrl);
  expect(await postmasterPid()).not.toBe(pid);
  expect(await count(second.ownerUrl)).toBe(1);
});

/** A process of its own that starts the server, says so, and waits. */
async function another(): Promise<ChildProcess> {
  const module = join(import.meta.dirname, '../../db/embedded.ts');
  const program = `
    const { startEmbedded } = await import(process.argv[1]);
    const postgres = await startEmbedded({ dir: process.argv[2] });
    console.log(postgres.ownerUrl);
    process.on('SIGTERM', async () => { await postgres.stop(); process.exit(0); });
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, module, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout!, 'data');
  return child;
}

test('after SIGKILL of our process the server it left is adopted, and then ended by us', async () => {
  const child = await another();
  const pid = await postmasterPid();
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isRunning(pid)).toBe(true);
  const adopted = await start();
  expect(await postmasterPid()).toBe(pid);
  await write(adopted.ownerUrl);
  await adopted.stop();
  expect(isRunning(pid)).toBe(false);
});

test('a server that another live process answers for is used, not stopped', async () => {
  const child = await another();
  const pid = await postmasterPid();
  const guest = await start();
  await write(guest.ownerUrl);
  await guest.stop();
  expect(isRunning(pid)).toBe(true);
  child.kill('SIGTERM');
  await once(child, 'exit');
  expect(isRunning(pid)).toBe(false);
});

test('two processes that start on an empty directory share one server', async () => {
  const [mine, child] = await Promise.all([start(), another()]);
  await write(mine.ownerUrl);
  expect(
    await count(mine.appUrl.replace(/\/\/[^@]*@/, new URL(mine.ownerUrl).href.match(/\/\/[^@]*@/)![0])),
  ).toBe(1);
  child.kill('SIGTERM');
  await once(child, 'exit');
});

test('a lock file whose number another program has now is no obstacle', async () => {
  const first = await start();
  await write(first.ownerUrl);
  await first.stop();
  const file = join(dir, 'postgres', 'postmaster.pid');
  await writeFile(file, `${process.pid}\n${join(dir, 'postgres')}\n1\n5432\n\n127.0.0.1\n`);
  const second = await start();
  expect(await count(second.ownerUrl)).toBe(1);
});

test('a taken port is named; a remembered one that is taken is exchanged', async () => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  const address = blocker.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    await expect(startEmbedded({ dir, port })).rejects.toMatchObject({
      code: 'port_taken',
      message: expect.stringContaining(String(port)) as string,
    });
    const file = join(dir, 'postgres.json');
    await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, 'utf8')) as object), port }));
    expect(new URL((await start()).ownerUrl).port).not.toBe(String(port));
  } finally {
    blocker.close();
  }
});

test('lost credentials and a place that is no directory are named', async () => {
  const first = await start();
  await rm(join(dir, 'postgres.json'));
  await expect(startEmbedded({ dir })).rejects.toMatchObject({ code: 'other_credentials' });
  await first.stop();
  const file = join(dir, 'file');
  await writeFile(file, '');
  await expect(startEmbedded({ dir: join(file, 'x') })).rejects.toMatchObject({ code: 'not_writable' });
});

test('a directory that the database’s user can’t enter still works', async () => {
  const closed = join(dir, 'closed');
  await mkdir(closed, { mode: 0o700 });
  await chmod(closed, 0o700);
  const postgres = await startEmbedded({ dir: join(closed, '.entourage') });
  started.push(postgres);
  await write(postgres.ownerUrl);
  const data = await withClient(postgres.ownerUrl, async (client) => {
    const { rows } = await client.query<{ data: string }>(`select current_setting('data_directory') as data`);
    return rows[0]?.data ?? '';
  });
  await postgres.stop();
  if (!data.startsWith(closed)) await rm(join(data, '..'), { recursive: true, force: true });
});

test('DATABASE_URL is used as it is, its owner acting as the App’s role; an unreachable one is named', async () => {
  const own = await start();
  const given = await startPostgres({ url: own.ownerUrl, dir });
  expect(given).toMatchObject({ ownerUrl: own.ownerUrl, appRole: true });
  const role = await withClient(
    given.appUrl,
    async (client) => (await client.query('select current_user as name')).rows,
  );
  expect(role).toEqual([{ name: 'entourage_app' }]);
  await given.stop();
  expect(isRunning(await postmasterPid())).toBe(true);
  await expect(startPostgres({ url: 'postgres://nobody@127.0.0.1:1/x', dir })).rejects.toMatchObject({
    code: 'unreachable',
  });
});
