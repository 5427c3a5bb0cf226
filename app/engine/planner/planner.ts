/** A model API that answers with a plan: the `ai` package, its providers loaded when they are needed. */
import type { LanguageModel } from 'ai';
import { ModelPlan } from '../../domain/model-plan.ts';
import { costOf } from '../../domain/prices.ts';
import type { Usage } from '../../domain/session.ts';

export type PlannerOptions = {
  provider: 'anthropic' | 'openai' | 'google' | 'openai-compatible';
  /** As the provider calls it. */
  model: string;
  apiKey: string | undefined;
  baseUrl: string | undefined;
  /** How long one answer may take, with the tries it needs. */
  milliseconds?: number;
};

export type Turn = { role: 'user' | 'assistant'; content: string };
/** `text`: what it said, null where it said nothing. */
type Said = { text: string | null } & ({ plan: unknown } | { failed: string; repairable: boolean });
/** `usage`: null when no answer came, so that nobody knows what was used. */
export type Answered = Said & { usage: Usage | null };

export type Planner = {
  /** `provider/model`. */
  readonly name: string;
  /** Never throws for what the API does: a failure is words. Throws when `signal` ends it. */
  ask(turns: readonly Turn[], signal?: AbortSignal): Promise<Answered>;
};

export const plannerName = ({ provider, model }: Pick<PlannerOptions, 'provider' | 'model'>): string =>
  `${provider}/${model}`;

/** Twice more after a limit, a server's error or a broken connection. */
const maxRetries = 2;
const maxOutputTokens = 16_000;

export function createPlanner(options: PlannerOptions): Planner {
  const limit = options.milliseconds ?? 180_000;
  return {
    name: plannerName(options),
    async ask(turns, signal) {
      // Its warnings would go to the console, past the log.
      Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });
      const { generateText, NoObjectGeneratedError, Output } = await import('ai');
      const late = AbortSignal.timeout(limit);
      try {
        const { output, text, usage } = await generateText({
          model: await modelOf(options),
          messages: turns.map((turn) => ({ ...turn })),
          output: Output.object({ schema: ModelPlan, name: 'plan' }),
          maxRetries,
          maxOutputTokens,
          abortSignal: signal === undefined ? late : AbortSignal.any([late, signal]),
        });
        return { plan: output, text, usage: usageOf(options.model, usage) };
      } catch (error) {
        if (signal?.aborted === true) throw error;
        if (NoObjectGeneratedError.isInstance(error)) {
          const usage = error.usage === undefined ? null : usageOf(options.model, error.usage);
          return { ...unshaped(error.text, error.finishReason === 'length'), usage };
        }
        const failed = late.aborted
          ? `it did not answer within ${Math.round(limit / 1000)} seconds`
          : reasonOf(error, options);
        return { failed, repairable: false, text: null, usage: null };
      }
    },
  };
}

/** Where nothing forces the shape, fields that have a default may be missing: our own rules judge what is JSON at all. */
function unshaped(text: string | undefined, cut: boolean): Said {
  try {
    return { plan: JSON.parse(text ?? ''), text: text ?? null };
  } catch {
    const failed = cut
      ? 'the answer was cut off: make fewer tasks, in fewer words'
      : 'the answer was not JSON';
    return { failed, repairable: true, text: text ?? null };
  }
}

async function modelOf({ provider, model, apiKey, baseUrl }: PlannerOptions): Promise<LanguageModel> {
  const at = {
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(baseUrl === undefined ? {} : { baseURL: baseUrl }),
  };
  switch (provider) {
    case 'anthropic': {
      const { createAnthropic } = await import('@ai-sdk/anthropic');
      return createAnthropic(at)(model);
    }
    case 'openai': {
      const { createOpenAI } = await import('@ai-sdk/openai');
      return createOpenAI(at)(model);
    }
    case 'google': {
      const { createGoogle } = await import('@ai-sdk/google');
      return createGoogle(at)(model);
    }
    case 'openai-compatible': {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
      if (baseUrl === undefined) throw new Error('An openai-compatible planner has no address.');
      return createOpenAICompatible({ ...at, baseURL: baseUrl, name: 'planner' })(model);
    }
  }
}

/** The API's own words, on one line and short; a key that it quotes is taken out. */
function reasonOf(error: unknown, { apiKey }: PlannerOptions): string {
  const words = error instanceof Error ? error.message : String(error);
  const safe = apiKey === undefined ? words : words.replaceAll(apiKey, '***');
  return safe.replaceAll(/\s+/g, ' ').slice(0, 400) || 'it gave no reason';
}

type Counted = {
  inputTokens: number | undefined;
  outputTokens: number | undefined;
  inputTokenDetails: { cacheReadTokens: number | undefined };
};

function usageOf(model: string, { inputTokens, outputTokens, inputTokenDetails }: Counted): Usage {
  const cached = whole(inputTokenDetails.cacheReadTokens);
  const counts = {
    input_tokens: Math.max(0, whole(inputTokens) - cached),
    cached_tokens: cached,
    output_tokens: whole(outputTokens),
  };
  return { ...counts, cost: costOf(model, counts) };
}

/** A server's count may be anything. */
const whole = (count: number | undefined): number =>
  count === undefined || !Number.isFinite(count) || count < 0 ? 0 : Math.min(Math.round(count), 1e12);
