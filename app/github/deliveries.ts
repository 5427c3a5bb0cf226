/** The App's webhook deliveries as GitHub logs them for three days, and the request to send one again (G43). */
import type { Octokit } from '@octokit/core';
import { toGitHubError } from './refusal.ts';

/** One attempt to deliver; a repeated one has the same GUID and an id of its own. */
export type DeliveryAttempt = {
  readonly id: number;
  readonly guid: string;
  readonly event: string;
  /** ISO instant. */
  readonly at: string;
};

export type Deliveries = {
  /** Attempts since that ISO instant, newest first. Throws `GitHubError`. */
  since(instant: string): Promise<DeliveryAttempt[]>;
  /** GitHub sends that attempt's payload once more. Throws `GitHubError`. */
  redeliver(id: number): Promise<void>;
};

export function createDeliveries(app: Octokit, now: () => number): Deliveries {
  return {
    async since(instant) {
      const attempts: DeliveryAttempt[] = [];
      for (let cursor: string | undefined; ;) {
        const page = await readPage(app, now, cursor);
        const rows = page.rows.filter(({ at }) => at >= instant);
        attempts.push(...rows);
        if (page.next === undefined || rows.length < page.rows.length) return attempts;
        cursor = page.next;
      }
    },
    async redeliver(id) {
      try {
        await app.request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: id });
      } catch (error) {
        throw toGitHubError(`asks for webhook delivery ${id} again`, error, now());
      }
    },
  };
}

async function readPage(
  app: Octokit,
  now: () => number,
  cursor: string | undefined,
): Promise<{ rows: DeliveryAttempt[]; next: string | undefined }> {
  try {
    const { data, headers } = await app.request('GET /app/hook/deliveries', {
      per_page: 100,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const rows = data.map(({ id, guid, event, delivered_at }) => ({
      id: Number(id),
      guid,
      event,
      at: new Date(delivered_at).toISOString(),
    }));
    return { rows, next: nextCursor(headers.link) };
  } catch (error) {
    throw toGitHubError('lists its webhook deliveries', error, now());
  }
}

/** This list alone is paged by a cursor, which its `Link` header names. */
function nextCursor(link: string | undefined): string | undefined {
  const url = /<([^>]+)>;\s*rel="next"/.exec(link ?? '')?.[1];
  return url === undefined ? undefined : (new URL(url).searchParams.get('cursor') ?? undefined);
}
