import { randomUUID } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { operations } from '../app/catalog/catalog.ts';
import { createClient } from '../app/client/client.ts';
import {
  playApp,
  PlayedRefusal,
  type PlayedAnswer,
  type PlayedApp,
} from '../app/client/fixtures/played-app.ts';
import type { Role } from '../app/domain/words.ts';
import { branch, gitSync, makeOrigin, temporaryDirectory, type TestOrigin } from './fixtures/origin.ts';
import { kindAnswers } from './fixtures/play.ts';
import { askedQuestion } from './fixtures/question.ts';
import { createObjectCache } from './object-cache.ts';
import { createNotices, type Notices } from './notices.ts';
import { openPushSocket, requestPush } from './push-socket.ts';
import { writeSessionFile } from './session-file.ts';
import { createUploader } from './upload.ts';
import { prepareWorkspace, type Workspace } from './workspace.ts';

type Desk = {
  client: Client;
  app: PlayedApp;
  workspace: Workspace;
  origin: TestOrigin;
  notices: Notices;
  call: Call;
};
type Call = (
  name: string,
  input?: Record<string, unknown>,
) => Promise<{ isError: boolean; text: string; output: unknown }>;
type DeskOptions = { role?: Role; task?: string | null; answers?: Record<string, PlayedAnswer> };

/** A session's MCP server as an engine starts it: a process of its own, spoken to by an ordinary client. */
async function sit(options: DeskOptions = {}): Promise<Desk> {
  const origin = makeOrigin();
  const directory = temporaryDirectory();
  const app = await playApp({ ...kindAnswers(origin), ...options.answers });
  onTestFinished(() => app.stop());
  const session = randomUUID();
  const workspace = await prepareWorkspace(createObjectCache(join(directory, 'cache')), {
    session,
    directory: join(directory, session),
    origin: { repository: 'acme/shop', cloneUrl: origin.url, token: null },
    base: 'main',
    branch,
    start: origin.start,
  });
  const runner = createClient({ url: app.url, token: 'runner-token' });
  const uploader = createUploader(runner, session, workspace);
  const notices = createNotices();
  const socket = await openPushSocket({ directory, user: null, uploader, notices });
  onTestFinished(() => socket.close());
  const file = join(directory, 'session.json');
  const task = options.task === undefined ? 't2' : options.task;
  const role = options.role ?? 'engineer';
  await writeSessionFile(file, {
    session,
    role,
    repository: 'acme/shop',
    run: 12,
    task,
    socket: socket.path,
    workspace,
  });
  const client = new Client({ name: 'test', version: '1' });
  onTestFinished(() => client.close());
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [fileURLToPath(new URL('./mcp-main.ts', import.meta.url))],
      env: { ENTOURAGE_URL: app.url, ENTOURAGE_TOKEN: 'agent-token', ENTOURAGE_SESSION_FILE: file },
      stderr: 'ignore',
    }),
  );
  await client.listTools();
  const call: Call = async (name, input = {}) => {
    const result = await client.callTool({ name, arguments: input });
    const [first] = result.content as { text: string }[];
    return { isError: result.isError === true, text: first!.text, output: result.structuredContent };
  };
  return { client, app, workspace, origin, notices, call };
}

const question = askedQuestion({ text: '204 or 200?' });
const commit = (workspace: Workspace, name: string) => {
  writeFileSync(join(workspace.path, name), name);
  gitSync(workspace.path, 'add', name);
  gitSync(workspace.path, 'commit', '-qm', `Add ${name}`);
};

// Each is a process of its own; a busy machine needs its time.
vi.setConfig({ testTimeout: 30_000 });

