import type { Forge } from '../forge.ts';
export function createGraphql(_forge: Forge): (request: Request) => Promise<Response> {
  return async () => new Response('', { status: 501 });
}
