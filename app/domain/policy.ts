/** ENTOURAGE.md: the front matter as a strict schema with its defaults, the Markdown sections as text, every problem located. */
import picomatch from 'picomatch';
import { LineCounter, parseDocument, isAlias, isMap, isScalar, isSeq, type Document, type Node } from 'yaml';
import { z } from 'zod';
import { permissions } from './permission.ts';
import { Waking } from './managing.ts';
import { noWords, splitSections, Words } from './policy-words.ts';
import { Role, Template } from './words.ts';

export const engines = ['claude-code', 'codex', 'gemini', 'opencode', 'aider', 'command'] as const;
const EngineName = z.enum(engines, `not a known engine; known are ${engines.join(', ')}`);

/** Every command a person can give (the table of commands); `commands:` in policy raises what one needs. */
const commandNames = (
  'run dispatch approve revise add drop edit link unlink pause resume cancel retry answer tell assign merge ' +
  'budget status tasks agents costs explain timeline help'
).split(' ');

const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/, 'a name of letters, digits, `-`, `_` and `.`, at most 40 long')
  .describe('name, up to 40 characters');
/** From the repository's root. Unbalanced brackets compile to something that matches nothing, so they are refused. */
const Glob = z.string().min(1).max(500).refine(compiles, 'a glob that can’t compile').describe('glob');
const Branch = z
  .string()
  .max(100)
  .regex(/^(?!\/|.*\.\.|.*\/\/)[A-Za-z0-9._/-]+$/, 'the beginning of a branch name')
  .describe('branch, up to 100 characters');
const Usd = z.number().positive().max(1_000_000);
const Part = z.number().min(0).max(1);

export const PolicyAgent = z.strictObject({
  name: Name,
  role: Role,
  engine: EngineName.default('claude-code'),
  model: z.string().min(1).max(100).nullable().default(null),
  capabilities: z.array(z.string().trim().min(1).max(40)).max(30).default([]),
  /** How many sessions it holds at a time. */
  slots: z.int().min(1).max(100).default(1),
  /** The program and its arguments, for engine `command` only. No shell reads it. */
  command: z.array(z.string().min(1).max(1_000)).min(1).max(50).optional(),
});
export type PolicyAgent = z.infer<typeof PolicyAgent>;

const agentsByDefault = [
  { name: 'manager', role: 'manager' },
  { name: 'eng-1', role: 'engineer' },
  { name: 'eng-2', role: 'engineer' },
  { name: 'reviewer', role: 'reviewer' },
] as const;

const limits = z.strictObject({
  max_agents: z.int().min(1).max(1_000).default(5),
  max_parallel: z.int().min(1).max(1_000).default(3),
  waiting_reviews: z.int().min(1).max(1_000).default(6),
  attempts: z.int().min(1).max(20).default(3),
  session_minutes: z.int().min(1).max(1_440).default(60),
  stuck_minutes: z.int().min(1).max(1_440).default(10),
});
const budget = z.strictObject({
  task_usd: Usd.default(5),
  run_usd: Usd.default(25),
  team_daily_usd: Usd.default(50),
  warn_at: Part.default(0.8),
  cheaper_model_at: Part.default(0.9),
});
const reactions = z.strictObject({
  ci_failed: z
    .strictObject({
      retry: z.int().min(0).max(20).default(2),
      // oxlint-disable-next-line unicorn/no-thenable -- the file's own word; nobody awaits a policy
      then: z.enum(['escalate', 'pause', 'fail']).default('escalate'),
    })
    .prefault({}),
  stuck: z
    .strictObject({
      warn_minutes: z.int().min(1).max(1_440).default(10),
      stop_minutes: z.int().min(1).max(1_440).default(20),
    })
    .refine(({ warn_minutes: warn, stop_minutes: stop }) => warn < stop, {
      path: ['stop_minutes'],
      error: 'a stuck agent is warned before it is stopped: expected more than `warn_minutes`',
    })
    .prefault({}),
});

const questions = z.strictObject({
  /** How long a question may hold its session before that is suspended; 0: as soon as it is asked (AG-7). */
  hold_minutes: z.number().min(0).max(1_440).default(2),
});

