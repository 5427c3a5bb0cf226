/** Who may call what. GitHub's permission is read afresh for every person's call; policy may raise what is needed. */
import type { Operation } from '../catalog/operation.ts';
import { atLeast, permissions, type Permission } from '../domain/permission.ts';
import { reject, type Rejection } from '../domain/rejection.ts';
import { repositoryById, repositoryByName, type RepositoryRow } from '../../db/queries/runs.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Caller } from './caller.ts';
import type { Engine } from './handler.ts';
import { policyOf } from './policy-of.ts';

type Request = { operation: Operation; caller: Caller; input: unknown };
export type Scope = { repository: RepositoryRow | null };

export async function authorise(engine: Engine, request: Request): Promise<Scope | Rejection> {
  const { operation, caller } = request;
  const repository = await repositoryOf(engine, request);
  if (repository !== null && 'rejected' in repository) return repository;
  const { allow } = operation;
  // A job's token is good for one thing.
  if (allow.any === true && caller.actor.kind !== 'workflow') return { repository };
  switch (caller.actor.kind) {
    case 'system':
    case 'github':
      return allow.system === true ? { repository } : denied(operation, 'the App itself');
    case 'runner':
      return allow.runner === true && caller.session?.token !== 'agent'
        ? { repository }
        : denied(operation, 'a runner');
    case 'workflow':
      return allow.workflow === true ? { repository } : denied(operation, 'a workflow run');
    case 'agent':
      return agentMay(request, repository);
    case 'person':
      return await personMay(engine, request, repository);
  }
}

const denied = (operation: Operation, who: string): Rejection =>
  reject('not_permitted', `${operation.name} is not for ${who}.`);

function agentMay({ operation, caller }: Request, repository: RepositoryRow | null): Scope | Rejection {
  const role = caller.session?.role;
  if (role === undefined || operation.allow.agent?.includes(role) !== true)
    return denied(operation, `an agent that is ${role ?? 'without a role'}`);
  if (caller.session?.token !== 'agent') return denied(operation, 'this token');
  return { repository };
}

async function personMay(
  engine: Engine,
  { operation, caller }: Request,
  repository: RepositoryRow | null,
): Promise<Scope | Rejection> {
  if (operation.allow.person === undefined || caller.actor.kind !== 'person')
    return denied(operation, 'people');
  if (repository === null) {
    return reject('invalid_input', `${operation.name} needs a repository.`, {
      help: 'Give `repository` as owner/name.',
    });
  }
  const needed = neededPermission(operation, repository);
  const has = await engine.github.permission(caller.installation, repository, caller.actor.login);
  if (atLeast(has, needed)) return { repository };
  return reject(
    'not_permitted',
    `@${caller.actor.login} has ${has} permission on ${repository.owner}/${repository.name}; this needs ${needed}.`,
    {
      data: { has, needed },
    },
  );
}

/** On public repositories everybody can read, so commands that only read need triage there. */
function neededPermission(operation: Operation, repository: RepositoryRow): Permission {
  const base = operation.allow.person ?? 'admin';
  const floor: Permission = base === 'read' && !repository.private ? 'triage' : base;
  const raised = policyOf(repository).commands[commandOf(operation.name)] ?? [];
  return [floor, ...raised].reduce<Permission>(
    (most, next) => (permissions.indexOf(next) > permissions.indexOf(most) ? next : most),
    'none',
  );
}

/** Operations whose comment command is not their first word. */
const commandNames: Readonly<Record<string, string>> = {
  create_run: 'run',
  create_task: 'add',
  create_tasks_batch: 'add',
  update_task: 'edit',
  change_task_status: 'edit',
  get_run: 'status',
  get_cost_summary: 'costs',
  set_budget: 'budget',
  get_run_tasks: 'tasks',
  get_timeline: 'timeline',
  list_agents: 'agents',
  respond_to_request: 'answer',
  send_message: 'tell',
};

/** Policy speaks of comment commands (`approve`, `budget`); operations are named `approve_run`. */
const commandOf = (operation: string): string =>
  commandNames[operation] ?? operation.split('_')[0] ?? operation;

/** The repository that the input names, else the one the caller stands in. Agents and runners can't name another. */
async function repositoryOf(
  engine: Engine,
  { caller, input }: Request,
): Promise<RepositoryRow | null | Rejection> {
  const named =
    typeof input === 'object' && input !== null && 'repository' in input ? input.repository : undefined;
  const name = typeof named === 'string' ? named : null;
  if (name === null && caller.repository === undefined) return null;
  return await inTransaction(engine.db, { installation: caller.installation }, async (tx) => {
    const [owner, repo] = (name ?? '/').split('/');
    const row =
      name === null
        ? await repositoryById(tx, caller.installation, caller.repository ?? 0)
        : await repositoryByName(tx, caller.installation, { owner: owner ?? '', name: repo ?? '' });
    const foreign = row !== null && caller.session !== undefined && row.id !== caller.repository;
    if (row !== null && !foreign) return row;
    return reject('not_found', `There is no repository ${name ?? caller.repository} here.`, {
      help: 'Is the App installed on it?',
    });
  });
}
