/** What the agent's MCP server knows of its session, on disk outside the worktree. No token is in it. */
import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { Role } from '../app/domain/words.ts';

export const SessionFile = z.object({
  session: z.uuid(),
  role: Role,
  repository: z.string(),
  run: z.int(),
  task: z.string().nullable(),
  socket: z.string(),
  workspace: z.object({
    path: z.string(),
    start: z.string(),
    branch: z.string().nullable(),
    base: z.string(),
    gitDirectory: z.string(),
    excludes: z.string(),
  }),
});
export type SessionFile = z.infer<typeof SessionFile>;

export async function writeSessionFile(path: string, file: SessionFile): Promise<void> {
  await writeFile(path, JSON.stringify(file), { mode: 0o600 });
}

export async function readSessionFile(path: string): Promise<SessionFile> {
  return SessionFile.parse(JSON.parse(await readFile(path, 'utf8')));
}

/**
 * The configuration that an engine starts its MCP server from, in the form that Claude Code reads and the others are
 * given too. It holds the agent's token: mode 0600, outside the worktree, removed with the session.
 */
export async function writeMcpConfig(
  path: string,
  server: { command: string; args: readonly string[]; env: Readonly<Record<string, string>> },
): Promise<void> {
  const config = { mcpServers: { entourage: { type: 'stdio', ...server } } };
  await writeFile(path, JSON.stringify(config, null, 2), { mode: 0o600 });
}
