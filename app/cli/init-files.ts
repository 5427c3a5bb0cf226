/** What `entourage init` wants in a repository, and what becomes of what is there: nobody’s work is overwritten. */
import { parsePolicy } from '../domain/policy.ts';
import { readWorkflow, workflowFile, workflowPath, WorkflowSettings } from '../domain/workflow.ts';
import { engineKits, type EngineName } from './engine-kit.ts';
import { policyFile } from './policy-file.ts';
import { UsageError } from './failure.ts';

export const policyPath = 'ENTOURAGE.md';

/** What stands in the repository now; null where nothing does. */
export type Present = { workflow: string | null; policy: string | null };

/** As asked for on the command line; what is undefined comes from the workflow that is there, then from the engines. */
export type Wishes = {
  url: string | undefined;
  /** Already with a full commit id. */
  action: string;
  dispatch: 'actions' | 'runner';
  engines: readonly EngineName[];
  command: readonly string[];
  pass: readonly string[] | undefined;
  setup: readonly string[] | undefined;
  runsOn: readonly string[] | undefined;
  force: boolean;
};

export type FileStep = {
  path: string;
  /** The wanted text. */
  text: string;
  before: string | null;
  /** `kept`: people changed it, and nobody forced us. */
  what: 'create' | 'update' | 'same' | 'kept';
};

export type InitPlan = {
  steps: FileStep[];
  /** Secrets that the workflow hands to agents. */
  secrets: string[];
};

/** Throws `UsageError` for values that may not stand in a workflow. */
export function planFiles(wishes: Wishes, present: Present): InitPlan {
  const policy = step(policyPath, policyFile(wishes), { before: present.policy, force: wishes.force });
  // Sessions on runners need no workflow.
  if (wishes.dispatch === 'runner') return { steps: [policy], secrets: [] };
  const reading = present.workflow === null ? null : readWorkflow(present.workflow);
  const settings = settingsOf(wishes, present, reading?.settings ?? null);
  const workflow = step(workflowPath, workflowFile(settings), {
    before: present.workflow,
    force: wishes.force || reading?.untouched === true,
  });
  return { steps: [workflow, policy], secrets: settings.pass };
}

function step(path: string, text: string, at: { before: string | null; force: boolean }): FileStep {
  const { before, force } = at;
  if (before === null) return { path, text, before, what: 'create' };
  if (before === text) return { path, text, before, what: 'same' };
  return { path, text, before, what: force ? 'update' : 'kept' };
}

function settingsOf(wishes: Wishes, present: Present, made: WorkflowSettings | null): WorkflowSettings {
  const kits = wishes.engines.map((name) => engineKits[name]);
  const url = wishes.url ?? made?.url;
  if (url === undefined)
    throw new UsageError('Where is the App? Give --url or ENTOURAGE_URL, as https://entourage.example.com.');
  const policy = present.policy === null ? null : parsePolicy(present.policy);
  const minutes = policy !== null && 'policy' in policy ? policy.policy.limits.session_minutes : undefined;
  const settings = WorkflowSettings.safeParse({
    url,
    action: wishes.action,
    pass: wishes.pass ?? made?.pass ?? [...new Set(kits.flatMap(({ pass }) => pass))],
    setup: wishes.setup ?? made?.setup ?? [...new Set(kits.flatMap(({ setup }) => setup))],
    runsOn: wishes.runsOn ?? made?.runsOn,
    sessionMinutes: minutes,
  });
  if (settings.success) return settings.data;
  const options: Record<string, string> = { runsOn: '--runs-on' };
  const lines = settings.error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    return `${options[name] ?? `--${name}`}: expected ${message}.`;
  });
  throw new UsageError(lines.join('\n'));
}
