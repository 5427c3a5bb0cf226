/** A job's OIDC token becomes a session, once, and only the right job's does: over HTTP, with an issuer of the test's own (AG-4, G34). */
import { createServer, type Server } from 'node:http';
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, SignJWT, UnsecuredJWT } from 'jose';
import { pino } from 'pino';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Assignment } from '../../app/catalog/assignment.ts';
import { createIdentify } from '../../app/doors/bearer.ts';
import { createHttpDoor } from '../../app/doors/http.ts';
import { createOidc } from '../../app/doors/oidc.ts';
import type { Session } from '../../app/domain/session.ts';
import { loadSessions } from '../../db/entities.ts';
import { runByNumber } from '../../db/queries/runs.ts';
import { sessionRun } from '../../db/queries/sessions.ts';
import { inTransaction, type Transaction } from '../../db/transaction.ts';
import { engineWorld, installation, repository, team, type EngineWorld } from './engine-world.ts';

const audience = 'https://entourage.example.com';
const branch = 'refs/heads/main';
const file = `acme/shop/.github/workflows/entourage.yml@${branch}`;
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });

let world: EngineWorld;
let issuer: string;
let server: Server;
const served: { kid: string; key: typeof keys }[] = [{ kid: 'one', key: keys }];
let asked = 0;
let door: ReturnType<typeof createHttpDoor>;
let issue = 100;

