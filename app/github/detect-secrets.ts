/** Where secrets stand in a text: a maintained detector's findings, and tokens that no detector knows. */
import { lintSource } from '@secretlint/core';
import { creator as recommended } from '@secretlint/secretlint-rule-preset-recommend';

/** `rule` is the detector's name of what it found; the range is in UTF-16 units of the text. */
export type FoundSecret = { rule: string; start: number; end: number };

const config = { rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: recommended }] };

/** Tokens of our own (`makeSecret`), and signed tokens as jobs get them. */
const ours = /\bent_[a-z]+_[\w-]{40,}|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+/g;

export async function detectSecrets(text: string): Promise<FoundSecret[]> {
  if (text === '') return [];
  const { messages } = await lintSource({
    source: { filePath: 'text.txt', ext: '.txt', content: text, contentType: 'text' },
    options: { config, noPhysicFilePath: true },
  });
  return [
    ...messages.map(({ messageId, range: [start, end] }) => ({ rule: messageId, start, end })),
    ...[...text.matchAll(ours)].map(({ 0: token, index }) => ({
      rule: token.startsWith('ent_') ? 'ENTOURAGE_TOKEN' : 'SIGNED_TOKEN',
      start: index,
      end: index + token.length,
    })),
  ];
}
