/** `workflow_dispatch` (G30): what GitHub refuses, and the run it starts. */
import { type Json, plainText } from './actions/expression.ts';
import { type DispatchInput, readWorkflow, type Workflow as WorkflowFile } from './actions/workflow.ts';
import type { Workflow, WorkflowRun } from './check-rows.ts';
import type { Forge } from './forge.ts';
import { GitHubError, notFound } from './github-error.ts';
import type { Doer } from './pulls.ts';
import type { Repository } from './state.ts';
import { findWorkflow } from './workflow-files.ts';
import { payloadOf } from './workflow-runs.ts';
import { actionsOf } from './workflow-settings.ts';

export type DispatchOrder = {
  repository: Repository;
  /** Id or file name. */
  workflowId: number | string;
  /** A branch or tag, short or in full. */
  ref: string;
  inputs: Record<string, unknown>;
};

const mostCharacters = 65_535;
const refuse = (message: string): GitHubError => new GitHubError(422, message);

/** Starts the workflow, or throws what GitHub answers. */
export async function dispatch(forge: Forge, doer: Doer, order: DispatchOrder): Promise<WorkflowRun> {
  const { repository } = order;
  const workflow = await findWorkflow(forge, repository, order.workflowId);
  if (workflow === null) throw notFound();
  if (!actionsOf(forge.state, repository).enabled)
    throw refuse('Actions has been disabled for this repository.');
  if (workflow.state !== 'active')
    throw refuse("Cannot trigger a 'workflow_dispatch' on a disabled workflow");
  const found = await refOf(forge, repository, order.ref);
  if (found === null) throw refuse(`No ref found for: ${order.ref}`);
  const file = await fileAt(forge, repository, { workflow, sha: found.sha });
  if (!('workflow_dispatch' in file.events))
    throw refuse("Workflow does not have 'workflow_dispatch' trigger");
  const inputs = inputsOf(file.dispatchInputs, order.inputs);
  const texts = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, plainText(value)]));
  const payload = {
    inputs: Object.keys(texts).length === 0 ? null : texts,
    ref: found.ref,
    workflow: workflow.path,
  };
  const { ref, sha } = found;
  const event = { event: 'workflow_dispatch', action: null, payload, sender: doer.actor };
  const run = await forge.workflows.begin(doer, {
    workflow: file,
    subject: {
      repository,
      workflowId: workflow.id,
      event: event.event,
      headSha: sha,
      headBranch: ref.replace(/^refs\/(heads|tags)\//, ''),
      pullIds: [],
      title: file.name,
    },
    start: {
      event: event.event,
      payload: payloadOf(forge, event, repository),
      sha,
      ref,
      headRef: null,
      baseRef: null,
      inputs,
      fromFork: false,
    },
  });
  forge.webhooks.emit({ ...event, repository, caller: doer.caller });
  return run;
}

async function refOf(
  forge: Forge,
  repository: Repository,
  name: string,
): Promise<{ ref: string; sha: string } | null> {
  const git = forge.git(repository);
  const candidates = name.startsWith('refs/') ? [name] : [`refs/heads/${name}`, `refs/tags/${name}`];
  for (const ref of candidates) {
    const sha = /^refs\/(heads|tags)\//.test(ref) ? await git.resolve(ref) : null;
    if (sha !== null) return { ref, sha };
  }
  return null;
}

/** The file as the ref has it, which may be older than the default branch's. */
async function fileAt(
  forge: Forge,
  repository: Repository,
  { workflow, sha }: { workflow: Workflow; sha: string },
): Promise<WorkflowFile> {
  const { path } = workflow;
  const content = await forge.git(repository).readFile(sha, path);
  if (content === null) throw notFound();
  const file = await readWorkflow(path, content.toString());
  if ('errors' in file) throw refuse(`failed to parse workflow: ${file.errors.join('; ')}`);
  return file;
}

type Declared = WorkflowFile['dispatchInputs'];

/** The given inputs with their types, and the defaults of the rest. */
function inputsOf(declared: Declared, given: Record<string, unknown>): Record<string, Json> {
  const unexpected = Object.keys(given).filter((name) => declared[name] === undefined);
  if (unexpected.length > 0) throw refuse(`Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
  if (JSON.stringify(given).length > mostCharacters) throw refuse('inputs are too large.');
  const inputs: Record<string, Json> = {};
  for (const [name, config] of Object.entries(declared)) {
    const value = given[name] ?? '';
    if (typeof value !== 'string' && typeof value !== 'boolean' && typeof value !== 'number')
      throw refuse(`For 'properties/${name}', ${JSON.stringify(value)} is not a string.`);
    const text = String(value) === '' ? config.default : String(value);
    if (text === '' && config.required) throw refuse(`Required input '${name}' not provided`);
    inputs[name] = typed(name, config, text);
  }
  return inputs;
}

function typed(name: string, { type, options }: DispatchInput, text: string): Json {
  const misfit = refuse(`Provided value '${text}' for input '${name}' not in the list of allowed values`);
  switch (type) {
    case 'boolean':
      if (!['', 'true', 'false'].includes(text)) throw misfit;
      return text === 'true';
    case 'number':
      if (text === '') return text;
      if (!Number.isFinite(Number(text)))
        throw refuse(`Provided value '${text}' for input '${name}' is not a number`);
      return Number(text);
    case 'choice':
      if (text !== '' && !options.includes(text)) throw misfit;
      return text;
    default:
      return text;
  }
}
