/** What the database holds, read by tests as its owner: states only, nothing is ever written. */
import { Pool } from 'pg';

export type RunRow = {
  id: string;
  number: number;
  issue: number;
  state: string;
  reason: string | null;
  template: string;
  planVersion: number;
  by: string | null;
  tasks: { total: number; done: number; cancelled: number; failed: number };
};
export type TaskRow = {
  number: number;
  title: string;
  state: string;
  reason: string;
  branch: string | null;
  pull: number | null;
  head: string | null;
  attempts: number;
  dependsOn: number[];
  priority: string;
  agent: string | null;
  agentVerdict: string | null;
};
export type SessionRow = {
  id: string;
  task: number | null;
  kind: string;
  agent: string;
  state: string;
  outcome: string | null;
  reason: string | null;
};

export interface Records extends AsyncDisposable {
  runsOf(issue: number): Promise<RunRow[]>;
  tasksOf(issue: number): Promise<TaskRow[]>;
  sessionsOf(issue: number): Promise<SessionRow[]>;
  eventTypes(issue: number): Promise<string[]>;
  query<T>(text: string, values?: unknown[]): Promise<T[]>;
}

const newestRun = `select id from run where issue = $1 order by number desc limit 1`;

export function openRecords(ownerUrl: string): Records {
  const pool = new Pool({ connectionString: ownerUrl, max: 2 });
  // A test that kills Postgres breaks idle connections; the next query makes a new one.
  pool.on('error', () => {});
  const query = async <T>(text: string, values: unknown[] = []): Promise<T[]> =>
    (await pool.query(text, values)).rows as T[];
  return {
    query,
    runsOf: (issue) =>
      query(
        `select id, number, issue, state, reason, template, plan_version as "planVersion", plan->>'by' as by, tasks
         from run where issue = $1 order by number desc`,
        [issue],
      ),
    tasksOf: (issue) =>
      query(
        `select number, title, state, reason, branch, pull, head, attempts, depends_on as "dependsOn", priority, agent,
           agent_review ->> 'verdict' as "agentVerdict"
         from task where run = (${newestRun}) order by number`,
        [issue],
      ),
    sessionsOf: (issue) =>
      query(
        `select id, task, kind, agent, state, outcome, reason from session where run = (${newestRun}) order by queued_at`,
        [issue],
      ),
    eventTypes: async (issue) =>
      (
        await query<{ type: string }>(`select type from event where run = (${newestRun}) order by id`, [
          issue,
        ])
      ).map(({ type }) => type),
    [Symbol.asyncDispose]: () => pool.end(),
  };
}
