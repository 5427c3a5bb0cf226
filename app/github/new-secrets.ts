/** Which secrets a push brings: those that stood nowhere in what it changed. Run where the time for it is limited. */
import type { FoundSecret } from './detect-secrets.ts';

export type NewSecret = { text: number; rule: string; line: number };

export type Searched = {
  texts: readonly string[];
  /** Of each text, in order. */
  found: readonly (readonly FoundSecret[])[];
  before: readonly string[];
};

export function newSecretsIn({ texts, found, before }: Searched): NewSecret[] {
  return texts.flatMap((text, index) =>
    (found[index] ?? [])
      .filter(({ start, end }) => !before.some((other) => other.includes(text.slice(start, end))))
      .map(({ rule, start }) => ({ text: index, rule, line: text.slice(0, start).split('\n').length })),
  );
}
