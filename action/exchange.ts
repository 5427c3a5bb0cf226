/** The job's identity for a session: once, for the run that the App started. */
import { notice } from '@actions/core';
import type { Assignment } from '../app/catalog/assignment.ts';
import { exchangeSession } from '../app/catalog/sessions.ts';
import { createClient } from '../app/client/client.ts';
import { ClientError, TransportError } from '../app/client/failure.ts';
import { ActionError } from './action-error.ts';

export type Exchange = { url: string; session: string; identity: string; pauseMs?: number };

/** Null: there is nothing to do here, and that is no failure. Throws `ActionError` with what to do. */
export async function exchange(order: Exchange): Promise<Assignment | null> {
  const { url, session, identity, pauseMs = 1_000 } = order;
  const client = createClient({ url, token: identity, pauseMs });
  try {
    // Asked again after silence: if the first call was heard after all, the second is refused as already done.
    const answer = await client.call(exchangeSession, { session }, { idempotent: true });
    return answer.assignment;
  } catch (error) {
    if (error instanceof ClientError && isTaken(error)) {
      notice(`${error.message} There is nothing left to do here.`, { title: 'Nothing to do' });
      return null;
    }
    throw refusal(error, url);
  }
}

/** Another run has the session, or it is over: a dispatch that came late. */
const isTaken = ({ code }: ClientError): boolean =>
  code === 'already_done' || code === 'session_ended' || code === 'superseded_session';

function refusal(error: unknown, url: string): unknown {
  if (error instanceof TransportError) {
    return new ActionError(
      `The App at ${url} can’t be reached: ${error.message}`,
      'Look whether it runs and whether GitHub’s runners can reach that address. Once no attempts are left, `/entourage retry` goes on.',
      error,
    );
  }
  if (!(error instanceof ClientError)) return error;
  return new ActionError(
    `The App refused this job: ${error.message}`,
    error.help ?? adviceFor(error.code),
    error,
  );
}

function adviceFor(code: string): string {
  switch (code) {
    case 'not_authenticated':
      return 'The `url` in the workflow must be the address that the App knows as its own, and the App must trust this GitHub’s tokens (ENTOURAGE_OIDC_ISSUER).';
    case 'not_permitted':
      return 'Sessions start from `.github/workflows/entourage.yml` on the default branch, dispatched by the App. Running the workflow by hand, from a branch or a fork, does nothing.';
    case 'not_found':
      return 'The session is not of this App or not of this repository: compare `url` in the workflow with the App that is installed.';
    default:
      return 'Run `entourage doctor` beside the App to see what is wrong.';
  }
}
