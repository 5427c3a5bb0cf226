/** Why checks that are needed may not have come, from what can be seen of the repository (RE-7). */

export type AbsenceFacts = {
  base: string;
  /** Needed and not there; empty when nothing is needed by name. */
  missing: readonly string[];
  /** Names of checks and statuses that did report on the commit. */
  seen: readonly string[];
  /** Workflow files at the commit, with the events they run on; null when they could not be read. */
  workflows: readonly WorkflowFacts[] | null;
  /** Runs for this commit that are not over. */
  running: readonly string[];
  /** Runs for this commit that wait for somebody's approval (`action_required`). */
  unapproved: readonly { name: string; url: string }[];
  /** The commit's message asks CI to stay away, with these words. */
  skip: string | null;
  conflicts: boolean;
};
export type WorkflowFacts = {
  file: string;
  events: readonly string[];
  /** Branches, paths or types narrow the events that fit. */
  filtered: boolean;
  /** `active`, or how it was switched off. */
  state: string;
};

/** The words in a commit's message that keep `push` and `pull_request` workflows from starting. */
export const skipWords = /\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]|^skip-checks: ?true$/im;

const fitting = new Set(['push', 'pull_request', 'pull_request_target']);
/** Without marks: what shows it makes every mark harmless. */
const list = (names: readonly string[]): string => names.join(', ');

/** One or two sentences: the likeliest reason, and what would help. */
export function whyAbsent(facts: AbsenceFacts): string {
  return `${whatIsMissing(facts)} ${reason(facts)}`;
}

const whatIsMissing = ({ missing }: AbsenceFacts): string =>
  missing.length === 0
    ? 'No check has reported on this commit.'
    : `${missing.length === 1 ? 'The check' : 'The checks'} ${list(missing)} ${missing.length === 1 ? 'has' : 'have'} not reported on this commit.`;

function reason(facts: AbsenceFacts): string {
  const { base, missing, seen, running, unapproved, skip, conflicts } = facts;
  const [waiting] = unapproved;
  if (waiting !== undefined)
    return `The workflow run ${waiting.name} waits for approval: somebody who may write has to approve it at ${waiting.url}.`;
  if (running.length > 0)
    return `${list(running)} ${running.length === 1 ? 'is' : 'are'} not over yet; a runner may be missing.`;
  if (conflicts)
    return `The pull request conflicts with ${base}, and GitHub starts no pull request workflows until that is resolved.`;
  if (skip !== null) return `Its last commit says ${skip}, which keeps workflows from starting.`;
  if (missing.length > 0 && seen.length > 0)
    return `Others did: ${list(seen)}. Is the name right in the rules of ${base} or in proof.checks?`;
  return ofWorkflows(facts);
}

function ofWorkflows({ workflows, base }: AbsenceFacts): string {
  if (workflows === null)
    return 'Its workflow files could not be read. If another system checks this repository, look there.';
  if (workflows.length === 0)
    return 'There is no workflow in .github/workflows at this commit, and no other system reported.';
  const fits = workflows.filter(({ events }) => events.some((event) => fitting.has(event)));
  if (fits.length === 0)
    return `None of its workflows runs on pushes or pull requests: ${workflows.map(({ file, events }) => `${file} runs on ${events.join(', ') || 'nothing'}`).join('; ')}.`;
  const on = fits.filter(({ state }) => state === 'active');
  if (on.length === 0)
    return `${list(fits.map(({ file }) => file))} ${fits.length === 1 ? 'is' : 'are'} switched off; the Actions page of the repository switches ${fits.length === 1 ? 'it' : 'them'} on.`;
  if (on.every(({ filtered }) => filtered))
    return `${list(on.map(({ file }) => file))} ${on.length === 1 ? 'has' : 'have'} filters (branches, paths or types) that may leave out a pull request to ${base}.`;
  return `${list(on.map(({ file }) => file))} should have run. Actions may be switched off for this repository, or what pushed the commit starts no workflows, as GITHUB_TOKEN does.`;
}
