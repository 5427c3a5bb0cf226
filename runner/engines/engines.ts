/** The engines that this runner knows, by the name that a policy gives them. */
import { aider } from './aider.ts';
import { claudeCode } from './claude-code.ts';
import { codex } from './codex.ts';
import { commandEngine } from './command.ts';
import type { Engine, Environment, Readiness } from './engine.ts';
import { gemini } from './gemini.ts';
import { opencode } from './opencode.ts';

const all: readonly Engine[] = [commandEngine, claudeCode, codex, gemini, opencode, aider];

export function findEngine(name: string): Engine | undefined {
  return all.find((engine) => engine.name === name);
}

/** Each engine and whether a session that is given this environment could start here now. */
export async function readiness(
  environment: Environment = process.env,
): Promise<{ name: string; readiness: Readiness }[]> {
  return await Promise.all(
    all.map(async (engine) => ({ name: engine.name, readiness: await engine.ready(environment) })),
  );
}
