/** Tries on this machine whether an agent could be a user of its own: for `doctor` and for whoever sets a runner up. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { closeQuarters, openQuarters, type Isolation } from './quarters.ts';

export type IsolationHere = { isolation: Isolation; words: string };

/** Makes a user and removes it again; `path` is the runner's directory. Only that directory is left of it. */
export async function isolationHere(order: {
  path: string;
  node: string;
  mcp: string;
}): Promise<IsolationHere> {
  const session = randomUUID();
  const directory = join(order.path, 'sessions', session);
  let reason = '';
  const quarters = await openQuarters({
    session,
    directory,
    mode: 'auto',
    node: order.node,
    mcp: order.mcp,
    log: (_, fields = {}) => {
      if (typeof fields['reason'] === 'string') reason = fields['reason'];
    },
  });
  await closeQuarters(session, directory);
  if (quarters.user !== null) {
    return { isolation: 'user', words: 'each agent is a user of its own and can’t read the runner’s tokens' };
  }
  return {
    isolation: 'none',
    words: `agents run as the runner’s own user and could read its tokens: ${reason}`,
  };
}
