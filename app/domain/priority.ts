/** How urgent: from an issue's labels (IN-2), and which of two is more so. */
import type { Priority } from './words.ts';

const byLabel: Readonly<Record<string, Priority>> = {
  critical: 'critical',
  urgent: 'critical',
  p0: 'critical',
  high: 'high',
  important: 'high',
  p1: 'high',
  low: 'low',
  minor: 'low',
  p3: 'low',
};

export const priorityRank: Readonly<Record<Priority, number>> = { critical: 0, high: 1, medium: 2, low: 3 };

/** The most urgent that a label names, in any case; medium when none does. `priority: high` and `priority/high` count too. */
export function priorityOf(labels: readonly string[]): Priority {
  const named = labels.flatMap(
    (label) => byLabel[label.toLowerCase().split(/[:/]/).at(-1)?.trim() ?? ''] ?? [],
  );
  return named.toSorted((first, second) => priorityRank[first] - priorityRank[second])[0] ?? 'medium';
}
