/** The doctor's look at the rules of branches: what merging needs, our own check, the queue, the App's own branches. */
import type { Octokit } from '@octokit/core';
import { isOwnCheck, ownCheck } from '../domain/proof.ts';
import type { Look } from './look.ts';
import { named, type Finding, type NamedFinding } from './finding.ts';
import { orRefused } from './site.ts';

type Required = { context: string; app: number | null };
export type Rules = {
  types: Set<string>;
  checks: Required[];
  approvals: number;
  /** Null: all that the repository allows. */
  methods: string[] | null;
};

export async function checkRules(look: Look): Promise<NamedFinding[]> {
  const rules = await rulesOf(look, look.branch);
  const classic = await classicChecks(look);
  const required = [...rules.checks, ...classic];
  return [
    ...named('branch-rules', [branchRules(look, rules, required)]),
    ...named('own-check', ownCheckFindings(look, required)),
    ...named('merge-way', mergeFindings(look, rules)),
    ...named('task-branches', [await taskBranches(look)]),
    ...named('drafts', drafts(look)),
  ];
}

/** Rulesets of repository and organisation together, as they bind one branch; also one that is not there yet. */
async function rulesOf({ octokit, at, name }: Look, branch: string): Promise<Rules> {
  const { data } = await orRefused(
    `GitHub does not show the rules of ${branch} in ${name}`,
    octokit.request('GET /repos/{owner}/{repo}/rules/branches/{branch}', { ...at, branch, per_page: 100 }),
  );
  const rules: Rules = {
    types: new Set(data.map(({ type }) => type)),
    checks: [],
    approvals: 0,
    methods: null,
  };
  for (const rule of data) addRule(rules, rule);
  return rules;
}

type Rule = Awaited<ReturnType<typeof requestRules>>['data'][number];
const requestRules = async (octokit: Octokit) =>
  await octokit.request('GET /repos/{owner}/{repo}/rules/branches/{branch}', {
    owner: '',
    repo: '',
    branch: '',
  });

function addRule(rules: Rules, rule: Rule): void {
  if (rule.type === 'required_status_checks')
    for (const { context, integration_id: app } of rule.parameters?.required_status_checks ?? [])
      rules.checks.push({ context, app: app ?? null });
  if (rule.type !== 'pull_request') return;
  rules.approvals = Math.max(rules.approvals, rule.parameters?.required_approving_review_count ?? 0);
  const methods = rule.parameters?.allowed_merge_methods;
  if (methods !== undefined)
    rules.methods = rules.methods?.filter((one) => methods.some((other) => other === one)) ?? methods;
}

/** Branch protection of the older kind; its details are told to those who may read the branch. */
async function classicChecks({ octokit, at, branch, name }: Look): Promise<Required[]> {
  const { data } = await orRefused(
    `GitHub does not show the branch ${branch} of ${name}`,
    octokit.request('GET /repos/{owner}/{repo}/branches/{branch}', { ...at, branch }),
  );
  // Some servers leave it out where nothing is protected.
  const protection: Partial<typeof data.protection> = data.protection ?? {};
  const { checks = [], contexts = [] } = protection.required_status_checks ?? {};
  const known = checks.map(({ context, app_id: app }) => ({ context, app: app ?? null }));
  const rest = contexts.filter((context) => !known.some((one) => one.context === context));
  return [...known, ...rest.map((context) => ({ context, app: null }))];
}

function branchRules({ branch, config, name }: Look, rules: Rules, required: readonly Required[]): Finding {
  const others = required.map(({ context }) => context).filter((context) => !isOwnCheck(context));
  const approvals =
    rules.approvals === 0 ? 'no approval' : `${rules.approvals} approval${rules.approvals === 1 ? '' : 's'}`;
  if (others.length > 0)
    return { state: 'good', what: `${branch} requires ${others.join(', ')} and ${approvals}.` };
  return {
    state: 'unsure',
    what: `${branch} requires no check: all that appear count as proof, and with none people decide alone. It requires ${approvals}.`,
    help: `Require your CI in a ruleset: ${config.gitHub.webUrl}/${name}/settings/rules`,
  };
}

