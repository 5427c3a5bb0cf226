/** Operations as MCP tools: who sees which, and how each is described to a model. */
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { operations } from '../catalog/catalog.ts';
import type { Operation } from '../catalog/operation.ts';
import type { Role } from '../domain/words.ts';

/** MCP clients give up after 60 seconds: what blocks answers within about this many. */
export const patienceSeconds = 45;

/** The tools of an agent's role, or of a person. The App has no worktree: what runs on a runner is listed there only. */
export function toolsFor(who: Role | 'person', where: 'app' | 'runner'): Operation[] {
  return operations.filter(
    ({ doors, allow, runs }) =>
      doors.includes('mcp') &&
      (runs === 'app' || where === 'runner') &&
      (allow.any === true || (who === 'person' ? allow.person !== undefined : allow.agent?.includes(who))),
  );
}

/** The protocol's hints say what is true of the operation; they are no permission. */
export function describeTool(operation: Operation): Tool {
  const { name, summary, input, output, reads, destroys, repeats } = operation;
  return {
    name,
    description: summary,
    inputSchema: schemaOf(input, 'input'),
    outputSchema: schemaOf(output, 'output'),
    annotations: {
      readOnlyHint: reads === true,
      destructiveHint: destroys === true,
      idempotentHint: reads === true || repeats === true,
    },
  };
}

function schemaOf(type: z.ZodType, io: 'input' | 'output'): Tool['inputSchema'] {
  // MCP's schemas are JSON Schema objects; zod's type for them is wider.
  return z.toJSONSchema(type, { io, unrepresentable: 'any' }) as Tool['inputSchema'];
}

/** Tools that wait for somebody wait as long as clients do, unless the call says otherwise. */
export const withPatience = (
  operation: Operation,
  input: Readonly<Record<string, unknown>>,
): Record<string, unknown> => (takesWait(operation) ? { wait: patienceSeconds, ...input } : { ...input });

const takesWait = ({ waitsFor, input }: Operation): boolean =>
  waitsFor !== undefined && input instanceof z.ZodObject && 'wait' in input.shape;

/** How long a call waits at most; 0: it answers at once. */
export function waitSeconds(operation: Operation, input: Readonly<Record<string, unknown>>): number {
  if (operation.waitsFor === undefined) return 0;
  const wanted = Number(input['wait'] ?? input['timeout_seconds'] ?? patienceSeconds);
  return Number.isFinite(wanted) ? Math.min(wanted, patienceSeconds) : 0;
}
