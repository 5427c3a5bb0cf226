/** What a test's agent shall do: for each plan and each task its sessions, each a list of steps. */

export type PlannedTask = {
  title: string;
  depends_on?: number[];
  acceptance?: string[];
  files?: string[];
  why?: string;
  description?: string;
  priority?: 'critical' | 'high' | 'medium' | 'low';
  agent?: string;
};

export type Step =
  | { do: 'plan'; tasks: PlannedTask[]; mayRefuse?: boolean }
  | { do: 'call'; tool: string; input?: Record<string, unknown> }
  | { do: 'write'; path: string; text: string }
  | { do: 'link'; path: string; to: string }
  | { do: 'commit'; message?: string }
  | { do: 'git'; args: string[] }
  | { do: 'push'; mayRefuse?: boolean }
  | { do: 'ask'; question: string; options?: string[]; default?: string; timeout_minutes?: number }
  | { do: 'review'; summary?: string; evidence?: number; mayRefuse?: boolean }
  | { do: 'answer_threads' }
  | { do: 'print'; text: string }
  | { do: 'garbage'; bytes: number }
  | { do: 'wait_for'; file: string }
  | { do: 'crash'; code: number }
  | { do: 'hang' }
  | { do: 'leave_child' }
  | { do: 'keep_configuration' }
  | { do: 'show_environment' };

export type Script = {
  /** By the run's title; `*` for every other. The last session is repeated. */
  plans: Record<string, Step[][]>;
  /** A woken manager's sessions, by the run's title; `*` for every other. */
  managing: Record<string, Step[][]>;
  /** By the task's title; `*` for every other. */
  tasks: Record<string, Step[][]>;
  /** A reviewer's sessions, by the title of the task it reviews. */
  reviews: Record<string, Step[][]>;
};

/** A file of the task's own, committed and given to review. */
export const work = (path: string, ...before: Step[]): Step[] => [
  { do: 'write', path, text: `${path}\n` },
  ...before,
  { do: 'commit', message: `Write ${path}` },
  { do: 'review' },
];
