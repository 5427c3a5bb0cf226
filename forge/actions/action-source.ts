/** Gets the actions that a job uses: out of repositories of the forge, or out of its own workspace. */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { type ActionFile, readAction } from './action-file.ts';
import { builtinAction } from './builtin.ts';
import { ActionsError } from './refusal.ts';
import type { RunRequest } from './run-request.ts';
import type { WorkflowStep } from './workflow.ts';

export type LoadedAction = {
  file: ActionFile;
  directory: string;
  /** `owner/name` and ref as the workflow names them; empty for an action of the workspace. */
  repository: string;
  ref: string;
  /** What its `pre` script saved for `main` and `post`. */
  preState: Record<string, string>;
};

type Uses = { repository: string; path: string; ref: string };

function parseUses(uses: string): Uses | null {
  const [, repository, path = '', ref] = /^([\w.-]+\/[\w.-]+)(?:\/([^@]*))?@(.+)$/.exec(uses) ?? [];
  return repository === undefined || ref === undefined ? null : { repository, path, ref };
}

export const isLocal = (uses: string): boolean => uses.startsWith('./') || uses.startsWith('.\\');

/**
 * Gets every action of a repository that the steps use, and those these use, before the first step runs. Throws
 * `ActionsError` for one that can't be had.
 */
export async function loadActions(
  request: RunRequest,
  steps: readonly WorkflowStep[],
  into: { root: string; actions: Map<string, LoadedAction> },
): Promise<void> {
  for (const { uses } of steps) {
    if (uses === undefined || isLocal(uses) || builtinAction(uses) !== null || into.actions.has(uses))
      continue;
    const loaded = await loadAction(request, uses, into.root);
    into.actions.set(uses, loaded);
    if (loaded.file.runs.kind === 'composite') await loadActions(request, loaded.file.runs.steps, into);
  }
}

async function loadAction(request: RunRequest, uses: string, root: string): Promise<LoadedAction> {
  const wanted = parseUses(uses);
  const source = wanted === null ? 'no repository' : await request.actionAt(wanted.repository, wanted.ref);
  if (wanted === null || source === 'no repository')
    throw new ActionsError('unsupported', `the action ${uses}`);
  const { repository, path, ref } = wanted;
  if (source === 'no version')
    throw new ActionsError(
      'command',
      `Unable to resolve action \`${repository}@${ref}\`, unable to find version \`${ref}\``,
    );
  const top = join(root, repository.replace('/', '_'), source.sha);
  if (!existsSync(top)) {
    await mkdir(top, { recursive: true });
    const env = { GIT_INDEX_FILE: `${top}.index`, GIT_WORK_TREE: top };
    await source.git.git(['read-tree', source.sha], { env });
    await source.git.git(['checkout-index', '--all'], { env });
  }
  return {
    file: await readAt(join(top, path), uses),
    directory: join(top, path),
    repository,
    ref,
    preState: {},
  };
}

/** An action of the job's workspace, as it is at this moment. */
export async function loadLocalAction(uses: string, workspace: string): Promise<LoadedAction> {
  const directory = resolve(workspace, uses);
  if (relative(workspace, directory).startsWith('..'))
    throw new ActionsError('unsupported', `an action outside the workspace (${uses})`);
  return { file: await readAt(directory, uses), directory, repository: '', ref: '', preState: {} };
}

async function readAt(directory: string, uses: string): Promise<ActionFile> {
  for (const name of ['action.yml', 'action.yaml'])
    if (existsSync(join(directory, name)))
      return readAction(`${uses}/${name}`, await readFile(join(directory, name), 'utf8'));
  throw new ActionsError(
    'command',
    `Can't find 'action.yml', 'action.yaml' or 'Dockerfile' for action '${uses}'. Did you forget to run actions/checkout before running your local action?`,
  );
}
