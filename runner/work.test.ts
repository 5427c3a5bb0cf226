import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PlayedRefusal } from '../app/client/fixtures/played-app.ts';
import { findAgentUser } from './agent-user.ts';
import { commitOne, kit } from './fixtures/agent-script.ts';
import { branch } from './fixtures/origin.ts';
import { play, type Play, type PlayOptions } from './fixtures/play.ts';
import { onLinux, processTree } from './process-tree.ts';

// Real processes; a busy machine needs its time.
vi.setConfig({ testTimeout: 30_000 });

const survivors = async (session: Play) => await processTree(null, session.assignment.session).alive();

const usage = { input_tokens: 100, cached_tokens: 10, output_tokens: 20, cost: 1500 };

describe('a session', () => {
  test('AG-2, AG-5: goes from its assignment to pushed work, and leaves nothing behind', async () => {
    const session = await play(`${commitOne}
      say({ type: 'usage', ...${JSON.stringify(usage)} });
      say({ type: 'text', text: 'all done' });`);
    await session.work();
    expect(
      session.app.calls.map(({ operation }) => operation).filter((name) => name !== 'heartbeat'),
    ).toEqual(['start_session', 'upload_bundle', 'get_bundle', 'end_session']);
    expect(session.ending()).toMatchObject({ outcome: 'completed', usage });
    expect(session.origin.git('log', '-1', '--format=%s|%an', branch)).toBe('Test sum|eng-1 (Entourage)');
    expect(session.isClean()).toBe(true);
    expect(new Set(session.app.calls.map(({ token }) => token))).toEqual(
      new Set(['ent_session_runner-secret']),
    );
  });

  test('AG-5: the engine gets its prompt and tools, and no token of GitHub, Actions or the runner', async () => {
    process.env['GITHUB_TOKEN'] = 'ghs_of-the-job';
    process.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] = 'oidc-of-the-job';
    const session = await play(`${kit}
      const prompt = readFileSync(0, 'utf8');
      const config = readFileSync(process.env.ENTOURAGE_MCP_CONFIG, 'utf8');
      writeFileSync('seen.json', JSON.stringify({ prompt, config: JSON.parse(config), env: process.env, cwd: process.cwd() }));`);
    await session.work();
    delete process.env['GITHUB_TOKEN'];
    delete process.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
    const text = session.origin.git('show', `${branch}:seen.json`);
    const seen = JSON.parse(text) as {
      prompt: string;
      cwd: string;
      env: Record<string, string>;
      config: { mcpServers: { entourage: { type: string; env: Record<string, string> } } };
    };
    expect(seen.prompt).toBe('Add a test.');
    expect(seen.config.mcpServers.entourage).toMatchObject({
      type: 'stdio',
      env: { ENTOURAGE_TOKEN: 'ent_agent_agent-secret' },
    });
    expect(seen.env['ENTOURAGE_MCP_CONFIG']?.startsWith(seen.cwd)).toBe(false);
    expect(text).not.toMatch(/ghs_of-the-job|oidc-of-the-job|runner-secret/);
    expect(Object.keys(seen.env).filter((name) => /^(GITHUB|ACTIONS|GH)_/.test(name))).toEqual([]);
    expect(seen.env['HOME']).toContain(session.assignment.session);
  });

  test('AG-8, AG-9: heartbeats carry usage and what the agent does', async () => {
    const session = await play(`${kit}
      say({ type: 'usage', ...${JSON.stringify(usage)} });
      say({ type: 'tool_started', tool: 'bash' });
      setInterval(() => { if (existsSync('../enough')) process.exit(0); }, 50);`);
    const work = session.work();
    const beat = () => session.app.inputsOf('heartbeat').find(({ activity }) => activity === 'using bash');
    while (beat() === undefined) await delay(20);
    writeFileSync(join(session.place.sessions, session.assignment.session, 'enough'), '');
    await work;
    expect(beat()).toMatchObject({ activity: 'using bash', usage });
  });

  test('what the agent is doing is told without secrets, whole or cut', async () => {
    const session = await play(`${kit}
      const { mcpServers } = JSON.parse(readFileSync(process.env.ENTOURAGE_MCP_CONFIG, 'utf8'));
      const token = mcpServers.entourage.env.ENTOURAGE_TOKEN;
      say({ type: 'text', text: 'using ' + token + ' '.padEnd(290 - token.length, 'x') + token });
      setInterval(() => { if (existsSync('../enough')) process.exit(0); }, 50);`);
    const work = session.work();
    const beat = () =>
      session.app.inputsOf('heartbeat').find(({ activity }) => String(activity).startsWith('using '));
    while (beat() === undefined) await delay(20);
    writeFileSync(join(session.place.sessions, session.assignment.session, 'enough'), '');
    await work;
    expect(beat()?.['activity']).toMatch(/^using \*\*\*/);
    expect(JSON.stringify(session.app.inputsOf('heartbeat'))).not.toContain('ent_a');
  });

  test('the set-up runs before the engine, and its products are not the agent’s work', async () => {
    const session = await play(
      `${kit}
      writeFileSync('answer.txt', existsSync('made') ? 'set up' : 'not set up');`,
      {
        assignment: { setup: ['touch made', 'git --version'] },
      },
    );
    await session.work();
    expect(session.origin.git('show', `${branch}:answer.txt`)).toBe('set up');
    expect(session.origin.git('ls-tree', '--name-only', branch).split('\n')).not.toContain('made');
  });

  test('a set-up that takes longer than policy allows is stopped, and says which value', async () => {
    const session = await play(commitOne, { assignment: { setup: ['sleep 60'], setup_minutes: 0.01 } });
    await session.work();
    expect(session.ending()).toMatchObject({ outcome: 'failed' });
    expect(session.ending()?.reason).toMatch(/took longer than `workspace.minutes`.*`sleep 60` was stopped/);
  });

  test('AG-7, BU-1, TA-10: warnings and word of messages reach the agent once, with its next tool result', async () => {
    const session = await play(
      `${kit}
      import { request } from 'node:http';
      const { mcpServers } = JSON.parse(readFileSync(process.env.ENTOURAGE_MCP_CONFIG, 'utf8'));
      const { socket } = JSON.parse(readFileSync(mcpServers.entourage.env.ENTOURAGE_SESSION_FILE, 'utf8'));
      const notices = () => new Promise((resolve) => request({ socketPath: socket, method: 'POST', path: '/notices' }, (response) => {
        response.setEncoding('utf8').on('data', (text) => resolve(JSON.parse(text).notices));
      }).end());
      let all = [];
      while (all.length < 3) { all = [...all, ...(await notices())]; await new Promise((resolve) => setTimeout(resolve, 50)); }
      writeFileSync('notices.json', JSON.stringify(all));`,
      {
        // The agent is told after 7.2 s and stopped after 8.5 s.
        assignment: { minutes: 0.15 },
        answers: {
          heartbeat: () => ({
            stop: null,
            suspend: null,
            warn: '80 % of the budget is used.',
            messages: 'A message waits for you.',
            lease_until: '2026-01-01T00:00:00.000Z',
          }),
        },
      },
    );
    const report = await session.work();
    const notices = JSON.parse(session.origin.git('show', `${branch}:notices.json`)) as string[];
    expect(notices).toEqual([
      '80 % of the budget is used.',
      'A message waits for you.',
      expect.stringMatching(/time limit of this session comes/),
    ]);
    expect(report.warnings).toEqual([notices[0], notices[2]]);
  });

  test.each([
    ['a program that fails', ['git no-such-command'], /set-up line `git no-such-command` ended with 1/],
    ['a program that is not there', ['no-such-program'], /could not be started/],
    ['a shell’s line', ['touch a && rm -rf /'], /needs a shell/],
  ])('a set-up with %s ends the session in words, without the engine', async (_, setup, words) => {
    const session = await play(commitOne, { assignment: { setup } });
    await session.work();
    expect(session.ending()?.outcome).toBe('failed');
    expect(session.ending()?.reason).toMatch(words);
    expect(session.app.inputsOf('start_session')).toEqual([]);
    expect(session.isClean()).toBe(true);
  });

  test('plan and review sessions hand over nothing, whatever they write', async () => {
    const session = await play(commitOne, {
      assignment: { kind: 'plan', role: 'manager', task: null, branch: null },
    });
    await session.work();
    expect(session.ending()).toMatchObject({ outcome: 'completed' });
    expect(session.app.inputsOf('upload_bundle')).toEqual([]);
    expect(session.isClean()).toBe(true);
  });
});

