/** The doctor's look at who signs for jobs of GitHub Actions (G34): the App asks there for keys at the first exchange. */
import { z } from 'zod';
import { named, type NamedFinding } from './finding.ts';

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });
const Keys = z.object({ keys: z.array(z.object({ kty: z.string() })).min(1) });

export async function checkIssuer(issuer: string): Promise<NamedFinding[]> {
  const help =
    'Sessions on Actions need it. Check the network from here; on GitHub Enterprise Server, that Actions is on, and ENTOURAGE_OIDC_ISSUER.';
  try {
    const discovery = Discovery.parse(await json(`${issuer}/.well-known/openid-configuration`));
    if (discovery.issuer !== issuer) {
      const what = `${issuer} says that its name is ${discovery.issuer}: jobs’ tokens will be refused.`;
      return named('identity-issuer', [
        { state: 'bad', what, help: 'Set ENTOURAGE_OIDC_ISSUER to that name.' },
      ]);
    }
    Keys.parse(await json(`${issuer}/.well-known/jwks`));
    return named('identity-issuer', [{ state: 'good', what: `Jobs’ identities are signed by ${issuer}.` }]);
  } catch (error) {
    const what = `The issuer of jobs’ identities, ${issuer}, can’t be used: ${reason(error)}.`;
    return named('identity-issuer', [{ state: 'bad', what, help }]);
  }
}

async function json(address: string): Promise<unknown> {
  const answer = await fetch(address, { signal: AbortSignal.timeout(10_000), redirect: 'error' });
  if (!answer.ok) throw new Error(`${address} answers ${answer.status}`);
  return await answer.json();
}

function reason(error: unknown): string {
  if (error instanceof z.ZodError || error instanceof SyntaxError) return 'it does not answer like an issuer';
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
