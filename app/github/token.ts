/** Installation tokens for git, narrowed to one repository's contents. */
import { z } from 'zod';
import type { Connection } from './connection.ts';
import type { RepositoryRef } from './port.ts';

const Authentication = z.object({ token: z.string().min(1) });

/** Cached by auth-app for 59 minutes for each repository and permission; its shape and length mean nothing (G40). */
export async function accessToken(
  connection: Connection,
  repository: RepositoryRef,
  contents: 'read' | 'write',
): Promise<string> {
  const { token } = await connection.call(
    `asks for a token to ${contents} ${repository.owner}/${repository.name}`,
    async () => ({
      data: Authentication.parse(
        await connection.octokit.auth({
          type: 'installation',
          repositoryIds: [repository.id],
          permissions: { contents },
        }),
      ),
    }),
  );
  return token;
}
