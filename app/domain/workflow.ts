/** The one workflow file in a user's repository that runs sessions on GitHub Actions: its text, and what a text of it says. */
import { parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { isWithheld } from './withheld.ts';

/** On the default branch, or GitHub does not dispatch it (G30). */
export const workflowPath = '.github/workflows/entourage.yml';
/** The only input: the session's opaque id. Nothing that people wrote travels by a dispatch. */
export const sessionInput = 'session';

/** What goes into YAML and may hold an expression is refused: GitHub expands `${{ }}` before YAML means anything. */
const literal = (value: string): boolean =>
  !value.includes('${{') && value === value.trim() && /^[\x20-\x7e]+$/.test(value);

const Url = z
  .string()
  .max(500)
  .regex(
    /^https?:\/\/[A-Za-z0-9.:[\]-]+(\/[A-Za-z0-9._~/-]*)?$/,
    'an address as https://entourage.example.com, without user, query or fragment',
  )
  .refine((value) => URL.canParse(value), 'an address as https://entourage.example.com')
  .transform((value) => value.replace(/\/+$/, ''));

/** Pinned: a tag can be moved to other code, a commit can not. */
export const ActionRef = z
  .string()
  .max(300)
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})\/[A-Za-z0-9._-]{1,100}(?:\/(?!\.{1,2}(?:\/|@))[A-Za-z0-9._-]+)*@[0-9a-f]{40}$/,
    'owner/repository/action@ and a full commit id of 40 hex digits',
  );

const VariableName = z
  .string()
  .max(100)
  .regex(/^[A-Z_][A-Z0-9_]*$/, 'the name of a variable, as ANTHROPIC_API_KEY')
  .refine(
    (name) => !isWithheld(name),
    'a name of which agents may get the value; not GITHUB_…, ACTIONS_… and their like',
  );

const Label = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'a runner’s label');

export const WorkflowSettings = z.strictObject({
  /** The App’s address. */
  url: Url,
  action: ActionRef,
  /** Secrets of the repository, which agents get as variables of the same name. */
  pass: z.array(VariableName).max(30).default([]),
  runsOn: z.array(Label).min(1).max(10).default(['ubuntu-latest']),
  /** The maintainer's own commands before the agent, one a line: to install its program. They see no secret. */
  setup: z
    .array(z.string().min(1).max(1_000).refine(literal, 'one line of plain ASCII without `${{`'))
    .max(20)
    .default([]),
  /** Policy's `session_minutes`. */
  sessionMinutes: z.int().min(1).max(1_440).default(60),
});
export type WorkflowSettings = z.infer<typeof WorkflowSettings>;

/** For the workspace before the agent, and for handing the work over after it; the action ends the session well before. */
export const marginMinutes = 20;

/** The file's text. Throws `ZodError` for settings that are not what `WorkflowSettings` says: nothing unchecked gets into YAML. */
export function workflowFile(settings: z.input<typeof WorkflowSettings>): string {
  const { url, action, pass, runsOn, setup, sessionMinutes } = WorkflowSettings.parse(settings);
  const names = [...new Set(pass)];
  const labels = runsOn.length === 1 ? scalar(runsOn[0] ?? '') : `[${runsOn.map(scalar).join(', ')}]`;
  return [
    head,
    `jobs:
  session:
    runs-on: ${labels}
    # A session’s own limit is ENTOURAGE.md’s session_minutes (${sessionMinutes}); this one only ends what hangs.
    timeout-minutes: ${sessionMinutes + marginMinutes}
    steps:
`,
    ...(setup.length === 0 ? [] : [setupStep(setup)]),
    `      # No checkout: the action fetches the repository with a token that comes with the session and only reads.
      - name: Work
        uses: ${action}
        with:
          url: ${scalar(url)}
          ${sessionInput}: \${{ inputs.${sessionInput} }}
`,
    ...(names.length === 0 ? [] : [passed(names)]),
  ].join('');
}

const head = `# Runs one session of an Entourage agent. Entourage’s App starts it; running it by hand does nothing.
# Made by \`entourage init\`, which also updates it. On the default branch, or GitHub does not start it.
name: Entourage

# The id makes a session’s run findable on servers that do not tell it when they start one.
run-name: Entourage session \${{ inputs.${sessionInput} }}

on:
  workflow_dispatch:
    inputs:
      # An opaque id. Task, prompt and tokens come from the App, to the one job that proves who it is.
      ${sessionInput}:
        description: Session id, from Entourage
        required: true
        type: string

permissions:
  # The job proves with it which run of which repository it is. It reads and writes nothing: the App pushes.
  id-token: write

concurrency:
  # One job for each session, and none that is cut off by another.
  group: entourage-\${{ inputs.${sessionInput} }}
  cancel-in-progress: false

`;

const setupStep = (lines: readonly string[]): string => `      # Before the agent, and without its secrets.
      - name: Set up
        run: |
${lines.map((line) => `          ${line}\n`).join('')}`;

