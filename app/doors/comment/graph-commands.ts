/** The commands that change a run's graph, and word for those who work on it (PL-7, TA-10). */
import { text, type Call, type Command, type Said } from './command-row.ts';
import { takeFlags, type Flags, type FlagValues, type Word } from './words.ts';

const addFlags: Flags = {
  after: { field: 'after', kind: 'text', shown: 't1,t2' },
  before: { field: 'before', kind: 'text', shown: 't5' },
  agent: { field: 'agent', kind: 'text', shown: 'eng-1' },
  priority: { field: 'priority', kind: 'text', shown: 'high' },
};
const editFlags: Flags = {
  title: { field: 'title', kind: 'text', shown: '"A better title"' },
  priority: { field: 'priority', kind: 'text', shown: 'high' },
};

/** `t3` of `T3`; null of any other word, and of none. */
const taskOf = (word: Word | undefined): string | null =>
  word !== undefined && /^(?:\d{1,9}\/)?t\d{1,9}$/i.test(word.value) ? word.value.toLowerCase() : null;

type Read = Call | { problem: string };

/** `t1,t2`. */
const listOf = (value: FlagValues[string] | undefined): string[] =>
  value === undefined
    ? []
    : String(value)
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');

function add({ words, body }: Said): Read {
  const taken = takeFlags(words, addFlags);
  if ('problem' in taken) return taken;
  const title = text({ words: taken.rest, body: '' });
  if (title === '') return { problem: 'It needs the task’s title.' };
  const { after, before, ...others } = taken.values;
  const input = { title, description: body, ...others, depends_on: listOf(after), before: listOf(before) };
  return { operation: 'create_task', input };
}

function edit({ words, body }: Said): Read {
  const [first, ...others] = words;
  const task = taskOf(first);
  if (task === null) return { problem: 'It needs the task: t3.' };
  const taken = takeFlags(others, editFlags);
  if ('problem' in taken) return taken;
  if (taken.rest.length > 0) return { problem: 'What is new comes with a flag: `--title`, `--priority`.' };
  const description = body === '' ? {} : { description: body };
  return { operation: 'update_task', input: { task, ...taken.values, ...description } };
}

const drop = ({ words }: Said): Read => {
  const [first, ...others] = words;
  // In a task's pull request it is that task.
  if (first === undefined) return { operation: 'drop_task', input: {} };
  const task = taskOf(first);
  if (task === null || others.length > 0) return { problem: 'It needs one task: t3.' };
  return { operation: 'drop_task', input: { task } };
};

/** `link t2 t5`: t5 waits for t2. */
const edge =
  (operation: 'link_tasks' | 'unlink_tasks') =>
  ({ words }: Said): Read => {
    const [dependency, task] = [taskOf(words[0]), taskOf(words[1])];
    if (dependency === null || task === null || words.length > 2)
      return { problem: 'It needs two tasks, the one that comes first and the one that waits: t2 t5.' };
    return { operation, input: { task, depends_on: dependency } };
  };

const assign = ({ words }: Said): Read => {
  const [first, agent, ...others] = words;
  const task = taskOf(first);
  if (task === null || agent === undefined || others.length > 0)
    return { problem: 'It needs a task and an agent’s name: t3 eng-1.' };
  return { operation: 'assign_task', input: { task, agent: agent.value } };
};

const tell = ({ words, body }: Said): Read => {
  const [to, ...others] = words;
  const said = text({ words: others, body });
  if (to === undefined || said === '') return { problem: 'It needs whom to tell, and what.' };
  return { operation: 'send_message', input: { to: taskOf(to) ?? to.value, text: said } };
};

export const graphCommands = {
  add: {
    usage: 'add <title> [--after t1,t2] [--before t5] [--agent A] [--priority P]',
    summary: 'Add a task to the run; the text below is its description.',
    operation: 'create_task',
    read: add,
  },
  edit: {
    usage: 'edit t3 [--title T] [--priority P]',
    summary: 'Change what a task says; the text below is its new description.',
    operation: 'update_task',
    read: edit,
  },
  drop: {
    usage: 'drop [t3]',
    summary: 'Cancel a task for good: nothing waits for it any more.',
    operation: 'drop_task',
    read: drop,
  },
  link: {
    usage: 'link t2 t5',
    summary: 'Let t5 wait for t2.',
    operation: 'link_tasks',
    read: edge('link_tasks'),
  },
  unlink: {
    usage: 'unlink t2 t5',
    summary: 'Let t5 no longer wait for t2.',
    operation: 'unlink_tasks',
    read: edge('unlink_tasks'),
  },
  assign: {
    usage: 'assign t3 <agent>',
    summary: 'Say which agent takes a task.',
    operation: 'assign_task',
    read: assign,
  },
  tell: {
    usage: 'tell <t3 or agent> <message>',
    summary: 'Put a message in the inbox of a task’s agent, an agent or the manager.',
    operation: 'send_message',
    read: tell,
  },
} as const satisfies Record<string, Command>;
