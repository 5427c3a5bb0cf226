/** From a bearer token to a caller. Tokens of sessions die with them; API keys act as the person who made them. */
import { randomUUID } from 'node:crypto';
import { apiKeyByHash, runnerByHash, runnerTokenByHash, sessionOfToken } from '../../db/queries/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { installationOfRepository } from '../../db/queries/registry.ts';
import { reject, type Rejection } from '../domain/rejection.ts';
import type { Caller, WorkflowClaims } from './caller.ts';
import type { Engine } from './handler.ts';
import { hashSecret } from './secret.ts';

const anonymousRunner = '00000000-0000-4000-8000-000000000000';

/** Null: nobody's token, or one that ended. The tenant is what a token tells, so the look-up spans installations. */
export async function identify(engine: Engine, token: string): Promise<Caller | null> {
  const hash = hashSecret(token);
  const cause = `call:${randomUUID()}`;
  return await inTransaction(engine.db, { installation: 'all' }, async (tx): Promise<Caller | null> => {
    if (token.startsWith('ent_session_') || token.startsWith('ent_agent_'))
      return fromSession(await sessionOfToken(tx, hash), cause);
    if (token.startsWith('ent_runner_')) {
      const runner = await runnerByHash(tx, hash);
      return runner === null
        ? null
        : {
            actor: { kind: 'runner', runner: runner.id },
            installation: runner.installation,
            cause,
            group: runner.group,
          };
    }
    if (token.startsWith('ent_registration_')) {
      const registration = await runnerTokenByHash(tx, hash, engine.now());
      return registration === null
        ? null
        : {
            actor: { kind: 'runner', runner: anonymousRunner },
            installation: registration.installation,
            cause,
            group: registration.group,
            registration: hash,
          };
    }
    if (token.startsWith('ent_key_')) {
      const key = await apiKeyByHash(tx, hash, engine.now());
      return key === null
        ? null
        : {
            actor: { kind: 'person', login: key.login, id: key.userId },
            installation: key.installation,
            cause,
          };
    }
    return null;
  });
}

/** A job is a caller of the installation that its repository belongs to; what it may have there is not decided here. */
export async function identifyWorkflow(engine: Engine, claims: WorkflowClaims): Promise<Caller | Rejection> {
  const installation = await inTransaction(
    engine.db,
    { installation: 'all' },
    async (tx) => await installationOfRepository(tx, claims.repositoryId),
  );
  if (installation === null)
    return reject('not_permitted', `The App is not installed on ${claims.repository}.`, {
      help: 'Install it there, or start the workflow in the repository that the session belongs to.',
    });
  const { id: run, attempt } = claims.run;
  return {
    actor: { kind: 'workflow', run, attempt },
    installation,
    cause: `call:${randomUUID()}`,
    workflow: claims,
  };
}

function fromSession(row: Awaited<ReturnType<typeof sessionOfToken>>, cause: string): Caller | null {
  if (row === null) return null;
  const actor: Caller['actor'] =
    row.kind === 'agent'
      ? { kind: 'agent', name: row.agent, role: row.role, session: row.session }
      : { kind: 'runner', runner: row.runner ?? anonymousRunner, session: row.session };
  return {
    actor,
    installation: row.installation,
    cause,
    repository: row.repository,
    run: row.run,
    ...(row.task === null ? {} : { task: row.task }),
    session: { id: row.session, role: row.role, token: row.kind },
  };
}