/** A place that others can get through to, as a runner's own directory is. */
const passable = async (script: string, options: PlayOptions = {}) => {
  const session = await play(script, { ...options, isolation: 'auto' });
  chmodSync(session.directory, 0o711);
  return session;
};

/** Real user ids of everything that runs; one that is dead and waits for its parent's look does not. */
function usersOfProcesses(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/status`))
    .flatMap((pid) => {
      const status = readStatus(pid);
      return /^State:\s+[ZX]/m.test(status) ? [] : (/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? []);
    });
}

/** Empty when it ended between the look and the read. */
function readStatus(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

describe.runIf(onLinux && process.getuid?.() === 0)('AG-5: a session with a user of its own', () => {
  test('works as that user, set-up and tools too, and leaves no user behind', async () => {
    const session = await passable(
      `${kit}
      const { mcpServers } = JSON.parse(readFileSync(process.env.ENTOURAGE_MCP_CONFIG, 'utf8'));
      const owner = (path) => statSync(path).uid;
      const attempt = (path) => { try { writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; } };
      writeFileSync('seen.json', JSON.stringify({
        uid: process.getuid(), made: owner('made'), tree: owner('.'), home: owner(process.env.HOME), tmp: owner(process.env.TMPDIR),
        user: process.env.USER, tool: spawnSync(mcpServers.entourage.command, ['-e', 'process.stdout.write(String(process.getuid()))'], { encoding: 'utf8' }).stdout,
        above: attempt('../x'), config: attempt(process.env.ENTOURAGE_MCP_CONFIG), history: git('log', '--format=%s'),
      }));`.replace('{ existsSync', '{ spawnSync } from "node:child_process"; import { statSync, existsSync'),
      { assignment: { setup: ['touch made'] } },
    );
    await session.work();
    expect(session.ending()).toMatchObject({ outcome: 'completed' });
    expect(session.app.inputsOf('start_session')).toMatchObject([{ isolation: 'user' }]);
    const seen = JSON.parse(session.origin.git('show', `${branch}:seen.json`)) as Record<string, unknown>;
    const { uid } = seen as { uid: number };
    expect(uid).toBeGreaterThan(0);
    expect(seen).toMatchObject({ made: uid, tree: uid, home: uid, tmp: uid, tool: String(uid) });
    expect(seen).toMatchObject({ above: 'EACCES', config: 'EACCES', history: 'Start t2\nFirst' });
    expect(seen['user']).toBe(`ent-${session.assignment.session.slice(-12)}`);
    expect(await findAgentUser(session.assignment.session)).toBeNull();
    expect(session.isClean()).toBe(true);
  });

  test('ends all that ran as that user: without a mark, without parents, deaf to signals', async () => {
    const deaf = `for (const s of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(s, () => {}); setInterval(() => {}, 1000);`;
    const orphan = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(deaf)}], { detached: true, stdio: 'ignore', env: {} }).unref();`;
    const session = await passable(
      `${kit}
      execFileSync(process.execPath, ['-e', ${JSON.stringify(orphan)}], { env: {} });
      mkdirSync('/dev/shm/left-' + process.getuid());
      writeFileSync('uid', String(process.getuid()));`.replace('{ existsSync', '{ mkdirSync, existsSync'),
    );
    await session.work();
    const uid = session.origin.git('show', `${branch}:uid`);
    expect(usersOfProcesses()).not.toContain(uid);
    expect(existsSync(`/dev/shm/left-${uid}`)).toBe(false);
    expect(session.isClean()).toBe(true);
  });

  test('hands over what it left uncommitted, without the filters that it configured', async () => {
    const session = await passable(`${commitOne}
      git('config', 'filter.spy.clean', 'sed s/rest/filtered/');
      writeFileSync('.gitattributes', '* filter=spy\\n');
      writeFileSync('rest.txt', 'rest');`);
    await session.work();
    expect(session.ending()).toMatchObject({ outcome: 'completed' });
    expect(session.origin.git('show', `${branch}:rest.txt`)).toBe('rest');
    expect(session.origin.git('log', '-2', '--format=%an', branch)).toBe('Entourage\neng-1 (Entourage)');
  });

  test('plan sessions read: tracked files can’t be written', async () => {
    const session = await passable(
      `${kit} try { writeFileSync('sum.js', ''); } catch { process.exit(0); } process.exit(3);`,
      { assignment: { kind: 'plan', role: 'manager', task: null, branch: null } },
    );
    await session.work();
    expect(session.ending()).toMatchObject({ outcome: 'completed' });
    expect(session.isClean()).toBe(true);
  });

  test('where the user can’t get through, works without one and says why', async () => {
    const session = await play(commitOne, { isolation: 'auto' });
    await session.work();
    expect(session.ending()).toMatchObject({ outcome: 'completed' });
    expect(session.app.inputsOf('start_session')).toMatchObject([{ isolation: 'none' }]);
    expect(session.lines.join('\n')).toContain('another user can’t get through to');
  });
});

