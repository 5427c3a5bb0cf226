/** The engines that this runner knows, by the name that a policy gives them. */
import { commandEngine } from './command.ts';
import type { Engine, Readiness } from './engine.ts';

const all: readonly Engine[] = [commandEngine];

export function findEngine(name: string): Engine | undefined {
  return all.find((engine) => engine.name === name);
}

/** Each engine and whether a session could start here now. */
export async function readiness(): Promise<{ name: string; readiness: Readiness }[]> {
  return await Promise.all(
    all.map(async (engine) => ({ name: engine.name, readiness: await engine.ready() })),
  );
}
