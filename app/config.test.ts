import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkConfig, ConfigError, readConfig, variables } from './config.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const enough = { APP_ID: '7', PRIVATE_KEY: pem, WEBHOOK_SECRET: 'a long secret' };

const namesOf = (environment: Record<string, string>): string[] => {
  const checked = checkConfig(environment);
  return 'problems' in checked ? checked.problems.map(({ name }) => name) : [];
};

describe('the configuration', () => {
  test('needs three things and has defaults for the rest', () => {
    expect(readConfig(enough)).toMatchObject({
      databaseUrl: undefined,
      gitHub: { appId: 7, apiUrl: 'https://api.github.com', webUrl: 'https://github.com' },
      host: '127.0.0.1',
      port: 3000,
      url: 'http://localhost:3000',
      logLevel: 'info',
      maxSessions: 32,
    });
  });

  test('takes secrets from files, where Docker and Kubernetes put them', () => {
    const directory = mkdtempSync(join(tmpdir(), 'entourage-config-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'url');
    writeFileSync(file, 'postgres://me@db:5432/entourage\n');
    const read = readConfig({ ...enough, DATABASE_URL_FILE: file });
    expect(read.databaseUrl).toBe('postgres://me@db:5432/entourage');
    const nearer = { ...enough, DATABASE_URL: 'postgres://a@b:1/c', DATABASE_URL_FILE: file };
    expect(readConfig(nearer).databaseUrl).toBe('postgres://a@b:1/c');
    expect(namesOf({ ...enough, WEBHOOK_SECRET: '', WEBHOOK_SECRET_FILE: `${file}-none` })).toEqual([
      'WEBHOOK_SECRET_FILE',
      'WEBHOOK_SECRET',
    ]);
    expect(variables.map(({ name }) => name)).toContain('WEBHOOK_SECRET_FILE');
  });

  test('PL-2 takes a model that plans, with what its provider needs', () => {
    const planner = (more: object) => readConfig({ ...enough, ...more }).planner;
    expect(planner({})).toBeNull();
    const hosted = { ENTOURAGE_PLANNER: 'anthropic/claude-sonnet-5', ENTOURAGE_PLANNER_API_KEY: 'sk-1' };
    expect(planner(hosted)).toEqual({
      provider: 'anthropic',
      model: 'claude-sonnet-5',
      apiKey: 'sk-1',
      baseUrl: undefined,
    });
    const own = {
      ENTOURAGE_PLANNER: 'openai-compatible/meta-llama/Llama-3-70b',
      ENTOURAGE_PLANNER_BASE_URL: 'http://127.0.0.1:8000/v1/',
    };
    expect(planner(own)).toMatchObject({
      model: 'meta-llama/Llama-3-70b',
      baseUrl: 'http://127.0.0.1:8000/v1',
    });
  });

  test.each([
    [{ ENTOURAGE_PLANNER: 'gpt-5' }, ['ENTOURAGE_PLANNER']],
    [{ ENTOURAGE_PLANNER: 'openai/' }, ['ENTOURAGE_PLANNER']],
    [{ ENTOURAGE_PLANNER: 'acme/gpt-5', ENTOURAGE_PLANNER_API_KEY: 'secret-1' }, ['ENTOURAGE_PLANNER']],
    [{ ENTOURAGE_PLANNER: 'openai/gpt-5' }, ['ENTOURAGE_PLANNER_API_KEY']],
    [
      { ENTOURAGE_PLANNER: 'openai/gpt-5', ENTOURAGE_PLANNER_API_KEY: 'secret 1' },
      ['ENTOURAGE_PLANNER_API_KEY'],
    ],
    [{ ENTOURAGE_PLANNER: 'openai-compatible/x' }, ['ENTOURAGE_PLANNER_BASE_URL']],
    [
      { ENTOURAGE_PLANNER: 'openai-compatible/x', ENTOURAGE_PLANNER_BASE_URL: 'ftp://models' },
      ['ENTOURAGE_PLANNER_BASE_URL'],
    ],
    [{ ENTOURAGE_PLANNER_API_KEY: 'secret-1' }, ['ENTOURAGE_PLANNER_API_KEY']],
    [{ ENTOURAGE_PLANNER_BASE_URL: 'https://models.example.com' }, ['ENTOURAGE_PLANNER_BASE_URL']],
  ])('PL-2 refuses a planner that is not whole, and never shows its key: %j', (more, names) => {
    expect(namesOf({ ...enough, ...more })).toEqual(names);
    expect(() => readConfig({ ...enough, ...more })).toThrow(/^((?!secret.1)[\s\S])*$/);
  });

  test('reads a GitHub of one’s own as Probot does', () => {
    const { gitHub } = readConfig({ ...enough, GHE_HOST: '127.0.0.1:4000', GHE_PROTOCOL: 'http' });
    expect(gitHub).toMatchObject({ apiUrl: 'http://127.0.0.1:4000/api/v3', webUrl: 'http://127.0.0.1:4000' });
  });

  test('G34: knows who signs the tokens of Actions’ jobs: github.com’s issuer, the server itself, or one that is named', () => {
    const issuer = (more: object): string => readConfig({ ...enough, ...more }).oidcIssuer;
    expect(issuer({})).toBe('https://token.actions.githubusercontent.com');
    expect(issuer({ GHE_HOST: 'ghe.example.com' })).toBe('https://ghe.example.com/_services/token');
    const own = 'https://token.actions.githubusercontent.com/octo';
    expect(issuer({ ENTOURAGE_OIDC_ISSUER: `${own}/` })).toBe(own);
  });

  test('tells all problems at once, each with what is expected and what to do', () => {
    const environment = {
      PORT: 'http',
      DATABASE_URL: 'mysql://x',
      LOG_LEVEL: 'loud',
      ENTOURAGE_MAX_SESSIONS: '0',
      APP_ID: 'seven',
    };
    expect(namesOf(environment).toSorted()).toEqual([
      'APP_ID',
      'DATABASE_URL',
      'ENTOURAGE_MAX_SESSIONS',
      'LOG_LEVEL',
      'PORT',
      'PRIVATE_KEY_PATH',
      'WEBHOOK_SECRET',
    ]);
    expect(() => readConfig(environment)).toThrow(ConfigError);
    expect(() => readConfig(environment)).toThrow(/PORT: is not what was expected: a port from 0 to 65535\./);
    expect(() => readConfig(environment)).toThrow(/WEBHOOK_SECRET: is missing: .*`openssl rand/);
  });

  test('never shows a secret', () => {
    const environment = {
      APP_ID: '7',
      PRIVATE_KEY: `-----BEGIN PRIVATE KEY-----\nhush-hush-hush\n-----END PRIVATE KEY-----`,
      WEBHOOK_SECRET: 'short',
      DATABASE_URL: 'postgers://me:hush-hush@host/name',
    };
    const checked = checkConfig(environment);
    expect(namesOf(environment).toSorted()).toEqual(['DATABASE_URL', 'PRIVATE_KEY', 'WEBHOOK_SECRET']);
    expect(JSON.stringify(checked)).not.toMatch(/hush|short/);
  });

  test.each([
    ['PEM', pem],
    ['PEM on one line', pem.trim().replaceAll('\n', '\\n')],
    ['base64 of PEM', Buffer.from(pem).toString('base64')],
  ])('takes the key as %s', (_, key) => {
    expect(readConfig({ ...enough, PRIVATE_KEY: key }).gitHub.privateKey.trim()).toBe(pem.trim());
  });

  test('takes the key from a file, and says when the file can’t be read or holds no RSA key', () => {
    const directory = mkdtempSync(join(tmpdir(), 'config-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const { PRIVATE_KEY: _, ...rest } = enough;
    const path = join(directory, 'key.pem');
    expect(() => readConfig({ ...rest, PRIVATE_KEY_PATH: path })).toThrow(/can’t be read \(ENOENT\)/);
    writeFileSync(path, pem);
    expect(readConfig({ ...rest, PRIVATE_KEY_PATH: path }).gitHub.privateKey.trim()).toBe(pem.trim());
    const other = generateKeyPairSync('ed25519')
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    writeFileSync(path, other);
    expect(() => readConfig({ ...rest, PRIVATE_KEY_PATH: path })).toThrow(/no RSA key/);
  });

  test('takes an empty variable for a missing one', () => {
    expect(readConfig({ ...enough, DATABASE_URL: '', PORT: ' ' })).toMatchObject({
      port: 3000,
      databaseUrl: undefined,
    });
    expect(namesOf({ ...enough, APP_ID: '' })).toEqual(['APP_ID']);
  });

  test('refuses a heartbeat that a lease can’t outlive', () => {
    const environment = { ...enough, ENTOURAGE_LEASE_SECONDS: '10', ENTOURAGE_HEARTBEAT_SECONDS: '8' };
    expect(namesOf(environment)).toEqual(['ENTOURAGE_HEARTBEAT_SECONDS']);
  });
});