const frontMatter = {
  team: z.string().trim().min(1).max(60).optional(),
  trigger_label: z.string().trim().min(1).max(50).default('entourage'),
  /** `actions`, `runner`, or the name of a runner group. */
  dispatch: Name.default('actions'),
  agents: z
    .array(PolicyAgent)
    .min(1)
    .max(100)
    .prefault([...agentsByDefault]),
  limits: limits.prefault({}),
  budget: budget.prefault({}),
  plan: z
    .strictObject({
      approval: z.enum(['required', 'optional']).default('required'),
      auto_approve_templates: z.array(Template).default([]),
      max_tasks: z.int().min(1).max(200).default(20),
    })
    .prefault({}),
  manage: z
    .strictObject({
      /** What wakes the manager while the run goes on: a task that failed for good, a message to it, the run's end. */
      woken_by: z.array(Waking).max(3).default(['failure', 'message', 'end']),
    })
    .prefault({}),
  proof: z
    .strictObject({
      checks: z
        .union([z.enum(['required', 'all']), z.array(z.string().min(1).max(200)).min(1).max(50)], {
          error: 'expected `required`, `all` or a list of check names',
        })
        .default('required'),
      acceptance: z.enum(['required', 'optional']).default('required'),
    })
    .prefault({}),
  review: z
    .strictObject({
      agent: Name.nullable().default('reviewer'),
      /** Never 0: nothing merges without a person's approval (RE-4). */
      people: z.int().min(1).max(10).default(1),
      requesters_approval_counts: z.boolean().default(true),
      /** Verdicts of the reviewer agent on one task before people decide alone. */
      rounds: z.int().min(1).max(20).default(3),
    })
    .prefault({}),
  merge: z
    .strictObject({
      into: z.enum(['base', 'run']).default('base'),
      method: z.enum(['squash', 'rebase', 'merge']).default('squash'),
      by: z.enum(['auto', 'queue', 'async', 'direct', 'person']).default('auto'),
      /** Where GitHub has no merge queue: bring the head up to date before each merge, or only where the rules require it. */
      update: z.enum(['always', 'required']).default('always'),
      delete_branch: z.boolean().default(true),
    })
    .prefault({}),
  branches: z
    .strictObject({ prefix: Branch.default('entourage/'), base: Branch.default('default') })
    .prefault({}),
  protected_paths: z.array(Glob).max(200).default(['.github/**', 'ENTOURAGE.md', 'CODEOWNERS', '**/.env*']),
  push: z
    .strictObject({
      max_files: z.int().min(1).max(10_000).default(100),
      max_kib: z.int().min(1).max(100_000).default(4_096),
      /** Fixtures and samples, where what looks like a secret is none. */
      secrets_allowed_in: z.array(Glob).max(100).default([]),
    })
    .prefault({}),
  workspace: z
    .strictObject({
      setup: z.array(z.string().trim().min(1).max(1_000)).max(20).default([]),
      minutes: z.int().min(1).max(120).default(10),
    })
    .prefault({}),
  commands: z
    .partialRecord(z.enum(commandNames, 'no command has this name'), z.array(z.enum(permissions)).min(1))
    .default({}),
  questions: questions.prefault({}),
  reactions: reactions.prefault({}),
  /** Only in the owner's file: keys that no repository overrides. */
  locked: z.array(z.string().min(1).max(100)).max(50).default([]),
};

const FrontMatter = z.strictObject(frontMatter);
/** What is in force: the front matter, and the Markdown sections under `words`. */
export const Policy = z.strictObject({ ...frontMatter, words: Words.default(noWords) });
export type Policy = z.infer<typeof Policy>;

/** No file at all: one manager, two engineers, one reviewer, engine `claude-code`. */
export const defaultPolicy: Policy = Policy.parse({});

/** 1-based, as editors and GitHub's annotations count. */
export type PolicyProblem = { line: number; column: number; message: string };

const maxLength = 262_144;

/** ENTOURAGE.md's text → the policy, or every problem in the order of the file. */
export function parsePolicy(text: string): { policy: Policy } | { problems: PolicyProblem[] } {
  if (text.length > maxLength)
    return { problems: [{ line: 1, column: 1, message: `the file is longer than ${maxLength} characters` }] };
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const opened = lines[0]?.trimEnd() === '---';
  const end = opened ? lines.findIndex((line, index) => index > 0 && line.trimEnd() === '---') : 0;
  if (end === -1)
    return {
      problems: [
        { line: 1, column: 1, message: 'the front matter that starts here is never closed with `---`' },
      ],
    };
  const words = splitSections(opened ? lines.slice(end + 1) : lines);
  const read = readFrontMatter(opened ? lines.slice(1, end).join('\n') : '');
  if ('problems' in read) return read;
  return { policy: { ...read.values, words } };
}

