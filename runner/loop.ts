/** The runner's life: register, claim sessions by long poll, host some at once, end in good order. */
import type { Assignment } from '../app/catalog/assignment.ts';
import { claimSession, endSession, registerRunner } from '../app/catalog/sessions.ts';
import { createClient, type Client } from '../app/client/client.ts';
import { ClientError, TransportError } from '../app/client/failure.ts';
import { adopt } from './adoption.ts';
import type { Disk } from './disk.ts';
import type { RunnerDirectory } from './directory.ts';
import { pause } from './heartbeat.ts';
import { wordsOf, type Log } from './log.ts';
import { mcpMain } from './mcp-path.ts';
import type { IsolationMode } from './quarters.ts';
import { openTmux } from './tmux.ts';
import { workOn } from './work.ts';

export type RunnerOptions = {
  url: string;
  name: string;
  /** The registration token; needed until there is a credential. */
  token: string | null;
  /** Engines that are ready here. */
  engines: readonly string[];
  /** Sessions at once. */
  slots: number;
  /** Names of variables that engines get. */
  pass: readonly string[];
  isolation: IsolationMode;
  /** How long running sessions may go on when the runner is asked to end. */
  drainMs: number;
  patienceMs: number;
};

export type RunnerParts = { directory: RunnerDirectory; disk: Disk; log: Log };

/** Longest pause between two tries while the App is away. */
const longestPauseMs = 30_000;
/** An App that answers "nothing" at once, wait or no wait, is not asked more often than this. */
const leastIntervalMs = 250;

/** Works until the signal fires. Rejects when the App refuses this runner. */
export async function runLoop(
  options: RunnerOptions,
  parts: RunnerParts,
  signal: AbortSignal,
): Promise<void> {
  const { directory, log } = parts;
  let client = await connect(options, parts, signal);
  if (client === null) return;
  const shown = await openTmux(directory.path, log);
  const adopted = new Set(directory.adoptable.map(({ assignment }) => assignment.session));
  await shown.tmux?.keepOnly(adopted);
  const running = new Set<Promise<unknown>>();
  const drained = new AbortController();
  const place = {
    url: options.url,
    sessions: directory.sessions,
    cache: directory.cache,
    tickets: directory.tickets,
    tmux: shown.tmux,
    isolation: options.isolation,
    node: process.execPath,
    mcp: mcpMain,
    log,
    pass: options.pass,
    patienceMs: options.patienceMs,
    pushPatienceMs: 120_000,
    asked: {
      reason: 'The runner is shutting down.',
      cancelled: false,
      patienceMs: options.patienceMs,
      pushPatienceMs: 120_000,
    },
  };
  for (const adoption of directory.adoptable) {
    const work: Promise<unknown> = adopt(adoption, place, drained.signal).finally(() => running.delete(work));
    running.add(work);
  }
  await reportLost(options.url, parts, signal);
  log('waiting for work', {
    name: options.name,
    slots: options.slots,
    engines: options.engines.join(' '),
    watch: shown.tmux === null ? `sessions can’t be watched: ${shown.reason}` : shown.tmux.command(),
  });
  while (!signal.aborted) {
    if (running.size >= options.slots) {
      await Promise.race([...running, aborted(signal)]);
      continue;
    }
    try {
      const assignment = await claim(client, options, { disk: parts.disk, log, signal });
      if (assignment === null) continue;
      const work: Promise<unknown> = workOn(assignment, place, drained.signal).finally(() =>
        running.delete(work),
      );
      running.add(work);
    } catch (error) {
      if (signal.aborted) break;
      if (!(error instanceof ClientError && error.code === 'not_authenticated') || options.token === null)
        throw error;
      log('the credential is not valid any more; registering again');
      client = await register(options, parts, signal);
      if (client === null) break;
    }
  }
  await drain({ running, drained, log }, options.drainMs);
}

