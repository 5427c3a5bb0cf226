/** Signed webhooks to the Apps: sent once, logged, never repeated by itself (G43). */
import { createHmac, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { covers } from './access.ts';
import type { WebhookFault } from './faults.ts';
import type { Forge, ForgeEvent, Webhooks } from './forge.ts';
import { nodeId } from './ids.ts';
import { apiUrl, renderUser } from './render/account.ts';
import { renderRepository } from './render/repository.ts';
import { checkWebhook } from './schema/validate.ts';
import { nextId, row, where, type Account, type App, type Delivery, type Installation } from './state.ts';

/** GitHub gives a receiver ten seconds, and never sends more than 25 MB (G43). */
const githubPatience = 10_000;
const largest = 25 * 1024 * 1024;
const mostDeliveries = 2000;
/** What is kept of a receiver's answer. */
const keptAnswer = 4096;

/**
 * @param options `log` is told every delivery when it is finished, the journal writes it down; `patience` is how many
 * milliseconds a receiver has
 */
export function createWebhooks(
  forge: Forge,
  { log, patience = githubPatience }: { log: (delivery: Delivery) => void; patience?: number | undefined },
): Webhooks {
  const listeners: ((event: ForgeEvent) => void)[] = [];
  const underway = new Set<Promise<void>>();
  /** Webhooks that a `reorder` fault holds back until its last one comes. */
  const held: Delivery[] = [];

  const track = (work: Promise<void>): void => {
    underway.add(work);
    void work.finally(() => underway.delete(work));
  };

  /** Sends one after the other: the next when the one before it was answered. */
  const start = (...deliveries: Delivery[]): void => {
    const sendAll = async (): Promise<void> => {
      for (const delivery of deliveries) {
        await deliver(forge, delivery, patience);
        log(delivery);
      }
    };
    track(sendAll());
  };

  const startLater = (delivery: Delivery, milliseconds: number): void => {
    track(
      sleep(milliseconds).then(() => {
        start(delivery);
      }),
    );
  };

  const send = (delivery: Delivery, fault: WebhookFault | null): void => {
    switch (fault?.kind) {
      case 'drop':
        return;
      case 'double':
        start(delivery, { ...delivery, id: nextId(forge.state) });
        return;
      case 'delay':
        startLater(delivery, fault.milliseconds ?? 1000);
        return;
      case 'reorder':
        held.push(delivery);
        if (fault.count === 0) start(...held.splice(0).toReversed());
        return;
      case undefined:
        start(delivery);
    }
  };

  return {
    emit: (event) => {
      for (const listener of listeners) listener(event);
      for (const { app, installation } of receivers(forge, event)) {
        const delivery = newDelivery(forge, { event, app, installation });
        // Too much is not even logged: for the App it never happened (G43).
        if (sizeOf(delivery) <= largest) send(delivery, forge.faults.takeWebhook(event.event));
      }
    },
    listen: (listener) => {
      listeners.push(listener);
    },
    redeliver: (delivery) => {
      start(repeated(forge, delivery));
    },
    settled: async () => {
      while (underway.size > 0) await Promise.all(underway);
    },
  };
}

/** The same GUID and payload, signed anew: a secret that was changed meanwhile is the one that counts. */
function repeated(forge: Forge, delivery: Delivery): Delivery {
  const { guid, event, appId, request } = delivery;
  const { payload } = request;
  return {
    ...delivery,
    id: nextId(forge.state),
    redelivery: true,
    deliveredAt: forge.clock.timestamp(),
    request: { headers: headersOf(row(forge.state.apps, appId), { guid, event, payload }), payload },
  };
}

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

interface Receiver {
  app: App;
  installation: Installation | null;
}

function receivers({ state }: Forge, { event, installation, repository, onlyAppId }: ForgeEvent): Receiver[] {
  if (installation !== undefined) return [{ app: row(state.apps, installation.appId), installation }];
  if (repository === null)
    return where(state.apps, ({ id }) => onlyAppId === undefined || id === onlyAppId).map((app) => ({
      app,
      installation: null,
    }));
  return where(
    state.installations,
    (candidate) =>
      candidate.suspendedAt === null &&
      candidate.events.includes(event) &&
      (onlyAppId === undefined || candidate.appId === onlyAppId) &&
      covers({ installation: candidate, repositoryIds: null }, repository),
  ).map((candidate) => ({ app: row(state.apps, candidate.appId), installation: candidate }));
}

function renderOrganization(forge: Forge, account: Account): Record<string, unknown> {
  const url = `${apiUrl(forge)}/orgs/${account.login}`;
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId('Organization', account.id),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${forge.url}/_forge/avatars/${account.id}`,
    description: null,
  };
}

function newDelivery(
  forge: Forge,
  { event, app, installation }: { event: ForgeEvent; app: App; installation: Installation | null },
): Delivery {
  const { state, clock } = forge;
  const { repository } = event;
  const owner = repository === null ? null : row(state.accounts, repository.ownerId);
  const payload = {
    ...(event.action === null ? {} : { action: event.action }),
    ...event.payload,
    ...(repository === null ? {} : { repository: renderRepository(forge, repository) }),
    ...(owner?.type === 'Organization' ? { organization: renderOrganization(forge, owner) } : {}),
    ...(installation === null || event.installation !== undefined
      ? {}
      : { installation: { id: installation.id, node_id: nodeId('Installation', installation.id) } }),
    sender: renderUser(forge, event.sender),
  };
  const guid = randomUUID();
  return {
    id: nextId(state),
    appId: app.id,
    guid,
    event: event.event,
    action: event.action,
    installationId: installation?.id ?? null,
    repositoryId: repository?.id ?? null,
    deliveredAt: clock.timestamp(),
    redelivery: false,
    duration: 0,
    status: 'pending',
    statusCode: 0,
    request: { headers: headersOf(app, { guid, event: event.event, payload }), payload },
    response: { headers: {}, payload: '' },
  };
}

function headersOf(
  app: App,
  sent: { guid: string; event: string; payload: unknown },
): Record<string, string> {
  const signature = createHmac('sha256', app.webhookSecret)
    .update(JSON.stringify(sent.payload))
    .digest('hex');
  const sha1 = createHmac('sha1', app.webhookSecret).update(JSON.stringify(sent.payload)).digest('hex');
  return {
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/0000000',
    'x-github-event': sent.event,
    'x-github-delivery': sent.guid,
    'x-github-hook-id': String(app.hookId),
    'x-github-hook-installation-target-id': String(app.id),
    'x-github-hook-installation-target-type': 'integration',
    'x-hub-signature': `sha1=${sha1}`,
    'x-hub-signature-256': `sha256=${signature}`,
  };
}

const sizeOf = ({ request }: Delivery): number => Buffer.byteLength(JSON.stringify(request.payload));

/** The log in memory is bounded: each delivery holds its whole payload. */
function remember({ state }: Forge, delivery: Delivery): void {
  state.deliveries.set(delivery.id, delivery);
  const [oldest] = state.deliveries.keys();
  if (state.deliveries.size > mostDeliveries && oldest !== undefined) state.deliveries.delete(oldest);
}

/** Sends, and writes the outcome into the delivery; never rejects: an unreachable receiver is an outcome. */
async function deliver(forge: Forge, delivery: Delivery, patience: number): Promise<void> {
  const { event, action, request } = delivery;
  const findings = checkWebhook({ event, action, payload: request.payload, headers: request.headers });
  if (findings.length > 0)
    forge.violations.push({
      kind: 'webhook',
      where: action === null ? event : `${event}.${action}`,
      findings,
    });
  remember(forge, delivery);
  const app = row(forge.state.apps, delivery.appId);
  const body = JSON.stringify(request.payload);
  if (app.webhookUrl === null) {
    delivery.status = 'No webhook URL';
    return;
  }
  const started = performance.now();
  try {
    const response = await fetch(app.webhookUrl, {
      method: 'POST',
      headers: request.headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(patience),
    });
    delivery.statusCode = response.status;
    delivery.response = {
      headers: Object.fromEntries(response.headers),
      payload: (await response.text()).slice(0, keptAnswer),
    };
    delivery.status = response.ok ? 'OK' : `Invalid HTTP Response: ${response.status}`;
  } catch (error) {
    const timedOut = error instanceof Error && error.name === 'TimeoutError';
    delivery.statusCode = timedOut ? 504 : 502;
    delivery.status = timedOut ? 'timed out' : 'failed to connect to host';
  }
  delivery.duration = Math.round(performance.now() - started) / 1000;
}
