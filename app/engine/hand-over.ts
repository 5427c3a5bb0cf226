/** A session goes to whoever hosts it: two tokens, kept as hashes, the first lease, and everything there is to know for it. */
import type { Assignment } from '../catalog/assignment.ts';
import { appAddress } from '../domain/authorship.ts';
import type { Session } from '../domain/session.ts';
import { repositoryByName, type RepositoryRow } from '../../db/queries/runs.ts';
import { addToken, setLease } from '../../db/queries/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { assignmentOf, unknownStart } from './assignment.ts';
import type { Context, Engine } from './handler.ts';
import type { RunWork } from './run-work.ts';
import { hashSecret } from './secret.ts';

export const later = (now: string, seconds: number): string =>
  new Date(Date.parse(now) + seconds * 1000).toISOString();

export async function handOver(
  context: Context,
  work: RunWork,
  taken: { session: Session; repository: RepositoryRow },
): Promise<Assignment> {
  const { engine, tx, now } = context;
  const { installation } = work;
  const session = taken.session.id;
  const tokens = { runner: engine.secret('ent_session'), agent: engine.secret('ent_agent') };
  await addToken(tx, { hash: hashSecret(tokens.runner), installation, session, kind: 'runner' });
  await addToken(tx, { hash: hashSecret(tokens.agent), installation, session, kind: 'agent' });
  await setLease(tx, {
    installation,
    session,
    until: later(now, engine.ceilings.leaseSeconds),
    activity: 'claimed',
  });
  return await assignmentOf(context, work, { ...taken, tokens });
}

/** What only GitHub knows, asked after the commit. If it can't be had the lease runs out and the session is tried again. */
export async function completeAssignment(
  engine: Engine,
  installation: number,
  assignment: Assignment,
): Promise<Assignment> {
  const [owner = '', name = ''] = assignment.repository.split('/');
  const repository = await inTransaction(engine.db, { installation }, async (tx) => {
    return await repositoryByName(tx, installation, { owner, name });
  });
  if (repository === null) throw new Error(`${assignment.repository} vanished while a session was claimed`);
  const git_token = await engine.github.readToken(installation, repository);
  const address = appAddress(await engine.github.login());
  if (assignment.start !== unknownStart) return { ...assignment, git_token, address };
  const start = await engine.github.head(installation, repository, assignment.base);
  if (start === null) throw new Error(`${assignment.repository} has no branch ${assignment.base}`);
  return { ...assignment, git_token, address, start };
}
