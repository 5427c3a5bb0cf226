/** Work as git has it: an agent's own from its worktree on the runner, another task's through GitHub. */
import { z } from 'zod';
import { operation } from './operation.ts';
import { taskRef } from './refs.ts';

const Path = z.string().min(1).max(500).describe('a path from the repository’s root');
const everybody = { person: 'read', agent: ['manager', 'engineer', 'reviewer'] } as const;

export const pushBranch = operation({
  name: 'push_branch',
  summary: 'Hand your commits to Entourage now; it checks and pushes them to your task’s branch.',
  doors: ['mcp'],
  runs: 'runner',
  allow: { agent: ['engineer'] },
  repeats: true,
  input: z.strictObject({}),
  output: z.object({ state: z.enum(['pushed', 'unchanged']), head: z.string() }),
});

const Worktree = z.object({
  path: z.string(),
  branch: z.string().nullable().describe('null: a detached worktree, whose changes nobody takes'),
  base: z.string(),
  head: z.string(),
  changed: z.int().describe('files that are not committed'),
});

export const createWorktree = operation({
  name: 'create_worktree',
  summary: 'Your session’s worktree. It is made before you start; this returns it and makes no other.',
  doors: ['mcp'],
  runs: 'runner',
  allow: { agent: ['engineer'] },
  repeats: true,
  input: z.strictObject({}),
  output: z.object({ worktree: Worktree }),
});

export const getWorktree = operation({
  name: 'get_worktree',
  summary: 'Your session’s worktree: where it is, its branch, base, head and what is not committed.',
  doors: ['mcp'],
  runs: 'runner',
  allow: { agent: ['engineer'] },
  reads: true,
  input: z.strictObject({}),
  output: z.object({ worktree: Worktree }),
});

export const removeWorktree = operation({
  name: 'remove_worktree',
  summary: 'Nothing to do: the runner removes your worktree when your session has ended.',
  doors: ['mcp'],
  runs: 'runner',
  allow: { agent: ['engineer'] },
  repeats: true,
  input: z.strictObject({}),
  output: z.object({ removed: z.boolean(), words: z.string() }),
});

export const readFile = operation({
  name: 'read_file',
  summary: 'A file: of your worktree, or of another task’s branch when you name the task.',
  http: 'GET /repos/{repository}/runs/{run}/tasks/{task}/file',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject({ ...taskRef, path: Path }),
  output: z.object({ path: z.string(), content: z.string(), truncated: z.boolean() }),
});

export const getTaskDiff = operation({
  name: 'get_task_diff',
  summary: 'A task’s changes since its base: your own committed or not, another’s as it is on GitHub.',
  http: 'GET /repos/{repository}/runs/{run}/tasks/{task}/diff',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject({ ...taskRef, path: Path.optional() }),
  output: z.object({ diff: z.string(), truncated: z.boolean() }),
});

export const getChangedFiles = operation({
  name: 'get_changed_files',
  summary: 'The files that a task changed since its base.',
  http: 'GET /repos/{repository}/runs/{run}/tasks/{task}/files',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject(taskRef),
  output: z.object({ files: z.array(z.object({ path: z.string(), status: z.string() })) }),
});

export const getCommits = operation({
  name: 'get_commits',
  summary: 'The commits of a task since its base, newest first.',
  http: 'GET /repos/{repository}/runs/{run}/tasks/{task}/commits',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject(taskRef),
  output: z.object({ commits: z.array(z.object({ sha: z.string(), subject: z.string(), at: z.string() })) }),
});
