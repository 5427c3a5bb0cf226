/** Tasks of a repository, newest run first, in pages. */
import { sql } from 'kysely';
import type { Transaction } from '../transaction.ts';

export type TaskPage = {
  repository: number;
  /** Of one run only. */
  run: string | null;
  state: string | null;
  agent: string | null;
  /** The last one of the page before, by the numbers of its run and itself. */
  after: { run: number; task: number } | null;
  limit: number;
};

export async function listTaskAddresses(
  tx: Transaction,
  installation: number,
  page: TaskPage,
): Promise<{ run: string; number: number; task: number }[]> {
  const { rows } = await sql<{ run: string; number: number; task: number }>`
    select run.id as run, run.number, task.number as task
    from run join task on task.run = run.id
    where run.installation = ${installation} and run.repository = ${page.repository}
      and (${page.run}::uuid is null or run.id = ${page.run}::uuid)
      and (${page.state}::text is null or task.state = ${page.state}::text)
      and (${page.agent}::text is null or task.agent = ${page.agent}::text)
      and (${page.after?.run ?? null}::int is null or run.number < ${page.after?.run ?? null}::int
        or (run.number = ${page.after?.run ?? null}::int and task.number > ${page.after?.task ?? null}::int))
    order by run.number desc, task.number
    limit ${page.limit}`.execute(tx);
  return rows;
}
