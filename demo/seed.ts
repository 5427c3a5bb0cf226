/** The demo's world on the local GitHub: an organisation with one repository, its people, the App. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Seed } from '../forge/seed.ts';

export const owner = 'acme';
export const repository = 'shelf';

/** The App is registered here as app.yml says, so that the demo fails where that grants too little. */
const registration = z
  .object({
    default_permissions: z.record(z.string(), z.enum(['read', 'write', 'admin'])),
    default_events: z.array(z.string()),
  })
  .parse(parse(readFileSync(join(import.meta.dirname, '..', 'app.yml'), 'utf8')));

/** Who is who: olga owns the organisation and runs the App, ana and ben work on shelf, mallory is a stranger. */
export const seed: Seed = {
  app: {
    slug: 'entourage',
    name: 'Entourage',
    owner,
    permissions: registration.default_permissions,
    events: registration.default_events,
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
