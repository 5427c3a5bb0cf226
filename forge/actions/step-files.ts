/** The files through which a step speaks to its job, made before it and read after it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assertAssignable, parseAssignments, parsePaths } from './command-file.ts';
import type { RunningJob } from './running-job.ts';

/** G35: a summary above 1 MiB is not uploaded. */
const largestSummary = 1024 * 1024;
/** G35: so many of a job's are shown. */
const mostSummaries = 20;

const names = ['output', 'env', 'path', 'summary', 'state'] as const;
type Paths = Record<(typeof names)[number], string>;

export type StepFiles = {
  env: Record<string, string>;
  /** Where a step's script may lie. */
  script: (extension: string) => string;
  /** Reads what the step wrote. Throws `ActionsError` when it is not in the form of these files. */
  take(): Promise<{ outputs: Record<string, string>; state: Record<string, string> }>;
};

/** Empty files for the job's next step. */
export async function openStepFiles(running: RunningJob): Promise<StepFiles> {
  running.count.steps += 1;
  const { steps } = running.count;
  const at = (name: string) => join(running.directories.temp, `${name}-${steps}`);
  const paths = Object.fromEntries(names.map((name) => [name, at(name)])) as Paths;
  for (const file of Object.values(paths)) await writeFile(file, '');
  return {
    env: {
      GITHUB_OUTPUT: paths.output,
      GITHUB_ENV: paths.env,
      GITHUB_PATH: paths.path,
      GITHUB_STATE: paths.state,
      GITHUB_STEP_SUMMARY: paths.summary,
    },
    script: (extension) => `${at('step')}.${extension}`,
    take: () => take(running, paths),
  };
}

async function take(running: RunningJob, paths: Paths) {
  const text = async (file: string) => (await readFile(file)).toString();
  const env = parseAssignments(await text(paths.env));
  assertAssignable(Object.keys(env));
  Object.assign(running.env, env);
  running.path.unshift(...parsePaths(await text(paths.path)));
  const summary = await text(paths.summary);
  const size = Buffer.byteLength(summary);
  if (size > largestSummary)
    running.log.output(
      `::error::$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got ${Math.ceil(size / 1024)}k.`,
    );
  else if (summary !== '' && running.count.summaries < mostSummaries) {
    running.count.summaries += 1;
    running.state.summary += running.log.redact(summary);
  }
  return {
    outputs: parseAssignments(await text(paths.output)),
    state: parseAssignments(await text(paths.state)),
  };
}
