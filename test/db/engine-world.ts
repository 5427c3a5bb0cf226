/** An engine on a real database, with GitHub's facts as a test says them: no server, no jobs worked on. */
import { randomUUID } from 'node:crypto';
import { connect, type Database } from '../../db/pool.ts';
import type { Permission } from '../../app/domain/permission.ts';
import { createBell } from '../../app/engine/bell.ts';
import type { Caller } from '../../app/engine/caller.ts';
import { createExecute, type Execute, type Result } from '../../app/engine/execute.ts';
import type { Engine } from '../../app/engine/handler.ts';
import type { Comparison } from '../../app/github/port.ts';
import { createSealing } from '../../app/engine/sealing.ts';
import { makeSecret } from '../../app/engine/secret.ts';
import type { OperationName } from '../../app/catalog/catalog.ts';
import { createDatabase } from './database.ts';

export type EngineWorld = {
  db: Database;
  engine: Engine;
  execute: Execute;
  permissions: Map<string, Permission>;
  policy: { text: string | null };
  /** Repositories as GitHub names them now, by id. */
  present: Map<
    number,
    { owner: string; ownerId: number; name: string; defaultBranch: string; private: boolean }
  >;
  /** Texts by `ref:path`, and differences by `base...head`, as GitHub has them. */
  files: Map<string, string>;
  comparisons: Map<string, Comparison>;
  clock: { now: number };
  /** Runs an operation and answers its output; throws with the refusal's words when it was refused. */
  must(name: OperationName, input: object, caller: Caller): Promise<Record<string, unknown>>;
  person(login: string, more?: Partial<Caller>): Caller;
  system(more?: Partial<Caller>): Caller;
  close(): Promise<void>;
};

export const installation = 77;
export const repository = 501;

export const team = `---
dispatch: runner
agents:
  - { name: manager, role: manager, engine: command, command: [plan] }
  - { name: eng-a, role: engineer, engine: command, command: [work], slots: 2 }
  - { name: eng-b, role: engineer, engine: command, command: [work] }
review: { agent: null }
manage: { woken_by: [] }
---
`;

export async function engineWorld(): Promise<EngineWorld> {
  const database = await createDatabase();
  const db = connect(database.appUrl);
  const permissions = new Map<string, Permission>([['ana', 'maintain']]);
  const present: EngineWorld['present'] = new Map();
  const files = new Map<string, string>();
  const comparisons = new Map<string, Comparison>();
  const policy: { text: string | null } = { text: team };
  const clock = { now: Date.parse('2026-11-21T10:00:00.000Z') };
  const engine: Engine = {
    db,
    bell: createBell(),
    github: {
      changesSame: async () => false,
      permission: async (_installation, _repository, login) => permissions.get(login) ?? 'none',
      repository: async (_installation, row) => present.get(row.id) ?? null,
      policyText: async () => policy.text,
      head: async (_installation, _repository, branch) => (branch === 'nope' ? null : 'b'.repeat(40)),
      issue: async (_installation, _repository, number) =>
        number === 999 ? null : { title: `Issue ${number}`, body: 'As the issue says.', labels: ['urgent'] },
      login: async () => 'entourage[bot]',
      pullFiles: async () => [{ path: 'src/a.ts', patch: '@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d' }],
      file: async (_installation, _repository, { path, ref }) => files.get(`${ref}:${path}`) ?? null,
      comparison: async (_installation, _repository, { base, head }) =>
        comparisons.get(`${base}...${head}`) ?? null,
      readToken: async () => 'read-token',
      cloneUrl: ({ owner, name }) => `https://example.com/${owner}/${name}.git`,
    },
    ceilings: {
      sessions: 32,
      taskBudget: 5_000_000,
      runBudget: 25_000_000,
      teamDayBudget: 500_000_000,
      leaseSeconds: 300,
      heartbeatSeconds: 15,
      planQueueSeconds: 600,
      startSeconds: 300,
    },
    planner: null,
    version: 'test',
    now: () => new Date(clock.now).toISOString(),
    uuid: randomUUID,
    secret: makeSecret,
    sealing: createSealing(Buffer.alloc(32, 7)),
  };
  const execute = createExecute(engine);
  const must: EngineWorld['must'] = async (name, input, caller) => output(await execute(name, input, caller));
  const cause = (): string => `call:${randomUUID()}`;
  const system: EngineWorld['system'] = (more) => ({
    actor: { kind: 'system', name: 'test' },
    installation,
    cause: cause(),
    ...more,
  });
  await must('record_installation', { account: 'acme', account_type: 'Organization' }, system());
  await must(
    'record_repository',
    { repository, owner: 'acme', owner_id: 88, name: 'shop', default_branch: 'main', private: true },
    system(),
  );
  return {
    db,
    engine,
    execute,
    permissions,
    policy,
    present,
    files,
    comparisons,
    clock,
    must,
    person: (login, more) => ({
      actor: { kind: 'person', login, id: login.length },
      installation,
      cause: cause(),
      repository,
      ...more,
    }),
    system,
    async close() {
      await db.close();
      await database.drop();
    },
  };
}

function output(result: Result): Record<string, unknown> {
  if (!result.ok)
    throw new Error(
      `${result.rejection.rejected}: ${result.rejection.message} ${result.rejection.help ?? ''}`,
    );
  return result.output as Record<string, unknown>;
}