/** Sessions that died with an earlier life of this runner: the App is told, and can give their work to somebody at once. */
async function reportLost(url: string, { directory, log }: RunnerParts, signal: AbortSignal): Promise<void> {
  const adopted = new Set(directory.adoptable.map(({ assignment }) => assignment.session));
  for (const { session, token } of await directory.tickets.left()) {
    if (adopted.has(session)) continue;
    const input = { session, outcome: 'lost', reason: 'The runner was killed.' } as const;
    const client = createClient({ url, token });
    try {
      const answer = await outlast({ log, signal }, () => client.call(endSession, input, { signal }));
      if (answer === null) return;
      log('reported a lost session', { session });
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      // It ended otherwise meanwhile.
      log('a lost session needs no report', { session, code: error.code });
    }
    await directory.tickets.drop(session);
  }
}

/** Running sessions may finish; after the time is up they are stopped, and hand over what they have. */
async function drain(
  { running, drained, log }: { running: Set<Promise<unknown>>; drained: AbortController; log: Log },
  drainMs: number,
): Promise<void> {
  if (running.size > 0) log('no new sessions; waiting for those that run', { running: running.size });
  const timer = setTimeout(() => drained.abort(), drainMs);
  await Promise.all(running);
  clearTimeout(timer);
  log('runner ends');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The client by the kept credential, else by registering. Null when asked to end meanwhile. */
async function connect(
  options: RunnerOptions,
  parts: RunnerParts,
  signal: AbortSignal,
): Promise<Client | null> {
  const kept = await parts.directory.readCredential();
  if (kept?.url === options.url) return createClient({ url: options.url, token: kept.token });
  return await register(options, parts, signal);
}

async function register(
  options: RunnerOptions,
  parts: RunnerParts,
  signal: AbortSignal,
): Promise<Client | null> {
  const { url, token } = options;
  if (token === null) {
    throw new Error(
      'This runner is not registered: give it a registration token in ENTOURAGE_RUNNER_TOKEN or by --token-file (`entourage app runner-token` makes one, beside the App).',
    );
  }
  const client = createClient({ url, token });
  const answer = await outlast({ log: parts.log, signal }, () =>
    client.call(registerRunner, { name: options.name }, { signal }),
  );
  if (answer === null) return null;
  await parts.directory.writeCredential({ url, runner: answer.runner, token: answer.token });
  parts.log('registered', { runner: answer.runner, name: options.name });
  return createClient({ url, token: answer.token });
}

async function claim(
  client: Client,
  options: RunnerOptions,
  on: { disk: Disk; log: Log; signal: AbortSignal },
): Promise<Assignment | null> {
  await on.disk.untilRoom(on.signal);
  if (on.signal.aborted) return null;
  const asked = Date.now();
  const input = { engines: [...options.engines], wait: 45 };
  const answer = await outlast(on, () => client.call(claimSession, input, { signal: on.signal }));
  const assignment = answer?.assignment ?? null;
  if (assignment === null) await pause(Math.max(0, leastIntervalMs - (Date.now() - asked)), on.signal);
  return assignment;
}

/** Tries until the App answers: one line when it goes, one when it is back, pauses that grow. Null when asked to end. */
async function outlast<T>(
  { log, signal }: { log: Log; signal: AbortSignal },
  call: () => Promise<T>,
): Promise<T | null> {
  for (let failures = 0; ;) {
    try {
      const answer = await call();
      if (failures > 0) log('the App is back');
      return answer;
    } catch (error) {
      if (signal.aborted) return null;
      if (!isAway(error)) throw error;
      failures += 1;
      // The first silence is often a restart that cut the long poll.
      if (failures === 2)
        log('the App can’t be reached; trying again until it is back', { error: wordsOf(error) });
      const longest = Math.min(longestPauseMs, 250 * 2 ** Math.min(failures, 10));
      await pause(longest * (0.5 + Math.random() / 2), signal);
      if (signal.aborted) return null;
    }
  }
}

const isAway = (error: unknown): boolean =>
  error instanceof TransportError ||
  (error instanceof ClientError && (error.code === 'unavailable' || error.code === 'rate_limited'));
