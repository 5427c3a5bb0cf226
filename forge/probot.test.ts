import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createNodeMiddleware, createProbot } from 'probot';
import { expect, test } from 'vitest';
import { openBed } from './test-bed.ts';

const shop = { owner: 'acme', repo: 'shop' };
const listening = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });

test('unmodified Probot, told by GHE_HOST and GHE_PROTOCOL, answers an issue; a forged webhook doesn’t reach it', async () => {
  await using bed = await openBed();
  const { credentials, url } = bed.running;
  const heard: string[] = [];
  const probot = createProbot({
    env: {
      GHE_HOST: new URL(url).host,
      GHE_PROTOCOL: 'http',
      APP_ID: String(credentials.appId),
      PRIVATE_KEY: credentials.privateKey,
      WEBHOOK_SECRET: credentials.webhookSecret,
      LOG_LEVEL: 'fatal',
    },
  });
  const middleware = await createNodeMiddleware(
    (app) => {
      app.on('issues.opened', async (context) => {
        heard.push(context.payload.issue.title);
        await context.octokit.rest.issues.createComment(context.issue({ body: 'seen' }));
      });
    },
    { probot, webhooksPath: '/' },
  );
  const server = createServer((request, response) => void middleware(request, response));
  await listening(server);
  const webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  bed.running.setWebhookUrl(webhookUrl);

  const { data: issue } = await bed
    .as('ana')
    .request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'Hello' });
  await bed.running.settled();
  const { data: comments } = await bed
    .as('ana')
    .request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...shop,
      issue_number: issue.number,
    });
  expect(comments.map(({ body, user }) => [body, user?.login])).toEqual([['seen', 'entourage[bot]']]);

  const forged = await fetch(webhookUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'issues',
      'x-github-delivery': 'x',
      'x-hub-signature-256': `sha256=${'0'.repeat(64)}`,
    },
    body: JSON.stringify({ action: 'opened', issue: { title: 'Forged' } }),
  });
  expect(forged.ok).toBe(false);
  expect(heard).toEqual(['Hello']);
  server.close();
  server.closeAllConnections();
});
