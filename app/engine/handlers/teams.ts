/** Handlers of teams: what the policy in force says, and how busy its agents are. */
import { clean } from '../../domain/clean.ts';
import { conventionsOf } from '../../domain/conventions.ts';
import type { Policy } from '../../domain/policy.ts';
import { isRejection, reject, type Rejection } from '../../domain/rejection.ts';
import type { AgentView } from '../../catalog/views.ts';
import { accountOf } from '../../../db/queries/registry.ts';
import type { RepositoryRow } from '../../../db/queries/runs.ts';
import { agentLoads } from '../../../db/queries/slots.ts';
import type { Transaction } from '../../../db/transaction.ts';
import type { Context, Handlers } from '../handler.ts';
import { teamOf } from '../money.ts';
import { policyOf } from '../policy-of.ts';

export async function agentViews(
  tx: Transaction,
  installation: number,
  repository: RepositoryRow,
): Promise<AgentView[]> {
  const loads = await agentLoads(tx, installation, repository.id);
  return policyOf(repository).agents.map(({ name, role, engine, model, capabilities, slots }) => {
    const busy = loads.find((load) => load.agent === name)?.busy ?? 0;
    return { name, role, engine, model, capabilities, slots, busy, status: busy > 0 ? 'busy' : 'idle' };
  });
}

type Team = { name: string; repository: RepositoryRow; policy: Policy };

const fullName = ({ owner, name }: RepositoryRow): string => `${owner}/${name}`;

/** A repository's policy declares one team; its name stands below the repository's. */
function locateTeam(context: Context, input: { team?: string | undefined }): Team | Rejection {
  const { repository } = context;
  if (repository === null)
    return reject('invalid_input', 'Which repository?', { help: 'Give `repository` as owner/name.' });
  const policy = policyOf(repository);
  const short = teamOf(policy);
  const name = `${fullName(repository)}/${short}`;
  if (input.team !== undefined && input.team !== name && input.team !== short)
    return reject('not_found', `${fullName(repository)} has no team ${input.team}.`, {
      help: `Its team is ${name}.`,
    });
  return { name, repository, policy };
}

export const listOrgs: Handlers['list_orgs'] = {
  async handle({ tx, caller }) {
    const row = await accountOf(tx, caller.installation);
    const orgs = row === null ? [] : [{ org: row.account, type: row.type, repositories: row.repositories }];
    return { output: { orgs } };
  },
};

export const listTeams: Handlers['list_teams'] = {
  async handle(context) {
    const team = locateTeam(context, {});
    if (isRejection(team)) return team;
    const { name, repository, policy } = team;
    const teams = [{ team: name, repositories: [fullName(repository)], agents: policy.agents.length }];
    return { output: { teams } };
  },
};

export const getTeam: Handlers['get_team'] = {
  async handle(context, input) {
    const team = locateTeam(context, input);
    if (isRejection(team)) return team;
    const { name, repository, policy } = team;
    const agents = await agentViews(context.tx, context.caller.installation, repository);
    return {
      output: {
        team: { team: name, repositories: [fullName(repository)], dispatch: policy.dispatch, agents },
      },
    };
  },
};

export const listTeamAgents: Handlers['list_team_agents'] = {
  async handle(context, input) {
    const team = locateTeam(context, input);
    if (isRejection(team)) return team;
    const agents = await agentViews(context.tx, context.caller.installation, team.repository);
    return { output: { team: team.name, agents } };
  },
};

export const listRepos: Handlers['list_repos'] = {
  async handle(context, input) {
    const team = locateTeam(context, input);
    if (isRejection(team)) return team;
    const { repository } = team;
    const row = {
      repository: fullName(repository),
      default_branch: repository.defaultBranch,
      private: repository.private,
    };
    return { output: { team: team.name, repositories: [row] } };
  },
};

export const getTeamSettings: Handlers['get_team_settings'] = {
  async handle(context, input) {
    const team = locateTeam(context, input);
    if (isRejection(team)) return team;
    const { repository, policy } = team;
    // The sections are conventions and roles' words; they have operations and prompts of their own.
    const { words: _, ...settings } = policy;
    return {
      output: {
        team: team.name,
        source: repository.policy === null ? 'defaults' : 'file',
        problem: repository.policyProblem,
        settings,
      },
    };
  },
};

export const getTeamConventions: Handlers['get_team_conventions'] = {
  async handle(context, input) {
    const team = locateTeam(context, input);
    if (isRejection(team)) return team;
    const conventions = conventionsOf(clean(team.policy.words.conventions));
    return { output: { team: team.name, conventions } };
  },
};