describe('the App’s word', () => {
  test('TA-5: a superseded session’s engine is stopped at once, and it reports and hands over nothing', async () => {
    const session = await play(`${commitOne} setInterval(() => {}, 1000);`, {
      answers: {
        heartbeat: (() => {
          let beats = 0;
          return () => {
            beats += 1;
            if (beats >= 2)
              throw new PlayedRefusal(
                'superseded_session',
                'A newer session works on this task.',
                'Stop working.',
              );
            return {
              stop: null,
              suspend: null,
              warn: null,
              messages: null,
              lease_until: '2026-01-01T00:00:00.000Z',
            };
          };
        })(),
      },
    });
    await session.work();
    expect(session.app.inputsOf('end_session')).toEqual([]);
    expect(session.app.inputsOf('upload_bundle')).toEqual([]);
    expect(session.isClean()).toBe(true);
    expect(await survivors(session)).toEqual([]);
  });

  test('KW-1: an App that is away for a while costs no work', async () => {
    const session = await play(`${kit} setTimeout(() => {
      writeFileSync('late.js', 'late'); git('add', '.'); git('commit', '-qm', 'Late');
    }, 1500);`);
    const work = session.work();
    while (session.app.inputsOf('start_session').length === 0) await delay(20);
    await session.app.stop();
    await delay(1_000);
    await session.app.start();
    await work;
    expect(session.ending()).toMatchObject({ outcome: 'completed' });
    expect(session.origin.git('log', '-1', '--format=%s', branch)).toBe('Late');
  });

  test('an App that is gone at the end: clean all the same, and no exception', async () => {
    const session = await play(`${kit} setTimeout(() => {}, 300);`);
    const work = session.work();
    while (session.app.inputsOf('start_session').length === 0) await delay(20);
    await session.app.stop();
    await work;
    expect(session.isClean()).toBe(true);
    expect(session.lines.join('\n')).toContain('the end could not be reported');
  });

  test('a runner that shuts down stops the session and keeps its work', async () => {
    const session = await play(
      `${commitOne} writeFileSync('../committed', ''); setInterval(() => {}, 1000);`,
    );
    const asked = new AbortController();
    const work = session.work(asked.signal);
    const committed = join(session.place.sessions, session.assignment.session, 'committed');
    while (!existsSync(committed)) await delay(20);
    asked.abort();
    await work;
    expect(session.ending()).toMatchObject({ outcome: 'stopped', reason: 'The runner is shutting down.' });
    expect(session.origin.git('log', '-1', '--format=%s', branch)).toBe('Test sum');
  });

  test.runIf(onLinux && process.getuid?.() === 0)(
    'a disk that is full ends the session in words',
    async () => {
      const session = await play(
        `${commitOne} try { writeFileSync('large', Buffer.alloc(4_000_000)); } catch {}`,
      );
      mkdirSync(session.place.sessions);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', session.place.sessions]);
      onTestFinished(() => void execFileSync('umount', [session.place.sessions]));
      await session.work();
      expect(session.ending()).toMatchObject({ outcome: 'failed' });
      expect(session.ending()?.reason).toMatch(
        /^What was not committed could not be kept\. The disk .* is full\./,
      );
      expect(session.origin.git('log', '-1', '--format=%s', branch)).toBe('Test sum');
      const fill = () => writeFileSync(join(session.place.sessions, 'large'), Buffer.alloc(4_000_000));
      expect(fill).toThrow('ENOSPC');
      session.app.calls.length = 0;
      await session.work();
      expect(session.ending()?.reason).toMatch(/^The disk of the machine that worked on it is full\./);
    },
  );

  test('a repository that can’t be fetched ends the session in words', async () => {
    const session = await play(commitOne, { assignment: { clone_url: '/nowhere/shop.git' } });
    await session.work();
    expect(session.ending()?.reason).toMatch(/git fetch ended with 128/);
    expect(session.isClean()).toBe(true);
  });
});
