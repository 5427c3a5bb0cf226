/** The part of the environment that names a model API which plans (PL-2). */
import { z } from 'zod';
import { row, type ConfigProblem, type Row } from './config-row.ts';

const plannerProviders = ['anthropic', 'openai', 'google', 'openai-compatible'] as const;
export type PlannerConfig = {
  provider: (typeof plannerProviders)[number];
  /** As the provider calls it. */
  model: string;
  /** Undefined: an address of one's own that asks for none. */
  apiKey: string | undefined;
  /** Undefined: the provider's own. */
  baseUrl: string | undefined;
};

export const plannerRows = {
  ENTOURAGE_PLANNER: row(
    z
      .string()
      .regex(/^[a-z-]+\/[\x21-\x7e]{1,200}$/)
      .transform((text) => ({
        provider: text.slice(0, text.indexOf('/')),
        model: text.slice(text.indexOf('/') + 1),
      }))
      .pipe(z.object({ provider: z.enum(plannerProviders), model: z.string() }))
      .optional(),
    `provider/model with a provider of ${plannerProviders.join(', ')}`,
    'It plans where no manager does; leave it out and a template plans then.',
  ),
  ENTOURAGE_PLANNER_API_KEY: row(
    z
      .string()
      .regex(/^[\x21-\x7e]+$/)
      .optional(),
    'the provider’s API key, without spaces',
    'Needed with ENTOURAGE_PLANNER, but not with openai-compatible.',
  ),
  ENTOURAGE_PLANNER_BASE_URL: row(
    z.url({ protocol: /^https?$/ }).optional(),
    'an address as https://models.example.com/v1',
    'Needed with openai-compatible; leave it out for the provider’s own.',
  ),
} satisfies Record<string, Row>;

type Values = { [K in keyof typeof plannerRows]?: z.output<(typeof plannerRows)[K]['type']> };

/** What belongs together. A value that was refused just now is not called missing too. */
export function plannerProblems(values: Partial<Values>, known: readonly ConfigProblem[]): ConfigProblem[] {
  const { ENTOURAGE_PLANNER: planner } = values;
  const found: ConfigProblem[] = [];
  const want = (name: keyof Values & `ENTOURAGE_PLANNER_${string}`, why: string, help: string): void => {
    if (values[name] === undefined && !known.some((problem) => problem.name === name))
      found.push({ name, problem: `is missing: ${why}`, help });
  };
  if (planner?.provider === 'openai-compatible')
    want(
      'ENTOURAGE_PLANNER_BASE_URL',
      'ENTOURAGE_PLANNER names an openai-compatible model, which can be anywhere.',
      'Set it to the address of the API, as https://models.example.com/v1.',
    );
  else if (planner !== undefined)
    want(
      'ENTOURAGE_PLANNER_API_KEY',
      `ENTOURAGE_PLANNER names a model of ${planner.provider}, which asks for a key.`,
      `Make one at ${planner.provider}, or leave ENTOURAGE_PLANNER out.`,
    );
  else if (!known.some(({ name }) => name === 'ENTOURAGE_PLANNER'))
    for (const name of ['ENTOURAGE_PLANNER_API_KEY', 'ENTOURAGE_PLANNER_BASE_URL'] as const)
      if (values[name] !== undefined)
        found.push({
          name,
          problem: 'is set, but ENTOURAGE_PLANNER is not, so nobody uses it.',
          help: 'Set ENTOURAGE_PLANNER to provider/model, or leave this out.',
        });
  return found;
}

/** Null: none is configured. */
export const plannerOf = (values: Values): PlannerConfig | null =>
  values.ENTOURAGE_PLANNER === undefined
    ? null
    : {
        ...values.ENTOURAGE_PLANNER,
        apiKey: values.ENTOURAGE_PLANNER_API_KEY,
        baseUrl: values.ENTOURAGE_PLANNER_BASE_URL?.replace(/\/+$/, ''),
      };
