/** The demo's world on the local GitHub: an organisation with one repository, its people, the App. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Seed } from '../forge/seed.ts';
import type { ChosenEngine } from './chosen-engine.ts';

export const owner = 'acme';
export const repository = 'shelf';
/** Acme's copy of Entourage, where the workflow finds the action. */
export const actionRepository = 'entourage';

/** Where agents work: on two self-hosted runners, or as jobs of the repository's own Actions. */
export const places = ['runner', 'actions'] as const;
export type Place = (typeof places)[number];

/** The App is registered here as app.yml says, so that the demo fails where that grants too little. */
const registration = z
  .object({
    default_permissions: z.record(z.string(), z.enum(['read', 'write', 'admin'])),
    default_events: z.array(z.string()),
  })
  .parse(parse(readFileSync(join(import.meta.dirname, '..', 'app.yml'), 'utf8')));

const project = join(import.meta.dirname, 'project');

const script = 'engine: command, command: [demo-agent]';

/** The project's policy says `dispatch: runner`, and the script as each agent's engine: those words are other ones here. */
function policyFor(place: Place, engine: ChosenEngine | null): string {
  const text = readFileSync(join(project, 'ENTOURAGE.md'), 'utf8');
  const changed = text.replace(/^dispatch: .*$/m, `dispatch: ${place}`);
  if (!changed.includes(`\ndispatch: ${place}\n`))
    throw new Error('the demo’s policy has no line `dispatch:`');
  if (!changed.includes(script)) throw new Error(`the demo’s policy has no agent with \`${script}\``);
  if (engine === null) return changed;
  const model = engine.model === null ? '' : `, model: ${JSON.stringify(engine.model)}`;
  return changed.replaceAll(script, `engine: ${engine.name}${model}`);
}

/** What the action is to a workflow: its description and its bundle, nothing else of this checkout. */
export function actionFiles(root: string): Record<string, string> {
  const dist = join(root, 'action', 'dist');
  const built = readdirSync(dist).map((name) => [
    `action/dist/${name}`,
    readFileSync(join(dist, name), 'utf8'),
  ]);
  const description = readFileSync(join(root, 'action', 'action.yml'), 'utf8');
  return { 'action/action.yml': description, ...Object.fromEntries(built) };
}

/** Who is who: olga owns the organisation and runs the App, ana and ben work on shelf, mallory is a stranger. */
export function seedFor(place: Place, engine: ChosenEngine | null): Seed {
  return {
    ...seed,
    repositories: [
      ...seed.repositories.map((one) => ({ ...one, files: { 'ENTOURAGE.md': policyFor(place, engine) } })),
      ...(place === 'actions' ? [action()] : []),
    ],
  };
}

const action = (): Seed['repositories'][number] => ({
  owner,
  name: actionRepository,
  description: 'Acme’s copy of Entourage',
  files: actionFiles(join(import.meta.dirname, '..')),
});

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
      directory: project,
      collaborators: { ana: 'maintain', ben: 'write' },
      ruleset: { requiredChecks: ['test'], requiredApprovals: 1, dismissStaleReviews: true },
    },
  ],
};
