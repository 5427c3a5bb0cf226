/** The commands of comments, one row each: usage, meaning, operation. Help, usage and permission are read off this table. */
import { createRun, dispatch, reviseRun } from '../../catalog/runs.ts';
import { setBudget } from '../../catalog/costs.ts';
import { findOperation } from '../../catalog/catalog.ts';
import { respondToRequest } from '../../catalog/questions.ts';
import { text, type Call, type Command, type CommandOperation } from './command-row.ts';
import { graphCommands } from './graph-commands.ts';
import { takeFlags, type Flags } from './words.ts';
import type { z } from 'zod';

const runFlags: Flags = {
  template: { field: 'template', kind: 'text', shown: 'bugfix' },
  budget: { field: 'budget_usd', kind: 'number', shown: '10' },
  'max-parallel': { field: 'max_parallel', kind: 'number', shown: '2' },
  base: { field: 'base', kind: 'text', shown: 'main' },
  yes: { field: 'yes', kind: 'switch', shown: '' },
};
const budgetFlags: Flags = { task: { field: 'task', kind: 'text', shown: 't3' } };
const dispatchFlags: Flags = { agent: { field: 'agent', kind: 'text', shown: 'eng-1' } };

/** Commands that take no text: at most one word, naming another run's issue or, where that has a meaning, a task. */
function targeted(operation: CommandOperation, onTask?: CommandOperation): Command['read'] {
  return ({ words }) => {
    const [word, ...others] = words;
    if (word === undefined)
      return { operation, input: {}, ...(onTask === undefined ? {} : { inTask: onTask }) };
    const extra = others[0] ?? (/^(?:#\d{1,9}|(?:\d{1,9}\/)?t\d{1,9})$/i.test(word.value) ? undefined : word);
    if (extra !== undefined) return { problem: `I don’t know what ${quote(extra.value)} means there.` };
    if (word.value.startsWith('#')) return { operation, input: {}, issue: Number(word.value.slice(1)) };
    if (onTask === undefined) return { problem: `It is about a run, not about task ${quote(word.value)}.` };
    return { operation: onTask, input: { task: word.value.toLowerCase() } };
  };
}

type Schema = { safeParse(value: unknown): { success: true } | { success: false; error: z.ZodError } };

/** What the operation itself would refuse is said here already, in the words of a comment. */
function checked(call: Call, schema: Schema, flags: Flags): Call | { problem: string } {
  const parsed = schema.safeParse(call.input);
  if (parsed.success) return call;
  return { problem: parsed.error.issues.map((issue) => asWords(issue, flags)).join(' ') };
}

function asWords(issue: z.core.$ZodIssue, flags: Flags): string {
  const field = String(issue.path[0] ?? '');
  const flag = Object.entries(flags).find(([, candidate]) => candidate.field === field)?.[0];
  const name = flag === undefined ? 'The text' : `\`--${flag}\``;
  if (issue.code === 'invalid_value') return `${name} must be one of ${issue.values.map(String).join(', ')}.`;
  if (issue.code === 'too_big')
    return `${name} is too ${flag === undefined ? 'long' : 'large'}: at most ${issue.maximum}${flag === undefined ? ' characters' : ''}.`;
  if (issue.code === 'too_small')
    return flag === undefined
      ? 'The text is missing.'
      : `${name} must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}.`;
  return `${name}: ${issue.message}.`;
}

export const commands = {
  run: {
    usage: 'run [intent] [--template T] [--budget USD] [--max-parallel N] [--base BRANCH] [--yes]',
    summary: 'Start a run here. Without an intent, the issue’s title and text are the intent.',
    operation: 'create_run',
    read({ words, body }) {
      const taken = takeFlags(words, runFlags);
      if ('problem' in taken) return taken;
      const intent = text({ words: taken.rest, body });
      const input = { ...taken.values, ...(intent === '' ? {} : { intent }) };
      return checked({ operation: 'create_run', input }, createRun.input.omit({ issue: true }), runFlags);
    },
  },
  dispatch: {
    usage: 'dispatch <prompt> [--agent A]',
    summary: 'One task for one agent, without a plan.',
    operation: 'dispatch',
    read({ words, body }) {
      const taken = takeFlags(words, dispatchFlags);
      if ('problem' in taken) return taken;
      const prompt = text({ words: taken.rest, body });
      if (prompt === '') return { problem: 'It needs to say what is to be done.' };
      const input = { ...taken.values, prompt };
      return checked({ operation: 'dispatch', input }, dispatch.input.omit({ issue: true }), dispatchFlags);
    },
  },
  approve: {
    usage: 'approve',
    summary: 'Approve the plan that was shown last; its tasks start.',
    operation: 'approve_run',
    read: targeted('approve_run'),
  },
  revise: {
    usage: 'revise <feedback>',
    summary: 'Ask for another plan that follows this feedback.',
    operation: 'revise_run',
    read(said) {
      const feedback = text(said);
      if (feedback === '') return { problem: 'It needs to say what to change.' };
      return checked({ operation: 'revise_run', input: { feedback } }, reviseRun.input, {});
    },
  },
  answer: {
    usage: 'answer [q2] <text>',
    summary: 'Answer the question that an agent asked.',
    operation: 'respond_to_request',
    read({ words, body }) {
      const [first, ...others] = words;
      const question =
        first !== undefined && /^q\d{1,9}$/i.test(first.value) ? first.value.toLowerCase() : undefined;
      const answer = text({ words: question === undefined ? words : others, body });
      if (answer === '') return { problem: 'It needs the answer’s words.' };
      const input = { text: answer, ...(question === undefined ? {} : { question }) };
      return checked({ operation: 'respond_to_request', input }, respondToRequest.input, {});
    },
  },
  cancel: {
    usage: 'cancel [t3]',
    summary: 'Cancel the run, or one task. What is not merged is dropped.',
    operation: 'cancel_run',
    read: targeted('cancel_run', 'cancel_task'),
  },
  retry: {
    usage: 'retry [t3]',
    summary: 'Try failed tasks again: all of the run, or one.',
    operation: 'retry_run',
    read: targeted('retry_run', 'retry_task'),
  },
  merge: {
    usage: 'merge [t3]',
    summary: 'Merge an approved task, or try again at once.',
    operation: 'merge_task',
    read: targeted('merge_task', 'merge_task'),
  },
  ...graphCommands,
  pause: {
    usage: 'pause',
    summary: 'Start nothing new; what runs goes on.',
    operation: 'pause_run',
    read: targeted('pause_run'),
  },
  resume: {
    usage: 'resume',
    summary: 'Go on after a pause.',
    operation: 'resume_run',
    read: targeted('resume_run'),
  },
  budget: {
    usage: 'budget <USD> [--task t3]',
    summary: 'Raise or lower what the run, or one task of it, may cost. What waited for money goes on.',
    operation: 'set_budget',
    read({ words }) {
      const taken = takeFlags(words, budgetFlags);
      if ('problem' in taken) return taken;
      const [amount, ...others] = taken.rest;
      const extra = others[0];
      if (extra !== undefined) return { problem: `I don’t know what ${quote(extra.value)} means there.` };
      const usd = /^\$?(\d{1,7}(?:\.\d{1,6})?)$/.exec(amount?.value ?? '')?.[1];
      if (usd === undefined) return { problem: 'It needs an amount in dollars, as `30` or `12.50`.' };
      const input = { ...taken.values, budget_usd: Number(usd) };
      return checked({ operation: 'set_budget', input }, setBudget.input, {
        ...budgetFlags,
        amount: { field: 'budget_usd', kind: 'number', shown: '30' },
      });
    },
  },
  costs: {
    usage: 'costs',
    summary: 'What the run costs, by agent, model, task and day.',
    operation: 'get_cost_summary',
    read: targeted('get_cost_summary'),
  },
  status: {
    usage: 'status',
    summary: 'How the run stands.',
    operation: 'get_run',
    read: targeted('get_run'),
  },
  tasks: {
    usage: 'tasks',
    summary: 'The run’s tasks.',
    operation: 'get_run_tasks',
    read: targeted('get_run_tasks'),
  },
  help: {
    usage: 'help [command]',
    summary: 'This list, or one command of it.',
    operation: 'help',
    read({ words }) {
      const [word, ...others] = words;
      if (others.length > 0) return { problem: 'It takes one command’s name.' };
      return { operation: 'help', input: word === undefined ? {} : { command: word.value.toLowerCase() } };
    },
  },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof commands;
export const commandNames = Object.keys(commands).filter((name) => isCommand(name));

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

/** What a person needs on the repository; policy may raise it. */
export function neededPermission(name: CommandName): string {
  return findOperation(commands[name].operation)?.allow.person ?? 'read';
}

/** What somebody typed, safe in a reply: one short line of code, where nothing is a mention or markup. */
export function quote(typed: string): string {
  const plain = typed.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}`]/gu, '').slice(0, 40);
  return plain === '' ? 'that' : `\`${plain}\``;
}
