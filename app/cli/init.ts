/** `entourage init`: the workflow and the policy that a repository needs, into a checkout or as a pull request. */
import { Command, Option } from 'commander';
import { engineNames } from './engine-kit.ts';
import type { InitOptions } from './init-work.ts';

export function initCommand(): Command {
  return new Command('init')
    .description(
      'Write the workflow and ENTOURAGE.md that a repository needs, or open a pull request with them.',
    )
    .option('--url <url>', 'the App’s address (ENTOURAGE_URL)')
    .option(
      '--local [path]',
      'write into a checkout; so it is, too, without --repo and a token in GITHUB_TOKEN or GH_TOKEN',
    )
    .option(
      '--repo <owner/name>',
      'open a pull request there, with a token; without it, where this checkout came from',
    )
    .option('--action <owner/repo/path@ref>', 'the action; without it, this copy of Entourage')
    .addOption(
      new Option('--engine <names...>', 'engines of the agents; without it, those found here').choices([
        ...engineNames,
      ]),
    )
    .option('--command <words...>', 'program and arguments of engine `command`')
    .option('--pass <names...>', 'secrets that agents get, as ANTHROPIC_API_KEY')
    .option('--setup <lines...>', 'commands of the job before the agent, each one line')
    .option('--runs-on <labels...>', 'labels of the runners')
    .addOption(
      new Option(
        '--dispatch <place>',
        'where sessions run; without it, as ENTOURAGE.md says, else actions',
      ).choices(['actions', 'runner']),
    )
    .option('--force', 'overwrite files that people changed')
    .action(async (options: InitOptions) => {
      // git, YAML and Octokit, for this command alone.
      const { init } = await import('./init-work.ts');
      await init(options);
    });
}
