/** `entourage app create`: registers the GitHub App from app.yml by GitHub’s manifest flow, and keeps its keys in files. */
import { Command } from 'commander';
import type { CreateOptions } from './app-creation.ts';

export function appCreateCommand(): Command {
  return (
    new Command('create')
      .description(
        'Register the GitHub App with the least permissions it needs, and write its keys to files.',
      )
      .option('--url <url>', 'where GitHub and people will reach the App (ENTOURAGE_URL)')
      .option('--org <login>', 'the organisation that owns it; without it, your own account')
      .option('--name <name>', 'its name on GitHub, at most 34 characters', 'entourage')
      // Not `--env-file`: node takes that for its own wherever it stands, and ends because the file is not there yet.
      .option('--file <path>', 'where APP_ID, WEBHOOK_SECRET and the key’s path go', 'entourage.env')
      .option('--port <port>', 'of the page on this machine; 0 takes a free one', '0')
      .option('--minutes <minutes>', 'how long to wait for you', '30')
      .option('--force', 'replace files that are there')
      .action(async (options: CreateOptions) => {
        // Octokit and YAML, for this command alone.
        const { createApp } = await import('./app-creation.ts');
        await createApp(options);
      })
  );
}
