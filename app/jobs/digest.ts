/** A short name for a text, to see whether it changed. */
import { createHash } from 'node:crypto';

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);
