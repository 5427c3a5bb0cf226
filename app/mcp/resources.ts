/** What a model may read without calling a tool: the answers of reading operations under addresses of their own. */
import type { Resource, ResourceTemplate } from '@modelcontextprotocol/sdk/types.js';
import type { Operation } from '../catalog/operation.ts';
import { getRun } from '../catalog/runs.ts';
import { getTask } from '../catalog/tasks.ts';
import { getTeamConventions, getTeamSettings } from '../catalog/teams.ts';

type Shelf = { name: string; description: string; operation: Operation; path: string };

/** `path` is below a repository's address, for callers that stand nowhere. */
const shelves: readonly Shelf[] = [
  {
    name: 'task',
    description: 'Your task: what, why, state, acceptance.',
    operation: getTask,
    path: '/runs/{run}/tasks/{task}',
  },
  {
    name: 'plan',
    description: 'The run with its plan and how far it is.',
    operation: getRun,
    path: '/runs/{run}',
  },
  { name: 'policy', description: 'The policy in force.', operation: getTeamSettings, path: '/policy' },
  {
    name: 'conventions',
    description: 'The conventions that all work follows.',
    operation: getTeamConventions,
    path: '/conventions',
  },
];
const repositoryPath = 'entourage://repos/{owner}/{name}';
const mimeType = 'application/json';

type Allowed = readonly Operation[];
const open = (allowed: Allowed): Shelf[] => shelves.filter(({ operation }) => allowed.includes(operation));

/** The caller's own; `own` says what a caller stands in: agents in a run, some in a task, people in neither. */
export const listResources = (allowed: Allowed, own: Standing): Resource[] =>
  open(allowed)
    .filter(({ name }) => own === 'task' || (own === 'run' && name !== 'task'))
    .map(({ name, description }) => ({ uri: `entourage://${name}`, name, description, mimeType }));
export type Standing = 'task' | 'run' | 'nowhere';

export const listTemplates = (allowed: Allowed): ResourceTemplate[] =>
  open(allowed).map(({ name, description, path }) => ({
    uriTemplate: `${repositoryPath}${path}`,
    name,
    description,
    mimeType,
  }));

/** Which operation answers an address, and with which input; null: no address of ours. */
export function findResource(
  uri: string,
  allowed: Allowed,
): { operation: Operation; input: Record<string, string> } | null {
  for (const { name, operation, path } of open(allowed)) {
    if (uri === `entourage://${name}`) return { operation, input: {} };
    const pattern = `${repositoryPath}${path}`.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    const groups = new RegExp(`^${pattern}$`).exec(uri)?.groups;
    if (groups === undefined) continue;
    const { owner, name: repository, ...rest } = groups;
    return { operation, input: { ...rest, repository: `${owner ?? ''}/${repository ?? ''}` } };
  }
  return null;
}
