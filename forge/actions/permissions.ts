/** What `permissions:` grant a job's GITHUB_TOKEN. */
import { plainText, type Scope, valueOf } from './expression.ts';
import type { Workflow, WorkflowJob } from './workflow.ts';

/** By the names of the REST description (`pull_requests`); `id_token` stands for OIDC tokens. */
export type TokenPermissions = Record<string, 'read' | 'write'>;

const all = ['actions', 'checks', 'contents', 'id_token', 'issues', 'pull_requests', 'statuses'];
/** Permissions hold no expressions. */
const scope: Scope = { contexts: {}, status: { success: true, failure: false, cancelled: false } };

/** The job's own, else the workflow's, else the repository's default. Whatever is not named there is not granted. */
export function permissionsOf(
  workflow: Workflow,
  job: WorkflowJob,
  fallback: TokenPermissions,
): TokenPermissions {
  const token = job.permissions ?? workflow.permissions;
  if (token === undefined) return fallback;
  const wish = valueOf(token, scope);
  if (wish === 'write-all') return Object.fromEntries(all.map((name) => [name, 'write'] as const));
  if (wish === 'read-all')
    return Object.fromEntries(
      all.filter((name) => name !== 'id_token').map((name) => [name, 'read'] as const),
    );
  if (typeof wish !== 'object' || wish === null) return {};
  const granted: TokenPermissions = {};
  for (const [name, value] of Object.entries(wish)) {
    const level = plainText(value);
    if (level === 'read' || level === 'write') granted[name.replaceAll('-', '_')] = level;
  }
  return granted;
}
