/** Accounts, teams and their settings, as policy has them: read here, changed by a pull request that edits ENTOURAGE.md. */
import { z } from 'zod';
import { operation } from './operation.ts';
import { RepositoryName } from './refs.ts';
import { AgentView } from './views.ts';

const everybody = { person: 'read', agent: ['manager', 'engineer', 'reviewer'] } as const;
const team = {
  repository: RepositoryName.optional(),
  team: z.string().max(200).optional().describe('the team’s name; without it the repository’s team'),
};

export const listOrgs = operation({
  name: 'list_orgs',
  summary: 'The account that the App is installed on, with how many repositories.',
  http: 'GET /orgs',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: { any: true },
  reads: true,
  input: z.strictObject({}),
  output: z.object({
    orgs: z.array(z.object({ org: z.string(), type: z.string(), repositories: z.int() })),
  }),
});

const Team = z.object({
  team: z.string(),
  repositories: z.array(z.string()),
  dispatch: z.string(),
  agents: z.array(AgentView),
});

export const listTeams = operation({
  name: 'list_teams',
  summary: 'The teams of a repository, from its policy.',
  http: 'GET /repos/{repository}/teams',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject({ repository: RepositoryName.optional() }),
  output: z.object({
    teams: z.array(z.object({ team: z.string(), repositories: z.array(z.string()), agents: z.int() })),
  }),
});

export const getTeam = operation({
  name: 'get_team',
  summary: 'One team: its agents with how busy they are, its repositories, where its agents run.',
  http: 'GET /repos/{repository}/team',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject(team),
  output: z.object({ team: Team }),
});

export const listTeamAgents = operation({
  name: 'list_team_agents',
  summary: 'The agents of a team: role, engine, model, capabilities, slots busy of all.',
  http: 'GET /repos/{repository}/team/agents',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject(team),
  output: z.object({ team: z.string(), agents: z.array(AgentView) }),
});

export const listRepos = operation({
  name: 'list_repos',
  summary: 'The repositories of a team.',
  http: 'GET /repos/{repository}/team/repositories',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject(team),
  output: z.object({
    team: z.string(),
    repositories: z.array(
      z.object({ repository: z.string(), default_branch: z.string(), private: z.boolean() }),
    ),
  }),
});

export const getTeamSettings = operation({
  name: 'get_team_settings',
  summary: 'The policy in force: limits, budget, plan, proof, review, merge, protected paths.',
  http: 'GET /repos/{repository}/team/settings',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject(team),
  output: z.object({
    team: z.string(),
    source: z.enum(['file', 'defaults']).describe('file: ENTOURAGE.md of the default branch'),
    problem: z.string().nullable().describe('why the newest file is not in force; the last good one is'),
    settings: z.record(z.string(), z.unknown()),
  }),
});

export const getTeamConventions = operation({
  name: 'get_team_conventions',
  summary: 'The conventions that every piece of work must follow.',
  http: 'GET /repos/{repository}/team/conventions',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject(team),
  output: z.object({
    team: z.string(),
    conventions: z.array(z.object({ name: z.string(), text: z.string() })),
  }),
});
