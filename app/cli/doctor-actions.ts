/** The doctor's look at whether GitHub Actions would run the workflow: enabled, allowed, with its secrets. */
import { parse } from 'yaml';
import { z } from 'zod';
import { sessionInput, workflowPath } from '../domain/workflow.ts';
import type { Look } from './look.ts';
import { named, type Finding, type NamedFinding } from './finding.ts';
import { asRefusal, orMissing, readFile } from './site.ts';

const file = workflowPath.slice(workflowPath.lastIndexOf('/') + 1);
const adminToken = 'With the token of an admin in GITHUB_TOKEN the doctor sees it';

export async function checkActions(look: Look, probe: boolean): Promise<NamedFinding[]> {
  return [
    ...named('action', await actionThere(look)),
    ...named('workflow-enabled', [await enabled(look)]),
    ...named('actions-enabled', [await allowed(look)]),
    ...named('workflow-secrets', await secrets(look)),
    ...(probe ? named('dispatch', [await dispatch(look)]) : []),
  ];
}

const Action = z.object({ runs: z.object({ using: z.string(), main: z.string() }) });

/** Read with the App's token, which sees public repositories and its own: a private copy elsewhere stays unseen. */
async function actionThere({ octokit, workflow }: Look): Promise<Finding[]> {
  const uses = workflow?.settings?.action;
  if (uses === undefined) return [];
  const [place = '', ref = ''] = uses.split('@');
  const [owner = '', repo = '', ...folders] = place.split('/');
  const at = (path: string) => ({ path: [...folders, path].join('/'), ref });
  const help =
    'Check owner, path and commit; `entourage init --action owner/repository/action@REF` writes them anew.';
  const text = await readFile(octokit, { owner, repo }, at('action.yml'));
  if (text === null)
    return [{ state: 'unsure', what: `The App does not see ${uses}: it is not there, or private.`, help }];
  const parsed = Action.safeParse(parse(text));
  if (!parsed.success) return [{ state: 'bad', what: `${uses} is no JavaScript action.`, help }];
  const { main } = parsed.data.runs;
  if ((await readFile(octokit, { owner, repo }, at(main))) === null)
    return [{ state: 'bad', what: `${uses} has no ${main}: that commit holds no bundle.`, help }];
  return [{ state: 'good', what: `${place} is there at its commit.` }];
}

async function enabled({ octokit, at, name, config }: Look): Promise<Finding> {
  const workflow = await orMissing(
    `GitHub does not show the workflow of ${name}`,
    octokit.request('GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}', {
      ...at,
      workflow_id: file,
    }),
  );
  const page = `${config.gitHub.webUrl}/${name}/actions`;
  if (workflow === null)
    return {
      state: 'unsure',
      what: `GitHub Actions does not know ${workflowPath} yet.`,
      help: `Actions may be off in this repository: ${page}`,
    };
  return workflow.data.state === 'active'
    ? { state: 'good', what: 'The workflow is enabled.' }
    : {
        state: 'bad',
        what: `The workflow is ${workflow.data.state.replaceAll('_', ' ')}.`,
        help: `Enable it: ${page}`,
      };
}

/** Only administration:read shows it, which the App has no other use for. */
async function allowed({ person, at, name, config }: Look): Promise<Finding> {
  const page = `${config.gitHub.webUrl}/${name}/settings/actions`;
  if (person === null)
    return {
      state: 'unsure',
      what: 'Whether Actions may run the action is a setting that the App can’t see.',
      help: `${adminToken}; --probe asks GitHub without it.`,
    };
  try {
    const { data } = await person.request('GET /repos/{owner}/{repo}/actions/permissions', at);
    if (!data.enabled)
      return { state: 'bad', what: `GitHub Actions is off in ${name}.`, help: `Turn it on: ${page}` };
    if (data.allowed_actions === 'local_only')
      return {
        state: 'bad',
        what: `${name} may only use actions of its own.`,
        help: `Allow the workflow’s action: ${page}`,
      };
    if (data.allowed_actions === 'selected')
      return {
        state: 'unsure',
        what: `${name} may only use selected actions.`,
        help: `See that the workflow’s action is among them: ${page}`,
      };
    return { state: 'good', what: 'GitHub Actions is on, and may run the action.' };
  } catch (error) {
    const { message } = asRefusal('GitHub does not show the settings of Actions', error);
    return { state: 'unsure', what: message, help: `${adminToken}: ${page}` };
  }
}

/** Names alone are ever shown by GitHub. */
async function secrets({ person, at, name, workflow, config }: Look): Promise<Finding[]> {
  const wanted = workflow?.settings?.pass ?? [];
  if (wanted.length === 0) return [];
  const page = `${config.gitHub.webUrl}/${name}/settings/secrets/actions`;
  const list = wanted.join(', ');
  if (person === null)
    return [
      {
        state: 'unsure',
        what: `Agents need ${list}; the App can’t see which secrets there are.`,
        help: `${adminToken}. They are set here: ${page}`,
      },
    ];
  try {
    const { data } = await person.request('GET /repos/{owner}/{repo}/actions/secrets', {
      ...at,
      per_page: 100,
    });
    const there = new Set(data.secrets.map((secret) => secret.name));
    const missing = wanted.filter((secret) => !there.has(secret));
    return missing.length === 0
      ? [{ state: 'good', what: `The repository has the secrets that agents need: ${list}.` }]
      : [
          {
            state: 'unsure',
            what: `The repository itself has no secret ${missing.join(', ')}.`,
            help: `Set it, unless the organisation gives it: ${page}`,
          },
        ];
  } catch (error) {
    const { message } = asRefusal('GitHub does not list the secrets', error);
    return [{ state: 'unsure', what: message, help: `${adminToken}: ${page}` }];
  }
}

/**
 * A dispatch without the input that the workflow requires: GitHub refuses it after it looked at everything else, so nothing
 * is started, and the words of the refusal tell what a real one would meet.
 */
async function dispatch({ octokit, at, branch }: Look): Promise<Finding> {
  try {
    await octokit.request('POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches', {
      ...at,
      workflow_id: file,
      ref: branch,
      inputs: {},
    });
    return {
      state: 'unsure',
      what: `GitHub started the workflow although \`${sessionInput}\` is required; its job will find no session and end.`,
      help: 'Make the input required, as init does.',
    };
  } catch (error) {
    const { status, message } = asRefusal('GitHub would not start the workflow', error);
    if (status === 422 && message.includes(`'${sessionInput}'`))
      return { state: 'good', what: 'GitHub would start the workflow for the App.' };
    return {
      state: 'bad',
      what: message,
      help: 'Sessions can’t start until this is mended; /entourage resume goes on then.',
    };
  }
}
