/** One command of the comments: what its words mean as a call of an operation. */
import { asTyped, type Word } from './words.ts';

export type CommandOperation =
  | 'create_run'
  | 'dispatch'
  | 'approve_run'
  | 'revise_run'
  | 'respond_to_request'
  | 'cancel_run'
  | 'cancel_task'
  | 'retry_run'
  | 'retry_task'
  | 'merge_task'
  | 'pause_run'
  | 'resume_run'
  | 'get_run'
  | 'get_run_tasks'
  | 'get_cost_summary'
  | 'set_budget'
  | 'create_task'
  | 'update_task'
  | 'assign_task'
  | 'drop_task'
  | 'link_tasks'
  | 'unlink_tasks'
  | 'send_message'
  | 'help';

/** What the comment said, in the operation's own field names; the door adds what it knows of the place (`issue`, `run`). */
export type Call = {
  operation: CommandOperation;
  input: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
  /** The operation instead, where the comment stands in a task's pull request and names nothing else. */
  inTask?: CommandOperation;
  /** `#12`: the issue or pull request whose run is meant instead of this one. */
  issue?: number;
};

/** `text` joins the line's words and the lines below, for commands that take text. */
export type Said = { words: readonly Word[]; body: string };

export type Command = {
  /** After `/entourage `. */
  usage: string;
  summary: string;
  /** Its permission is the command's. */
  operation: CommandOperation;
  /** A call, or what is wrong with the words, one sentence. */
  read(said: Said): Call | { problem: string };
};

/** The line's words as typed, and what stands below. */
export const text = ({ words, body }: Said): string =>
  [asTyped(words), body].filter((part) => part !== '').join('\n\n');
