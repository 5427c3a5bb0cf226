/** The App's webhook deliveries: listed, read, and sent again with the same GUID (G43). */
import type { components } from '@octokit/openapi-types';
import type { App, Delivery } from '../state.ts';
import type { Forge } from '../forge.ts';
import { notFound } from '../github-error.ts';
import { paginate } from '../page.ts';
import { apiUrl } from '../render/account.ts';
import { route, type Route } from '../route.ts';
import { row, where } from '../state.ts';

const threeDays = 3 * 24 * 3_600_000;

function renderItem(delivery: Delivery): components['schemas']['hook-delivery-item'] {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: delivery.deliveredAt,
    redelivery: delivery.redelivery,
    duration: delivery.duration,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: delivery.installationId,
    repository_id: delivery.repositoryId,
  };
}

function visible(forge: Forge, app: App | null): Delivery[] {
  const since = forge.clock.now().getTime() - threeDays;
  const all = where(
    forge.state.deliveries,
    ({ appId, deliveredAt }) => appId === app?.id && Date.parse(deliveredAt) >= since,
  );
  return all.toSorted((a, b) => b.id - a.id);
}

function deliveryOf(forge: Forge, app: App | null, id: number): Delivery {
  const found = visible(forge, app).find((delivery) => delivery.id === id);
  if (found === undefined) throw notFound();
  return found;
}

/** GitHub shows that there is a secret, never which. */
function renderHook(app: App): components['schemas']['webhook-config'] {
  return {
    content_type: 'json',
    insecure_ssl: '0',
    ...(app.webhookSecret === '' ? {} : { secret: '********' }),
    ...(app.webhookUrl === null ? {} : { url: app.webhookUrl }),
  };
}

const hookRoutes: Route[] = [
  route('apps/get-webhook-config-for-app', 'app', ({ caller }) => {
    if (caller.app === null) throw notFound();
    return { status: 200, body: renderHook(caller.app) };
  }),
  route('apps/update-webhook-config-for-app', 'app', ({ caller, body }) => {
    if (caller.app === null) throw notFound();
    if (body?.url !== undefined) caller.app.webhookUrl = body.url;
    if (body?.secret !== undefined) caller.app.webhookSecret = body.secret;
    return { status: 200, body: renderHook(caller.app) };
  }),
];

export const deliveryRoutes: Route[] = [
  ...hookRoutes,
  route('apps/list-webhook-deliveries', 'app', (request) => {
    const { forge, caller, params, url } = request;
    // Deliveries are paged by cursor, not by page: the id to go on below.
    const before = Number(params.cursor ?? Number.MAX_SAFE_INTEGER);
    const failed = (delivery: Delivery): boolean => delivery.statusCode < 200 || delivery.statusCode >= 400;
    const all = visible(forge, caller.app)
      .filter(({ id }) => id < before)
      .filter(
        (delivery) => params.status === undefined || failed(delivery) === (params.status === 'failure'),
      );
    const { rows } = paginate({ url, params: { per_page: params.per_page } }, all);
    const last = rows.at(-1);
    const next = new URL(url);
    if (last !== undefined) next.searchParams.set('cursor', String(last.id));
    const headers = rows.length < all.length ? { link: `<${next.href}>; rel="next"` } : {};
    return { status: 200, headers, body: rows.map(renderItem) };
  }),
  route('apps/get-webhook-delivery', 'app', ({ forge, caller, params }) => {
    const delivery = deliveryOf(forge, caller.app, params.delivery_id);
    const app = row(forge.state.apps, delivery.appId);
    return {
      status: 200,
      body: {
        ...renderItem(delivery),
        id: delivery.id,
        installation_id: delivery.installationId,
        repository_id: delivery.repositoryId,
        url: app.webhookUrl ?? `${apiUrl(forge)}/app/hook`,
        request: { headers: delivery.request.headers, payload: delivery.request.payload },
        response: delivery.response,
      },
    };
  }),
  route('apps/redeliver-webhook-delivery', 'app', ({ forge, caller, params }) => {
    forge.webhooks.redeliver(deliveryOf(forge, caller.app, params.delivery_id));
    return { status: 202, body: {} };
  }),
];
