/** Who asks: what a token or App JWT stands for. */
import type { Account, App, Installation, Permissions } from './state.ts';

export type Caller = Anonymous | AppCaller | InstallationCaller | UserCaller;

interface Anonymous {
  kind: 'anonymous';
  account: null;
  app: null;
}

/** An App by its JWT: may look at itself and make installation tokens, nothing else. */
interface AppCaller {
  kind: 'app';
  account: null;
  app: App;
}

export interface InstallationCaller {
  kind: 'installation';
  /** The App's bot. */
  account: Account;
  app: App;
  installation: Installation;
  /** null: all that the installation reaches. */
  repositoryIds: number[] | null;
  permissions: Permissions;
  /** Set for a job's GITHUB_TOKEN: what it causes starts no workflow (G32). */
  workflowRunId: number | null;
}

interface UserCaller {
  kind: 'user';
  account: Account;
  app: null;
}

export const anonymous: Anonymous = { kind: 'anonymous', account: null, app: null };

/** The name under which limits count a caller. */
export function callerName(caller: Caller): string {
  switch (caller.kind) {
    case 'anonymous':
      return 'anonymous';
    case 'app':
      return `app ID ${caller.app.id}`;
    case 'installation':
      return `installation ID ${caller.installation.id}`;
    case 'user':
      return `user ID ${caller.account.id}`;
  }
}
