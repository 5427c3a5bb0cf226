/** The doctor's look at webhooks: where GitHub sends them, and how the App answered the last ones (G43). */
import type { Octokit } from '@octokit/core';
import type { Config } from '../config.ts';
import { named, type Finding, type NamedFinding } from './finding.ts';
import { asApp, asRefusal } from './site.ts';

const hookPath = '/api/github/webhooks';

export async function checkHook({ gitHub, url }: Pick<Config, 'gitHub' | 'url'>): Promise<NamedFinding[]> {
  const octokit = asApp({ api: gitHub.apiUrl, web: gitHub.webUrl }, gitHub);
  try {
    return [
      ...named('webhook-address', await addressFindings(octokit, url)),
      ...named('webhook-deliveries', [await deliveries(octokit)]),
    ];
  } catch (error) {
    const { message } = asRefusal('GitHub does not show the App’s webhook', error);
    const help = 'Look at "Webhook" in the App’s settings.';
    return named('webhook-address', [{ state: 'unsure', what: message, help }]);
  }
}

async function addressFindings(octokit: Octokit, own: string): Promise<Finding[]> {
  const { data } = await octokit.request('GET /app/hook/config');
  const expected = `${own}${hookPath}`;
  const findings: Finding[] = [];
  if (data.url === undefined || data.url === '')
    findings.push({
      state: 'bad',
      what: 'The App has no webhook address: it hears nothing.',
      help: `Set it to ${expected} in the App’s settings.`,
    });
  else if (data.url !== expected)
    findings.push({
      state: 'unsure',
      what: `Webhooks go to ${data.url}, not to ${expected}.`,
      help: 'One of ENTOURAGE_URL and the address in the App’s settings is wrong, unless something between them forwards.',
    });
  if (data.content_type !== undefined && data.content_type !== 'json')
    findings.push({
      state: 'bad',
      what: `Webhooks come as ${data.content_type}.`,
      help: 'Choose application/json as their content type in the App’s settings.',
    });
  if (String(data.insecure_ssl ?? '0') !== '0')
    findings.push({
      state: 'unsure',
      what: 'GitHub does not verify the certificate of the webhook’s address.',
      help: 'Turn verification on in the App’s settings.',
    });
  return findings.length > 0 ? findings : [{ state: 'good', what: `Webhooks go to ${expected}.` }];
}

/** What an answer other than 2xx to a webhook says. */
export function meaning(status: number): { words: string; help: string } {
  if (status === 400 || status === 401 || status === 403)
    return {
      words: 'the App does not take their signature',
      help: 'WEBHOOK_SECRET is not the secret in the App’s settings. Set both to the same and restart the App: it asks for what it missed.',
    };
  if (status === 404 || status === 405)
    return {
      words: 'something else answers there',
      help: `The webhook’s address must be the App’s, and end in ${hookPath}.`,
    };
  if (status === 0 || status === 502 || status === 503 || status === 504)
    return {
      words: 'nobody answers in time',
      help: 'Is the App up, and reachable from GitHub? Once it is, it asks GitHub for those it missed.',
    };
  return { words: `the answer was ${status}`, help: 'The App’s log says what happened at that time.' };
}

async function deliveries(octokit: Octokit): Promise<Finding> {
  const { data } = await octokit.request('GET /app/hook/deliveries', { per_page: 50 });
  const last = data[0];
  if (last === undefined)
    return {
      state: 'unsure',
      what: 'GitHub sent no webhook within three days.',
      help: 'Comment on an issue of a repository that has the App, and look again.',
    };
  const taken = (status: number): boolean => status >= 200 && status < 300;
  const failed = data.filter(({ status_code }) => !taken(status_code)).length;
  if (taken(last.status_code))
    return failed === 0
      ? { state: 'good', what: `The App took the last ${data.length} webhooks.` }
      : {
          state: 'unsure',
          what: `The App takes webhooks now; ${failed} of the last ${data.length} were refused or lost.`,
          help: 'The App asks for those it missed; what it refused five times can be redelivered in its settings, "Advanced".',
        };
  const { words, help } = meaning(last.status_code);
  return { state: 'bad', what: `${failed} of the last ${data.length} webhooks failed: ${words}.`, help };
}
