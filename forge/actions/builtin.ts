/** The actions this forge has built in: `actions/checkout` and `actions/setup-node`. */
import { appendFile, mkdir, readdir } from 'node:fs/promises';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import { refName } from './context.ts';
import type { JobLog } from './job-log.ts';
import { ActionsError } from './refusal.ts';
import type { RunRequest } from './run-request.ts';

export type BuiltinCall = {
  uses: string;
  inputs: Record<string, string>;
  request: RunRequest;
  /** GITHUB_TOKEN. */
  token: string;
  workspace: string;
  log: JobLog;
  /** Runs git in the job's process tree, without the job's own configuration. */
  git: (args: readonly string[], cwd: string) => Promise<number>;
};

/** What an action leaves to its job: outputs, and directories in front of the path. */
export type BuiltinResult = { success: boolean; outputs: Record<string, string>; path: string[] };

type Builtin = (call: BuiltinCall) => Promise<BuiltinResult>;

const builtins: Record<string, Builtin> = { 'actions/checkout': checkout, 'actions/setup-node': setupNode };

/** The built-in behind `uses`, whatever its version, or null for an action that this forge does not have. */
export function builtinAction(uses: string): Builtin | null {
  return builtins[(uses.split('@')[0] ?? '').toLowerCase()] ?? null;
}

const checkoutInputs = [
  'repository',
  'ref',
  'token',
  'path',
  'fetch-depth',
  'fetch-tags',
  'persist-credentials',
  'clean',
  'show-progress',
  'set-safe-directory',
  'submodules',
  'lfs',
  'filter',
];

/** Fetches from the bare repository on disk, then points `origin` at the forge's address as a real checkout does. */
async function checkout(call: BuiltinCall): Promise<BuiltinResult> {
  const { inputs, request, log } = call;
  refuseUnknown(call, checkoutInputs);
  if (inputs['repository'] !== undefined && inputs['repository'] !== request.repository.fullName)
    throw new ActionsError('unsupported', `actions/checkout of another repository (${inputs['repository']})`);
  for (const name of ['submodules', 'lfs'])
    if (!['', 'false'].includes(inputs[name] ?? ''))
      throw new ActionsError('unsupported', `"${name}" of actions/checkout`);

  const directory = resolve(call.workspace, inputs['path'] ?? '.');
  if (relative(call.workspace, directory).startsWith('..'))
    throw new ActionsError('unsupported', `a checkout outside the workspace (${inputs['path']})`);
  const wanted = inputs['ref'] ?? '';
  const ref = wanted === '' ? request.ref : wanted;
  const sha = wanted === '' ? request.sha : await request.repository.git.resolve(wanted);
  if (sha === null) {
    log.say(`##[error]A branch or tag with the name '${wanted}' could not be found`);
    return { success: false, outputs: {}, path: [] };
  }

  await mkdir(directory, { recursive: true });
  const steps = [
    ...((await readdir(directory)).includes('.git') ? [] : [['init', '-q', '.']]),
    fetchArguments(call, sha),
    checkoutArguments(ref, sha),
  ];
  for (const args of steps)
    if ((await call.git(args, directory)) !== 0) return { success: false, outputs: {}, path: [] };
  await configureOrigin(call, directory);
  log.say(`HEAD is now at ${sha}`);
  return { success: true, outputs: { ref, commit: sha }, path: [] };
}

function fetchArguments(call: BuiltinCall, sha: string): string[] {
  const depth = Number(call.inputs['fetch-depth'] ?? '1');
  const branches =
    depth === 0
      ? ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*']
      : [`--depth=${depth}`, '--no-tags'];
  // A test merge commit has no ref of its own, so its bare sha must be allowed as a want.
  const upload = '--upload-pack=git -c uploadpack.allowAnySHA1InWant=true -c safe.directory=* upload-pack';
  return [
    'fetch',
    '-q',
    upload,
    ...branches.filter((one) => one.startsWith('--')),
    `file://${call.request.repository.git.dir}`,
    sha,
    ...branches.filter((one) => !one.startsWith('--')),
  ];
}

/** A branch is checked out by its name, everything else detached, as the real action does. */
function checkoutArguments(ref: string, sha: string): string[] {
  const isBranch = ref.startsWith('refs/heads/') || !(ref.startsWith('refs/') || ref === sha);
  return [
    '-c',
    'advice.detachedHead=false',
    'checkout',
    '-q',
    '--force',
    ...(isBranch ? ['-B', refName(ref)] : ['--detach']),
    sha,
  ];
}

/** Written into the file: a token must not appear among a command's arguments. */
async function configureOrigin(call: BuiltinCall, directory: string): Promise<void> {
  const { server } = call.request.urls;
  const remote = `[remote "origin"]\n\turl = ${server}/${call.request.repository.fullName}.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`;
  const token = call.inputs['token'] ?? call.token;
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  call.log.mask(basic);
  const keep = (call.inputs['persist-credentials'] ?? 'true') === 'true';
  const credentials = keep ? `[http "${server}/"]\n\textraheader = AUTHORIZATION: basic ${basic}\n` : '';
  await appendFile(join(directory, '.git', 'config'), remote + credentials);
}

const setupNodeInputs = [
  'node-version',
  'node-version-file',
  'cache',
  'cache-dependency-path',
  'check-latest',
  'architecture',
  'package-manager-cache',
  'always-auth',
  'token',
];

/** Keeps the Node this forge runs on, whatever version is asked for: nothing is downloaded. */
async function setupNode(call: BuiltinCall): Promise<BuiltinResult> {
  refuseUnknown(call, setupNodeInputs);
  const asked = call.inputs['node-version'] ?? call.inputs['node-version-file'] ?? 'any';
  call.log.say(`Node ${process.version} is kept (asked for: ${asked})`);
  const outputs = { 'node-version': process.version, 'cache-hit': 'false' };
  return Promise.resolve({ success: true, outputs, path: [dirname(process.execPath)] });
}

function refuseUnknown(call: BuiltinCall, known: readonly string[]): void {
  const unknown = Object.keys(call.inputs).find((name) => !known.includes(name.toLowerCase()));
  if (unknown !== undefined) throw new ActionsError('unsupported', `"${unknown}" of ${call.uses}`);
}

/** Directories in front of a PATH. */
export function withPath(env: Record<string, string>, path: readonly string[]): Record<string, string> {
  return { ...env, PATH: [...path, env['PATH'] ?? ''].filter((part) => part !== '').join(delimiter) };
}
