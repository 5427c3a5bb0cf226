/** `entourage doctor`: what the App needs, one line each, with what to do about what is missing. */
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { checkConfig, type Config } from '../config.ts';
import { checkApp, checkDirectory, checkPrograms } from './doctor-machine.ts';
import { checkDatabase } from './doctor-database.ts';
import { checkGitHub } from './doctor-github.ts';
import type { Finding } from './finding.ts';

const signs = { good: '✓', bad: '✗', unsure: '!' } as const;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check environment, database, GitHub credentials, programs and disk.')
    .option('--json', 'for programs')
    .action(async (options: { json?: boolean }) => {
      const findings = await examine(process.env);
      if (options.json === true) console.log(JSON.stringify(findings));
      else for (const finding of findings) console.log(lineOf(finding));
      process.exitCode = findings.some(({ state }) => state === 'bad') ? 1 : 0;
    });
}

const lineOf = ({ state, what, help }: Finding): string =>
  `${signs[state]} ${what}${help === undefined ? '' : `\n    ${help}`}`;

/** All findings, in the order of the set-up. What can't be checked without an environment is left out. */
async function examine(environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  const checked = checkConfig(environment);
  if ('problems' in checked) {
    const problems = checked.problems.map(({ name, problem, help }): Finding => ({
      state: 'bad',
      what: `${name} ${problem}`,
      help,
    }));
    return [...problems, ...(await checkPrograms())];
  }
  const { config } = checked;
  const parts = await Promise.all([
    checkDatabase(config),
    gitHub(config),
    checkPrograms(),
    checkDirectory(config.directory),
    checkApp(config.url),
  ]);
  return [{ state: 'good', what: 'The environment is complete.' }, ...parts.flat()];
}

async function gitHub(config: Config): Promise<Finding[]> {
  const manifest = await readFile(new URL('../../app.yml', import.meta.url), 'utf8');
  return await checkGitHub(config.gitHub, manifest);
}
