#!/usr/bin/env node
/** The terminal's door: starts the other processes, and calls the App's operations. */
import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { readConfig } from '../config.ts';
import { appCreateCommand } from './app-create.ts';
import { bundleCommand } from './bundle.ts';
import { stand, type Entry } from './child.ts';
import { tellFailure } from './connection.ts';
import { doctorCommand } from './doctor.ts';
import { initCommand } from './init.ts';
import { costsCommand } from './costs.ts';
import { respondCommand, runCommand, runnerTokenCommand } from './run.ts';

/** A command whose options are the other process's own: all that follows goes there, `--help` too. */
function standIn(name: string, entry: Entry, summary: string): Command {
  return new Command(name)
    .description(summary)
    .helpOption(false)
    .helpCommand(false)
    .allowUnknownOption()
    .passThroughOptions()
    .argument('[args...]')
    .action(async (args: string[]) => {
      await stand(entry, args);
    });
}

const appHelp = `
It is set up by its environment: APP_ID, PRIVATE_KEY_PATH (or PRIVATE_KEY) and WEBHOOK_SECRET are needed, and
\`entourage app create\` makes them; everything else has a default. docs/operating.md lists all of it.
\`entourage doctor\` checks it and names everything that is missing or wrong.`;

const program = new Command('entourage')
  .description('A team of AI coding agents on GitHub: an issue becomes a plan, pull requests and merges.')
  .version(packageJson.version)
  .enablePositionalOptions()
  .showHelpAfterError();

program.addCommand(
  standIn('app', 'app/main.ts', 'Start the App: webhooks, API, jobs.')
    .helpOption('-h, --help', 'display help for command')
    .addHelpText('after', appHelp)
    .action(async (args: string[]) => {
      // Told here once and whole, instead of as a stack of the process that can't start.
      readConfig(process.env);
      await stand('app/main.ts', args);
    })
    .addCommand(appCreateCommand()),
);
program.addCommand(
  standIn(
    'runner',
    'runner/main.ts',
    'Host agents on this machine. `app runner-token` makes its registration token.',
  ).addCommand(runnerTokenCommand()),
);
program.addCommand(
  standIn('mcp', 'runner/mcp-main.ts', 'A session’s MCP server over stdio; engines start it.'),
);
program.addCommand(initCommand());
program.addCommand(doctorCommand());
program
  .command('engines')
  .description('Which engines are ready on this machine.')
  .option('--json', 'for programs')
  .action(async (options: { json?: boolean }) => {
    await stand('runner/main.ts', ['engines', ...(options.json === true ? ['--json'] : [])]);
  });
program.addCommand(runCommand());
program.addCommand(respondCommand());
program.addCommand(bundleCommand());
program.addCommand(costsCommand());

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = tellFailure(error);
}
