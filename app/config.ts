/** The App's environment, parsed once: either a whole Config, or every problem at once with what to do about it. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { row, type ConfigProblem, type Row } from './config-row.ts';
import { plannerOf, plannerProblems, plannerRows, type PlannerConfig } from './planner-config.ts';

export type Config = {
  /** Undefined: an embedded Postgres in `directory`. */
  databaseUrl: string | undefined;
  /** For migrations; undefined: the same as `databaseUrl`. */
  databaseOwnerUrl: string | undefined;
  gitHub: {
    appId: number;
    /** PEM. */
    privateKey: string;
    /** REST's address, without a slash at its end. */
    apiUrl: string;
    /** Where people and git go. */
    webUrl: string;
  };
  webhookSecret: string;
  /** 32 bytes that seal what agents leave with the App; undefined: derived from the private key. */
  encryptionKey: Buffer | undefined;
  host: string;
  port: number;
  /** Where runners, the CLI and people reach this App. */
  url: string;
  /** Absolute. */
  directory: string;
  logLevel: LogLevel;
  maxSessions: number;
  maxTaskUsd: number;
  maxRunUsd: number;
  maxTeamDayUsd: number;
  leaseSeconds: number;
  heartbeatSeconds: number;
  /** How long a plan waits for a manager before a template plans. */
  planQueueSeconds: number;
  /** How long a dispatched workflow may wait for a GitHub runner before Entourage looks at it. */
  startMinutes: number;
  /** Who signs the tokens of GitHub Actions' jobs. */
  oidcIssuer: string;
  /** How long checks may take to appear before people decide without them. */
  checksMinutes: number;
  /** Between two edits of one card: however many events, at most one edit in that time (SE-1). */
  cardSeconds: number;
  /** The model API that plans where no manager does (PL-2); null: a template plans. */
  planner: PlannerConfig | null;
};

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
type LogLevel = (typeof logLevels)[number];