/** G14: an App's approval counts for nothing, so our verdict is a check; one that anybody may report is none. */
function ownCheckFindings({ config, branch, name }: Look, required: readonly Required[]): Finding[] {
  const rows = required.filter(({ context }) => isOwnCheck(context));
  const page = `${config.gitHub.webUrl}/${name}/settings/rules`;
  if (rows.length === 0)
    return [
      {
        state: 'unsure',
        what: `${branch} does not require the check \`${ownCheck}\`: people can merge a task’s pull request before its proof.`,
        help: `To prevent it, require it with this App as its source: ${page}`,
      },
    ];
  return rows.map(({ context, app }) => {
    if (app === config.gitHub.appId)
      return { state: 'good', what: `${branch} requires \`${context}\` from this App alone.` };
    return {
      state: app === null ? 'unsure' : 'bad',
      what:
        app === null
          ? `${branch} requires \`${context}\` from anybody: any token with checks or statuses may report it.`
          : `${branch} requires \`${context}\` from another App (${app}): pull requests would wait for ever.`,
      help: `Choose this App as its source: ${page}`,
    };
  });
}

function mergeFindings({ policy, branch, config, name }: Look, rules: Rules): Finding[] {
  const { by, method } = policy.merge;
  const queue = rules.types.has('merge_queue');
  const findings: Finding[] = [];
  if (by === 'queue' && !queue)
    findings.push({
      state: 'bad',
      what: `ENTOURAGE.md merges by queue, but ${branch} has none.`,
      help: 'Set merge.by to auto, or add a merge queue (organisations only; private repositories need Enterprise Cloud).',
    });
  if (by === 'direct' && queue)
    findings.push({
      state: 'bad',
      what: `ENTOURAGE.md merges directly, but changes of ${branch} must go through its merge queue.`,
      help: 'Set merge.by to auto.',
    });
  const linear = method === 'merge' && rules.types.has('required_linear_history');
  if (linear || (!queue && rules.methods !== null && !rules.methods.includes(method)))
    findings.push({
      state: 'bad',
      what: `${branch} does not allow to merge by ${method}${rules.methods === null ? '' : `, only by ${rules.methods.join(', ')}`}.`,
      help: `Change merge.method in ENTOURAGE.md, or the rules: ${config.gitHub.webUrl}/${name}/settings/rules`,
    });
  if (rules.types.has('required_signatures') && method === 'rebase')
    findings.push({
      state: 'unsure',
      what: `${branch} requires signed commits; agents’ commits are not signed, and a rebase keeps them.`,
      help: 'Merge by squash: GitHub signs that commit.',
    });
  if (findings.length > 0) return findings;
  const way = queue ? 'through its merge queue' : 'one after the other';
  return [
    {
      state: 'good',
      what: `${branch} takes merges by ${queue ? 'the queue’s own method' : method}, ${way}.`,
    },
  ];
}

/** Rules that refuse what the App does to its own branches: make, push, delete. */
const hindrances: Readonly<Record<string, string>> = {
  creation: 'creation',
  update: 'updates',
  deletion: 'deletion',
  pull_request: 'a pull request for every push',
  required_status_checks: 'checks before a push',
  merge_queue: 'a merge queue',
  required_signatures: 'signed commits',
  branch_name_pattern: 'a pattern of names',
  commit_message_pattern: 'a pattern of messages',
  commit_author_email_pattern: 'a pattern of authors',
  committer_email_pattern: 'a pattern of committers',
};

async function taskBranches(look: Look): Promise<Finding> {
  const { prefix } = look.policy.branches;
  const rules = await rulesOf(look, `${prefix}doctor`);
  const found = [...rules.types].flatMap((type) => hindrances[type] ?? []);
  if (found.length === 0) return { state: 'good', what: `No rule binds the App’s branches ${prefix}….` };
  return {
    state: 'unsure',
    what: `Rules bind the App’s branches ${prefix}…: ${found.join(', ')}.`,
    help: `Exclude ${prefix}**/* from them, or let the App bypass them: ${look.config.gitHub.webUrl}/${look.name}/settings/rules`,
  };
}

/** G11 and G12: which plan pays for drafts is not told; without them there is another way. */
const drafts = (look: Look): Finding[] =>
  look.private
    ? [
        {
          state: 'good',
          what: 'A private repository: where its plan has no drafts, tasks’ pull requests say [WIP] instead.',
        },
      ]
    : [{ state: 'good', what: 'Tasks’ pull requests begin as drafts.' }];
