/** What the job shows when its session is over: summary, annotations, and whether it is red. */
import { notice, setFailed, summary, warning } from '@actions/core';
import type { Assignment } from '../app/catalog/assignment.ts';
import type { SessionReport } from '../runner/course.ts';
import { say } from './job-log.ts';
import { summaryOf } from './summary.ts';

/** A step may write 1 MiB (G35); ours is far below. */
const longestSummary = 256 * 1024;

export async function show(assignment: Assignment, report: SessionReport): Promise<void> {
  for (const words of report.warnings) warning(words, { title: 'Entourage' });
  if (report.told === 'over') {
    notice('The App had ended this session, so what came later was not taken.', { title: 'Session ended' });
  }
  const problem = problemOf(report);
  if (problem !== null) setFailed(problem);
  else tellEnding(report);
  const server = process.env['GITHUB_SERVER_URL'] ?? 'https://github.com';
  await write(summaryOf({ assignment, report, server }));
}

/**
 * Red only when the job could not do its part: the App counts the session's outcome, and a red run for every agent
 * that gives up would hide the runs that need a maintainer.
 */
function problemOf(report: SessionReport): string | null {
  if (report.told === 'unreported') {
    return 'The App could not be told how this session ended; it notices by the end of this job. Look whether it is reachable from GitHub’s runners.';
  }
  return report.outcome === 'failed' && !report.prepared
    ? `There is no workspace for the agent: ${report.reason}`
    : null;
}

/** What somebody who opens the run should see without reading on. */
function tellEnding({ outcome, reason }: SessionReport): void {
  if (outcome === 'completed') return;
  const title = `Session ${outcome}`;
  if (outcome === 'failed') warning(reason, { title });
  else notice(reason, { title });
}

async function write(text: string): Promise<void> {
  if (process.env['GITHUB_STEP_SUMMARY'] === undefined) return;
  try {
    await summary.addRaw(text.slice(0, longestSummary)).write();
  } catch (error) {
    // The work is done and told; only its page is missing.
    say(`the summary could not be written: ${(error as Error).message}`);
  }
}
