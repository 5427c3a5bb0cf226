/** Handlers of the platform itself. */
import { sql } from 'kysely';
import { actorName, type Actor } from '../../domain/actor.ts';
import { reject } from '../../domain/rejection.ts';
import { addApiKey, revokeApiKeys } from '../../../db/queries/sessions.ts';
import type { Handlers } from '../handler.ts';
import { agentViews } from './teams.ts';
import { hashSecret } from '../secret.ts';

export const ping: Handlers['ping'] = {
  async handle(context) {
    const { rows } = await sql<{
      version: string;
    }>`select current_setting('server_version') as version`.execute(context.tx);
    return { output: { ok: true, version: context.engine.version, database: rows[0]?.version ?? 'unknown' } };
  },
};

export const authenticate: Handlers['authenticate'] = {
  async handle({ caller }) {
    const { actor } = caller;
    const roles = actor.kind === 'agent' ? [actor.role] : [];
    return { output: { kind: actor.kind, name: actorName(actor), roles, installation: caller.installation } };
  },
};

export const listAgents: Handlers['list_agents'] = {
  async handle({ repository, tx, caller }) {
    if (repository === null)
      return reject('invalid_input', 'Which repository?', { help: 'Give `repository` as owner/name.' });
    return { output: { agents: await agentViews(tx, caller.installation, repository) } };
  },
};

export const createApiKey: Handlers['create_api_key'] = {
  async handle({ engine, tx, caller, now }, input) {
    const owner = ownerOf(caller.actor, input);
    if (owner === null)
      return reject('invalid_input', 'A key acts as a person: it needs `login` and `user_id`.');
    const key = engine.secret('ent_key');
    const expires = new Date(Date.parse(now) + input.days * 86_400_000).toISOString();
    await addApiKey(tx, {
      hash: hashSecret(key),
      installation: caller.installation,
      name: input.name,
      login: owner.login,
      userId: owner.id,
      expires,
    });
    return { output: { key, expires_at: expires } };
  },
};

/** People make keys for themselves; the operator makes them for anybody. */
function ownerOf(
  actor: Actor,
  input: { login?: string | undefined; user_id?: number | undefined },
): { login: string; id: number } | null {
  if (actor.kind === 'person') return { login: actor.login, id: actor.id };
  return input.login === undefined || input.user_id === undefined
    ? null
    : { login: input.login, id: input.user_id };
}

export const revokeApiKey: Handlers['revoke_api_key'] = {
  async handle({ tx, caller, now }, input) {
    // A repository's admin is nobody to the owners of other keys of the installation; the operator is.
    const owner = caller.actor.kind === 'person' ? caller.actor.id : null;
    const revoked = await revokeApiKeys(tx, caller.installation, { name: input.name, owner, now });
    return revoked === 0
      ? reject('not_found', `${owner === null ? 'There is' : 'You have'} no API key ${input.name}.`)
      : { output: { revoked } };
  },
};
