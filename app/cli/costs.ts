/** `entourage costs`: what agents cost, by whom, with what, on what and when. */
import type { Command } from 'commander';
import { getCostSummary } from '../catalog/costs.ts';
import type { CostSummary } from '../catalog/views.ts';
import { costWords, micros } from '../domain/words.ts';
import { connected, connectionOf, type ConnectionOptions } from './connection.ts';
import { plainLine, table } from './table.ts';

export function costsCommand(): Command {
  return connected('costs', 'Cost by agent, model, task and day, and for each merged pull request.')
    .option('--run <n>', 'only this run')
    .option('--days <n>', 'how many days, today included (UTC)', '30')
    .action(async (options: ConnectionOptions & { run?: string; days: string }) => {
      const { client, repository, json } = connectionOf(options);
      const run = options.run === undefined ? {} : { run: options.run };
      const answer = await client.call(getCostSummary, { repository, days: options.days, ...run });
      console.log(json ? JSON.stringify(answer) : costLines(answer));
    });
}

const spent = (row: { cost_usd: number; unpriced_tokens: number }): string =>
  costWords({ cost: micros(row.cost_usd), unpriced: row.unpriced_tokens });

/** Words for a terminal. */
function costLines(summary: CostSummary): string {
  const each = summary.cost_per_merged_usd;
  const rows = [
    ...section('AGENT', summary.by_agent),
    ...section('MODEL', summary.by_model),
    ...section('TASK', summary.by_task),
    ...section('DAY', summary.by_day),
  ];
  const about = summary.run === null ? '' : `Run ${summary.run}: `;
  const merged = `${summary.merged} merged${each === null ? '' : `, $${each.toFixed(2)} each`}`;
  const first = `${about}${spent(summary)} since ${summary.since}; ${merged}`;
  return rows.length === 0 ? first : `${first}\n\n${table(rows)}`;
}

function section(name: string, rows: CostSummary['by_agent']): string[][] {
  if (rows.length === 0) return [];
  return [
    [name, 'COST', 'TOKENS'],
    ...rows.map((row) => [plainLine(row.name), spent(row), row.tokens.toLocaleString('en-US')]),
  ];
}
