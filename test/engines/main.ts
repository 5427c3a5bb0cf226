/**
 * `npm run test:engines`: installs the CLIs of this folder where they are missing, then runs its suites. On Linux that
 * happens in a network of its own that has nothing but loopback, as far as this user may make one (`unshare`); elsewhere
 * the suites themselves still refuse and count every connection that goes through a proxy.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');

function run(file: string, args: readonly string[], cwd: string = root): number {
  const { status, error } = spawnSync(file, args, { cwd, stdio: 'inherit' });
  if (error !== undefined) throw new Error(`\`${file}\` could not be started: ${error.message}`);
  return status ?? 1;
}

/** True when every package of package.json is there in the version that it names. */
function areInstalled(): boolean {
  const { dependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return Object.entries(dependencies).every(([name, version]) => {
    const file = join(here, 'node_modules', name, 'package.json');
    return (
      existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version === version
    );
  });
}

/** How a program is started in a network of its own; null where this user may not. Users who aren't root become it there. */
function alone(): string[] | null {
  for (const command of [
    ['unshare', '--net'],
    ['unshare', '--map-root-user', '--net'],
  ]) {
    const [file = '', ...args] = command;
    if (spawnSync(file, [...args, 'ip', 'link', 'set', 'lo', 'up']).status === 0) return command;
  }
  return null;
}

function main(args: readonly string[]): number {
  if (args[0] === '--inside') {
    const up = run('ip', ['link', 'set', 'lo', 'up']);
    return up === 0 ? suites(args.slice(1)) : up;
  }
  // `npm ci` wants the packages of all platforms in the lock file, and not every registry has them all.
  if (!areInstalled() && run('npm', ['install', '--no-save', '--no-audit', '--no-fund'], here) !== 0)
    return 1;
  const network = alone();
  if (network === null) {
    console.log(
      'No network of its own: this user may not make one. Connections through a proxy are refused.',
    );
    return suites(args);
  }
  console.log('In a network of its own, with loopback only.');
  const [file = '', ...before] = network;
  return run(file, [...before, process.execPath, fileURLToPath(import.meta.url), '--inside', ...args]);
}

const suites = (args: readonly string[]): number =>
  run(process.execPath, [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--config',
    join(here, 'vitest.config.ts'),
    ...args,
  ]);

process.exitCode = main(process.argv.slice(2));
