/** A workflow file as the interpreter runs it: checked by GitHub's parser, expressions still unevaluated. */
import type {
  EventsConfig,
  Step,
  WorkflowJob as ParsedJob,
} from '@actions/workflow-parser/model/workflow-template';
import type { MappingToken } from '@actions/workflow-parser/templates/tokens/mapping-token';
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token';
import { isMapping, isScalar, isSequence } from '@actions/workflow-parser/templates/tokens/type-guards';
import { workflowParser } from './parser.ts';
import { withPlainTexts } from './plain-texts.ts';

export type WorkflowStep = {
  /** The author's id, or one the parser made (`__run`, `__actions_checkout`). */
  id: string;
  name: TemplateToken | undefined;
  /** Condition with the implied `success() &&`. */
  condition: string;
  run: TemplateToken | undefined;
  uses: string | undefined;
  with: TemplateToken | undefined;
  env: TemplateToken | undefined;
  shell: TemplateToken | undefined;
  workingDirectory: TemplateToken | undefined;
  timeoutMinutes: TemplateToken | undefined;
  continueOnError: TemplateToken | undefined;
  /** What this forge can't do about the step, by name. */
  refusal: string | undefined;
};

export type WorkflowJob = {
  key: string;
  name: TemplateToken | undefined;
  labels: TemplateToken | undefined;
  needs: string[];
  condition: string;
  env: TemplateToken | undefined;
  outputs: TemplateToken | undefined;
  defaults: TemplateToken | undefined;
  timeoutMinutes: TemplateToken | undefined;
  continueOnError: TemplateToken | undefined;
  concurrency: TemplateToken | undefined;
  permissions: TemplateToken | undefined;
  steps: WorkflowStep[];
  refusal: string | undefined;
};

/** What `workflow_dispatch` asks for. The parser's own model knows no numbers. */
export type DispatchInput = { type: string; required: boolean; default: string; options: string[] };

export type Workflow = {
  path: string;
  name: string;
  runName: TemplateToken | undefined;
  events: EventsConfig;
  dispatchInputs: Record<string, DispatchInput>;
  env: TemplateToken | undefined;
  defaults: TemplateToken | undefined;
  concurrency: TemplateToken | undefined;
  permissions: TemplateToken | undefined;
  jobs: WorkflowJob[];
};

/** A file GitHub would not accept: the run ends with `startup_failure` and these messages. */
export type BrokenWorkflow = { path: string; name: string; errors: string[] };

/** Reads a workflow file; `path` is that in the repository. */
export async function readWorkflow(path: string, content: string): Promise<Workflow | BrokenWorkflow> {
  const parser = await workflowParser();
  const parse = (text: string) =>
    parser.parseWorkflow({ name: path, content: text }, new parser.NoOperationTraceWriter());
  // Read as it is for its errors, with their lines, then again for what its expressions evaluate to.
  const asWritten = parse(content);
  if (asWritten.value === undefined)
    return { path, name: path, errors: asWritten.context.errors.getErrors().map((one) => one.message) };
  const { context, value } = parse(withPlainTexts(content));
  if (value === undefined) throw new Error(`${path} can't be read once its texts are on one line`);
  const template = await parser.convertWorkflowTemplate(context, value);
  const errors = (template.errors ?? []).map((error) => error.Message);
  if (errors.length > 0) return { path, name: path, errors };
  const root = value.assertMapping('workflow');
  const jobs = root.find('jobs')?.assertMapping('jobs');
  return {
    path,
    name: root.find('name')?.assertString('name').value ?? path,
    runName: root.find('run-name'),
    events: template.events,
    dispatchInputs: readInputs(root.find('on')),
    env: root.find('env'),
    defaults: root.find('defaults'),
    concurrency: root.find('concurrency'),
    permissions: root.find('permissions'),
    jobs: template.jobs.map((job) => readJob(job, jobs?.find(job.id.value)?.assertMapping('job'))),
  };
}

/** Of the `on:` token; empty where it is a name or a list of names. */
function readInputs(on: TemplateToken | undefined): Record<string, DispatchInput> {
  const inputs = mappingAt(mappingAt(on, 'workflow_dispatch'), 'inputs');
  const read: Record<string, DispatchInput> = {};
  for (const { key, value } of inputs !== undefined && isMapping(inputs) ? inputs : []) {
    const input = isMapping(value) ? value : undefined;
    const options = input?.find('options');
    read[textAt(key)] = {
      type: textAt(input?.find('type')) || 'string',
      required: textAt(input?.find('required')) === 'true',
      default: textAt(input?.find('default')),
      options:
        options !== undefined && isSequence(options)
          ? Array.from({ length: options.count }, (_, at) => textAt(options.get(at)))
          : [],
    };
  }
  return read;
}

const textAt = (token: TemplateToken | undefined): string =>
  token !== undefined && isScalar(token) ? token.toString() : '';
const mappingAt = (token: TemplateToken | undefined, key: string): TemplateToken | undefined =>
  token !== undefined && isMapping(token) ? token.find(key) : undefined;

/** The parser's job model leaves out `with`, `shell`, time-outs and defaults, so these come from its tokens. */
function readJob(job: ParsedJob, source: MappingToken | undefined): WorkflowJob {
  const steps = source?.find('steps')?.assertSequence('steps');
  return {
    key: job.id.value,
    name: source?.find('name'),
    labels: source?.find('runs-on'),
    needs: (job.needs ?? []).map((need) => need.value),
    condition: job.if.expression,
    env: source?.find('env'),
    outputs: source?.find('outputs'),
    defaults: source?.find('defaults'),
    timeoutMinutes: source?.find('timeout-minutes'),
    continueOnError: source?.find('continue-on-error'),
    concurrency: source?.find('concurrency'),
    permissions: source?.find('permissions'),
    steps:
      job.type === 'job'
        ? job.steps.map((step, index) => readStep(step, steps?.get(index).assertMapping('step')))
        : [],
    refusal: refuseJob(job, source),
  };
}

function refuseJob(job: ParsedJob, source: MappingToken | undefined): string | undefined {
  if (job.type === 'reusableWorkflowJob') return `the reusable workflow ${job.ref.value}`;
  const unsupported = ['container', 'services', 'strategy', 'environment', 'snapshot'];
  const found = unsupported.find((key) => source?.find(key) !== undefined);
  return found === undefined ? undefined : `"${found}" of a job`;
}

/** A step of a workflow's job or of a composite action. */
export function readStep(step: Step, source: MappingToken | undefined): WorkflowStep {
  const kinds = ['wait', 'wait-all', 'cancel', 'parallel', 'background'];
  const kind = kinds.find((key) => source?.find(key) !== undefined);
  return {
    id: step.id,
    name: source?.find('name'),
    condition: step.if?.expression ?? 'success()',
    run: source?.find('run'),
    uses: 'uses' in step ? step.uses.value : undefined,
    with: source?.find('with'),
    env: source?.find('env'),
    shell: source?.find('shell'),
    workingDirectory: source?.find('working-directory'),
    timeoutMinutes: source?.find('timeout-minutes'),
    continueOnError: source?.find('continue-on-error'),
    refusal: kind === undefined ? undefined : `"${kind}" of a step`,
  };
}
