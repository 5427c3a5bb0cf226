/** Secrets in text that others wrote, such as a job's log, become `***` before anybody or any agent sees it. */
import { detectSecrets } from './detect-secrets.ts';

/** What the detector finds is masked whole; what it does not know stays. Actions masks a job's own secrets already. */
export async function maskSecrets(text: string): Promise<string> {
  // From the end, so that earlier ranges stay where they are; ranges may overlap.
  let masked = text;
  let before = text.length;
  const found = (await detectSecrets(text)).toSorted((a, b) => b.end - a.end || b.start - a.start);
  for (const { start, end } of found) {
    const until = Math.min(end, before);
    if (start >= until) continue;
    masked = `${masked.slice(0, start)}***${masked.slice(until)}`;
    before = start;
  }
  return masked;
}