const passed = (
  names: readonly string[],
): string => `          # Variables that agents get, one a line; they get no other of this job.
          pass: |
${names.map((name) => `            ${name}\n`).join('')}        env:
${names.map((name) => `          ${name}: \${{ secrets.${name} }}\n`).join('')}`;

/** One YAML scalar, quoted where it must be. */
const scalar = (value: string): string => stringify(value, { lineWidth: 0 }).trimEnd();

/** What a file that stands in a repository says, as far as it can be told; `text` may be anybody's. */
export type WorkflowReading = {
  /** What keeps sessions from starting or working. */
  problems: string[];
  /** What works, but is not as `entourage init` would write it. */
  remarks: string[];
  /** What it was made of; null when it is too different to tell. */
  settings: WorkflowSettings | null;
  /** Letter for letter what `workflowFile` makes of its settings: nobody’s work is lost by writing it anew. */
  untouched: boolean;
};

const File = z.object({
  on: z.unknown().optional(),
  permissions: z.unknown().optional(),
  jobs: z.record(z.string(), z.object({ steps: z.array(z.unknown()).optional() }).loose()),
});
const Job = z.object({
  'runs-on': z.union([z.string(), z.array(z.string())]),
  'timeout-minutes': z.number(),
});
const Step = z.object({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
});

export function readWorkflow(text: string): WorkflowReading {
  const document = parseDocument(text, { prettyErrors: false });
  const broken = document.errors[0];
  if (broken !== undefined) return unreadable(`is not YAML: ${broken.message.split('\n')[0] ?? ''}`);
  const file = File.safeParse(valueOf(document));
  if (!file.success) return unreadable('has no jobs that can be read.');
  const jobs = Object.values(file.data.jobs);
  const found = jobs.flatMap((job) =>
    (job.steps ?? []).flatMap((step) => {
      const parsed = Step.safeParse(step);
      return parsed.success && parsed.data.with?.[sessionInput] !== undefined
        ? [{ job, step: parsed.data }]
        : [];
    }),
  );
  const work = found[0];
  if (work === undefined) return unreadable(`has no step that is given \`${sessionInput}\`.`);
  const job = Job.safeParse(work.job);
  const granted = work.job['permissions'] ?? file.data.permissions;
  const settings = job.success ? settingsOf(work.job, job.data, work.step) : null;
  const untouched = settings !== null && workflowFile(settings) === text;
  return {
    problems: [...triggerProblems(file.data.on), ...permissionProblems(granted)],
    remarks: [
      ...(ActionRef.safeParse(work.step.uses).success
        ? []
        : [`uses ${work.step.uses ?? 'nothing'}, which is not pinned to a commit.`]),
      ...extraPermissions(granted),
      ...(jobs.length > 1 ? ['has other jobs too.'] : []),
      ...(untouched ? [] : ['was changed by hand, or made by another version.']),
    ],
    settings,
    untouched,
  };
}

/** Undefined for a file that multiplies aliases without end, which the parser refuses. */
function valueOf(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 20 });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return undefined;
  }
}

const unreadable = (problem: string): WorkflowReading => ({
  problems: [problem],
  remarks: [],
  settings: null,
  untouched: false,
});

function settingsOf(
  whole: { steps?: unknown[] | undefined },
  job: z.infer<typeof Job>,
  step: z.infer<typeof Step>,
): WorkflowSettings | null {
  const { url, pass } = step.with ?? {};
  const before = (whole.steps ?? []).flatMap((one) => Step.safeParse(one).data?.run ?? []);
  const lines = (value: unknown): string[] =>
    typeof value === 'string' ? value.split('\n').filter((line) => line !== '') : [];
  const parsed = WorkflowSettings.safeParse({
    url,
    action: step.uses,
    pass: lines(pass),
    runsOn: [job['runs-on']].flat(),
    setup: before.flatMap(lines),
    sessionMinutes: job['timeout-minutes'] - marginMinutes,
  });
  return parsed.success ? parsed.data : null;
}

const Triggers = z.object({
  workflow_dispatch: z.object({ inputs: z.record(z.string(), z.unknown()) }),
});

function triggerProblems(on: unknown): string[] {
  const parsed = Triggers.safeParse(on);
  if (!parsed.success || parsed.data.workflow_dispatch.inputs[sessionInput] === undefined)
    return [`can’t be started with a session: it needs \`on.workflow_dispatch.inputs.${sessionInput}\`.`];
  return [];
}

const Permissions = z.record(z.string(), z.string());

function permissionProblems(granted: unknown): string[] {
  const all = granted === 'write-all';
  return all || Permissions.safeParse(granted).data?.['id-token'] === 'write'
    ? []
    : ['does not give its job `id-token: write`, so the job can’t prove who it is.'];
}

function extraPermissions(granted: unknown): string[] {
  if (typeof granted === 'string') return [`gives its job ${granted}; \`id-token: write\` is all it needs.`];
  const names = Object.entries(Permissions.safeParse(granted).data ?? {})
    .filter(([name, level]) => name !== 'id-token' && level !== 'none')
    .map(([name, level]) => `${name}: ${level}`);
  return names.length === 0 ? [] : [`gives its job more than it needs: ${names.join(', ')}.`];
}