function readFrontMatter(
  yaml: string,
): { values: z.infer<typeof FrontMatter> } | { problems: PolicyProblem[] } {
  const counter = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: counter, prettyErrors: false });
  const at = (offset: number, message: string): PolicyProblem => {
    const { line, col } = counter.linePos(offset);
    // The front matter starts on the file's second line.
    return { line: line + 1, column: col, message };
  };
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0)
    return { problems: broken.map(({ pos, message }) => at(pos[0], message.split('\n')[0] ?? message)) };
  const raw = plainValue(document);
  if ('problem' in raw) return { problems: [at(0, raw.problem)] };
  const parsed = FrontMatter.safeParse(raw.value);
  const issues = [...(parsed.error?.issues ?? []).flatMap(asFindings), ...crossFindings(raw.value)];
  if (parsed.success && issues.length === 0) return { values: withReviewer(parsed.data, raw.value) };
  const problems = issues.map(({ path, key, message }) => at(offsetOf(document, path, key), message));
  return { problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) };
}

/** A file that names no reviewer has its first agent of that role, or none. */
function withReviewer(values: z.infer<typeof FrontMatter>, raw: unknown): z.infer<typeof FrontMatter> {
  if (record(record(raw)['review'])['agent'] !== undefined) return values;
  const reviewer = values.agents.find((agent) => agent.role === 'reviewer');
  return { ...values, review: { ...values.review, agent: reviewer?.name ?? null } };
}

/** Aliases are resolved here; a file that multiplies them without end is refused by the parser. */
function plainValue(document: Document): { value: unknown } | { problem: string } {
  try {
    return { value: (document.toJS() as unknown) ?? {} };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

type Path = readonly PropertyKey[];
type Finding = { path: Path; key?: string; message: string };

function asFindings(issue: z.core.$ZodIssue): Finding[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: issue.path, key, message: `unknown key \`${key}\`` }));
  const where = issue.path.map(String).join('.');
  return [{ path: issue.path, message: where === '' ? issue.message : `${where}: ${issue.message}` }];
}

/** What concerns several values at once. It reads the raw file, so that it is reported beside problems of single values. */
function crossFindings(raw: unknown): Finding[] {
  const root = record(raw);
  const agents = Array.isArray(root['agents']) ? root['agents'].map(record) : [];
  const names = agents.map((agent) => agent['name']);
  const findings = agents.flatMap((agent, index): Finding[] => {
    const path = ['agents', index];
    const name = String(agent['name']);
    const command = agent['engine'] === 'command';
    return [
      ...(agent['name'] !== undefined && names.indexOf(agent['name']) < index
        ? [{ path: [...path, 'name'], message: `two agents are named \`${name}\`` }]
        : []),
      ...(command && agent['command'] === undefined
        ? [
            {
              path,
              message: `agent \`${name}\` has engine \`command\` but no \`command: [program, arguments…]\``,
            },
          ]
        : []),
      ...(!command && agent['command'] !== undefined
        ? [{ path, key: 'command', message: '`command` is only for engine `command`' }]
        : []),
    ];
  });
  return [...findings, ...reviewerFindings(root, root['agents'] === undefined ? agentsByDefault : agents)];
}

function reviewerFindings(
  root: Record<string, unknown>,
  agents: readonly Record<string, unknown>[],
): Finding[] {
  const name = record(root['review'])['agent'];
  if (typeof name !== 'string' || agents.length === 0) return [];
  const path = ['review', 'agent'];
  const agent = agents.find((candidate) => candidate['name'] === name);
  if (agent === undefined) return [{ path, message: `review.agent: no agent is named \`${name}\`` }];
  return agent['role'] === 'reviewer'
    ? []
    : [{ path, message: `review.agent: agent \`${name}\` has another role than reviewer` }];
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};

/** Where the value at `path` stands, or its `key`; as near as there is something when the value is missing. */
function offsetOf(document: Document, path: Path, key?: string): number {
  let node = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const part of key === undefined ? path : [...path, key]) {
    const step = child(document, node, part);
    if (step === null) return offset;
    offset = step.offset;
    node = step.node;
  }
  return offset;
}

function child(
  document: Document,
  parent: Node | null,
  part: PropertyKey,
): { node: Node | null; offset: number } | null {
  const node = isAlias(parent) ? (parent.resolve(document) ?? null) : parent;
  if (isSeq<Node>(node)) {
    const item = node.items[Number(part)];
    return item === undefined ? null : { node: item, offset: item.range?.[0] ?? 0 };
  }
  if (!isMap<Node, Node | null>(node)) return null;
  const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
  return pair === undefined ? null : { node: pair.value, offset: pair.key.range?.[0] ?? 0 };
}

function compiles(glob: string): boolean {
  try {
    picomatch.makeRe(glob, { dot: true, strictBrackets: true, debug: true });
    return true;
  } catch {
    return false;
  }
}
