/** Every behaviour that is played, and why a row is not. */
import type { Behaviour } from '../stage.ts';
import { actionBehaviours } from './actions.ts';
import { apiBehaviours } from './api.ts';
import { appBehaviours } from './apps.ts';
import { mergeBehaviours } from './merging.ts';
import { pullBehaviours } from './pulls.ts';

export const behaviours: readonly Behaviour[] = [
  ...apiBehaviours,
  ...pullBehaviours,
  ...mergeBehaviours,
  ...actionBehaviours,
  ...appBehaviours,
];

/** Rows that nothing of ours leans on, each with its reason. */
export const unplayed: Readonly<Record<string, string>> = {
  G4: 'Cards are drawn by the reader’s browser; without a drawing the table below it says the same',
  G17: 'Suggestions are never applied by the product: an agent’s fix is a commit',
  G25: 'Whether a branch has a queue is read from its rules, never concluded from the plan',
};