describe('SE-4: the agent’s MCP server', () => {
  test.each(['manager', 'engineer', 'reviewer'] as const)(
    'lists for a %s exactly what the catalog allows',
    async (role) => {
      const { client } = await sit({ role });
      const { tools } = await client.listTools();
      const allowed = operations.filter(
        ({ doors, allow }) => doors.includes('mcp') && (allow.any === true || allow.agent?.includes(role)),
      );
      expect(tools.map(({ name }) => name).toSorted()).toEqual(allowed.map(({ name }) => name).toSorted());
      for (const tool of tools) {
        const operation = allowed.find(({ name }) => name === tool.name)!;
        expect(tool.description).toBe(operation.summary);
        expect(tool.annotations?.readOnlyHint).toBe(operation.reads === true);
        expect(tool.annotations?.destructiveHint).toBe(operation.destroys === true);
        expect(tool.annotations?.idempotentHint).toBe((operation.reads ?? operation.repeats) === true);
        expect(tool.inputSchema.type).toBe('object');
        expect(tool.outputSchema?.type).toBe('object');
      }
      expect(tools.map(({ name }) => name)).not.toContain('approve_run');
    },
  );

  test('forwards with the agent’s token, its own repository, run and task by default', async () => {
    const { call, app } = await sit({ answers: { get_context: () => ({ context: { seen: 'src/' } }) } });
    const result = await call('get_context');
    expect(result).toMatchObject({ isError: false, output: { context: { seen: 'src/' } } });
    expect(app.calls.at(-1)).toEqual({
      operation: 'get_context',
      token: 'agent-token',
      input: { repository: 'acme/shop', run: 12, task: 't2' },
    });
  });

  test('AG-7: ask_human waits 45 seconds at most and says what to call again', async () => {
    const next = 'Call get_answer with question q1.';
    const { call, app } = await sit({ answers: { ask_human: () => ({ question, pending: true, next }) } });
    const result = await call('ask_human', { question: '204 or 200?' });
    expect(result.output).toMatchObject({ pending: true, next });
    expect(app.inputsOf('ask_human')[0]).toMatchObject({ wait: 45, run: 12 });
  });

  test('a refusal is a result with words, help and code', async () => {
    const { call } = await sit({
      answers: {
        get_context: () => {
          throw new PlayedRefusal('session_ended', 'This session ended.', 'Stop working.');
        },
      },
    });
    expect(await call('get_context')).toMatchObject({
      isError: true,
      text: 'This session ended.\nStop working.\n(session_ended)',
    });
  });

  test('so are a tool that isn’t there, a missing task, wrong input, and an App that is away', async () => {
    const { call, app } = await sit({ role: 'reviewer', task: null });
    expect((await call('approve_run', { run: 12 })).text).toMatch(
      /There is no tool "approve_run" for you[^]*get_task/,
    );
    expect((await call('get_task')).text).toMatch(/get_task needs `task`[^]*\(invalid_input\)/);
    expect((await call('read_file', { path: 7 })).text).toMatch(
      /read_file can't take this input: path[^]*\(invalid_input\)/,
    );
    await app.stop();
    expect(await call('get_task', { task: 't1' })).toMatchObject({
      isError: true,
      text: expect.stringMatching(/no answer/) as string,
    });
  });
});

test('AG-9: a notice comes once, with the result of the next call, whatever that is', async () => {
  const gone = () => Promise.reject(new PlayedRefusal('not_found', 'There is no t2.'));
  const { notices, client } = await sit({ answers: { get_task: gone } });
  const texts = async (name: string) => {
    const { content } = await client.callTool({ name, arguments: {} });
    return (content as { text: string }[]).slice(1).map(({ text }) => text);
  };
  expect(await texts('get_commits')).toEqual([]);
  notices.add('80 % of the budget is used.');
  notices.add('80 % of the budget is used.');
  expect(await texts('no_such_tool')).toEqual([]);
  expect(await texts('get_task')).toEqual(['Notice: 80 % of the budget is used.']);
  expect(await texts('get_commits')).toEqual([]);
});

test('AG-5: whatever is sent to the runner’s socket, the runner lives', async () => {
  const directory = temporaryDirectory();
  const uploader = { push: () => Promise.reject(new Error('nothing to push')) };
  const socket = await openPushSocket({ directory, user: null, uploader, notices: createNotices() });
  onTestFinished(() => socket.close());
  const status = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ socketPath: socket.path, method: 'POST', path }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
  for (const path of ['//', '/push?wait=NaN', '/push?wait=-1', 'http://[', '/other'])
    expect(await status(path), path).toBe(404);
  expect(await requestPush(socket.path, 0)).toMatchObject({ message: 'nothing to push' });
});

