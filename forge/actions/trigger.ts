/** Which workflows an event starts: event names, activity types, branch, tag and path filters. */
import type { GitRepository } from '../git/repository.ts';
import { type BrokenWorkflow, readWorkflow, type Workflow } from './workflow.ts';

/** The facts of an event that filters look at. */
export type TriggerEvent = {
  name: string;
  /** `opened`, `synchronize`, …; null for events without activity types. */
  action: string | null;
  /** Full ref: what was pushed, or the base branch of a pull request or merge group. */
  ref: string;
  /** Paths the event changed; null when they are not known, which passes every path filter. */
  changedPaths: readonly string[] | null;
};

type Filter = Record<string, string[] | undefined>;

/** Types that start a workflow which names none. */
const defaultTypes: Record<string, string[]> = { pull_request: ['opened', 'synchronize', 'reopened'] };

/** Workflow files at a commit: those the event starts, and those GitHub could not read. */
export async function workflowsFor(
  repository: GitRepository,
  sha: string,
  event: TriggerEvent,
): Promise<(Workflow | BrokenWorkflow)[]> {
  const entries = (await repository.listTree(sha, '.github/workflows')) ?? [];
  const files = entries.filter((entry) => entry.type === 'blob' && /\.ya?ml$/.test(entry.path));
  const started: (Workflow | BrokenWorkflow)[] = [];
  for (const { path } of files) {
    const content = await repository.readFile(sha, `.github/workflows/${path}`);
    const workflow = await readWorkflow(`.github/workflows/${path}`, content?.toString() ?? '');
    if ('errors' in workflow || starts(workflow, event)) started.push(workflow);
  }
  return started;
}

/** Whether the event starts the workflow. */
export function starts(workflow: Workflow, event: TriggerEvent): boolean {
  const config = workflow.events[event.name];
  if (config === undefined) return false;
  const filter = config as Filter;
  const types = filter['types'] ?? defaultTypes[event.name];
  if (types !== undefined && event.action !== null && !types.includes(event.action)) return false;
  return refPasses(filter, event.ref) && pathsPass(filter, event.changedPaths);
}

function refPasses(filter: Filter, ref: string): boolean {
  const branches = filter['branches'] ?? filter['branches-ignore'];
  const tags = filter['tags'] ?? filter['tags-ignore'];
  if (branches === undefined && tags === undefined) return true;
  const [, kind = '', name = ''] = /^refs\/(heads|tags)\/(.+)$/.exec(ref) ?? [];
  const [only, ignore] =
    kind === 'tags'
      ? [filter['tags'], filter['tags-ignore']]
      : [filter['branches'], filter['branches-ignore']];
  if (only !== undefined) return matches(only, name);
  // A filter on branches alone says that tags start nothing, and the other way round.
  return ignore !== undefined && !matches(ignore, name);
}

function pathsPass(filter: Filter, paths: readonly string[] | null): boolean {
  if (paths === null) return true;
  const only = filter['paths'];
  const ignore = filter['paths-ignore'];
  if (only !== undefined) return paths.some((path) => matches(only, path));
  return ignore === undefined || paths.some((path) => !matches(ignore, path));
}

/** GitHub's filter patterns, in order; a later `!pattern` takes a name out again. */
export function matches(patterns: readonly string[], name: string): boolean {
  let matched = false;
  for (const pattern of patterns) {
    const negative = pattern.startsWith('!');
    if (patternToRegExp(negative ? pattern.slice(1) : pattern).test(name)) matched = !negative;
  }
  return matched;
}

/** `*` stops at a slash, `**` does not; `?` and `+` repeat what stands before them, unlike in a shell. */
function patternToRegExp(pattern: string): RegExp {
  const source = pattern.replaceAll(/\\.|\*\*\/|\*\*|\*|\[[^\]]*\]|[?+]|[.^$|(){}\\]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    return /^[.^$|(){}]$/.test(part) ? `\\${part}` : part;
  });
  return new RegExp(`^${source}$`);
}

/** Whether the head commit's message asks that push and pull request workflows stay off. */
export function asksToSkip(message: string): boolean {
  return /\[(skip ci|ci skip|no ci|skip actions|actions skip)\]|^skip-checks:\s*true\s*$/m.test(message);
}
