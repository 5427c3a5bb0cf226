/** Whether an engine's program is on the path, new enough, and has a key to its model. */
import { execFile } from 'node:child_process';
import { access, constants, realpath, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Environment, Readiness } from './engine.ts';

export type Installation = {
  /** What people call it. */
  title: string;
  file: string;
  /** The oldest version whose behaviour is known: older ones are refused. */
  oldest: string;
  /** How to get it. */
  install: string;
  /** Variables one of which it needs. */
  keys: readonly string[];
};

const run = promisify(execFile);
/** Some of them take seconds to tell it. */
const versionMs = 30_000;

export async function readinessOf(installation: Installation, environment: Environment): Promise<Readiness> {
  const { title, file, oldest, install, keys } = installation;
  const path = await findProgram(file, environment['PATH'] ?? '');
  if (path === null) {
    return {
      ready: false,
      words: `${title} is not installed: no \`${file}\` on the path. \`${install}\` installs it.`,
    };
  }
  const found = await versionOf(path, environment);
  if (!('version' in found)) {
    return {
      ready: false,
      words: `${title} does not tell its version: \`${file} --version\` ${found.problem}.`,
    };
  }
  const { version } = found;
  if (isOlder(version, oldest)) {
    const words = `${title} ${version} is too old: at least ${oldest} is needed. \`${install}\` updates it.`;
    return { ready: false, words };
  }
  if (!keys.some((key) => (environment[key] ?? '') !== '')) {
    const words = `${title} ${version} has no key to a model: set ${orOf(keys)}, and hand it to engines (a runner’s --pass-env, the action’s pass).`;
    return { ready: false, words };
  }
  return { ready: true, words: `${title} ${version}` };
}

const orOf = (names: readonly string[]): string =>
  names.length > 1 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}` : names.join();

/** A program by its name on the path, or by a path of its own. */
export async function findProgram(file: string, path: string): Promise<string | null> {
  const places = file.includes('/')
    ? [file]
    : path.split(delimiter).map((place) => place && join(place, file));
  for (const candidate of places) {
    if (candidate === '') continue;
    try {
      await access(candidate, constants.X_OK);
      if ((await stat(candidate)).isFile()) return candidate;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'EACCES' && code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
    }
  }
  return null;
}

type Version = { version: string } | { problem: string };

/** By real path and time of change: readiness is asked often, and an update changes both. */
const versions = new Map<string, Promise<Version>>();

async function versionOf(path: string, environment: Environment): Promise<Version> {
  const real = await realpath(path);
  const key = `${real} ${(await stat(real)).mtimeMs}`;
  let asked = versions.get(key);
  if (asked === undefined) {
    asked = askVersion(path, environment);
    versions.set(key, asked);
    // A machine that was too busy may answer the next time.
    void asked.then((version) => {
      if ('problem' in version) versions.delete(key);
    });
  }
  return await asked;
}

async function askVersion(path: string, environment: Environment): Promise<Version> {
  try {
    const env = { PATH: environment['PATH'], HOME: environment['HOME'], NO_COLOR: '1' };
    const { stdout } = await run(path, ['--version'], { timeout: versionMs, env });
    const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0];
    return version === undefined ? { problem: `says ${JSON.stringify(stdout.slice(0, 100))}` } : { version };
  } catch (error) {
    const { code, killed, message } = error as { code?: unknown; killed?: boolean; message?: string };
    if (killed === true) return { problem: `took longer than ${versionMs / 1000} seconds` };
    return {
      problem: typeof code === 'number' ? `ends with code ${code}` : `fails: ${message ?? String(error)}`,
    };
  }
}

/** Both have three numbers. */
export function isOlder(version: string, than: string): boolean {
  const other = than.split('.').map(Number);
  for (const [index, part] of version.split('.').map(Number).entries()) {
    if (part !== other[index]) return part < (other[index] ?? 0);
  }
  return false;
}
