/** Programs started for a session: their environment is what is given, whoever starts them. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AgentUser } from './agent-user.ts';
import { keep } from './engines/keeper.ts';
import { temporaryDirectory } from './fixtures/origin.ts';
import { playSudo } from './fixtures/play-sudo.ts';
import { giveTo, mustRunAs, runAs, signalAs, spawnAs } from './spawn-as.ts';

const tell = `process.stdin.setEncoding('utf8'); let input = '';
process.stdin.on('data', (text) => (input += text)).on('end', () =>
  console.log(JSON.stringify({ env: process.env, input, cwd: process.cwd(), args: process.argv.slice(1) })));`;

describe('a program', () => {
  test.each(['sudo', null] as const)('gets exactly its environment, input and directory (%s)', async (by) => {
    const user = by === null ? null : playSudo();
    const cwd = temporaryDirectory();
    const env = {
      PATH: process.env['PATH'] ?? '',
      KEY: 'ends=with=equals==',
      LINES: 'one\ntwo\n',
      SLASHES: String.raw`C:\new\table 'quoted' "twice" $HOME`,
      EMPTY: '',
    };
    const args = ['-e', tell, 'a b', '$HOME', '*'];
    const input = 'first line\n\nthird line = x\n';
    const text = await mustRunAs(user, { file: process.execPath, args, cwd, env, input });
    const told = JSON.parse(text) as { env: object; input: string; cwd: string; args: string[] };
    const { PWD: _, OLDPWD: __, ...seen } = told.env as Record<string, string>;
    expect(seen).toEqual(env);
    expect(told).toMatchObject({ input, cwd, args: ['a b', '$HOME', '*'] });
  });

  test('that is kept gets the same by sudo, and its exit code is found', async () => {
    const user = playSudo();
    const cwd = temporaryDirectory();
    const env = { PATH: process.env['PATH'] ?? '', KEY: 'one\ntwo' };
    const directory = join(cwd, 'engine');
    const args = ['-e', `${tell} process.exitCode = 5;`];
    const kept = await keep(user, directory, { file: process.execPath, args, cwd, env, input: 'the prompt' });
    expect(await kept.exited).toEqual({ code: 5, signal: null });
    const told = JSON.parse(readFileSync(join(directory, 'output'), 'utf8')) as {
      env: Record<string, string>;
    };
    expect(told).toMatchObject({ input: 'the prompt', cwd, env });
    expect(told.env).not.toHaveProperty('SUDO_COMMAND');
    expect(readFileSync(join(directory, 'errors'), 'utf8')).toBe('');
  });

  test.each(['sudo', null] as const)('AG-6 that never stops printing is not heard out (%s)', async (by) => {
    const user = by === null ? null : playSudo();
    await expect(runAs(user, { file: 'yes', args: ['x'.repeat(1_000)], cwd: '/' })).rejects.toThrow(
      '`yes` printed more than',
    );
  });

  test('has no value of its environment in an argument', () => {
    const program = spawnAs(playSudo(), {
      file: 'true',
      args: [],
      cwd: '/',
      env: { KEY: 'sk-secret', PATH: '/usr/bin:/bin' },
    });
    program.on('error', () => undefined);
    expect(program.spawnargs.join(' ')).not.toContain('sk-secret');
  });

  test('that can’t get to its directory, or is not there, ends with the shell’s codes', async () => {
    const user = playSudo();
    const run = (file: string, cwd: string) => runAs(user, { file, args: [], cwd });
    expect((await run('true', '/no/such/directory')).code).toBe(126);
    expect((await run('no-such-program', '/')).code).toBe(127);
    expect((await run('true', '/')).code).toBe(0);
  });

  test('is never started as root by mistake, and nobody signals everybody', async () => {
    const root: AgentUser = { name: 'x', uid: 0, gid: 0, by: 'root' };
    expect(() => spawnAs(root, { file: 'true', args: [], cwd: '/', env: {} })).toThrow(/never root/);
    await expect(signalAs(null, [-1], 'SIGKILL')).rejects.toThrow(/everybody/);
  });

  test.runIf(process.getuid?.() === 0)('files are given, not what they point to', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'file');
    writeFileSync(file, '');
    await giveTo({ name: 'x', uid: 4242, gid: 4243, by: 'root' }, [file]);
    expect(statSync(file)).toMatchObject({ uid: 4242, gid: 4243 });
    expect(statSync(directory).uid).toBe(0);
  });
});
