/** Who did something: a person on GitHub, an agent in a session, a runner, GitHub itself, or the App. */
import { z } from 'zod';
import { Login, Role, SessionId } from './words.ts';

export const Actor = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('person'), login: Login, id: z.int() }),
  z.strictObject({ kind: z.literal('agent'), name: z.string(), role: Role, session: SessionId }),
  z.strictObject({ kind: z.literal('runner'), runner: z.uuid(), session: SessionId.optional() }),
  /** A job of GitHub Actions, known by its OIDC token: it may exchange the token for a session, nothing else. */
  z.strictObject({ kind: z.literal('workflow'), run: z.int(), attempt: z.int() }),
  z.strictObject({ kind: z.literal('github') }),
  z.strictObject({ kind: z.literal('system'), name: z.string() }),
]);
export type Actor = z.infer<typeof Actor>;

/** Whose decision stands in the records: a person's login, as `ana`; what no person decided is the App's own. */
export const loginOf = (actor: Actor): string => (actor.kind === 'person' ? actor.login : 'entourage');

/** The actor as people read it: `@ana`, `eng-backend`, `GitHub`, `Entourage`. */
export function actorName(actor: Actor): string {
  switch (actor.kind) {
    case 'person':
      return `@${actor.login}`;
    case 'agent':
      return actor.name;
    case 'runner':
      return 'runner';
    case 'workflow':
      return `workflow run ${actor.run}`;
    case 'github':
      return 'GitHub';
    case 'system':
      return 'Entourage';
  }
}
