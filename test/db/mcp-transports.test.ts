/** One scenario over both transports, with an unmodified client: the runner's stdio server and the App's Streamable HTTP. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations } from '../../app/catalog/catalog.ts';
import { agentPace } from '../../app/domain/pace.ts';
import { gitSync } from '../../runner/fixtures/origin.ts';
import { writeSessionFile } from '../../runner/session-file.ts';
import { mcpWorld, type McpWorld, type Seat } from './mcp-world.ts';

const mcpMain = fileURLToPath(new URL('../../runner/mcp-main.ts', import.meta.url));

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

const overHttp = (world: McpWorld, seat: Seat): Transport =>
  new StreamableHTTPClientTransport(new URL(`${world.url}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${seat.agent}` } },
  });

/** As an engine starts it: a process of its own beside a clone of the repository. */
async function overStdio(world: McpWorld, seat: Seat): Promise<Transport> {
  const directory = mkdtempSync(join(tmpdir(), 'entourage-test-'));
  directories.push(directory);
  const path = join(directory, 'worktree');
  gitSync(directory, 'init', '--quiet', '--initial-branch=main', path);
  gitSync(path, 'commit', '--quiet', '--allow-empty', '-m', 'First');
  const start = gitSync(path, 'rev-parse', 'HEAD');
  gitSync(path, 'update-ref', 'refs/remotes/origin/main', start);
  const excludes = join(directory, 'excludes');
  writeFileSync(excludes, '');
  const file = join(directory, 'session.json');
  const engineer = seat === world.engineer;
  await writeSessionFile(file, {
    session: seat.session,
    role: engineer ? 'engineer' : 'manager',
    repository: 'acme/shop',
    run: engineer ? world.run.number : world.run.number + 1,
    task: engineer ? 't1' : null,
    // Nobody listens there: no runner, no notices.
    socket: join(directory, 'no.socket'),
    workspace: {
      path,
      start,
      branch: engineer ? 'entourage/1-t1' : null,
      base: 'refs/remotes/origin/main',
      gitDirectory: join(path, '.git'),
      excludes,
    },
  });
  return new StdioClientTransport({
    command: process.execPath,
    args: [mcpMain],
    env: { ENTOURAGE_URL: world.url, ENTOURAGE_TOKEN: seat.agent, ENTOURAGE_SESSION_FILE: file },
    stderr: 'ignore',
  });
}

type Output = Record<string, unknown>;
type Said = { isError: boolean; text: string; output: Output };

