/** The port over Octokit: the verbs of `port.ts`, put together from one file for each thing of GitHub's. */
import { actionsVerbs, type SiteMemory } from './actions.ts';
import { checkVerbs } from './checks.ts';
import { ciVerbs } from './ci.ts';
import { commentVerbs } from './comments.ts';
import type { Connection } from './connection.ts';
import type { GitHub, RepositoryRef } from './port.ts';
import { agentReviewVerbs } from './agent-reviews.ts';
import { branchVerbs } from './branches.ts';
import { changesSame, conflictingFiles } from './landing.ts';
import { mergeVerbs, type MergeMemory } from './merges.ts';
import { pullVerbs } from './pulls.ts';
import { issueVerbs } from './issues.ts';
import type { Pusher } from './push.ts';
import { repositoryVerbs } from './repositories.ts';
import { reviewVerbs } from './reviews.ts';
import { accessToken } from './token.ts';

export type PortOptions = {
  pusher: Pusher;
  cloneUrl: (repository: RepositoryRef) => string;
  memory: SiteMemory & MergeMemory;
};

type Look = <T>(
  repository: RepositoryRef,
  branches: readonly string[],
  then: (dir: string, tips: ReadonlyMap<string, string>) => Promise<T>,
) => Promise<T>;

export function createPort(connection: Connection, { pusher, cloneUrl, memory }: PortOptions): GitHub {
  const look: Look = async (repository, branches, then) =>
    await pusher.look(
      {
        repository: { id: repository.id, url: cloneUrl(repository) },
        token: async () => await accessToken(connection, repository, 'read'),
        branches,
      },
      then,
    );
  return {
    login: connection.login,
    ...repositoryVerbs(connection),
    ...issueVerbs(connection),
    ...branchVerbs(connection),
    ...pullVerbs(connection),
    ...mergeVerbs(connection, memory),
    conflicts: async (repository, { base, branch }) =>
      await look(repository, [base, branch], async (dir, tips) => {
        const [from, head] = [tips.get(base), tips.get(branch)];
        return from === undefined || head === undefined
          ? []
          : await conflictingFiles(dir, { base: from, head });
      }),
    changesSame: async (repository, { base, branch, before, after }) =>
      await look(repository, [base, branch], async (dir, tips) => {
        const from = tips.get(base);
        return from === undefined ? false : await changesSame(dir, { base: from, before, after });
      }),
    ...commentVerbs(connection),
    ...checkVerbs(connection),
    ...ciVerbs(connection),
    ...reviewVerbs(connection),
    ...agentReviewVerbs(connection),
    ...actionsVerbs(connection, memory),
    readToken: async (repository) => await accessToken(connection, repository, 'read'),
    cloneUrl,
    pushBundle: async (repository, push) =>
      await pusher.push({
        repository: { id: repository.id, url: cloneUrl(repository) },
        login: await connection.login(),
        token: async () => await accessToken(connection, repository, 'write'),
        ...push,
      }),
  };
}
