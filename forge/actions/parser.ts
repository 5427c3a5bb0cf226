/** GitHub's own workflow and action parser, loaded so that plain Node can import it. */
import { registerHooks } from 'node:module';
import type * as Parser from '@actions/workflow-parser';
import type { parseAction } from '@actions/workflow-parser/actions/action-parser';
import type { convertActionTemplate } from '@actions/workflow-parser/actions/action-template';

export type WorkflowParser = typeof Parser;
export type ActionParser = Pick<WorkflowParser, 'NoOperationTraceWriter'> & {
  parseAction: typeof parseAction;
  convertActionTemplate: typeof convertActionTemplate;
};

/**
 * The package is written for bundlers: it imports its JSON schemas without `with { type: 'json' }`, which Node
 * refuses. While the package loads, a resolve hook adds the attribute to its own JSON files and to nothing else.
 */
async function load(): Promise<{ workflows: WorkflowParser; actions: ActionParser }> {
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      const ours = resolved.url.includes('/@actions/workflow-parser/') && resolved.url.endsWith('.json');
      return ours ? { ...resolved, importAttributes: { type: 'json' } } : resolved;
    },
    load(url, context, nextLoad) {
      const ours = url.includes('/@actions/workflow-parser/') && url.endsWith('.json');
      return nextLoad(
        url,
        ours ? { ...context, format: 'json', importAttributes: { type: 'json' } } : context,
      );
    },
  });
  try {
    const workflows = await import('@actions/workflow-parser');
    const { parseAction: parse } = await import('@actions/workflow-parser/actions/action-parser');
    const { convertActionTemplate: convert } =
      await import('@actions/workflow-parser/actions/action-template');
    const { NoOperationTraceWriter } = workflows;
    return {
      workflows,
      actions: { NoOperationTraceWriter, parseAction: parse, convertActionTemplate: convert },
    };
  } finally {
    hooks.deregister();
  }
}

let loaded: ReturnType<typeof load> | undefined;

/** The parser of workflow files; loaded once. */
export async function workflowParser(): Promise<WorkflowParser> {
  loaded ??= load();
  return (await loaded).workflows;
}

/** The parser of `action.yml`. */
export async function actionParser(): Promise<ActionParser> {
  loaded ??= load();
  return (await loaded).actions;
}
