/** The reply in a review thread: fixed in a commit, or kept with why. */
import type { Thread } from '../../domain/review.ts';
import { threadMarker } from './markers.ts';
import { plainLines } from './plain.ts';
import { short } from './words.ts';

/** Null while nobody answered the thread. */
export function renderThreadReply(thread: Thread): string | null {
  if (thread.state === 'open') return null;
  const why = plainLines(thread.why ?? '', 4_000);
  const outcome = thread.state === 'fixed' ? `Fixed in ${short(thread.commit ?? '')}` : 'Kept';
  return `${outcome}${why === '' ? '.' : `: ${why}`}\n\n${threadMarker(thread.id)}`;
}
