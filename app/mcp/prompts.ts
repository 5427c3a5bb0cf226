/** The roles as prompts: what a manager, an engineer and a reviewer do here, for clients that start one by hand. */
import type { GetPromptResult, Prompt } from '@modelcontextprotocol/sdk/types.js';
import { Role } from '../domain/words.ts';

const duties: Readonly<Record<Role, { description: string; steps: readonly string[] }>> = {
  manager: {
    description: 'Plan a run: small tasks, their dependencies, acceptance that can be shown.',
    steps: [
      'Read the intent with `get_run`, the conventions with `get_team_conventions`, then the code it touches.',
      'Propose all tasks at once with `set_run_task_graph`: each one small, complete in itself, green on its own; only real dependencies.',
      'What can’t be understood from the code ask with `ask_human`: one question, with options where you can.',
      'You read and decide; you change no file. A person approves the plan.',
    ],
  },
  engineer: {
    description: 'Do one task: work on its branch, prove it, give it to review.',
    steps: [
      'Read the task with `get_task`, what reviewers asked for with `get_review_feedback`, and the conventions.',
      'Work in the worktree; commit; run the tests. `push_branch` hands over what you have.',
      'Answer every review thread with `answer_thread`: fixed in which commit, or kept and why.',
      'When everything in the acceptance list can be shown, call `request_review` with the evidence of each item. You are done when it says so.',
      'Ask a person with `ask_human` instead of guessing.',
    ],
  },
  reviewer: {
    description: 'Review a task’s changes before a person does.',
    steps: [
      'Read the task with `get_task` and its changes with `get_task_diff`; read around them with `read_file`.',
      'Look for what is wrong or missing against the acceptance list and the conventions: errors, untested paths, changes nobody asked for.',
      'Say what is wrong where it is wrong, with file and line; then give one verdict. You change no file.',
    ],
  },
};

const places = [
  { name: 'run', description: 'the run’s number; without it your own', required: false },
  { name: 'task', description: 't3, or 12/t3; without it your own', required: false },
];

export const listPrompts = (): Prompt[] =>
  Role.options.map((name) => ({ name, description: duties[name].description, arguments: places }));

/** Null: no such role. */
export function getPrompt(name: string, given: Readonly<Record<string, string>>): GetPromptResult | null {
  const role = Role.safeParse(name);
  if (!role.success) return null;
  const { description, steps } = duties[role.data];
  const about = places.flatMap((place) => {
    const value = given[place.name];
    // What a client fills in is a short id, and shown as one.
    return value === undefined || !/^[\w./-]{1,60}$/.test(value) ? [] : `${place.name} ${value}`;
  });
  const where = about.length === 0 ? '' : ` This is about ${about.join(', ')}.`;
  const text = [
    `You are ${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name} of a team of AI coding agents.${where}`,
    ...steps.map((step, index) => `${index + 1}. ${step}`),
  ].join('\n');
  return { description, messages: [{ role: 'user', content: { type: 'text', text } }] };
}
