/** What `entourage app create` does: a page, a code, the keys, two files. */
import { access, constants, lstat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { z } from 'zod';
import { openCodeDoor } from './code-door.ts';
import { envText, writeSecret } from './env-file.ts';
import { manifestOf, pageHtml, registrationPage } from './manifest.ts';
import { ownRegistration } from './registration.ts';
import { UsageError } from './failure.ts';
import { asPerson, asRefusal, siteOf, type Site } from './site.ts';

export type CreateOptions = {
  org?: string;
  url?: string;
  name?: string;
  file: string;
  port: string;
  minutes: string;
  force?: true;
};

/** Only what is written down is read. */
const Converted = z.object({
  id: z.int(),
  html_url: z.url(),
  pem: z.string().startsWith('-----BEGIN'),
  webhook_secret: z.string().min(8),
});

export async function createApp(options: CreateOptions): Promise<void> {
  const site = siteOf(process.env);
  const { url, port, minutes } = checked(options);
  const files = { env: resolve(options.file), key: keyFile(resolve(options.file)) };
  const replace = await mayReplace(Object.values(files), options.force === true);
  const registration = await ownRegistration();
  await using door = await openCodeDoor(port, ({ state, redirect }) =>
    pageHtml(registration, {
      action: registrationPage(site, options.org ?? null, state),
      manifest: manifestOf(registration, { url, redirect, name: options.name ?? 'entourage' }),
    }),
  );
  const local = new URL(door.url);
  console.log(`Open ${door.url}`);
  console.log(
    `From another machine: ssh -L ${local.port}:127.0.0.1:${local.port} this-machine, and open it there.`,
  );
  const app = await convert(site, await within(minutes, door.code));
  await writeSecret(files.key, app.pem.endsWith('\n') ? app.pem : `${app.pem}\n`, replace);
  await writeSecret(files.env, envText(environmentOf(app, { site, url, key: files.key })), replace);
  console.log(`GitHub knows the App as ${app.html_url} (id ${app.id}).
Wrote ${files.env} and ${files.key}, readable by you alone.

Next:
1. Install it on the repositories it may work in: ${app.html_url}/installations/new
2. Start it: node --env-file=${options.file} app/cli/main.ts app
3. Look it over: node --env-file=${options.file} app/cli/main.ts doctor`);
}

function checked(options: CreateOptions): { url: string; port: number; minutes: number } {
  const url = (options.url ?? process.env['ENTOURAGE_URL'] ?? '').replace(/\/+$/, '');
  const problems: string[] = [];
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    const got = url === '' ? '' : ` “${url}” is no address with its protocol.`;
    problems.push(
      `Where will the App be?${got} Give --url or ENTOURAGE_URL, as https://entourage.example.com.`,
    );
  }
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    problems.push(`--port: expected a number from 0 to 65535, got ${options.port}.`);
  const minutes = Number(options.minutes);
  if (!(minutes > 0 && minutes <= 1_440))
    problems.push(`--minutes: expected a number up to 1440, got ${options.minutes}.`);
  if (options.org !== undefined && !/^[\w-]+$/.test(options.org))
    problems.push(`--org: expected an organisation’s login, got ${options.org}.`);
  if (Array.from(options.name ?? '').length > 34)
    problems.push('--name: GitHub takes at most 34 characters.');
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return { url, port, minutes };
}

const keyFile = (env: string): string => join(dirname(env), `${basename(env, '.env')}.private-key.pem`);

/** Asked before the App exists: afterwards its keys would be lost. */
async function mayReplace(paths: readonly string[], force: boolean): Promise<boolean> {
  for (const path of paths) await mustTakeFiles(dirname(path));
  const there: string[] = [];
  for (const path of paths) if (await exists(path)) there.push(path);
  if (there.length === 0 || force) return force;
  const words = `${there.join(' and ')} ${there.length === 1 ? 'is' : 'are'} there already`;
  if (process.stdin.isTTY !== true)
    throw new UsageError(`${words}. Choose another --file, or give --force to replace.`);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const reply = await terminal.question(`${words}. Replace? Their secrets are gone then. (yes/no) `);
    if (reply.trim().toLowerCase() === 'yes') return true;
  } finally {
    terminal.close();
  }
  throw new UsageError('Nothing was done. Choose another --file.');
}

async function mustTakeFiles(directory: string): Promise<void> {
  try {
    await access(`${directory}/.`, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `No file can be made in ${directory} (${code}), so the App’s keys would be lost. Make the directory, or choose another --file.`,
    );
  }
}

/** A link that leads nowhere is there, too: a new file can't take its place. */
async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function within(minutes: number, code: Promise<string>): Promise<string> {
  const late = Promise.withResolvers<never>();
  const words = `Nobody came back from GitHub within ${minutes} minutes. If the App was made there, delete it in its settings; then start again.`;
  const timer = setTimeout(() => late.reject(new UsageError(words)), minutes * 60_000);
  try {
    return await Promise.race([code, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** The code buys the keys once, within an hour. */
async function convert(site: Site, code: string): Promise<z.infer<typeof Converted>> {
  try {
    const { data } = await asPerson(site, null).request('POST /app-manifests/{code}/conversions', { code });
    return Converted.parse(data);
  } catch (error) {
    if (error instanceof z.ZodError)
      throw new UsageError(
        'GitHub’s answer held no key. Make one in the App’s settings, and write the file by hand.',
      );
    const refusal = asRefusal('GitHub did not hand out the App’s keys', error);
    refusal.message +=
      '\nThe code is good once, within an hour. Delete the App in its settings, then start again.';
    throw refusal;
  }
}

function environmentOf(
  app: z.infer<typeof Converted>,
  { site, url, key }: { site: Site; url: string; key: string },
): Record<string, string> {
  const { host, protocol } = new URL(site.web);
  return {
    APP_ID: String(app.id),
    PRIVATE_KEY_PATH: key,
    WEBHOOK_SECRET: app.webhook_secret,
    ENTOURAGE_URL: url,
    ...(host === 'github.com' ? {} : { GHE_HOST: host }),
    ...(protocol === 'http:' ? { GHE_PROTOCOL: 'http' } : {}),
  };
}
