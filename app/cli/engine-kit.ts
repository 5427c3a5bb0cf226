/** What a fresh job needs for each engine: how its program gets there, and which key it takes. */
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { engines } from '../domain/policy.ts';

export type EngineName = (typeof engines)[number];

export type EngineKit = {
  /** Null: the policy names it. */
  program: string | null;
  /** Commands of a job, before the agent. */
  setup: readonly string[];
  /** Variables with the model’s key. */
  pass: readonly string[];
};

export const engineKits: Readonly<Record<EngineName, EngineKit>> = {
  'claude-code': {
    program: 'claude',
    setup: ['npm install --global @anthropic-ai/claude-code'],
    pass: ['ANTHROPIC_API_KEY'],
  },
  codex: { program: 'codex', setup: ['npm install --global @openai/codex'], pass: ['CODEX_API_KEY'] },
  gemini: { program: 'gemini', setup: ['npm install --global @google/gemini-cli'], pass: ['GEMINI_API_KEY'] },
  opencode: { program: 'opencode', setup: ['npm install --global opencode-ai'], pass: ['ANTHROPIC_API_KEY'] },
  aider: { program: 'aider', setup: ['pipx install aider-chat'], pass: ['ANTHROPIC_API_KEY'] },
  command: { program: null, setup: [], pass: [] },
};

export const engineNames = Object.keys(engineKits) as readonly EngineName[];

/** Engines whose program is on the search path, in the order of the table. */
export async function enginesFound(path: string): Promise<EngineName[]> {
  const found: EngineName[] = [];
  for (const [name, { program }] of Object.entries(engineKits) as [EngineName, EngineKit][])
    if (program !== null && (await onPath(program, path))) found.push(name);
  return found;
}

async function onPath(program: string, path: string): Promise<boolean> {
  const places = path.split(delimiter).filter((directory) => directory !== '');
  const tries = places.map((directory) => access(join(directory, program), constants.X_OK));
  return (await Promise.allSettled(tries)).some(({ status }) => status === 'fulfilled');
}
