/** MCP sessions that are kept between requests: each bound to the token that made it, few, and gone with the token. */
import type { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';

export type Use = {
  /** Calls that are being answered. A stream that only listens is none. */
  busy: number;
  /** When it was last used; in milliseconds. */
  at: number;
};
export type Kept = {
  readonly id: string;
  readonly token: string;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly use: Use;
};

export type Bounds = {
  /** Kept at once, over all tokens. */
  all: number;
  /** Kept at once for one token. */
  each: number;
  /** Idle longer than this, a session is closed; in milliseconds. */
  idleMs: number;
};

/** A model may think and test for a long time between two calls, and few clients begin again by themselves. */
export const usualBounds: Bounds = { all: 2_000, each: 8, idleMs: 2 * 60 * 60 * 1000 };

export type McpSessions = {
  /** Null: no such session, or another token's, which is the same to whoever asks. */
  find(id: string, token: string): Kept | null;
  /** False: there are as many as may be, and all are at work. */
  hasRoom(token: string): boolean;
  /** Where there are as many as may be, the longest idle one is closed for it. */
  add(kept: Kept): Promise<void>;
  remove(id: string): void;
  endToken(token: string): Promise<void>;
  /** Closes what is idle for too long, and what belongs to tokens that ended. */
  sweep(alive: (token: string) => Promise<boolean>): Promise<void>;
  size(): number;
  close(): Promise<void>;
};

export function createMcpSessions(bounds: Bounds, now: () => number): McpSessions {
  const kept = new Map<string, Kept>();
  const end = async (session: Kept): Promise<void> => {
    kept.delete(session.id);
    await session.transport.close();
  };
  const endAll = async (sessions: readonly Kept[]): Promise<void> => {
    for (const session of sessions) await end(session);
  };
  const of = (token: string): Kept[] => [...kept.values()].filter((session) => session.token === token);

  /** Those that one more would be too many of; null: there is room. */
  const rivals = (token: string): Kept[] | null => {
    const own = of(token);
    if (own.length >= bounds.each) return own;
    return kept.size < bounds.all ? null : [...kept.values()];
  };
  const idlest = (sessions: readonly Kept[]): Kept | undefined =>
    sessions.filter(({ use }) => use.busy === 0).toSorted((one, other) => one.use.at - other.use.at)[0];

  return {
    find(id, token) {
      const session = kept.get(id);
      return session?.token === token ? session : null;
    },
    hasRoom(token) {
      const among = rivals(token);
      return among === null || idlest(among) !== undefined;
    },
    async add(session) {
      const last = idlest(rivals(session.token) ?? []);
      kept.set(session.id, session);
      if (last !== undefined) await end(last);
    },
    remove: (id) => void kept.delete(id),
    endToken: async (token) => await endAll(of(token)),
    async sweep(alive) {
      await endAll([...kept.values()].filter(({ use }) => use.busy === 0 && now() - use.at > bounds.idleMs));
      for (const token of new Set([...kept.values()].map((session) => session.token))) {
        if (!(await alive(token))) await endAll(of(token));
      }
    },
    size: () => kept.size,
    close: async () => await endAll([...kept.values()]),
  };
}
