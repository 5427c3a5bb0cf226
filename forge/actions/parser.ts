/** GitHub's own workflow parser, loaded so that plain Node can import it. */
import { registerHooks } from 'node:module';
import type * as Parser from '@actions/workflow-parser';

export type WorkflowParser = typeof Parser;

/**
 * The package is written for bundlers: it imports its JSON schema without `with { type: 'json' }`, which Node
 * refuses. While the package loads, a resolve hook adds the attribute to its own JSON files and to nothing else.
 */
async function load(): Promise<WorkflowParser> {
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
    return await import('@actions/workflow-parser');
  } finally {
    hooks.deregister();
  }
}

let loaded: Promise<WorkflowParser> | undefined;

/** The parser; loaded once. */
export function workflowParser(): Promise<WorkflowParser> {
  loaded ??= load();
  return loaded;
}
