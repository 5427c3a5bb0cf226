/** An `action.yml`, read by GitHub's own parser. */
import type { ActionTemplate } from '@actions/workflow-parser/actions/action-template';
import type { MappingToken } from '@actions/workflow-parser/templates/tokens/mapping-token';
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token';
import { actionParser } from './parser.ts';
import { withPlainTexts } from './plain-texts.ts';
import { ActionsError } from './refusal.ts';
import { readStep, type WorkflowStep } from './workflow.ts';

export type ActionInput = { name: string; default: TemplateToken | undefined };

export type NodeAction = {
  kind: 'node';
  main: string;
  pre: string | undefined;
  preIf: string;
  post: string | undefined;
  postIf: string;
};
export type CompositeAction = {
  kind: 'composite';
  steps: WorkflowStep[];
  outputs: Map<string, TemplateToken>;
};

export type ActionFile = { name: string; inputs: ActionInput[]; runs: NodeAction | CompositeAction };

/** Throws `ActionsError` for a file GitHub would not accept and for actions in containers. */
export async function readAction(path: string, content: string): Promise<ActionFile> {
  const parser = await actionParser();
  const { context, value } = parser.parseAction(
    { name: path, content: withPlainTexts(content) },
    new parser.NoOperationTraceWriter(),
  );
  const template = value === undefined ? null : parser.convertActionTemplate(context, value);
  const errors = context.errors.getErrors().map((one) => one.message);
  if (template === null || value === undefined || errors.length > 0)
    throw new ActionsError('expression', `The action can't be read: ${errors.join('; ')}`);
  const root = value.assertMapping('action');
  const inputs = (template.inputs ?? []).map(({ id, default: given }) => ({ name: id, default: given }));
  return { name: template.name, inputs, runs: runsOf(template, root, path) };
}

function runsOf({ runs, outputs }: ActionTemplate, root: MappingToken, path: string): ActionFile['runs'] {
  if (runs.using === 'docker')
    throw new ActionsError('unsupported', `the action ${path}, which runs in a container`);
  if (runs.using === 'composite') {
    const steps = root.find('runs')?.assertMapping('runs').find('steps')?.assertSequence('steps');
    const values = (outputs ?? []).flatMap(({ id, value }) =>
      value === undefined ? [] : [[id, value] as const],
    );
    return {
      kind: 'composite',
      steps: runs.steps.map((step, index) => readStep(step, steps?.get(index).assertMapping('step'))),
      outputs: new Map(values),
    };
  }
  if (runs.using !== 'node20' && runs.using !== 'node24')
    throw new ActionsError(
      'unsupported',
      `the action ${path}, which uses ${runs.using}; node20 and node24 are there`,
    );
  const { main, pre, preIf, post, postIf } = runs;
  return { kind: 'node', main, pre, preIf: preIf ?? 'always()', post, postIf: postIf ?? 'always()' };
}