export class ConfigError extends Error {
  readonly code = 'config_invalid';
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ name, problem, help }) => `  ${name}: ${problem} ${help}`);
    super(`The environment is not complete:\n${lines.join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `ConfigError` with all problems. */
export function readConfig(environment: Environment): Config {
  const result = checkConfig(environment);
  if ('problems' in result) throw new ConfigError(result.problems);
  return result.config;
}

const number = (least: number, most: number, fallback: number) =>
  z.coerce.number().min(least).max(most).default(fallback);
const whole = (least: number, most: number, fallback: number) =>
  z.coerce.number().int().min(least).max(most).default(fallback);
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ });

const rows = {
  DATABASE_URL: row(
    postgresUrl.optional(),
    'an address as postgres://user@host:5432/name',
    'Leave it out for a Postgres of our own in ENTOURAGE_DIR.',
  ),
  DATABASE_OWNER_URL: row(
    postgresUrl.optional(),
    'an address as postgres://owner@host:5432/name',
    'It migrates; leave it out to use DATABASE_URL for both.',
  ),
  APP_ID: row(
    z.coerce.number().int().positive(),
    'the App’s number',
    'GitHub shows it at the top of the App’s settings, as "App ID".',
  ),
  WEBHOOK_SECRET: row(
    z.string().min(8),
    'a secret of 8 characters or more',
    'Make one (`openssl rand -hex 32`) and give it to the App’s settings too.',
  ),
  ENTOURAGE_ENCRYPTION_KEY: row(
    z
      .base64()
      .transform((text) => Buffer.from(text, 'base64'))
      .refine((key) => key.length === 32)
      .optional(),
    'a key of 32 bytes in base64',
    'Make one (`openssl rand -base64 32`), or leave it out for one that is derived from the App’s private key.',
  ),
  GHE_HOST: row(
    z
      .string()
      .regex(/^[A-Za-z0-9.:[\]-]+$/)
      .optional(),
    'a host name without protocol and path',
    'Leave it out for github.com.',
  ),
  GHE_PROTOCOL: row(
    z.enum(['https', 'http']).default('https'),
    '`https` or `http`',
    'Leave it out for https.',
  ),
  HOST: row(
    z.string().min(1).default('127.0.0.1'),
    'an address to listen on',
    'Use 0.0.0.0 to be reachable from other machines.',
  ),
  PORT: row(whole(0, 65_535, 3000), 'a port from 0 to 65535', 'Leave it out for 3000; 0 takes any free one.'),
  ENTOURAGE_URL: row(
    z.url({ protocol: /^https?$/ }).optional(),
    'an address as https://entourage.example.com',
    'It is where runners and people reach this App.',
  ),
  ENTOURAGE_DIR: row(z.string().min(1).default('.entourage'), 'a directory', 'Leave it out for .entourage.'),
  LOG_LEVEL: row(
    z.enum(logLevels).default('info'),
    `one of ${logLevels.join(', ')}`,
    'Leave it out for info.',
  ),
  ENTOURAGE_MAX_SESSIONS: row(whole(1, 10_000, 32), 'a whole number from 1 to 10000', 'Leave it out for 32.'),
  ENTOURAGE_MAX_TASK_USD: row(
    number(0.01, 100_000, 50),
    'dollars from 0.01 to 100000',
    'Leave it out for 50.',
  ),
  ENTOURAGE_MAX_RUN_USD: row(
    number(0.01, 1_000_000, 250),
    'dollars from 0.01 to 1000000',
    'Leave it out for 250.',
  ),
  ENTOURAGE_MAX_TEAM_DAILY_USD: row(
    number(0.01, 1_000_000, 500),
    'dollars from 0.01 to 1000000',
    'Leave it out for 500.',
  ),
  ENTOURAGE_LEASE_SECONDS: row(whole(5, 3600, 300), 'seconds from 5 to 3600', 'Leave it out for 300.'),
  ENTOURAGE_HEARTBEAT_SECONDS: row(whole(1, 600, 15), 'seconds from 1 to 600', 'Leave it out for 15.'),
  ENTOURAGE_PLAN_QUEUE_SECONDS: row(
    whole(1, 86_400, 600),
    'seconds from 1 to 86400',
    'Leave it out for 600.',
  ),
  ENTOURAGE_START_MINUTES: row(number(0.05, 1440, 5), 'minutes from 0.05 to 1440', 'Leave it out for 5.'),
  ENTOURAGE_OIDC_ISSUER: row(
    z.url({ protocol: /^https?$/ }).optional(),
    'an address as https://token.actions.githubusercontent.com',
    'Leave it out for the one of your GitHub; only an enterprise with an issuer of its own needs it.',
  ),
  ENTOURAGE_CARD_SECONDS: row(number(0.1, 600, 5), 'seconds from 0.1 to 600', 'Leave it out for 5.'),
  ENTOURAGE_CHECKS_MINUTES: row(number(0, 1440, 5), 'minutes from 0 to 1440', 'Leave it out for 5.'),
  ...plannerRows,
} satisfies Record<string, Row>;

type Values = { [K in keyof typeof rows]: z.output<(typeof rows)[K]['type']> };

/** Secrets that may lie in a file, as Docker and Kubernetes mount them: NAME_FILE names it. */
const filed = [
  'DATABASE_URL',
  'DATABASE_OWNER_URL',
  'WEBHOOK_SECRET',
  'ENTOURAGE_ENCRYPTION_KEY',
  'ENTOURAGE_PLANNER_API_KEY',
];

/** Every variable that is read here, for the documentation. */
export const variables: readonly { name: string; expected: string; help: string }[] = [
  ...Object.entries<Row>(rows).map(([name, { expected, help }]) => ({ name, expected, help })),
  {
    name: 'PRIVATE_KEY_PATH',
    expected: 'the path of the App’s private key, a .pem file',
    help: 'It or PRIVATE_KEY is needed.',
  },
  { name: 'PRIVATE_KEY', expected: 'the key itself, as PEM or base64 of it', help: 'A file is safer.' },
  ...filed.map((name) => ({
    name: `${name}_FILE`,
    expected: `a file that holds ${name}`,
    help: `Used where ${name} is not set.`,
  })),
];

function withFiles(environment: Environment): { environment: Environment; problems: ConfigProblem[] } {
  const read: Record<string, string | undefined> = { ...environment };
  const problems: ConfigProblem[] = [];
  for (const name of filed) {
    const path = given(environment, `${name}_FILE`);
    if (path === undefined || given(environment, name) !== undefined) continue;
    try {
      read[name] = readFileSync(path, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      problems.push({
        name: `${name}_FILE`,
        problem: `names a file that can’t be read (${code ?? 'unknown reason'}).`,
        help: `Give a file that this user can read, or set ${name}.`,
      });
    }
  }
  return { environment: read, problems };
}

/** The same, for those who want to show the problems themselves. */
export function checkConfig(outside: Environment): { config: Config } | { problems: ConfigProblem[] } {
  const { environment, problems } = withFiles(outside);
  const values: Record<string, unknown> = {};
  for (const [name, { type, expected, help }] of Object.entries<Row>(rows)) {
    const parsed = type.safeParse(given(environment, name));
    if (parsed.success) values[name] = parsed.data;
    else {
      const problem = given(environment, name) === undefined ? 'is missing:' : 'is not what was expected:';
      problems.push({ name, problem: `${problem} ${expected}.`, help });
    }
  }
  const key = privateKey(environment);
  if ('problem' in key) problems.push(key);
  // Each value was parsed by its own row just now.
  const parsed = values as Values;
  problems.push(...contradictions(parsed), ...plannerProblems(parsed, problems));
  if (problems.length > 0 || 'problem' in key) return { problems };
  return { config: configOf(parsed, key.pem) };
}

/** An empty variable is what a missing one looks like in compose files. */
function given(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.trim();
  return value === '' ? undefined : value;
}

function contradictions(values: Partial<Values>): ConfigProblem[] {
  const lease = values.ENTOURAGE_LEASE_SECONDS;
  const beat = values.ENTOURAGE_HEARTBEAT_SECONDS;
  if (lease === undefined || beat === undefined || beat * 2 <= lease) return [];
  const problem = `is ${beat}, more than half of ENTOURAGE_LEASE_SECONDS (${lease}).`;
  return [
    {
      name: 'ENTOURAGE_HEARTBEAT_SECONDS',
      problem,
      help: 'One lost heartbeat would lose a session: lower it, or raise the lease.',
    },
  ];
}

function configOf(values: Values, pem: string): Config {
  const host = values.GHE_HOST;
  const site = host === undefined ? 'https://github.com' : `${values.GHE_PROTOCOL}://${host}`;
  return {
    databaseUrl: values.DATABASE_URL,
    databaseOwnerUrl: values.DATABASE_OWNER_URL,
    gitHub: {
      appId: values.APP_ID,
      privateKey: pem,
      apiUrl: host === undefined ? 'https://api.github.com' : `${site}/api/v3`,
      webUrl: site,
    },
    webhookSecret: values.WEBHOOK_SECRET,
    encryptionKey: values.ENTOURAGE_ENCRYPTION_KEY,
    host: values.HOST,
    port: values.PORT,
    url: (values.ENTOURAGE_URL ?? `http://localhost:${values.PORT}`).replace(/\/+$/, ''),
    directory: resolve(values.ENTOURAGE_DIR),
    logLevel: values.LOG_LEVEL,
    maxSessions: values.ENTOURAGE_MAX_SESSIONS,
    maxTaskUsd: values.ENTOURAGE_MAX_TASK_USD,
    maxRunUsd: values.ENTOURAGE_MAX_RUN_USD,
    maxTeamDayUsd: values.ENTOURAGE_MAX_TEAM_DAILY_USD,
    leaseSeconds: values.ENTOURAGE_LEASE_SECONDS,
    heartbeatSeconds: values.ENTOURAGE_HEARTBEAT_SECONDS,
    planQueueSeconds: values.ENTOURAGE_PLAN_QUEUE_SECONDS,
    startMinutes: values.ENTOURAGE_START_MINUTES,
    oidcIssuer: (values.ENTOURAGE_OIDC_ISSUER ?? issuerOf(host, site)).replace(/\/+$/, ''),
    checksMinutes: values.ENTOURAGE_CHECKS_MINUTES,
    cardSeconds: values.ENTOURAGE_CARD_SECONDS,
    planner: plannerOf(values),
  };
}

