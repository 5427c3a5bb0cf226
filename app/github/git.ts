/** Runs git without a shell, hooks, or anybody's configuration; with a time limit and a limit on what it may print. */
import { spawn, type ChildProcess } from 'node:child_process';

export type GitResult = {
  code: number | null;
  stdout: Buffer;
  stderr: string;
  timedOut: boolean;
  /** It printed more than we read, and was ended. */
  tooLong: boolean;
};

export type GitCall = {
  /** The bare repository it works in. */
  dir: string;
  args: readonly string[];
  stdin?: string | Uint8Array;
  /** More configuration, given through the environment: it may hold a token, which must not be in argv or in an URL. */
  config?: Readonly<Record<string, string>>;
  milliseconds?: number;
};

const maxOutput = 64 * 1024 * 1024;
const maxErrors = 64 * 1024;
const patience = 60_000;

/** Nothing of the machine's, and nothing that runs a program or asks somebody. */
const fixed: Readonly<Record<string, string>> = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.askPass': '',
  'credential.helper': '',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'protocol.allow': 'never',
  'protocol.http.allow': 'always',
  'protocol.https.allow': 'always',
  'protocol.file.allow': 'always',
  // The token must not follow a redirection to another place.
  'http.followRedirects': 'false',
  'http.lowSpeedLimit': '1000',
  'http.lowSpeedTime': '30',
};

/** Rejects only when git can't be started; a failing command is a result. */
export async function git(call: GitCall): Promise<GitResult> {
  return await new Promise((resolve, reject) => {
    const child = spawn('git', [`--git-dir=${call.dir}`, ...call.args], {
      cwd: call.dir,
      env: environment(call.dir, { ...fixed, ...call.config }),
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own: git's helpers (index-pack, remote-https) have to end with it.
      detached: true,
    });
    const end = () => endGroup(child);
    const out: Buffer[] = [];
    let size = 0;
    let errors = '';
    let timedOut = false;
    let tooLong = false;
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, call.milliseconds ?? patience);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      tooLong ||= size > maxOutput;
      if (tooLong) end();
      else out.push(chunk);
    });
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (chunk: string) => {
      if (errors.length < maxErrors) errors += chunk;
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(
        new Error('git could not be started; it must be installed where the App runs', { cause: error }),
      );
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout: Buffer.concat(out), stderr: errors, timedOut, tooLong });
    });
    // A git that ends early closes its input; its exit code says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(call.stdin ?? '');
  });
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // It has ended already.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function environment(home: string, config: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const entries = Object.entries(config);
  const given = Object.fromEntries(
    entries.flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  );
  return {
    PATH: process.env['PATH'],
    HOME: home,
    LANG: 'C',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(entries.length),
    ...given,
  };
}

/** Sends the token to that URL alone. */
export function authorisation(url: string, token: string): Record<string, string> {
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  return { [`http.${url}.extraHeader`]: `Authorization: Basic ${basic}` };
}

/** The machine's own trouble, which may be gone at the next try, and not what git was given. */
export const isMachine = (result: GitResult): boolean =>
  /No space left|Cannot allocate memory|Too many open files|Disk quota/i.test(result.stderr);

/** The last line that says something, for people. */
export function lastWords(result: GitResult): string {
  if (result.timedOut) return 'it took too long';
  if (result.tooLong) return 'there is too much of it';
  const lines = result.stderr.split('\n').map((line) => line.replace(/^(fatal|error): /, '').trim());
  return lines.findLast((line) => line !== '') ?? `git ended with code ${result.code ?? 'none'}`;
}