beforeAll(async () => {
  world = await engineWorld();
  server = createServer((request, response) => {
    asked += 1;
    if (request.url !== '/_services/token/.well-known/jwks') return response.writeHead(404).end();
    void Promise.all(
      served.map(async ({ kid, key }) => ({
        ...(await exportJWK(key.publicKey)),
        kid,
        alg: 'RS256',
        use: 'sig',
      })),
    ).then((list) =>
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: list })),
    );
    return undefined;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/_services/token`;
  door = createHttpDoor({
    execute: world.execute,
    identify: createIdentify(world.engine, createOidc({ issuer, audience })),
    log: pino({ level: 'silent' }),
  });
  await world.must(
    'record_policy',
    {
      repository,
      text: team
        .replace('dispatch: runner', 'dispatch: actions')
        .replace('role: manager,', 'role: manager, slots: 100,'),
    },
    world.system(),
  );
});
afterAll(async () => {
  server.close();
  await world.close();
});

/** What GitHub says of a job of ours. */
const claims = {
  repository: 'acme/shop',
  repository_id: String(repository),
  repository_owner: 'acme',
  repository_owner_id: '88',
  workflow_ref: file,
  job_workflow_ref: file,
  event_name: 'workflow_dispatch',
  ref: branch,
  run_id: '7001',
  run_attempt: '1',
  sub: 'repo:acme/shop:ref:refs/heads/main',
};
type Signing = {
  claims?: Record<string, string>;
  key?: typeof keys;
  kid?: string;
  aud?: string;
  iss?: string;
  expires?: string;
};
async function sign({
  claims: more = {},
  key = keys,
  kid = 'one',
  aud,
  iss,
  expires,
}: Signing = {}): Promise<string> {
  return await new SignJWT({ ...claims, ...more })
    .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
    .setIssuer(iss ?? issuer)
    .setAudience(aud ?? audience)
    .setIssuedAt()
    .setJti(randomUUID())
    .setExpirationTime(expires ?? '5 minutes')
    .sign(key.privateKey);
}

/** A plan session that waits for GitHub Actions; `workflowRun`: what the dispatch told, undefined before it. */
async function queued(): Promise<string> {
  issue += 1;
  const { run } = await world.must('create_run', { issue }, world.person('ana'));
  return (await sessionsOf((run as { run: number }).run))[0]!.id;
}
async function dispatched(workflowRun: number | null = 7001): Promise<string> {
  const session = await queued();
  const run = workflowRun === null ? null : { id: workflowRun, attempt: 1, url: 'https://example.com/run' };
  await world.must('record_launch', { session, workflow_run: run }, world.system());
  return session;
}
const inDatabase = async <T>(query: (tx: Transaction) => Promise<T>): Promise<T> =>
  await inTransaction(world.db, { installation }, query);
async function sessionsOf(number: number): Promise<Session[]> {
  return await inDatabase(async (tx) => {
    const run = await runByNumber(tx, installation, { repository, number });
    return await loadSessions(tx, run!);
  });
}

type Answer = { status: number; code: string; message: string; assignment: Assignment | null };
async function exchange(session: string, token: string): Promise<Answer> {
  const response = await door.request(`/api/v1/sessions/${session}/exchange`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  const body = (await response.json()) as {
    error?: { code: string; message: string };
    assignment?: Assignment;
  };
  return {
    status: response.status,
    code: body.error?.code ?? '',
    message: body.error?.message ?? '',
    assignment: body.assignment ?? null,
  };
}
const refused = async (signing: Signing): Promise<string> => {
  const { status, code } = await exchange(await dispatched(), await sign(signing));
  return `${status} ${code}`;
};

describe('AG-4 a job’s OIDC token', () => {
  it('becomes a session: the assignment, with tokens that work and are kept as hashes', async () => {
    const session = await dispatched();
    const { status, assignment } = await exchange(session, await sign());
    expect(status).toBe(200);
    expect(assignment).toMatchObject({
      session,
      kind: 'plan',
      repository: 'acme/shop',
      git_token: 'read-token',
    });
    const started = await door.request(`/api/v1/sessions/${session}/start`, {
      method: 'POST',
      headers: { authorization: `Bearer ${assignment!.runner_token}` },
      body: JSON.stringify({ isolation: 'none' }),
    });
    expect(started.status).toBe(200);
    const stored = await inDatabase(
      async (tx) =>
        (await sql<{ text: string }>`select session_token::text as text from session_token`.execute(tx)).rows,
    );
    expect(JSON.stringify(stored)).not.toContain(assignment!.runner_token);
  });

  it('G34: a second exchange is refused, by the same run, another attempt and another run', async () => {
    const session = await dispatched();
    const first = await exchange(session, await sign());
    for (const more of [{}, { run_attempt: '2' }, { run_id: '7002' }]) {
      const { status, code } = await exchange(session, await sign({ claims: more }));
      expect([status, code]).toEqual([409, 'already_done']);
    }
    // The first one's tokens live on.
    expect(await usable(first.assignment!)).toBe(true);
  });

  it('two exchanges at once give one session', async () => {
    const session = await dispatched();
    const answers = await Promise.all([exchange(session, await sign()), exchange(session, await sign())]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  });

  it('G34: a re-run of a run that never took its session takes it', async () => {
    const { status, assignment } = await exchange(
      await dispatched(),
      await sign({ claims: { run_attempt: '3' } }),
    );
    expect(status).toBe(200);
    const session = (await sessionsOf(assignment!.run))[0]!;
    expect(session.workflowRun).toMatchObject({ id: 7001, attempt: 3 });
  });

  it('G30: the first exchange binds when the dispatch did not tell the run', async () => {
    expect((await exchange(await dispatched(null), await sign({ claims: { run_id: '9' } }))).status).toBe(
      200,
    );
  });

  it('KW-1 the first exchange binds when the dispatch was not recorded yet, and its record changes nothing', async () => {
    const session = await queued();
    const { assignment } = await exchange(session, await sign());
    await world.must(
      'record_launch',
      { session, workflow_run: { id: 7001, attempt: 1, url: 'u' } },
      world.system(),
    );
    const [row] = await sessionsOf(assignment!.run);
    expect(row).toMatchObject({ state: 'dispatched', launches: 1, workflowRun: { id: 7001 } });
    const { differences } = await world.must('verify_events', { run: assignment!.run }, world.person('ana'));
    expect(differences).toEqual([]);
  });

  it('a run that another dispatch replaced is refused as done already', async () => {
    const { status, code } = await exchange(await dispatched(7005), await sign());
    expect([status, code]).toEqual([409, 'already_done']);
  });

  it('KW-1 is not used up by a GitHub that is away: the same job may try again', async () => {
    const session = await dispatched();
    const away = async (): Promise<string> => {
      throw new Error('GitHub is away');
    };
    const there = { ...world.engine.github };
    Object.assign(world.engine.github, { readToken: away });
    expect(await exchange(session, await sign())).toMatchObject({ status: 503, code: 'unavailable' });
    Object.assign(world.engine.github, there);
    expect(await exchange(session, await sign())).toMatchObject({ status: 200 });
  });

  it('is refused once the session ended', async () => {
    const session = await dispatched();
    const run = await inDatabase(async (tx) => await sessionRun(tx, installation, session));
    await world.must('cancel_run', {}, world.person('ana', { run: run! }));
    expect(await exchange(session, await sign())).toMatchObject({ status: 409, code: 'session_ended' });
  });

  it('finds no session that is none', async () => {
    expect(await exchange(randomUUID(), await sign())).toMatchObject({ status: 404, code: 'not_found' });
    expect(await exchange('nonsense', await sign())).toMatchObject({ status: 422 });
  });
});

describe('G34: refused is a token', () => {
  it.each<[string, string, Signing]>([
    ['that somebody else signed', '401 not_authenticated', { key: stranger }],
    [
      'signed with a key that the issuer does not have',
      '401 not_authenticated',
      { key: stranger, kid: 'two' },
    ],
    ['that has expired', '401 not_authenticated', { expires: '-1 minute' }],
    ['for another audience', '401 not_authenticated', { aud: 'https://other.example.com' }],
    ['for GitHub’s own audience', '401 not_authenticated', { aud: 'https://github.com/acme' }],
    ['of another issuer', '401 not_authenticated', { iss: 'https://token.actions.githubusercontent.com' }],
    ['of a repository without the App', '403 not_permitted', { claims: { repository_id: '999' } }],
    ['of the same name under another owner', '403 not_permitted', { claims: { repository_owner_id: '89' } }],
    [
      'of a pull request’s run',
      '403 not_permitted',
      { claims: { event_name: 'pull_request', ref: 'refs/pull/3/merge' } },
    ],
    ['of a push', '403 not_permitted', { claims: { event_name: 'push' } }],
    ['of another branch', '403 not_permitted', { claims: { ref: 'refs/heads/evil' } }],
    [
      'of another branch’s version of the workflow',
      '403 not_permitted',
      {
        claims: {
          workflow_ref: file.replace('main', 'evil'),
          job_workflow_ref: file.replace('main', 'evil'),
        },
      },
    ],
    [
      'of another workflow file',
      '403 not_permitted',
      { claims: { workflow_ref: file.replace('entourage.yml', 'other.yml') } },
    ],
    [
      'of a job in somebody else’s reusable workflow',
      '403 not_permitted',
      { claims: { job_workflow_ref: 'mallory/x/.github/workflows/entourage.yml@refs/heads/main' } },
    ],
    [
      'of a fork by its name',
      '403 not_permitted',
      { claims: { workflow_ref: file.replace('acme', 'mallory') } },
    ],
    ['without a run', '401 not_authenticated', { claims: { run_id: '' } }],
  ])('%s: %s', async (_what, expected, signing) => expect(await refused(signing)).toBe(expected));

  it('of another repository of the same installation', async () => {
    await world.must(
      'record_repository',
      { repository: 502, owner: 'acme', owner_id: 88, name: 'other', default_branch: 'main' },
      world.system(),
    );
    // Whatever names it says, its id decides: a name can be freed and taken by another repository.
    expect(await refused({ claims: { repository_id: '502' } })).toBe('403 not_permitted');
    const other = file.replace('shop', 'other');
    expect(
      await refused({
        claims: {
          repository_id: '502',
          repository: 'acme/other',
          workflow_ref: other,
          job_workflow_ref: other,
        },
      }),
    ).toBe('403 not_permitted');
  });

  it('of another installation, which learns nothing of our sessions', async () => {
    const elsewhere = world.system({ installation: 78 });
    await world.must('record_installation', { account: 'mallory', account_type: 'User' }, elsewhere);
    await world.must(
      'record_repository',
      { repository: 777, owner: 'mallory', owner_id: 9, name: 'x', default_branch: 'main' },
      elsewhere,
    );
    expect(await refused({ claims: { repository_id: '777', repository_owner_id: '9' } })).toBe(
      '404 not_found',
    );
  });

  it('with `alg: none`, and with HS256 by the public key', async () => {
    const session = await dispatched();
    const unsigned = new UnsecuredJWT({ ...claims, jti: randomUUID() })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('5 minutes')
      .encode();
    const [, body] = unsigned.split('.');
    const head = Buffer.from(JSON.stringify({ alg: 'HS256', kid: 'one' })).toString('base64url');
    const pem = await exportSPKI(keys.publicKey);
    const mac = createHmac('sha256', pem).update(`${head}.${body}`).digest('base64url');
    for (const token of [unsigned, `${head}.${body}.${mac}`])
      expect(await exchange(session, token)).toMatchObject({ status: 401, code: 'not_authenticated' });
  });

  it('whose header asks for something of its own: no verdict is put off, and no key of its own is taken', async () => {
    served.push({ kid: 'next', key: generateKeyPairSync('rsa', { modulusLength: 2048 }) });
    onTestFinished(() => void served.pop());
    const verify = createOidc({ issuer, audience });
    const [, body, mac] = (await sign()).split('.');
    const own = await exportJWK(stranger.publicKey);
    for (const more of [
      { kid: undefined },
      { crit: ['x'], x: 1 },
      { crit: ['b64'], b64: false },
      { alg: 'RS512' },
      { kid: 'theirs', jwk: own, jku: 'http://127.0.0.1:9/', x5u: 'http://127.0.0.1:9/' },
    ]) {
      const head = Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'one', ...more })).toString('base64url');
      const verdict = await verify(`${head}.${body}.${mac}`);
      expect([more, verdict]).toEqual([more, expect.objectContaining({ rejected: 'not_authenticated' })]);
    }
  });

  it('for anything but the exchange', async () => {
    const token = await sign();
    const call = async (method: string, path: string, body?: object): Promise<number> =>
      (
        await door.request(`/api/v1${path}`, {
          method,
          headers: { authorization: `Bearer ${token}` },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        })
      ).status;
    expect(await call('POST', '/sessions/claim', { engines: ['command'] })).toBe(403);
    expect(await call('POST', '/runners', { name: 'x' })).toBe(403);
    expect(await call('GET', '/ping')).toBe(403);
  });

  it('of a session’s or a runner’s own kind: they exchange nothing', async () => {
    const { assignment } = await exchange(await dispatched(), await sign());
    const other = await dispatched();
    for (const token of [assignment!.runner_token, assignment!.agent_token])
      expect(await exchange(other, token)).toMatchObject({ status: 403 });
  });
});

describe('the issuer’s keys', () => {
  it('are asked for once, and again when a token names a new one', async () => {
    // A new verifier: the other one has its keys for ten minutes.
    const verify = createOidc({ issuer, audience });
    asked = 0;
    expect(await verify(await sign())).toMatchObject({ repositoryId: repository });
    expect(await verify(await sign())).toMatchObject({ run: { id: 7001, attempt: 1 } });
    expect(asked).toBe(1);
  });

  it('that can’t be had are no verdict on the token', async () => {
    const verify = createOidc({ issuer: 'http://127.0.0.1:9/_services/token', audience });
    expect(await verify(await sign({ iss: 'http://127.0.0.1:9/_services/token' }))).toMatchObject({
      rejected: 'unavailable',
    });
  });
});

describe('names that changed', () => {
  const before = { repository, owner: 'acme', owner_id: 88, name: 'shop', default_branch: 'main' };
  const trunk = 'acme/store/.github/workflows/entourage.yml@refs/heads/trunk';
  const fresh = {
    repository: 'acme/store',
    ref: 'refs/heads/trunk',
    workflow_ref: trunk,
    job_workflow_ref: trunk,
  };
  afterEach(async () => {
    world.present.clear();
    await world.must('record_repository', before, world.system());
  });

  it('G34: a renamed repository and default branch are compared with GitHub’s current ones', async () => {
    const session = await dispatched();
    const renamed = { ...before, owner: 'Acme', name: 'store', default_branch: 'trunk' };
    await world.must('record_repository', renamed, world.system());
    expect((await exchange(session, await sign())).status).toBe(403);
    expect((await exchange(session, await sign({ claims: fresh }))).status).toBe(200);
  });

  it('are asked for when the token knows more than we do, and only GitHub’s answer counts', async () => {
    const session = await dispatched();
    expect((await exchange(session, await sign({ claims: fresh }))).status).toBe(403);
    world.present.set(repository, {
      owner: 'acme',
      ownerId: 88,
      name: 'store',
      defaultBranch: 'trunk',
      private: true,
    });
    const evil = { ...fresh, ref: 'refs/heads/evil' };
    expect((await exchange(session, await sign({ claims: evil }))).status).toBe(403);
    expect((await exchange(session, await sign({ claims: fresh }))).status).toBe(200);
  });

  it('a repository that went to another owner is no longer the old owner’s', async () => {
    const session = await dispatched();
    await world.must('record_repository', { ...before, owner: 'globex', owner_id: 99 }, world.system());
    expect((await exchange(session, await sign())).status).toBe(403);
  });
});

async function usable(assignment: Assignment): Promise<boolean> {
  const response = await door.request(`/api/v1/sessions/${assignment.session}/start`, {
    method: 'POST',
    headers: { authorization: `Bearer ${assignment.runner_token}` },
    body: JSON.stringify({ isolation: 'none' }),
  });
  return response.status === 200;
}
