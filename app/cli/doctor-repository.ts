/** The doctor's look at one repository: the App reaches it, its policy, its workflow, and whether Actions would run it. */
import type { Octokit } from '@octokit/core';
import type { Config } from '../config.ts';
import { defaultPolicy, parsePolicy, type Policy } from '../domain/policy.ts';
import { marginMinutes, readWorkflow, workflowPath, type WorkflowSettings } from '../domain/workflow.ts';
import { checkActions } from './doctor-actions.ts';
import { checkRules } from './doctor-rules.ts';
import { named, type Finding, type NamedFinding } from './finding.ts';
import { policyPath } from './init-files.ts';
import type { Look } from './look.ts';
import { asApp, asRefusal, orMissing, orRefused, readFile, type RepositoryName } from './site.ts';

export type RepositoryRequest = {
  config: Config;
  at: RepositoryName;
  /** The App’s own page; null when its key was refused. */
  app: string;
  person: Octokit | null;
  /** Also try what only trying tells. */
  probe: boolean;
};

export async function checkRepository(request: RepositoryRequest): Promise<NamedFinding[]> {
  const { config, at, app, person, probe } = request;
  const name = `${at.owner}/${at.repo}`;
  const site = { api: config.gitHub.apiUrl, web: config.gitHub.webUrl };
  try {
    const installation = await orMissing(
      `GitHub does not show the installation of ${name}`,
      asApp(site, config.gitHub).request('GET /repos/{owner}/{repo}/installation', at),
    );
    if (installation === null)
      return named('repository', [
        {
          state: 'bad',
          what: `The App is not installed on ${name}, or there is no such repository.`,
          help: `Install it: ${app}/installations/new`,
        },
      ]);
    const octokit = asApp(site, config.gitHub, installation.data.id);
    const { data } = await orRefused(
      `GitHub does not show ${name}`,
      octokit.request('GET /repos/{owner}/{repo}', at),
    );
    const place = { octokit, at, branch: data.default_branch };
    const { policy, findings } = await lookAtPolicy(place);
    const text = await readFile(octokit, at, { path: workflowPath, ref: data.default_branch });
    const workflow = text === null ? null : readWorkflow(text);
    const look: Look = { config, name, person, ...place, private: data.private, policy, workflow };
    const archived: Finding = {
      state: 'bad',
      what: `${name} is archived.`,
      help: 'Nothing can be done in it.',
    };
    const reached: Finding = {
      state: 'good',
      what: `The App reaches ${name}, whose default branch is ${data.default_branch}.`,
    };
    return [
      ...named('repository', [data.archived ? archived : reached]),
      ...named('people', await people(look)),
      ...named('policy', findings),
      ...named('workflow', workflowFindings(look)),
      ...(policy.dispatch === 'actions' && workflow !== null ? await checkActions(look, probe) : []),
      ...(await checkRules(look)),
    ];
  } catch (error) {
    const { message } = asRefusal(`GitHub did not show all of ${name}`, error);
    return named('repository', [
      { state: 'bad', what: message, help: 'Check the findings on the App’s permissions above.' },
    ]);
  }
}

/** G5: the endpoint on which every command's permission rests, asked about the token's own person, who knows the answer. */
async function people({ octokit, person, at, name }: Look): Promise<Finding[]> {
  if (person === null) return [];
  const { data: self } = await orRefused('GitHub does not know the token', person.request('GET /user'));
  const { data: own } = await orRefused(
    `The token does not see ${name}`,
    person.request('GET /repos/{owner}/{repo}', at),
  );
  const { data: seen } = await orRefused(
    `The App can’t read what ${self.login} may do in ${name}`,
    octokit.request('GET /repos/{owner}/{repo}/collaborators/{username}/permission', {
      ...at,
      username: self.login,
    }),
  );
  const rights = seen.user?.permissions;
  const same = rights?.push === own.permissions?.push && rights?.admin === own.permissions?.admin;
  if (rights !== undefined && same)
    return [{ state: 'good', what: `The App reads what ${self.login} may do in ${name}.` }];
  return [
    {
      state: 'bad',
      what: `GitHub tells the App something else about ${self.login} than it tells ${self.login}.`,
      help: 'Commands are refused or taken by what the App is told. Please report it with the version of your GitHub.',
    },
  ];
}

type Place = Pick<Look, 'octokit' | 'at' | 'branch'>;

async function lookAtPolicy({
  octokit,
  at,
  branch,
}: Place): Promise<{ policy: Policy; findings: Finding[] }> {
  const text = await readFile(octokit, at, { path: policyPath, ref: branch });
  if (text === null)
    return {
      policy: defaultPolicy,
      findings: [
        {
          state: 'unsure',
          what: `There is no ${policyPath} on ${branch}: the defaults are in force.`,
          help: `Make one: entourage init --repo ${at.owner}/${at.repo}`,
        },
      ],
    };
  const parsed = parsePolicy(text);
  if ('policy' in parsed)
    return { policy: parsed.policy, findings: [{ state: 'good', what: `${policyPath} is valid.` }] };
  return {
    policy: defaultPolicy,
    findings: parsed.problems.map(({ line, column, message }) => ({
      state: 'bad',
      what: `${policyPath}, line ${line}, column ${column}: ${message}.`,
      help: 'The last valid version stays in force until it is mended on the default branch.',
    })),
  };
}

/** G33: six hours; self-hosted runners have five days. */
const hostedMinutes = 360;
const tooLong = ({ runsOn, sessionMinutes }: WorkflowSettings): boolean =>
  runsOn.some((label) => /^(ubuntu|windows|macos)-/.test(label)) &&
  sessionMinutes + marginMinutes > hostedMinutes;

function workflowFindings({ config, name, branch, policy, workflow }: Look): Finding[] {
  const init = `entourage init --repo ${name} --url ${config.url}`;
  if (policy.dispatch !== 'actions')
    return [
      {
        state: 'good',
        what: `Sessions of ${name} run on runners (dispatch: ${policy.dispatch}); no workflow is needed.`,
      },
    ];
  if (workflow === null)
    return [{ state: 'bad', what: `There is no ${workflowPath} on ${branch}.`, help: `Make it: ${init}` }];
  const bad = (what: string): Finding => ({ state: 'bad', what, help: `Make it anew: ${init} --force` });
  const unsure = (what: string): Finding => ({
    state: 'unsure',
    what,
    help: `As init would write it: ${init} --force`,
  });
  const { problems, remarks, settings } = workflow;
  const findings = [
    ...problems.map((problem) => bad(`${workflowPath} ${problem}`)),
    ...(settings !== null && settings.url !== config.url
      ? [
          bad(
            `${workflowPath} names the App at ${settings.url}, but it is at ${config.url}: the job’s identity is made out to the wrong one.`,
          ),
        ]
      : []),
    ...(settings !== null && settings.sessionMinutes < policy.limits.session_minutes
      ? [
          unsure(
            `${workflowPath} ends a job before session_minutes (${policy.limits.session_minutes}) are over.`,
          ),
        ]
      : []),
    ...(settings !== null && tooLong(settings)
      ? [
          unsure(
            `${workflowPath} allows its job more than the ${hostedMinutes} minutes that GitHub’s own runners give.`,
          ),
        ]
      : []),
    ...remarks.map((remark) => unsure(`${workflowPath} ${remark}`)),
  ];
  return findings.length > 0 ? findings : [{ state: 'good', what: `${workflowPath} is as init writes it.` }];
}
