/** What an operation is: named once, with its input, output, who may call it, and the doors it shows on. */
import type { z } from 'zod';
import type { Permission } from '../domain/permission.ts';
import type { Role } from '../domain/words.ts';

export type DoorName = 'http' | 'mcp' | 'cli' | 'comment';

/** Who may call. A person needs at least that permission on the run's repository; an agent one of the roles. */
export type Allow = {
  readonly person?: Permission;
  readonly agent?: readonly Role[];
  readonly runner?: true;
  /** A workflow's job, by its OIDC token. */
  readonly workflow?: true;
  /** The App itself: facts from GitHub, timers. */
  readonly system?: true;
  /** Anyone who has a valid token of any kind. */
  readonly any?: true;
};

export type Operation = {
  readonly name: string;
  readonly summary: string;
  /** `METHOD /path/{param}`, under `/api/v1`; parameters of the path are fields of the input. Absent: not on HTTP. */
  readonly http?: string;
  readonly doors: readonly DoorName[];
  /** `app` answers in the App; `runner` in the runner's own MCP server, on the worktree. */
  readonly runs: 'app' | 'runner';
  readonly allow: Allow;
  readonly reads?: true;
  readonly destroys?: true;
  /** Called again with the same input it changes nothing more. */
  readonly repeats?: true;
  /** What a call with `wait` waits for, in words; absent: it answers at once. */
  readonly waitsFor?: string;
  readonly input: z.ZodType;
  readonly output: z.ZodType;
};

/** Keeps the definition's own type, so that names and schemas stay exact. */
export function operation<const T extends Operation>(definition: T): T {
  return definition;
}

export type InputOf<T extends Operation> = z.output<T['input']>;
export type OutputOf<T extends Operation> = z.output<T['output']>;
