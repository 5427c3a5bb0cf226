/** The workflows that a repository has, by the files of its default branch. */
import { readWorkflow } from './actions/workflow.ts';
import type { Workflow } from './check-rows.ts';
import type { Forge } from './forge.ts';
import { find, nextId, type Repository } from './state.ts';

const directory = '.github/workflows';

/** The row of a workflow file, made when it is first heard of. */
export function workflowAt(
  forge: Forge,
  repository: Repository,
  { path, name }: { path: string; name: string },
): Workflow {
  const { state, clock } = forge;
  const present = find(state.workflows, (one) => one.repositoryId === repository.id && one.path === path);
  if (present !== undefined) return Object.assign(present, { name });
  const now = clock.timestamp();
  const workflow: Workflow = {
    id: nextId(state),
    repositoryId: repository.id,
    path,
    name,
    state: 'active',
    createdAt: now,
    updatedAt: now,
  };
  state.workflows.set(workflow.id, workflow);
  return workflow;
}

/** Makes rows for what is new on the default branch. Gives the paths that are there. */
export async function readWorkflows(forge: Forge, repository: Repository): Promise<Set<string>> {
  const git = forge.git(repository);
  const branch = `refs/heads/${repository.defaultBranch}`;
  const entries = (await git.listTree(branch, directory)) ?? [];
  const paths = new Set<string>();
  for (const entry of entries) {
    if (entry.type !== 'blob' || !/\.ya?ml$/.test(entry.path)) continue;
    const path = `${directory}/${entry.path}`;
    paths.add(path);
    const content = await git.readFile(branch, path);
    const { name } = await readWorkflow(path, content?.toString() ?? '');
    workflowAt(forge, repository, { path, name });
  }
  return paths;
}

/** By id or file name; null when there is none, also where its file has never been on the default branch. */
export async function findWorkflow(
  forge: Forge,
  repository: Repository,
  id: number | string,
): Promise<Workflow | null> {
  await readWorkflows(forge, repository);
  const fits = (one: Workflow): boolean =>
    one.repositoryId === repository.id &&
    (String(one.id) === String(id) || one.path === `${directory}/${id}`);
  return find(forge.state.workflows, fits) ?? null;
}
