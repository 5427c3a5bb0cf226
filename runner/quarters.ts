/**
 * Where a session's programs live: a user of their own where the machine lets us make one, a home, a directory for
 * temporary files. The session's directory stays ours and can be passed through but not listed: what lies in it is
 * found by those alone who were told the name.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asRoot, findAgentUser, makeAgentUser, removeAgentUser, type AgentUser } from './agent-user.ts';
import { wordsOf, type Log } from './log.ts';
import type { ProcessId } from './process-list.ts';
import { processTree } from './process-tree.ts';
import { giveTo, runAs } from './spawn-as.ts';
import { removeTree } from './tree-removal.ts';

/** `auto`: a user where one can be made. `container`: the operator says that each runner has a container to itself. */
export const isolationModes = ['auto', 'none', 'container'] as const;
export type IsolationMode = (typeof isolationModes)[number];

export type Isolation = 'container' | 'user' | 'none';

export type Quarters = {
  directory: string;
  home: string;
  tmp: string;
  user: AgentUser | null;
  isolation: Isolation;
};

export type QuartersOrder = {
  session: string;
  /** The session's own directory; made here, and nothing else may be in it. */
  directory: string;
  mode: IsolationMode;
  /** Node and the program that it runs as MCP server: the user must be able to run them. */
  node: string;
  mcp: string;
  log: Log;
};

/** Makes them. Never fails for want of isolation: what there is, is said. */
export async function openQuarters(order: QuartersOrder): Promise<Quarters> {
  const { directory, mode, log } = order;
  const home = join(directory, 'home');
  const tmp = join(directory, 'tmp');
  for (const path of [dirname(directory), directory]) await makePassage(path);
  const user = mode === 'none' ? null : await userFor(order);
  for (const path of [home, tmp]) await mkdir(path, { mode: 0o700 });
  await giveTo(user, [home, tmp]);
  const own = user === null ? 'none' : 'user';
  const isolation = mode === 'container' ? 'container' : own;
  log('isolation', { isolation, user: user?.name });
  return { directory, home, tmp, user, isolation };
}

/** Whatever the umask says: others may pass, and see nothing. */
export async function makePassage(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o711 });
  await chmod(path, 0o711);
}

async function userFor(order: QuartersOrder): Promise<AgentUser | null> {
  const { user, problem } = await makeAgentUser(order.session);
  if (user === null) {
    order.log('agents run as the runner’s own user', { reason: problem });
    return null;
  }
  const missing = await outOfReach(user, order);
  if (missing === null) return user;
  order.log('agents run as the runner’s own user', { reason: missing });
  await removeAgentUser(user);
  return null;
}

/** What the user would need and can't get at, in words. */
async function outOfReach(user: AgentUser, order: QuartersOrder): Promise<string | null> {
  // By absolute paths: where a program is started in, root has chosen before it becomes the user.
  const look =
    'const fs = require("node:fs"); fs.accessSync(process.argv[1], fs.constants.R_OK); fs.statSync(`${process.argv[2]}/.`)';
  const paths = [order.mcp, order.directory];
  try {
    const ran = await runAs(user, { file: order.node, args: ['-e', look, ...paths], cwd: '/' });
    if (ran.code === 0) return null;
    return `another user can’t get through to ${paths.join(' or ')}`;
  } catch (error) {
    return `another user can’t run ${order.node}: ${wordsOf(error)}`;
  }
}

/**
 * Ends all processes, removes all files and the user: of a session that is over, or that died with its runner. Answers
 * with how many processes could not be ended.
 */
export async function closeQuarters(
  session: string,
  directory: string,
  engine: ProcessId | null = null,
): Promise<number> {
  const user = await findAgentUser(session);
  const survivors = await processTree(engine, session, user).end(0);
  await removeTree(directory, user);
  if (user !== null) {
    await removeStray(user);
    await removeAgentUser(user);
  }
  return survivors.length;
}

/** Where everybody may write. */
const open = ['/tmp', '/var/tmp', '/dev/shm'];

/** What the user left there would belong to the next user of the same number. */
async function removeStray(user: AgentUser): Promise<void> {
  const places = open.filter((path) => existsSync(path));
  const own = ['-mindepth', '1', '-maxdepth', '1', '-uid', String(user.uid)];
  await asRoot(user.by, 'find', [...places, ...own, '-exec', 'rm', '-rf', '--', '{}', '+']);
}
