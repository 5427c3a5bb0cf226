/** The finished prompt of a session, from plain states. What strangers wrote is cleaned and fenced before it comes in. */
import { assemble } from './part.ts';
import { planParts, type PlanInput } from './plan.ts';
import { workParts, type WorkInput } from './work.ts';

/** What the manager reads in a plan session; about 30,000 characters at most. */
export const planPrompt = (input: PlanInput): string => assemble(planParts(input));

/** What an engineer reads in a work session; about 70,000 characters at most. */
export const workPrompt = (input: WorkInput): string => assemble(workParts(input));
