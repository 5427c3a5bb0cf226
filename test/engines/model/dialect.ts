/** What the APIs have in common for a script: what was asked, and the answer before it is put into an API's words. */
import type { ServerResponse } from 'node:http';
import type { Call, ModelUsage } from './script.ts';

/** A tool as the CLI offers it; `namespace` where the API groups them. */
export type Offered = { name: string; namespace: string | null };

export type Asked = {
  model: string;
  stream: boolean;
  tools: Offered[];
  /** How many steps of the script the conversation holds already: its calls and the texts that ended a turn. */
  done: number;
  /** The result of the latest call, null when the latest word is a person's. */
  result: string | null;
};

export type Said =
  | { type: 'text'; text: string }
  | { type: 'call'; id: string; tool: Offered; arguments: Record<string, unknown> };

export type Answer = { model: string; said: Said; usage: ModelUsage };

export type Dialect = {
  name: string;
  /** Parses a request to this API; null when it isn't one. */
  read(request: { method: string; path: string; body: unknown }): Asked | null;
  write(response: ServerResponse, answer: Answer, asked: Asked): void;
  fail(status: number, message: string): unknown;
  /** Where a tool is called in another way than by its name. */
  resolve?: (call: Call, offered: readonly Offered[]) => Resolved;
};

export type Resolved = { tool: Offered; arguments: Record<string, unknown> };

/** Server-sent events. */
export function openStream(response: ServerResponse): (data: unknown, event?: string) => void {
  if (!response.headersSent) {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  }
  return (data, event) => {
    const name = event === undefined ? '' : `event: ${event}\n`;
    response.write(`${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  };
}

type Shape = { name: string; arguments: Record<string, unknown> };

export const shapesOf = (call: Exclude<Call, { mcp: string } | { tool: string }>): Shape[] => {
  if ('shell' in call) {
    const command = call.shell;
    return [
      { name: 'Bash', arguments: { command, description: 'Runs a command' } },
      { name: 'bash', arguments: { command, description: 'Runs a command' } },
      { name: 'exec_command', arguments: { cmd: command, login: false } },
      { name: 'run_shell_command', arguments: { command, description: 'Runs a command' } },
    ];
  }
  const { path, content } = call.write;
  return [
    { name: 'Write', arguments: { file_path: path, content } },
    { name: 'write', arguments: { filePath: path, content } },
    { name: 'write_file', arguments: { file_path: path, content } },
    // Some models get no tool for it: they edit by patches, or by the shell as here.
    { name: 'exec_command', arguments: { cmd: printing(path, content), login: false } },
    { name: 'bash', arguments: { command: printing(path, content), description: 'Writes a file' } },
  ];
};

const printing = (path: string, content: string): string => `printf %s ${quoted(content)} > ${quoted(path)}`;

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The tool that the CLI offers for a call of the script; throws with the offered names when there is none. */
export function resolve(call: Call, offered: readonly Offered[]): Resolved {
  const shapes: Shape[] =
    'mcp' in call || 'tool' in call
      ? [{ name: 'mcp' in call ? call.mcp : call.tool, arguments: call.arguments }]
      : shapesOf(call);
  for (const shape of shapes) {
    const tool = offered.find((candidate) =>
      'mcp' in call ? isOurs(candidate, shape.name) : candidate.name === shape.name,
    );
    if (tool !== undefined) return { tool, arguments: shape.arguments };
  }
  const names = offered.map((tool) => `${tool.namespace === null ? '' : `${tool.namespace}/`}${tool.name}`);
  throw new Error(`unscripted: no tool for ${JSON.stringify(call)}; offered are ${names.join(', ')}`);
}

/** `mcp__entourage__x`, `mcp_entourage_x`, `entourage_x`, or `x` in a namespace of ours. */
export const isOurs = ({ name, namespace }: Offered, wanted: string): boolean =>
  namespace === null
    ? new RegExp(`^(?:mcp_{1,2})?entourage_{1,2}${wanted}$`).test(name)
    : namespace === 'mcp__entourage' && name === wanted;