/** github.com has a host of its own for it (G34); an Enterprise Server is its own issuer. */
const issuerOf = (host: string | undefined, site: string): string =>
  host === undefined ? 'https://token.actions.githubusercontent.com' : `${site}/_services/token`;

const keyHelp = 'GitHub makes one under "Private keys" of the App’s settings, as a .pem file.';

/** From PRIVATE_KEY (PEM, PEM with `\n` for newlines, or base64 of it) or from the file that PRIVATE_KEY_PATH names. */
function privateKey(environment: Environment): { pem: string } | ConfigProblem {
  const text = given(environment, 'PRIVATE_KEY');
  const path = given(environment, 'PRIVATE_KEY_PATH');
  if (text === undefined && path === undefined) {
    return {
      name: 'PRIVATE_KEY_PATH',
      problem: 'is missing: the path of the App’s private key.',
      help: keyHelp,
    };
  }
  if (text !== undefined) return parseKey('PRIVATE_KEY', text);
  try {
    return parseKey('PRIVATE_KEY_PATH', readFileSync(path ?? '', 'utf8').trim());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      name: 'PRIVATE_KEY_PATH',
      problem: `names a file that can’t be read (${code ?? 'unknown reason'}).`,
      help: 'Give the path of the .pem file, readable by this user.',
    };
  }
}

function parseKey(name: string, text: string): { pem: string } | ConfigProblem {
  const pem = text.startsWith('-----BEGIN')
    ? text.replaceAll('\\n', '\n')
    : Buffer.from(text, 'base64').toString().trim();
  try {
    if (createPrivateKey(pem).asymmetricKeyType === 'rsa') return { pem };
    return { name, problem: 'is a key, but no RSA key, which GitHub’s Apps use.', help: keyHelp };
  } catch {
    // OpenSSL's words may quote the key.
    return { name, problem: 'is not a private key in PEM form.', help: keyHelp };
  }
}
