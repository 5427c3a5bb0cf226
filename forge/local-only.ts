/** Keeps controls and pages to this machine: they need no token, so a web page elsewhere must not reach them. */
import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';

const loopbackAddresses = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);
const loopbackNames = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** An App's manifest is posted by another site's page: that is the flow. It only shows a page, whose own form counts. */
const fromAnywhere = /^(?:\/organizations\/[^/]+)?\/settings\/apps\/new$/;

/**
 * The peer must be on the loopback, the host name too (a name that an attacker's DNS points here is another one), and
 * a request that a browser makes for another site's page says so in `origin`.
 */
export const localOnly: MiddlewareHandler<{ Bindings: HttpBindings }> = async (context, next) => {
  const { url, headers } = context.req.raw;
  const { hostname, host, pathname } = new URL(url);
  const origin = headers.get('origin');
  const local =
    loopbackAddresses.has(context.env.incoming.socket.remoteAddress ?? '') && loopbackNames.has(hostname);
  if (!local || (origin !== null && !fromAnywhere.test(pathname) && URL.parse(origin)?.host !== host))
    return context.json({ message: 'Only from this machine, and not for other sites' }, 403);
  return next();
};
