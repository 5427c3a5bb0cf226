/** `/_forge/…`: what a real GitHub doesn't have: health, violations, counts, faults, the clock. Loopback only. */
import { Hono } from 'hono';
import type { AnswerFault, WebhookFault } from './faults.ts';
import type { Forge } from './forge.ts';
import { row } from './state.ts';

/** @param isLoopback whether the request came from this machine */
export function controlDoor(forge: Forge, isLoopback: (request: Request) => boolean): Hono {
  const door = new Hono();
  door.get('/avatars/:id', (context) => {
    const account = forge.state.accounts.get(Number(context.req.param('id')));
    if (account === undefined) return context.notFound();
    context.header('content-type', 'image/svg+xml');
    return context.body(avatar(account.login));
  });
  door.use(async (context, next) => {
    if (!isLoopback(context.req.raw)) return context.json({ message: 'Only from this machine' }, 403);
    return next();
  });
  door.get('/health', (context) => context.json({ status: 'ok', now: forge.clock.timestamp() }));
  door.get('/violations', (context) => context.json(forge.violations));
  door.get('/calls', (context) => {
    const kinds = {
      read: forge.calls.count('read'),
      create: forge.calls.count('create'),
      write: forge.calls.count('write'),
    };
    return context.json({ kinds, operations: forge.calls.list() });
  });
  door.delete('/calls', (context) => {
    forge.calls.reset();
    return context.body(null, 204);
  });
  door.post('/faults/webhooks', async (context) => {
    forge.faults.webhooks(await context.req.json<WebhookFault>());
    return context.body(null, 204);
  });
  door.post('/faults/answers', async (context) => {
    forge.faults.answers(await context.req.json<AnswerFault>());
    return context.body(null, 204);
  });
  door.delete('/faults', (context) => {
    forge.faults.clear();
    return context.body(null, 204);
  });
  door.post('/limits', async (context) => {
    Object.assign(forge.rateLimit.limits, await context.req.json<Partial<Forge['rateLimit']['limits']>>());
    return context.json(forge.rateLimit.limits);
  });
  door.post('/clock', async (context) => {
    const { advance } = await context.req.json<{ advance: number }>();
    forge.clock.advance(advance);
    await forge.save();
    return context.json({ now: forge.clock.timestamp() });
  });
  door.get('/logs/:id', (context) => {
    const job = forge.state.workflowJobs.get(Number(context.req.param('id')));
    return job === undefined ? context.notFound() : context.text(job.log);
  });
  door.get('/seed', (context) => context.json(describe(forge)));
  return door;
}

/** Who and what is there, without anything secret. */
function describe({ state, url }: Forge): Record<string, unknown> {
  return {
    url,
    apps: [...state.apps.values()].map(({ id, slug, clientId }) => ({ id, slug, client_id: clientId })),
    accounts: [...state.accounts.values()].map(({ id, login, type }) => ({ id, login, type })),
    installations: [...state.installations.values()].map(({ id, appId, accountId }) => ({
      id,
      app: row(state.apps, appId).slug,
      account: row(state.accounts, accountId).login,
    })),
    repositories: [...state.repositories.values()].map((repository) => ({
      id: repository.id,
      full_name: `${row(state.accounts, repository.ownerId).login}/${repository.name}`,
    })),
  };
}

/** A coloured disc with the first letter, so that pages need no network. */
function avatar(login: string): string {
  const hue = Array.from(login).reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7);
  const letter = (/[a-z0-9]/i.exec(login)?.[0] ?? '?').toUpperCase();
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle cx="20" cy="20" r="20" fill="hsl(${hue} 50% 45%)"/>` +
    `<text x="20" y="27" font-family="sans-serif" font-size="20" fill="#fff" text-anchor="middle">${letter}</text></svg>`
  );
}
