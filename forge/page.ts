/** GitHub's pagination: `per_page`, `page`, and a Link header that Octokit follows. */

const largest = 100;

export interface Page<Row> {
  rows: Row[];
  headers: Record<string, string>;
}

/** @param request its `per_page` (30, at most 100) and `page` (from 1) */
export function paginate<Row>(
  request: { url: URL; params: { per_page?: number | undefined; page?: number | undefined } },
  all: Row[],
): Page<Row> {
  const size = Math.min(largest, Math.max(1, request.params.per_page ?? 30));
  const page = Math.max(1, request.params.page ?? 1);
  const last = Math.max(1, Math.ceil(all.length / size));
  const link = (to: number, relation: string): string => {
    const url = new URL(request.url);
    url.searchParams.set('page', String(to));
    return `<${url.href}>; rel="${relation}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
    ...(page > 1 ? [link(1, 'first')] : []),
  ];
  return {
    rows: all.slice((page - 1) * size, page * size),
    headers: links.length === 0 ? {} : { link: links.join(', ') },
  };
}
