/**
 * The files in which an engine keeps a conversation: read when its session is suspended, put back for the session that
 * goes on with it. Everything is done as the agent's user, whose files they are: nothing is reached that it can't reach.
 */
import { dirname, join } from 'node:path';
import { runAs } from '../spawn-as.ts';
import type { ConversationFile, ConversationPlace, EngineWork } from './engine.ts';

/** All files of a conversation together; a longer one is not kept. */
export const longestConversation = 20 * 1024 * 1024;
const mostFiles = 50;

type Owner = Pick<EngineWork, 'user'>;

/** Null when there are none, or they are too large to be kept. */
export async function readConversation(
  { user }: Owner,
  place: ConversationPlace,
): Promise<ConversationFile[] | null> {
  const found = await runAs(user, { file: 'find', args: [place.directory, '-type', 'f'], cwd: '/' });
  // It wrote none.
  if (found.code !== 0) return null;
  const paths = found.stdout
    .split('\n')
    .filter((path) => path.startsWith(`${place.directory}/`))
    .map((path) => path.slice(place.directory.length + 1))
    .filter((path) => isInside(path) && place.holds(path))
    .sort();
  if (paths.length === 0 || paths.length > mostFiles) return null;
  const files: ConversationFile[] = [];
  let left = longestConversation;
  for (const path of paths) {
    const data = await readAs(user, join(place.directory, path), left);
    if (data === null) return null;
    left -= data.length;
    files.push({ path, data });
  }
  return files;
}

async function readAs(user: EngineWork['user'], path: string, most: number): Promise<Buffer | null> {
  const counted = await runAs(user, { file: 'wc', args: ['-c', path], cwd: '/' });
  const size = Number(/^\s*(\d+)/.exec(counted.stdout)?.[1]);
  if (counted.code !== 0 || !(size <= most)) return null;
  // As text: what programs print is kept as such.
  const read = await runAs(user, { file: 'base64', args: ['-i', path], cwd: '/' });
  return read.code === 0 ? Buffer.from(read.stdout, 'base64') : null;
}

/** Puts them where the engine looks for them. A path that leads elsewhere, or is none of the engine's, is left out. */
export async function placeConversation(
  { user, conversation }: Pick<EngineWork, 'user' | 'conversation'>,
  place: ConversationPlace,
): Promise<void> {
  for (const { path, data } of conversation?.files ?? []) {
    if (!isInside(path) || !place.holds(path)) continue;
    const target = join(place.directory, path);
    await must(user, { file: 'mkdir', args: ['-p', '-m', '700', dirname(target)], cwd: '/' });
    await must(user, { file: 'dd', args: [`of=${target}`], cwd: '/', input: data });
  }
}

async function must(user: EngineWork['user'], launch: Parameters<typeof runAs>[1]): Promise<void> {
  const { code, stderr } = await runAs(user, launch);
  if (code !== 0) throw new Error(`the conversation could not be put back: ${stderr.trim().slice(0, 300)}`);
}

const isInside = (path: string): boolean =>
  path !== '' && !path.startsWith('/') && !path.split('/').some((part) => part === '..' || part === '');
