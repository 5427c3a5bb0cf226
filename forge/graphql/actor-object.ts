/** People and bots as GraphQL objects. */
import type { Forge } from '../forge.ts';
import { nodeId } from '../ids.ts';
import { renderUserById } from '../render/account.ts';
import type { Account } from '../state.ts';

/** A bot's login has no `[bot]` in GraphQL. */
export function actorObject(forge: Forge, account: Account): Record<string, unknown> {
  const { html_url, avatar_url } = renderUserById(forge, account.id);
  return {
    __typename: account.type,
    id: nodeId(account.type, account.id),
    databaseId: account.id,
    login: account.login.replace(/\[bot\]$/, ''),
    name: account.name,
    url: html_url,
    avatarUrl: avatar_url,
  };
}
