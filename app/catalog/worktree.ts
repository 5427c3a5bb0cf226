/** What an agent's own MCP server answers on the runner, from the worktree. */
import { z } from 'zod';
import { operation } from './operation.ts';

const Path = z.string().min(1).max(500).describe('a path from the repository’s root');

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

export const readFile = operation({
  name: 'read_file',
  summary: 'A file of the worktree.',
  doors: ['mcp'],
  runs: 'runner',
  allow: { agent: ['manager', 'engineer', 'reviewer'] },
  reads: true,
  input: z.strictObject({ path: Path }),
  output: z.object({ path: z.string(), content: z.string(), truncated: z.boolean() }),
});

export const getTaskDiff = operation({
  name: 'get_task_diff',
  summary: 'Your task’s changes since its base, committed or not.',
  doors: ['mcp'],
  runs: 'runner',
  allow: { agent: ['engineer', 'reviewer'] },
  reads: true,
  input: z.strictObject({ path: Path.optional() }),
  output: z.object({ diff: z.string(), truncated: z.boolean() }),
});

export const getChangedFiles = operation({
  name: 'get_changed_files',
  summary: 'The files your task changed since its base.',
  doors: ['mcp'],
  runs: 'runner',
  allow: { agent: ['engineer', 'reviewer'] },
  reads: true,
  input: z.strictObject({}),
  output: z.object({ files: z.array(z.object({ path: z.string(), status: z.string() })) }),
});

export const getCommits = operation({
  name: 'get_commits',
  summary: 'The commits of your task since its base, newest first.',
  doors: ['mcp'],
  runs: 'runner',
  allow: { agent: ['engineer', 'reviewer'] },
  reads: true,
  input: z.strictObject({}),
  output: z.object({ commits: z.array(z.object({ sha: z.string(), subject: z.string(), at: z.string() })) }),
});
