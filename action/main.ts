/** The Action's process: one session of the App inside one job. Red only when the Action itself could not do its work. */
import { getIDToken, setSecret } from '@actions/core';
import { readInputs } from './inputs.ts';
import { fail, say } from './job-log.ts';
import { ActionError } from './action-error.ts';

async function main(): Promise<void> {
  const inputs = readInputs(process.env);
  const cancelled = cancelSignal();
  // What the exchange needs is loaded while GitHub makes the token; what the work needs, only when there is some.
  const loading = import('./exchange.ts');
  const identity = await identityToken(inputs.url);
  const { exchange } = await loading;
  const assignment = await exchange({ url: inputs.url, session: inputs.session, identity });
  if (assignment === null) return;
  for (const token of [assignment.runner_token, assignment.agent_token, assignment.git_token])
    if (token !== null) setSecret(token);
  for (const name of inputs.pass) setSecret(process.env[name] ?? '');
  const { runSession } = await import('./session.ts');
  const { show } = await import('./showing.ts');
  await show(assignment, await runSession(assignment, inputs, cancelled));
}

/** What proves to the App which run of which repository this is. Its audience is the App, so nobody else takes it. */
async function identityToken(audience: string): Promise<string> {
  if (process.env['ACTIONS_ID_TOKEN_REQUEST_URL'] === undefined) {
    throw new ActionError(
      'GitHub gives this job no identity token, so the App can’t know who it is.',
      'Add `permissions: { id-token: write }` to the workflow, or let `entourage init` write the file anew.',
    );
  }
  try {
    return await getIDToken(audience);
  } catch (cause) {
    throw new ActionError(
      'GitHub did not give this job its identity token.',
      'Run the job again; if it stays so, see https://www.githubstatus.com.',
      cause,
    );
  }
}

/** GitHub cancels by SIGINT, SIGTERM 7.5 s later and the end 2.5 s after that; a terminal sends SIGINT too. */
function cancelSignal(): AbortSignal {
  const cancelled = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (!cancelled.signal.aborted) say('cancelled: the agent is stopped and its work handed over');
      cancelled.abort();
    });
  }
  return cancelled.signal;
}

try {
  await main();
} catch (error) {
  fail(error);
}
