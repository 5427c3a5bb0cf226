/** The seed's shape: what a fresh forge is filled with, in code or in a JSON file. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Login = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/, 'a login has letters, digits and hyphens');
const Role = z.enum(['read', 'triage', 'write', 'maintain', 'admin']);
const Level = z.enum(['read', 'write', 'admin']);
const Url = z.url({ protocol: /^https?$/ });

const SeedApp = z.strictObject({
  slug: z.string().regex(/^[a-z0-9-]+$/, 'a slug has small letters, digits and hyphens'),
  name: z.string().optional(),
  /** Login of the account it belongs to. */
  owner: Login,
  permissions: z.record(z.string(), Level),
  events: z.array(z.string()),
  webhookUrl: Url.optional(),
  webhookSecret: z.string().min(1).optional(),
  /** Accounts that installed it, with all their repositories or the named ones. Every owner when it isn't given. */
  installations: z
    .array(z.strictObject({ account: Login, repositories: z.array(z.string()).optional() }))
    .optional(),
});

export const SeedRepository = z.strictObject({
  owner: Login,
  name: z.string().regex(/^[\w.-]{1,100}$/, 'a repository’s name has letters, digits, `.`, `-` and `_`'),
  private: z.boolean().optional(),
  description: z.string().optional(),
  /** Path → content, or a directory whose files are taken (`.git` and `node_modules` are not). */
  files: z.record(z.string(), z.string()).optional(),
  directory: z.string().optional(),
  defaultBranch: z.string().optional(),
  collaborators: z.record(z.string(), Role).optional(),
  /** Names, or with colour (six hex digits) and description. */
  labels: z
    .array(
      z.union([
        z.string(),
        z.strictObject({
          name: z.string(),
          color: z
            .string()
            .regex(/^[0-9a-f]{6}$/i)
            .optional(),
          description: z.string().optional(),
        }),
      ]),
    )
    .optional(),
  /** A ruleset on the default branch; nothing is demanded without one. */
  ruleset: z
    .strictObject({
      requiredChecks: z
        .array(z.union([z.string(), z.strictObject({ context: z.string(), app: z.string().optional() })]))
        .optional(),
      requiredApprovals: z.int().min(0).max(10).optional(),
      dismissStaleReviews: z.boolean().optional(),
      /** Admins may push to the branch all the same; nobody may when it isn't given. */
      adminsBypass: z.boolean().optional(),
      /** Heads must contain the base: what lies behind it is BEHIND. */
      strict: z.boolean().optional(),
      requireLastPushApproval: z.boolean().optional(),
      /** Merges go through a queue; `{}` for one as GitHub proposes it. */
      mergeQueue: z
        .strictObject({
          merge_method: z.enum(['MERGE', 'SQUASH', 'REBASE']),
          grouping_strategy: z.enum(['ALLGREEN', 'HEADGREEN']),
          max_entries_to_build: z.int().min(0).max(100),
          min_entries_to_merge: z.int().min(0).max(100),
          max_entries_to_merge: z.int().min(0).max(100),
          min_entries_to_merge_wait_minutes: z.int().min(0).max(360),
          check_response_timeout_minutes: z.int().min(1).max(360),
        })
        .partial()
        .optional(),
    })
    .optional(),
  /** How pull requests may be merged; all three ways when it isn't given. */
  mergeMethods: z
    .array(z.enum(['merge', 'squash', 'rebase']))
    .min(1)
    .optional(),
  allowAutoMerge: z.boolean().optional(),
  deleteBranchOnMerge: z.boolean().optional(),
  /** Whether its plan knows drafts; private repositories of free accounts have none (G11). */
  drafts: z.boolean().optional(),
  /** Of its workflows; `secrets` and `variables` by name. */
  secrets: z.record(z.string(), z.string()).optional(),
  variables: z.record(z.string(), z.string()).optional(),
});
export type SeedRepository = z.infer<typeof SeedRepository>;

export const Seed = z.strictObject({
  app: SeedApp,
  /** People, by login. A token is made for each that doesn't bring one. */
  users: z.array(
    z.strictObject({
      login: Login,
      name: z.string().optional(),
      email: z.string().optional(),
      token: z.string().min(1).optional(),
    }),
  ),
  organizations: z.array(z.strictObject({ login: Login, owners: z.array(Login) })).optional(),
  repositories: z.array(SeedRepository),
});
export type Seed = z.infer<typeof Seed>;

/** Reads a seed from a JSON file. Throws an error that names everything that is wrong with it. */
export function readSeed(file: string): Seed {
  const parsed = Seed.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(
    `The seed ${file} is not what forge/seed-file.ts describes:\n${z.prettifyError(parsed.error)}`,
  );
}
