/** What runners call: register, claim, report, hand over work. Not on the agents' doors. */
import { z } from 'zod';
import { Condition } from '../domain/activity.ts';
import { Outcome, Usage } from '../domain/session.ts';
import { Sha } from '../domain/words.ts';
import { Assignment } from './assignment.ts';
import { operation } from './operation.ts';
import { Text, wait } from './refs.ts';

export const createRunnerToken = operation({
  name: 'create_runner_token',
  summary: 'A token that registers one runner, valid for an hour.',
  http: 'POST /runner-tokens',
  doors: ['http', 'cli'],
  runs: 'app',
  allow: { person: 'admin', system: true },
  input: z.strictObject({ repository: z.string().optional(), group: z.string().max(60).default('default') }),
  output: z.object({ token: z.string(), expires_at: z.string() }),
});

export const registerRunner = operation({
  name: 'register_runner',
  summary: 'Exchange a registration token for a runner’s credential.',
  http: 'POST /runners',
  doors: ['http'],
  runs: 'app',
  allow: { runner: true },
  input: z.strictObject({ name: Text(100) }),
  output: z.object({ runner: z.uuid(), token: z.string() }),
});

export const claimSession = operation({
  name: 'claim_session',
  summary: 'Take the next session this runner can host, waiting for one if there is none.',
  http: 'POST /sessions/claim',
  doors: ['http'],
  runs: 'app',
  allow: { runner: true },
  input: z.strictObject({ engines: z.array(z.string().max(40)).max(20), wait }),
  output: z.object({ assignment: Assignment.nullable() }),
});

export const exchangeSession = operation({
  name: 'exchange_session',
  summary: 'A workflow’s job takes its session, once; the bearer is the job’s OIDC token.',
  http: 'POST /sessions/{session}/exchange',
  doors: ['http'],
  runs: 'app',
  allow: { workflow: true },
  input: z.strictObject({ session: z.uuid() }),
  output: z.object({ assignment: Assignment }),
});

export const startSession = operation({
  name: 'start_session',
  summary: 'The engine starts now.',
  http: 'POST /sessions/{session}/start',
  doors: ['http'],
  runs: 'app',
  allow: { runner: true },
  input: z.strictObject({ session: z.uuid(), isolation: z.enum(['container', 'user', 'none']) }),
  output: z.object({ started: z.literal(true) }),
});

export const heartbeat = operation({
  name: 'heartbeat',
  summary: 'Renew the lease; the answer may say stop, suspend or warn, with the reason.',
  http: 'POST /sessions/{session}/heartbeat',
  doors: ['http'],
  runs: 'app',
  allow: { runner: true },
  input: z.strictObject({
    session: z.uuid(),
    activity: z.string().max(300).default(''),
    condition: Condition.default('active'),
    usage: Usage.optional(),
  }),
  output: z.object({
    stop: z.string().nullable(),
    /** End as `suspended`: the work handed over, the conversation kept, and another session goes on. */
    suspend: z.string().nullable(),
    warn: z.string().nullable(),
    /** Messages to the agent that it has not read, in words (TA-10). */
    messages: z.string().nullable(),
    lease_until: z.string(),
  }),
});

export const recordUsage = operation({
  name: 'record_usage',
  summary: 'The session’s totals of tokens and cost so far.',
  http: 'POST /sessions/{session}/usage',
  doors: ['http'],
  runs: 'app',
  allow: { runner: true },
  input: z.strictObject({ session: z.uuid(), usage: Usage }),
  output: z.object({ recorded: z.literal(true) }),
});

/** Base64 of at most 24 MiB; the push check bounds what may be inside more tightly. */
const BundleText = z.base64().max(32 * 1024 * 1024);

export const uploadBundle = operation({
  name: 'upload_bundle',
  summary: 'Hand over the work as a git bundle; the App checks and pushes it.',
  http: 'POST /sessions/{session}/bundles',
  doors: ['http'],
  runs: 'app',
  allow: { runner: true },
  input: z.strictObject({ session: z.uuid(), head: Sha, bundle: BundleText }),
  output: z.object({ bundle: z.uuid() }),
});

export const getBundle = operation({
  name: 'get_bundle',
  summary: 'What became of an uploaded bundle, waiting a while for it.',
  http: 'GET /sessions/{session}/bundles/{bundle}',
  doors: ['http'],
  runs: 'app',
  allow: { runner: true },
  reads: true,
  input: z.strictObject({ session: z.uuid(), bundle: z.uuid(), wait }),
  output: z.object({
    state: z.enum(['pending', 'pushed', 'refused']),
    head: z.string().nullable(),
    reason: z.string(),
  }),
});

/** Base64 of at most 20 MiB. */
const ConversationText = z.base64().max(28 * 1024 * 1024);

export const uploadConversation = operation({
  name: 'upload_conversation',
  summary: 'Keep the engine’s conversation for the session that goes on with it; the App stores it sealed.',
  http: 'POST /sessions/{session}/conversation',
  doors: ['http'],
  runs: 'app',
  allow: { runner: true },
  input: z.strictObject({ session: z.uuid(), conversation: ConversationText }),
  output: z.object({ kept: z.literal(true) }),
});

export const getConversation = operation({
  name: 'get_conversation',
  summary: 'The conversation that this session goes on with, or null.',
  http: 'GET /sessions/{session}/conversation',
  doors: ['http'],
  runs: 'app',
  allow: { runner: true },
  reads: true,
  input: z.strictObject({ session: z.uuid() }),
  output: z.object({ conversation: ConversationText.nullable() }),
});

export const endSession = operation({
  name: 'end_session',
  summary: 'The session is over; its tokens die with it.',
  http: 'POST /sessions/{session}/end',
  doors: ['http'],
  runs: 'app',
  allow: { runner: true },
  input: z.strictObject({
    session: z.uuid(),
    outcome: Outcome,
    reason: z.string().max(2_000),
    /** Somebody cancelled the workflow run by hand. */
    cancelled: z.boolean().default(false),
    usage: Usage.optional(),
  }),
  output: z.object({ ended: z.literal(true) }),
});