describe('the worktree’s tools', () => {
  test('read a file, cut long ones, and refuse what is no text', async () => {
    const { call, workspace } = await sit();
    expect((await call('read_file', { path: 'README.md' })).output).toEqual({
      path: 'README.md',
      content: '# Shop\n',
      truncated: false,
    });
    writeFileSync(join(workspace.path, 'long.txt'), 'x'.repeat(2_000_000));
    expect((await call('read_file', { path: 'long.txt' })).output).toMatchObject({ truncated: true });
    writeFileSync(join(workspace.path, 'binary'), Buffer.from([1, 0, 2]));
    expect((await call('read_file', { path: 'binary' })).text).toContain('not text');
    expect((await call('read_file', { path: '.' })).text).toContain('no file');
  });

  test('no path leaves the worktree', async () => {
    const { call, workspace } = await sit();
    symlinkSync('/etc/passwd', join(workspace.path, 'link'));
    symlinkSync('..', join(workspace.path, 'up'));
    mkdirSync(join(workspace.path, 'src'));
    for (const path of [
      '../session.json',
      '/etc/passwd',
      'link',
      'up/excludes',
      'src/../../x',
      '.git',
      'a\0b',
    ]) {
      const { isError, text } = await call('read_file', { path });
      expect(isError, path).toBe(true);
      expect(text, path).toMatch(/not_permitted/);
    }
    expect((await call('read_file', { path: 'nothing.js' })).text).toContain('not_found');
    expect((await call('get_task_diff', { path: '../session.json' })).text).toContain('not_permitted');
  });

  test('show the task’s changes since its base, committed or not', async () => {
    const { call, workspace } = await sit();
    commit(workspace, 'one.js');
    writeFileSync(join(workspace.path, 'sum.js'), 'changed\n');
    writeFileSync(join(workspace.path, 'two.js'), 'two\n');
    expect((await call('get_changed_files')).output).toEqual({
      files: [
        { path: 'one.js', status: 'added' },
        { path: 'sum.js', status: 'modified' },
        { path: 'two.js', status: 'untracked' },
      ],
    });
    const { output } = await call('get_task_diff');
    expect((output as { diff: string }).diff).toMatch(/\+one\.js[^]*\+changed[^]*\+two/);
    expect(((await call('get_task_diff', { path: 'sum.js' })).output as { diff: string }).diff).not.toContain(
      'one.js',
    );
    expect((await call('get_commits')).output).toMatchObject({
      commits: [{ subject: 'Add one.js' }, { subject: 'Start t2' }],
    });
  });

  test('a merge of the base doesn’t count as the task’s changes', async () => {
    const { call, workspace, origin } = await sit();
    commit(workspace, 'one.js');
    expect(gitSync(workspace.path, 'rev-parse', 'origin/main')).toBe(origin.base);
    gitSync(workspace.path, 'merge', '--quiet', 'origin/main');
    expect((await call('get_changed_files')).output).toEqual({
      files: [{ path: 'one.js', status: 'added' }],
    });
  });
});

describe('handing over', () => {
  test('AG-5: push_branch uploads what is committed, once', async () => {
    const { call, app, workspace, origin } = await sit();
    expect((await call('push_branch')).output).toMatchObject({ state: 'unchanged', head: origin.start });
    commit(workspace, 'one.js');
    const { output } = await call('push_branch');
    expect(output).toEqual({ state: 'pushed', head: origin.git('rev-parse', branch) });
    expect((await call('push_branch')).output).toMatchObject({ state: 'unchanged' });
    expect(app.inputsOf('upload_bundle')).toHaveLength(1);
    expect(app.calls.find(({ operation }) => operation === 'upload_bundle')?.token).toBe('runner-token');
  });

  test('AG-6: a refused push says why and what to do, and is not uploaded twice', async () => {
    const { call, app, workspace } = await sit({
      answers: { get_bundle: () => ({ state: 'refused', head: null, reason: 'it changes ENTOURAGE.md' }) },
    });
    commit(workspace, 'one.js');
    for (let time = 0; time < 2; time += 1) {
      const { isError, text } = await call('push_branch');
      expect(isError).toBe(true);
      expect(text).toMatch(/it changes ENTOURAGE\.md\nChange the commits[^]*\(push_refused\)/);
    }
    expect(app.inputsOf('upload_bundle')).toHaveLength(1);
  });

  test('RE-1: request_review pushes first, then asks and waits', async () => {
    const answer = { state: 'in_review', words: 'In review.', next: 'End your session.' };
    const { call, app, workspace } = await sit({ answers: { request_review: () => answer } });
    commit(workspace, 'one.js');
    expect((await call('request_review', { summary: 'Did it.' })).output).toEqual(answer);
    const names = app.calls.map(({ operation }) => operation);
    expect(names).toEqual(['upload_bundle', 'get_bundle', 'request_review']);
    const { wait } = app.inputsOf('request_review')[0] as { wait: number };
    expect(wait).toBeGreaterThan(30);
    expect(wait).toBeLessThanOrEqual(45);
  });

  test('RE-1: request_review refuses a dirty worktree and names what is left', async () => {
    const { call, app, workspace } = await sit();
    writeFileSync(join(workspace.path, 'left over.js'), '');
    const { isError, text } = await call('request_review', { summary: 'Did it.' });
    expect(isError).toBe(true);
    expect(text).toMatch(/`left over\.js`[^]*Commit them/);
    expect(app.calls).toEqual([]);
  });
});