describe.each([
  {
    transport: 'http',
    where: 'app' as const,
    open: async (world: McpWorld, seat: Seat) => overHttp(world, seat),
  },
  { transport: 'stdio', where: 'runner' as const, open: overStdio },
])('SE-4 over $transport', ({ where, open }) => {
  let world: McpWorld;
  let engineer: Client;
  let manager: Client;
  beforeAll(async () => {
    world = await mcpWorld();
    engineer = new Client({ name: 'test', version: '1' });
    await engineer.connect(await open(world, world.engineer));
    manager = new Client({ name: 'test', version: '1' });
    await manager.connect(await open(world, world.manager));
    // The client checks structured outputs against the schemas that it has seen.
    await engineer.listTools();
    await manager.listTools();
  });
  afterAll(async () => {
    await engineer.close();
    await manager.close();
    await world.close();
  });

  async function call(name: string, input: Output = {}, client = engineer): Promise<Said> {
    const result = await client.callTool({ name, arguments: input });
    const [first] = result.content as { text: string }[];
    return {
      isError: result.isError === true,
      text: first!.text,
      output: (result.structuredContent ?? {}) as Output,
    };
  }

  it.each(['engineer', 'manager'] as const)(
    'lists for the %s what it may call, and nothing else',
    async (role) => {
      const { tools } = await (role === 'engineer' ? engineer : manager).listTools();
      const allowed = operations.filter(
        ({ doors, allow, runs }) =>
          doors.includes('mcp') &&
          (runs === 'app' || where === 'runner') &&
          (allow.any === true || allow.agent?.includes(role) === true),
      );
      expect(tools.map(({ name }) => name).toSorted()).toEqual(allowed.map(({ name }) => name).toSorted());
      for (const hidden of ['approve_run', 'respond_to_request', 'claim_session', 'record_push'])
        expect(tools.map(({ name }) => name)).not.toContain(hidden);
    },
  );

  it('reads: its task, run, team, policy, events; by default its own', async () => {
    expect((await call('get_task')).output).toMatchObject({ task: { task: 't1', title: 'Table' } });
    expect((await call('get_task', { task: 't2' })).output).toMatchObject({ task: { unmet: ['t1'] } });
    expect((await call('authenticate')).output).toMatchObject({ kind: 'agent', roles: ['engineer'] });
    expect((await call('list_tasks', { state: 'todo' })).output).toMatchObject({
      tasks: [{ task: 't2' }],
      cursor: null,
    });
    expect((await call('get_dependent_tasks')).output).toMatchObject({
      tasks: [{ task: 't2' }],
      all: ['t2'],
    });
    const { events } = (await call('get_task_events', { limit: 3 })).output as { events: { task: string }[] };
    expect(events.map(({ task }) => task)).toEqual(['t1', 't1', 't1']);
    expect((await call('get_pr_info')).output).toMatchObject({
      pull: { task: 't1', pull: 31, into: 'main' },
    });
    expect((await call('create_pr')).output).toMatchObject({ pull: { pull: 31 } });
    expect((await call('explain', { task: 't2' })).output).toMatchObject({
      tasks: [{ task: 't2', state: 'todo', words: 't2 does not run yet: It waits for t1.' }],
    });
    expect((await call('list_orgs')).output).toEqual({
      orgs: [{ org: 'acme', type: 'Organization', repositories: 1 }],
    });
    expect((await call('get_team')).output).toMatchObject({
      team: { team: 'acme/shop/default', repositories: ['acme/shop'] },
    });
    expect((await call('list_team_agents', { team: 'default' })).output).toMatchObject({
      agents: [{ name: 'manager', busy: 1 }, { name: 'eng-a' }, { name: 'eng-b' }],
    });
    expect((await call('list_repos')).output).toMatchObject({ repositories: [{ repository: 'acme/shop' }] });
    expect((await call('get_team_settings')).output).toMatchObject({
      settings: { limits: { max_parallel: 3 } },
    });
    expect((await call('get_team_conventions')).output).toEqual({
      team: 'acme/shop/default',
      conventions: [],
    });
  });

  it('writes: notes, messages, contracts, the plan', async () => {
    expect((await call('save_context', { key: 'pager', value: 'src/page.ts' })).isError).toBe(false);
    expect((await call('get_context')).output).toEqual({ context: { pager: 'src/page.ts' } });
    expect((await call('send_message', { to: 'manager', text: 'Half done.' })).isError).toBe(false);
    const contract = { contract: 'api', text: 'GET /notifications → 200', tasks: ['t1', 't2'] };
    expect((await call('set_run_contract', contract)).output).toMatchObject({ contract: { version: 1 } });
    expect((await call('lock_run_contract', { contract: 'api' })).output).toMatchObject({
      contract: { locked: true },
    });
    expect((await call('set_run_contract', { ...contract, text: 'Another.' })).text).toMatch(
      /locked at version 1[^]*\(wrong_state\)/,
    );
    expect((await call('list_run_contracts')).output).toMatchObject({ contracts: [{ contract: 'api' }] });
    expect((await call('get_run_contract', { contract: 'nope' })).text).toContain('(not_found)');
    const plan = await call('set_run_task_graph', { tasks: [{ title: 'Only' }] }, manager);
    expect(plan.output).toMatchObject({ run: { state: 'awaiting_approval' } });
  });

  it('resources, prompts and completions: its own, by address, and nothing that is not there', async () => {
    const { resources } = await engineer.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(
      ['task', 'plan', 'policy', 'conventions'].map((name) => `entourage://${name}`),
    );
    expect((await manager.listResources()).resources.map(({ name }) => name)).not.toContain('task');
    const read = async (uri: string): Promise<string> => {
      const { contents } = await engineer.readResource({ uri });
      return (contents[0] as { text: string }).text;
    };
    expect(JSON.parse(await read('entourage://task'))).toMatchObject({ task: { task: 't1' } });
    expect(JSON.parse(await read('entourage://plan'))).toMatchObject({ run: { run: world.run.number } });
    expect(JSON.parse(await read('entourage://policy'))).toMatchObject({ source: 'file' });
    const below = `entourage://repos/acme/shop/runs/${world.run.number}`;
    expect(JSON.parse(await read(`${below}/tasks/t2`))).toMatchObject({ task: { task: 't2' } });
    await expect(read(`entourage://repos/acme/shop/runs/${world.run.number + 1}`)).rejects.toThrow(/own run/);
    await expect(read('entourage://secrets')).rejects.toThrow(/no resource entourage:\/\/secrets/);
    const { resourceTemplates } = await engineer.listResourceTemplates();
    expect(resourceTemplates.map(({ name }) => name)).toEqual(['task', 'plan', 'policy', 'conventions']);
    const { prompts } = await engineer.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(['manager', 'engineer', 'reviewer']);
    const { messages } = await engineer.getPrompt({ name: 'engineer', arguments: { task: 't1' } });
    expect(messages[0]!.content).toMatchObject({
      text: expect.stringMatching(/^You are an engineer [^\n]* This is about task t1\.\n1\. /) as string,
    });
    await expect(engineer.getPrompt({ name: 'emperor' })).rejects.toThrow(/no prompt emperor/);
    const complete = async (name: string, value: string): Promise<string[]> => {
      const ref = { type: 'ref/prompt' as const, name: 'engineer' };
      return (await engineer.complete({ ref, argument: { name, value } })).completion.values;
    };
    expect(await complete('task', 't')).toEqual(['t1', 't2']);
    expect(await complete('run', '9')).toEqual([]);
  });

  it('another task’s work comes from GitHub', async () => {
    const head = 'c'.repeat(40);
    const t2 = { run: world.run.id, task: 2 };
    const branch = { branch: 'entourage/1-t2', base: 'a'.repeat(40), head };
    await world.must('record_branch', { ...t2, ...branch }, world.system());
    world.files.set(`${head}:src/api.js`, 'export {};\n');
    world.comparisons.set(`main...${head}`, {
      files: [{ path: 'src/api.js', status: 'added', patch: '@@ -0,0 +1 @@\n+export {};' }],
      commits: [{ sha: head, message: 'Add the API\n\nMore.', at: '2026-11-21T10:00:00Z' }],
      truncated: false,
    });
    const task = 't2';
    expect((await call('get_changed_files', { task })).output).toEqual({
      files: [{ path: 'src/api.js', status: 'added' }],
    });
    expect((await call('get_commits', { task })).output).toMatchObject({
      commits: [{ subject: 'Add the API' }],
    });
    expect((await call('get_task_diff', { task, path: 'src/api.js' })).output).toMatchObject({
      diff: '--- a/src/api.js\n+++ b/src/api.js\n@@ -0,0 +1 @@\n+export {};\n',
    });
    expect((await call('read_file', { task, path: 'src/api.js' })).output).toMatchObject({
      content: 'export {};\n',
    });
    expect((await call('read_file', { task, path: 'nothing.js' })).text).toContain('(not_found)');
    expect((await call('read_file', { task, path: '../x' })).text).toContain('(not_permitted)');
  });

  it('bad input: wrong types, unknown fields, no such tool, another’s task and run: results with words, not errors', async () => {
    expect((await call('get_task', { task: 7 })).text).toMatch(
      /get_task can't take this input: task[^]*\(invalid_input\)/,
    );
    expect((await call('save_context', { key: 'k', value: ['list'] })).text).toContain('(invalid_input)');
    expect((await call('save_context', { key: 'k', value: 'v', sudo: true })).text).toContain(
      '(invalid_input)',
    );
    expect((await call('approve_run')).text).toMatch(
      /There is no tool "approve_run" for you[^]*\(not_found\)/,
    );
    expect((await call('save_context', { task: 't2', key: 'k', value: 'v' })).text).toMatch(
      /t2 is another agent’s task[^]*\(not_permitted\)/,
    );
    expect((await call('get_task', { run: world.run.number + 1, task: 't1' })).text).toContain(
      '(not_permitted)',
    );
    expect((await call('get_task', { task: 't99' })).text).toMatch(/has no task t99[^]*\(not_found\)/);
    expect((await call('get_task', { repository: 'acme/other', task: 't1' })).text).toContain('(not_found)');
  });

  it('a tight loop is told to stop, and may go on after a while', async () => {
    const many = Array.from({ length: agentPace.burst + 40 }, () => call('authenticate', {}, manager));
    const refused = (await Promise.all(many)).filter(({ isError }) => isError);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]!.text).toMatch(/tight loop[^]*Wait 1 s[^]*\(rate_limited\)/);
    await expect
      .poll(async () => (await call('authenticate', {}, manager)).isError, { timeout: 10_000 })
      .toBe(false);
  });

  it('what it asks a person comes with progress, and the answer as structured output', async () => {
    const notes: { message?: string | undefined }[] = [];
    const asked = engineer.callTool(
      { name: 'ask_human', arguments: { question: '204 or 200?' } },
      undefined,
      {
        onprogress: (note) => notes.push(note),
      },
    );
    const open = async (): Promise<string | undefined> => {
      const { questions } = (await call('get_pending_requests')).output as {
        questions: { question: string }[];
      };
      return questions[0]?.question;
    };
    await expect.poll(open).toBeDefined();
    const answer = { run: world.run.number, question: await open(), text: '204' };
    await world.must('respond_to_request', answer, world.person('ana'));
    expect((await asked).structuredContent).toMatchObject({ pending: false, question: { answer: '204' } });
    expect(notes[0]?.message).toMatch(/^waiting for a person’s answer, 0 s of 45 s$/);
  });

  it('after its end nothing of it is heard any more', async () => {
    const ended = { session: world.engineer.session, outcome: 'completed', reason: 'done' };
    await world.must('end_session', ended, await world.as(world.engineer.runner));
    const late = call('save_context', { key: 'k', value: 'late' });
    // The App's door is closed; the runner's server says what it heard there.
    if (where === 'app') await expect(late).rejects.toThrow(/has not ended/);
    else expect((await late).text).toContain('(not_authenticated)');
    const { task } = (await world.must(
      'get_task',
      { run: world.run.number, task: 't1' },
      world.person('ana'),
    )) as {
      task: object;
    };
    expect(JSON.stringify(task)).not.toContain('late');
    const { differences } = await world.must('verify_events', {}, world.person('ana'));
    expect(differences).toEqual([]);
  });
});
