/** The demo's world on the local GitHub: an organisation with one repository, its people, the App. */
import { join } from 'node:path';
import type { Seed } from '../forge/seed.ts';

export const owner = 'acme';
export const repository = 'shelf';

/** Who is who: olga owns the organisation and runs the App, ana and ben work on shelf, mallory is a stranger. */
export const seed: Seed = {
  app: {
    slug: 'entourage',
    name: 'Entourage',
    owner,
    permissions: {
      actions: 'write',
      checks: 'write',
      contents: 'write',
      issues: 'write',
      pull_requests: 'write',
      statuses: 'read',
    },
    events: [
      'check_run',
      'check_suite',
      'create',
      'delete',
      'issue_comment',
      'issues',
      'pull_request',
      'pull_request_review',
      'pull_request_review_comment',
      'pull_request_review_thread',
      'push',
      'repository',
    ],
  },
  users: [
    { login: 'olga', name: 'Olga' },
    { login: 'ana', name: 'Ana' },
    { login: 'ben', name: 'Ben' },
    { login: 'mallory', name: 'Mallory' },
  ],
  organizations: [{ login: owner, owners: ['olga'] }],
  repositories: [
    {
      owner,
      name: repository,
      description: 'A small lending library',
      directory: join(import.meta.dirname, 'project'),
      collaborators: { ana: 'maintain', ben: 'write' },
      ruleset: { requiredChecks: ['test'], requiredApprovals: 1, dismissStaleReviews: true },
    },
  ],
};
