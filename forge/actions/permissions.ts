/** What a workflow's `permissions:` grant its GITHUB_TOKEN. */
import { plainText, type Scope, valueOf } from './expression.ts';
import type { Workflow } from './workflow.ts';

export type TokenPermissions = Record<string, 'read' | 'write'>;

const names = ['actions', 'checks', 'contents', 'issues', 'pull_requests', 'statuses'];
/** Permissions hold no expressions. */
const scope: Scope = { contexts: {}, status: { success: true, failure: false, cancelled: false } };

/**
 * By the names of the REST description (`pull_requests`). A run has one token here, so the jobs' own wishes add up.
 * Without any: reading contents alone, GitHub's default for new repositories.
 */
export function permissionsOf(workflow: Workflow): TokenPermissions {
  const declared = [workflow.permissions, ...workflow.jobs.map((job) => job.permissions)];
  const wishes = declared.filter((token) => token !== undefined).map((token) => valueOf(token, scope));
  if (wishes.length === 0) return { contents: 'read' };
  const granted: TokenPermissions = {};
  const grant = (name: string, level: string): void => {
    if (level === 'write' || (level === 'read' && granted[name] === undefined)) granted[name] = level;
  };
  for (const wish of wishes) {
    if (wish === 'write-all' || wish === 'read-all')
      for (const name of names) grant(name, wish.replace('-all', ''));
    else if (typeof wish === 'object')
      for (const [name, level] of Object.entries(wish ?? {}))
        grant(name.replaceAll('-', '_'), plainText(level));
  }
  return granted;
}
