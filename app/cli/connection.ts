/** How the terminal reaches the App: address, key and repository, from options or the environment. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { errors } from '../catalog/errors.ts';
import { createClient, type Client } from '../client/client.ts';
import { ClientError, TransportError } from '../client/failure.ts';
import { ConfigError } from '../config.ts';
import { GitHubRefusal, UsageError } from './failure.ts';

export type ConnectionOptions = { url?: string; keyFile?: string; repo?: string; json?: boolean };
export type Connection = { client: Client; repository: string; json: boolean };

/** A command that talks to the App, with the options that all of them have. */
export function connected(name: string, summary: string): Command {
  return new Command(name)
    .description(summary)
    .option('--url <url>', 'the App’s address (ENTOURAGE_URL)')
    .option('--key-file <path>', 'file with an API key (or ENTOURAGE_API_KEY)')
    .option('--repo <owner/name>', 'the repository (ENTOURAGE_REPOSITORY)')
    .option('--json', 'the App’s own answer, for programs');
}

export function connectionOf(options: ConnectionOptions): Connection {
  const repository = options.repo ?? process.env['ENTOURAGE_REPOSITORY'];
  if (repository === undefined) {
    throw new UsageError('Which repository? Give --repo owner/name or ENTOURAGE_REPOSITORY.');
  }
  return { client: clientOf(options), repository, json: options.json === true };
}

export function clientOf(options: ConnectionOptions): Client {
  const url = options.url ?? process.env['ENTOURAGE_URL'];
  const problems: string[] = [];
  if (url === undefined || !URL.canParse(url)) {
    problems.push('Where is the App? Give --url or ENTOURAGE_URL, as https://entourage.example.com.');
  }
  const token = keyOf(options.keyFile);
  if (token === undefined || token === '') {
    problems.push('Who are you? Give an API key by --key-file or in ENTOURAGE_API_KEY.');
  }
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return createClient({ url: url ?? '', token: token ?? '' });
}

function keyOf(file: string | undefined): string | undefined {
  if (file === undefined) return process.env['ENTOURAGE_API_KEY']?.trim();
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`The key file ${file} can’t be read: ${(error as Error).message}`);
  }
}

/** The exit code of the catalog's table; a bug's stack is shown, everything else in words. */
export function tellFailure(error: unknown): number {
  if (error instanceof ClientError) {
    console.error(error.message);
    if (error.help !== undefined) console.error(error.help);
    const known = Object.entries(errors).find(([code]) => code === error.code);
    return known?.[1].exit ?? 1;
  }
  if (error instanceof TransportError) {
    console.error(error.message);
    return errors.unavailable.exit;
  }
  if (error instanceof GitHubRefusal) {
    console.error(error.message);
    return error.status === 0 ? errors.unavailable.exit : errors.not_permitted.exit;
  }
  if (error instanceof UsageError || error instanceof ConfigError) {
    console.error(error.message);
    return errors.invalid_input.exit;
  }
  console.error(error);
  return 1;
}
