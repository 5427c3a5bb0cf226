/** What an engine is to the runner: a program that thinks, behind one small interface and normalised events. */
import type { Usage } from '../../app/domain/session.ts';
import type { AgentUser } from '../agent-user.ts';
import type { ProcessId } from '../process-list.ts';

/** What went into a tool and what came out, by digests: the same means the same, and nothing can be read from them. */
export type Digests = { input: string; result: string };

/** In the order they happen; `ended` comes once and last. */
export type EngineEvent =
  | { type: 'started'; conversation: string | null }
  | { type: 'text'; text: string }
  | { type: 'tool_started'; tool: string }
  | { type: 'tool_ended'; tool: string; ok: boolean; digests?: Digests }
  /** This session's totals so far, never increments; input excludes cached tokens. */
  | { type: 'usage'; usage: Usage }
  /** Silent because the model's API makes it wait: a state of its own, not a stuck engine. */
  | { type: 'retrying'; reason: string }
  | { type: 'ended'; ok: boolean; reason: string };

/** `path` is relative to where the engine keeps conversations. */
export type ConversationFile = { path: string; data: Buffer };

/** What a session that was suspended left, and another one goes on with. */
export type Conversation = {
  /** As the engine named it in `started`. */
  id: string;
  /** What all of it had used by then: some engines count from its beginning. */
  before: Usage;
  files: readonly ConversationFile[];
};

/** Where an engine keeps a conversation, in a session's own directories. */
export type ConversationPlace = {
  directory: string;
  /** Whether the file of this path below the directory belongs to it. */
  holds(path: string): boolean;
  /**
   * What all of the conversation has used, as its files tell; null where they don't. Engines that count only at the end
   * of a turn tell nothing else when they are interrupted.
   */
  used(files: readonly ConversationFile[]): Usage | null;
};

/** All that an engine needs of a session. */
export type EngineWork = {
  session: string;
  /** The program of engine `command`; other engines know their own. */
  command: readonly string[];
  model: string | null;
  prompt: string;
  /** The working directory: the worktree. */
  cwd: string;
  /** Whom it runs as; null: as the runner's own user. */
  user: AgentUser | null;
  /** The MCP configuration, outside the worktree. */
  mcpConfig: string;
  /** The engine's whole environment. */
  environment: Readonly<Record<string, string>>;
  /** What it goes on with; null: it begins. */
  conversation: Conversation | null;
  /** A directory of the runner's own, where the program's output is kept. */
  outputs: string;
};

/** What tells where a session's conversation lies. */
export type KeptFor = Pick<EngineWork, 'cwd' | 'environment' | 'mcpConfig' | 'model'>;

export type EngineRun = {
  /** The leader of the program's group. */
  readonly process: ProcessId;
  /** To be read to its end. */
  readonly events: AsyncIterable<EngineEvent>;
  /** Looks at the engine's processes, so that none is forgotten when its parent dies. */
  refresh(): Promise<void>;
  /** Asks (SIGINT), waits, kills everything that the engine started. Harmless when it has ended; may be called twice. */
  stop(patienceMs: number): Promise<void>;
};

export type Environment = Readonly<Record<string, string | undefined>>;

export type Readiness = { ready: boolean; words: string };

export type Engine = {
  readonly name: string;
  /** Whether a session with this environment could start here now, and what is missing if not. Never throws. */
  ready(environment: Environment): Promise<Readiness>;
  /** Null where the engine can't go on with an earlier conversation. */
  keeps: ((work: KeptFor, id: string) => ConversationPlace) | null;
  /** Rejects only when the program can't be started at all. */
  start(work: EngineWork): Promise<EngineRun>;
  /**
   * Goes on with a program that an earlier life of this runner started: its events from the first one on, and its end,
   * which may have come meanwhile. Null where the runner is a part of what the engine does.
   */
  adopt: ((work: EngineWork, process: ProcessId) => Promise<EngineRun>) | null;
};
