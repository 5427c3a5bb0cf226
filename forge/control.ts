/** `/_forge/…`: what a real GitHub doesn't have: health, violations, counts, faults, the clock. Loopback only. */
import { Hono, type Context } from 'hono';
import { z } from 'zod';
import type { Forge } from './forge.ts';
import { removalReasons } from './merge-entries.ts';
import { repositoryNamed } from './rest.ts';
import { row } from './state.ts';
import { actionsDoor } from './workflow-control.ts';
import { Impossible, strayPush } from './stray-push.ts';

const count = z.int().min(1);
const milliseconds = z.int().min(0).max(600_000).optional();

const WebhookFault = z.strictObject({
  kind: z.enum(['drop', 'double', 'delay', 'reorder']),
  count,
  event: z.string().optional(),
  milliseconds,
});
const AnswerFault = z.strictObject({
  count,
  operation: z.string().optional(),
  status: z.int().min(400).max(599).optional(),
  retryAfter: z.int().min(0).optional(),
  milliseconds,
  afterwards: z.boolean().optional(),
});
const limit = z.int().min(0).optional();
const Limits = z.strictObject({
  primary: limit,
  anonymous: limit,
  jobs: limit,
  graphql: limit,
  concurrent: limit,
  restPoints: limit,
  graphqlPoints: limit,
  creationsPerMinute: limit,
  creationsPerHour: limit,
  enforced: z.boolean().optional(),
});
/** A push to a branch, now or just before the next call of an operation (`pulls/merge`). */
const StrayPush = z.strictObject({
  repository: z.string().regex(/^[^/]+\/[^/]+$/, 'a repository is owner/name'),
  branch: z.string().min(1),
  login: z.string().optional(),
  before: z.string().optional(),
});
/** Takes a pull request out of its merge queue, also for reasons that only GitHub's own failures have. */
const Removal = z.strictObject({
  owner: z.string(),
  repository: z.string(),
  number: z.int(),
  reason: z.enum(removalReasons),
});
/** How far to move the clock, in milliseconds. */
const Advance = z.strictObject({ advance: z.int() });

/** Parses the body and acts on it; 422 with what is wrong when it doesn't fit. */
async function accept<Body>(
  context: Context,
  shape: z.ZodType<Body>,
  act: (body: Body) => object | null | Promise<object | null>,
): Promise<Response> {
  const parsed = shape.safeParse(await context.req.json().catch(() => null));
  if (!parsed.success) return context.json({ message: z.prettifyError(parsed.error) }, 422);
  try {
    const answer = await act(parsed.data);
    return answer === null ? context.body(null, 204) : context.json(answer);
  } catch (error) {
    if (error instanceof Impossible) return context.json({ message: error.message }, 422);
    throw error;
  }
}

/** What happens to one repository without anybody asking through the API. */
function repositoryDoor(forge: Forge): Hono {
  const door = new Hono();
  door.post('/pushes', (context) =>
    accept(context, StrayPush, async ({ repository: name, branch, login, before }) => {
      const [owner = '', repo = ''] = name.split('/');
      const repository = repositoryNamed(forge.state, owner, repo);
      if (repository === null) throw new Impossible(`There is no repository ${name} to push to`);
      const push = () => strayPush(forge, { repository, branch, login });
      if (before === undefined) return { sha: await push() };
      forge.faults.meanwhile(before, push);
      return null;
    }),
  );
  door.post('/merge-queue/removals', (context) =>
    accept(context, Removal, async ({ owner, repository: name, number, reason }) => {
      const repository = repositoryNamed(forge.state, owner, name);
      return { removed: repository !== null && (await forge.queues.remove(repository, number, reason)) };
    }),
  );
  return door;
}

/** Mounted behind localOnly. */
export function controlDoor(forge: Forge): Hono {
  const door = new Hono();
  door.get('/avatars/:id', (context) => {
    const account = forge.state.accounts.get(Number(context.req.param('id')));
    if (account === undefined) return context.notFound();
    context.header('content-type', 'image/svg+xml');
    return context.body(avatar(account.login));
  });
  door.get('/health', (context) => context.json({ status: 'ok', now: forge.clock.timestamp() }));
  // Waits until nothing runs, queues or is on its way any more.
  door.get('/settled', async (context) => {
    // A queue's group starts a workflow, whose check moves the queue, which merges: what ends may have begun more.
    for (let pass = 0; pass < 3; pass += 1) {
      await forge.workflows.idle();
      await forge.queues.settled();
      await forge.webhooks.settled();
    }
    return context.body(null, 204);
  });
  door.get('/violations', (context) => context.json(forge.violations));
  door.get('/calls', (context) => {
    const kinds = {
      read: forge.calls.count('read'),
      create: forge.calls.count('create'),
      write: forge.calls.count('write'),
    };
    return context.json({ kinds, operations: forge.calls.list(), invalid: forge.calls.invalid() });
  });
  door.delete('/calls', (context) => {
    forge.calls.reset();
    return context.body(null, 204);
  });
  door.post('/faults/webhooks', (context) =>
    accept(context, WebhookFault, (fault) => {
      forge.faults.webhooks(fault);
      return null;
    }),
  );
  door.post('/faults/answers', (context) =>
    accept(context, AnswerFault, (fault) => {
      forge.faults.answers(fault);
      return null;
    }),
  );
  door.delete('/faults', (context) => {
    forge.faults.clear();
    return context.body(null, 204);
  });
  door.post('/limits', (context) =>
    accept(context, Limits, (limits) => Object.assign(forge.rateLimit.limits, limits)),
  );
  door.route('/', repositoryDoor(forge));
  door.post('/clock', (context) =>
    accept(context, Advance, async ({ advance }) => {
      forge.clock.advance(advance);
      await forge.save();
      return { now: forge.clock.timestamp() };
    }),
  );
  door.route('/actions', actionsDoor(forge));
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
