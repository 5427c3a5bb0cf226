/** An App that acts by itself, without a request: with all that its installation may. */
import type { InstallationCaller } from './caller.ts';
import type { Forge } from './forge.ts';
import { find, row, type App } from './state.ts';

export type AppDoer = { actor: InstallationCaller['account']; caller: InstallationCaller };

/**
 * Throws when the App is not installed on the account.
 *
 * @param workflowRunId of a job whose GITHUB_TOKEN asked for what is done now: then it starts no workflow (G32)
 */
export function appDoer(
  { state }: Forge,
  app: App,
  { accountId, workflowRunId }: { accountId: number; workflowRunId: number | null },
): AppDoer {
  const installation = find(
    state.installations,
    (one) => one.appId === app.id && one.accountId === accountId,
  );
  if (installation === undefined) throw new Error(`${app.slug} is not installed on account ${accountId}`);
  const actor = row(state.accounts, app.botId);
  const { permissions } = installation;
  return {
    actor,
    caller: {
      kind: 'installation',
      account: actor,
      app,
      installation,
      repositoryIds: null,
      permissions,
      workflowRunId,
    },
  };
}
