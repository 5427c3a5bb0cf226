/** Secrets in text that others wrote, such as a job's log, become `***` before anybody or any agent sees it. */
import { lintSource } from '@secretlint/core';
import { creator as recommended } from '@secretlint/secretlint-rule-preset-recommend';

const config = { rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: recommended }] };

/** What no detector knows: tokens of our own (`makeSecret`), and signed tokens as jobs get them. */
const ours = /\bent_[a-z]+_[\w-]{40,}|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+/g;

/** What the detector finds is masked whole; what it does not know stays. Actions masks a job's own secrets already. */
export async function maskSecrets(text: string): Promise<string> {
  if (text === '') return text;
  const { messages } = await lintSource({
    source: { filePath: 'log.txt', ext: '.txt', content: text, contentType: 'text' },
    options: { config, noPhysicFilePath: true },
  });
  // From the end, so that earlier ranges stay where they are; ranges may overlap.
  let masked = text;
  let before = text.length;
  const ranges = messages.map(({ range }) => range).sort((a, b) => b[1] - a[1] || b[0] - a[0]);
  for (const [start, end] of ranges) {
    const until = Math.min(end, before);
    if (start >= until) continue;
    masked = `${masked.slice(0, start)}***${masked.slice(until)}`;
    before = start;
  }
  return masked.replaceAll(ours, '***');
}
