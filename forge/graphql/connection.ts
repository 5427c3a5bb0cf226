/** GraphQL's pages: `first` or `last` is a must, 1 to 100 (G42). */
import { GraphQLError } from 'graphql';

export interface ConnectionArguments {
  first?: number | null;
  last?: number | null;
  after?: string | null;
  before?: string | null;
}

const cursorOf = (index: number): string => Buffer.from(`cursor:${index}`).toString('base64');
const indexOf = (cursor: string | null | undefined): number | null => {
  if (cursor === null || cursor === undefined) return null;
  const index = Number(
    Buffer.from(cursor, 'base64')
      .toString()
      .replace(/^cursor:/, ''),
  );
  return Number.isInteger(index) ? index : null;
};

/** A connection's object; the rows outside the page are never rendered. */
export function connection<Row>(
  name: string,
  { rows, render, page }: { rows: Row[]; render: (row: Row) => unknown; page: ConnectionArguments },
): Record<string, unknown> {
  const size = page.first ?? page.last;
  if (size === null || size === undefined)
    throw new GraphQLError(
      `You must provide a \`first\` or \`last\` value to properly paginate the \`${name}\` connection.`,
      {
        extensions: { type: 'MISSING_PAGINATION_BOUNDARIES' },
      },
    );
  if (size < 1 || size > 100)
    throw new GraphQLError(
      `Requesting ${size} records on the \`${name}\` connection exceeds the \`first\` limit of 100 records.`,
      {
        extensions: { type: 'EXCESSIVE_PAGINATION' },
      },
    );
  const from = (indexOf(page.after) ?? -1) + 1;
  const to = indexOf(page.before) ?? rows.length;
  const start = page.first === null || page.first === undefined ? Math.max(from, to - size) : from;
  const end = Math.min(to, start + size);
  const indexes = rows.slice(start, end).map((_, offset) => start + offset);
  const nodeAt = (index: number): unknown => render(rows[index] as Row);
  return {
    totalCount: rows.length,
    nodes: () => indexes.map(nodeAt),
    edges: () => indexes.map((index) => ({ cursor: cursorOf(index), node: () => nodeAt(index) })),
    pageInfo: {
      hasNextPage: end < rows.length,
      hasPreviousPage: start > 0,
      startCursor: indexes.length === 0 ? null : cursorOf(start),
      endCursor: indexes.length === 0 ? null : cursorOf(end - 1),
    },
  };
}
