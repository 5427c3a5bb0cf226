/** Counts what clients asked of the forge, by operation and by what GitHub's limits make of it (G41). */
import { operations } from './schema/validate.ts';

/** `create`: makes content that notifies people, 80 a minute and 500 an hour at GitHub (G41). */
export type CallKind = 'read' | 'create' | 'write';

export interface Call {
  operation: string;
  kind: CallKind;
  count: number;
}

const creating = new Set([
  'issues/create',
  'issues/create-comment',
  'pulls/create',
  'pulls/create-review',
  'pulls/submit-review',
  'pulls/create-review-comment',
  'pulls/create-reply-for-review-comment',
  'repos/create-commit-comment',
]);

/** `git/fetch`, `git/push` and GraphQL fields (`graphql/viewer`) are counted beside REST operations. */
export function kindOf(operation: string): CallKind {
  if (creating.has(operation)) return 'create';
  if (operation === 'git/push') return 'write';
  if (operation.startsWith('graphql/mutation.')) return 'write';
  const method = operations[operation]?.method ?? 'GET';
  return method === 'GET' ? 'read' : 'write';
}

export interface Calls {
  record(operation: string): void;
  /** A request that the description forbids was refused by 422. */
  refuse(operation: string, findings: readonly string[]): void;
  list(): Call[];
  /** Requests that were refused so: a client that is written well sends none. */
  invalid(): string[];
  /** All calls of a kind. */
  count(kind: CallKind): number;
  reset(): void;
}

export function createCalls(): Calls {
  const counts = new Map<string, number>();
  let refused: string[] = [];
  const list = (): Call[] =>
    [...counts].map(([operation, count]) => ({ operation, kind: kindOf(operation), count }));
  return {
    record: (operation) => {
      counts.set(operation, (counts.get(operation) ?? 0) + 1);
    },
    refuse: (operation, findings) => {
      refused.push(`${operation}: ${findings.join('; ')}`);
    },
    list,
    invalid: () => [...refused],
    count: (kind) => list().reduce((sum, call) => (call.kind === kind ? sum + call.count : sum), 0),
    reset: () => {
      counts.clear();
      refused = [];
    },
  };
}
