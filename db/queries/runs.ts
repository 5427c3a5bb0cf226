/** Finding runs, tasks and repositories by the names that people, GitHub and agents use. */
import { sql } from 'kysely';
import type { Transaction } from '../transaction.ts';

export type RepositoryRow = {
  id: number;
  installation: number;
  owner: string;
  /** Null until GitHub told it. */
  ownerId: number | null;
  name: string;
  defaultBranch: string;
  private: boolean;
  policy: unknown;
  policyProblem: string | null;
};

const repositoryColumns = sql`id, installation, owner, owner_id as "ownerId", name, default_branch as "defaultBranch", private, policy, policy_problem as "policyProblem"`;

export async function repositoryById(
  tx: Transaction,
  installation: number,
  id: number,
): Promise<RepositoryRow | null> {
  const { rows } =
    await sql<RepositoryRow>`select ${repositoryColumns} from repository where installation = ${installation} and id = ${id} and removed_at is null`.execute(
      tx,
    );
  return rows[0] ?? null;
}

/** GitHub names are case-insensitive. */
export async function repositoryByName(
  tx: Transaction,
  installation: number,
  name: { owner: string; name: string },
): Promise<RepositoryRow | null> {
  const { rows } = await sql<RepositoryRow>`
    select ${repositoryColumns} from repository
    where installation = ${installation} and lower(owner) = lower(${name.owner}) and lower(name) = lower(${name.name}) and removed_at is null`.execute(
    tx,
  );
  return rows[0] ?? null;
}

/** Takes the next run number of a repository; the row lock makes numbers gapless per commit. */
export async function nextRunNumber(
  tx: Transaction,
  installation: number,
  repository: number,
): Promise<number> {
  const { rows } = await sql<{ number: number }>`
    update repository set next_run = next_run + 1 where installation = ${installation} and id = ${repository} returning next_run - 1 as number`.execute(
    tx,
  );
  const row = rows[0];
  if (row === undefined)
    throw new Error(`repository ${repository} is not known in installation ${installation}`);
  return row.number;
}

export async function runByNumber(
  tx: Transaction,
  installation: number,
  ref: { repository: number; number: number },
): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`
    select id from run where installation = ${installation} and repository = ${ref.repository} and number = ${ref.number}`.execute(
    tx,
  );
  return rows[0]?.id ?? null;
}

/** The newest run of an issue. */
export async function newestRunOfIssue(
  tx: Transaction,
  installation: number,
  ref: { repository: number; issue: number },
): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`
    select id from run where installation = ${installation} and repository = ${ref.repository} and issue = ${ref.issue} order by number desc limit 1`.execute(
    tx,
  );
  return rows[0]?.id ?? null;
}

export type TaskAddress = { run: string; task: number };

export async function taskByPull(
  tx: Transaction,
  installation: number,
  ref: { repository: number; pull: number },
): Promise<TaskAddress | null> {
  const { rows } = await sql<TaskAddress>`
    select task.run, task.number as task from task join run on run.id = task.run
    where task.installation = ${installation} and run.repository = ${ref.repository} and task.pull = ${ref.pull}`.execute(
    tx,
  );
  return rows[0] ?? null;
}

export async function taskByBranch(
  tx: Transaction,
  installation: number,
  ref: { repository: number; branch: string },
): Promise<TaskAddress | null> {
  const { rows } = await sql<TaskAddress>`
    select task.run, task.number as task from task join run on run.id = task.run
    where task.installation = ${installation} and run.repository = ${ref.repository} and task.branch = ${ref.branch}`.execute(
    tx,
  );
  return rows[0] ?? null;
}

export async function tasksByHead(
  tx: Transaction,
  installation: number,
  ref: { repository: number; head: string },
): Promise<TaskAddress[]> {
  const { rows } = await sql<TaskAddress>`
    select task.run, task.number as task from task join run on run.id = task.run
    where task.installation = ${installation} and run.repository = ${ref.repository} and task.head = ${ref.head} order by task.run, task.number`.execute(
    tx,
  );
  return rows;
}

/** Runs of a repository, newest first, below a number. */
export async function listRunIds(
  tx: Transaction,
  installation: number,
  page: { repository: number; limit: number; before: number | null },
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from run where installation = ${installation} and repository = ${page.repository} and (${page.before}::int is null or number < ${page.before}::int)
    order by number desc limit ${page.limit}`.execute(tx);
  return rows.map((row) => row.id);
}

/** Ready for an engineer, or in review and wanted by the reviewer. */
const waitsForAgent = sql`(task.session is null and (task.state = 'ready' or (task.state = 'in_review' and task.agent_review ->> 'state' = 'waiting')))`;

/** Executing runs of a repository that have a ready task or one that waits for its reviewer, the most urgent first: what a freed slot may serve (TA-6). */
export async function runsWithReadyTasks(
  tx: Transaction,
  installation: number,
  repository: number,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select run.id from run join task on task.run = run.id
    where run.installation = ${installation} and run.repository = ${repository} and run.state = 'executing' and ${waitsForAgent}
    group by run.id
    order by min(array_position(array['critical','high','medium','low'], task.priority)), min(task.ready_at)`.execute(
    tx,
  );
  return rows.map((row) => row.id);
}

const wantsManager = sql`run.managing -> 'session' = 'null' and run.managing -> 'reasons' <> '[]' and run.state in ('executing', 'done', 'failed')`;

/** Runs of a repository whose manager is wanted and has no session, the oldest first. */
export async function runsThatWantManager(
  tx: Transaction,
  installation: number,
  repository: number,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from run where installation = ${installation} and repository = ${repository} and ${wantsManager} order by number`.execute(
    tx,
  );
  return rows.map((row) => row.id);
}

/** Runs, over all installations, with a task that no agent took, a plan that nobody began, or a manager that is wanted. */
export async function runsToSweep(tx: Transaction): Promise<{ id: string; installation: number }[]> {
  const { rows } = await sql<{ id: string; installation: number }>`
    select distinct run.id, run.installation from run join task on task.run = run.id
    where run.state = 'executing' and ${waitsForAgent}
    union
    select run.id, run.installation from run
    where run.state = 'planning' and not exists (select 1 from session where session.run = run.id and session.state <> 'ended')
    union
    select run.id, run.installation from run where ${wantsManager}
    order by id`.execute(tx);
  return rows;
}

/** Sessions over all of the installation that have not ended, and those of the run that work on tasks. */
export async function liveSessions(
  tx: Transaction,
  installation: number,
  run: string,
): Promise<{ all: number; ofRun: number }> {
  const { rows } = await sql<{ all: number; ofRun: number }>`
    select count(*)::int as "all", (count(*) filter (where run = ${run} and kind = 'work'))::int as "ofRun"
    from session where installation = ${installation} and state <> 'ended'`.execute(tx);
  return rows[0] ?? { all: 0, ofRun: 0 };
}

/** Tasks of a repository that wait for people to review them. */
export async function reviewsWaiting(
  tx: Transaction,
  installation: number,
  repository: number,
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from task join run on run.id = task.run
    where task.installation = ${installation} and run.repository = ${repository} and run.state = 'executing' and task.state = 'in_review'`.execute(
    tx,
  );
  return rows[0]?.count ?? 0;
}
