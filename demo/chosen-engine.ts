/** The engine that `--engine` names instead of the script: whether it can start here and its model's address answers. */
import { findEngine } from '../runner/engines/engines.ts';

export type ChosenEngine = {
  name: string;
  /** Null: the engine's own choice. */
  model: string | null;
  /** Where its model is, and a key that is none: all that engines get from here. */
  environment: Record<string, string>;
};

export type Wanted = { engine: string; url: string | undefined; model: string | undefined };

/** What is missing, in words for people. */
export class NotChosen extends Error {}

// A key of the person who runs the demo is nobody's business at an address that may be anybody's.
const key = 'no-key';
/** How long the address may take to answer anything. */
const patienceMs = 5_000;

/** An engine's variables for a model at an address without the API's version; docs/engines.md has each engine's own. */
const environments: Readonly<Record<string, (url: string) => Record<string, string>>> = {
  'claude-code': (url) => ({ ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: url }),
  codex: (url) => ({ OPENAI_API_KEY: key, OPENAI_BASE_URL: `${url}/v1` }),
  gemini: (url) => ({ GEMINI_API_KEY: key, GOOGLE_GEMINI_BASE_URL: url }),
  // The provider before the model's name decides which of the two it asks.
  opencode: (url) => ({
    ANTHROPIC_API_KEY: key,
    ANTHROPIC_BASE_URL: url,
    OPENAI_API_KEY: key,
    OPENAI_BASE_URL: `${url}/v1`,
  }),
};

export const engineNames = Object.keys(environments);

/** Engines are looked for on the path. Throws `NotChosen`. */
export async function chooseEngine({ engine: name, url, model }: Wanted): Promise<ChosenEngine> {
  const variables = environments[name];
  const engine = findEngine(name);
  if (variables === undefined || engine === undefined)
    throw new NotChosen(
      `--engine ${name} is none that the demo can use: it takes ${engineNames.join(', ')}.`,
    );
  if (url === undefined)
    throw new NotChosen(
      `--engine ${name} needs a model: give its address by --model-url, as http://127.0.0.1:8000.`,
    );
  const environment = variables(addressOf(url));
  if (model !== undefined && (model.trim() === '' || model.length > 100))
    throw new NotChosen('--model is no model’s name: 1 to 100 characters are expected.');
  const readiness = await engine.ready({ PATH: process.env['PATH'] ?? '', ...environment });
  if (!readiness.ready) throw new NotChosen(`--engine ${name} can’t start: ${readiness.words}`);
  await reach(url);
  return { name, model: model ?? null, environment };
}

/** Without a slash or a version at its end. */
function addressOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:'))
    throw new NotChosen(`--model-url ${url} is no address: one like http://127.0.0.1:8000 is expected.`);
  return url.replace(/\/+$/, '').replace(/\/v1$/, '');
}

/** Whatever it answers, somebody is there. */
async function reach(url: string): Promise<void> {
  try {
    await fetch(url, { signal: AbortSignal.timeout(patienceMs), redirect: 'manual' });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new NotChosen(
      `No model answers at ${url} (${words}). Start it there, or give another address by --model-url.`,
    );
  }
}
