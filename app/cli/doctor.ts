/** `entourage doctor`: what the App needs, one line each, with what to do about what is missing. */
import { Command } from 'commander';
import type { NamedFinding } from './finding.ts';

const signs = { good: '✓', bad: '✗', unsure: '!' } as const;

type Options = { json?: true; repo?: string[]; probe?: true };

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check environment, database, the GitHub App and repositories; say what to do.')
    .option('--repo <owner/name...>', 'look at these repositories too')
    .option('--probe', 'also ask GitHub whether it would start the workflow; nothing is started')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nA person’s token in GITHUB_TOKEN, of an admin, lets it see settings that the App can’t.',
    )
    .action(async (options: Options) => {
      // Octokit, Postgres and their like, for this command alone.
      const { examine } = await import('./examine.ts');
      const findings = await examine(process.env, options);
      if (options.json === true) console.log(JSON.stringify(findings));
      else for (const finding of findings) console.log(lineOf(finding));
      process.exitCode = findings.some(({ state }) => state === 'bad') ? 1 : 0;
    });
}

const lineOf = ({ state, what, help }: NamedFinding): string =>
  `${signs[state]} ${what}${help === undefined ? '' : `\n    ${help}`}`;
