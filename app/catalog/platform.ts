/** The platform itself: is it there, who am I. */
import { z } from 'zod';
import { operation } from './operation.ts';
import { RepositoryName, Text } from './refs.ts';
import { AgentView } from './views.ts';

export const ping = operation({
  name: 'ping',
  summary: 'Server and database reachability, and the version.',
  http: 'GET /ping',
  doors: ['http', 'mcp', 'cli'],
  runs: 'app',
  allow: { any: true },
  reads: true,
  input: z.strictObject({}),
  output: z.object({ ok: z.literal(true), version: z.string(), database: z.string() }),
});

export const authenticate = operation({
  name: 'authenticate',
  summary: 'Who am I, and with which roles.',
  http: 'GET /whoami',
  doors: ['http', 'mcp', 'cli'],
  runs: 'app',
  allow: { any: true },
  reads: true,
  input: z.strictObject({}),
  output: z.object({
    kind: z.string(),
    name: z.string(),
    roles: z.array(z.string()),
    installation: z.int().nullable(),
  }),
});

export const listAgents = operation({
  name: 'list_agents',
  summary: 'The agents of a repository: role, engine, model, capabilities, slots busy of all.',
  http: 'GET /repos/{repository}/agents',
  doors: ['http', 'mcp', 'cli'],
  runs: 'app',
  allow: { person: 'read', agent: ['manager', 'engineer', 'reviewer'] },
  reads: true,
  input: z.strictObject({ repository: RepositoryName.optional() }),
  output: z.object({ agents: z.array(AgentView) }),
});

export const createApiKey = operation({
  name: 'create_api_key',
  summary: 'A key for the HTTP API, shown once. It acts as the person who made it.',
  http: 'POST /api-keys',
  doors: ['http', 'cli'],
  runs: 'app',
  allow: { person: 'admin', system: true },
  input: z.strictObject({
    repository: RepositoryName.optional(),
    name: Text(60),
    /** Only the operator makes a key for somebody else. */
    login: z.string().max(60).optional(),
    user_id: z.coerce.number().int().positive().optional(),
    days: z.coerce.number().int().min(1).max(366).default(90),
  }),
  output: z.object({ key: z.string(), expires_at: z.string() }),
});

export const revokeApiKey = operation({
  name: 'revoke_api_key',
  summary: 'End an API key by its name.',
  http: 'POST /api-keys/revoke',
  doors: ['http', 'cli'],
  runs: 'app',
  allow: { person: 'admin', system: true },
  destroys: true,
  input: z.strictObject({ repository: RepositoryName.optional(), name: Text(60) }),
  output: z.object({ revoked: z.int() }),
});
