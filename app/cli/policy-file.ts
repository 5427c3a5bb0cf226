/** The ENTOURAGE.md that a repository begins with: the defaults, said and explained, with the engines that are there. */
import { stringify } from 'yaml';
import { defaultPolicy } from '../domain/policy.ts';
import type { EngineName } from './engine-kit.ts';

export type PolicyStart = {
  dispatch: 'actions' | 'runner';
  /** One or more; engineers take turns with them, manager and reviewer get the first. */
  engines: readonly EngineName[];
  /** Program and arguments, for engine `command`. */
  command: readonly string[];
};

const { limits, budget, plan, manage, review, merge } = defaultPolicy;

const places = {
  actions: 'actions (.github/workflows/entourage.yml), runner,',
  runner: 'runner (`entourage runner`), actions,',
};

/** Valid for `parsePolicy`, whatever the settings; nothing in it differs from the defaults but dispatch and engines. */
export function policyFile({ dispatch, engines, command }: PolicyStart): string {
  const [first = 'claude-code'] = engines;
  const second = engines[1] ?? first;
  const agent = (name: string, role: string, engine: EngineName): string => {
    const program = engine === 'command' ? `, command: ${flow(command)}` : '';
    return `  - { name: ${name}, role: ${role}, engine: ${engine}${program} }`;
  };
  return `---
# How Entourage works in this repository. Read from the default branch only.
# What is left out has a default; these are the defaults.

# Where sessions run: ${places[dispatch]} or the name of a group of runners.
dispatch: ${dispatch}

# An issue that gets this label starts a run, as \`/entourage run\` does.
trigger_label: ${defaultPolicy.trigger_label}

agents:
${agent('manager', 'manager', first)}
${agent('eng-1', 'engineer', first)}
${agent('eng-2', 'engineer', second)}
${agent('reviewer', 'reviewer', first)}

# Tasks at a time, pull requests that may wait for people, attempts at a task, minutes of one session.
limits: { max_parallel: ${limits.max_parallel}, waiting_reviews: ${limits.waiting_reviews}, attempts: ${limits.attempts}, session_minutes: ${limits.session_minutes} }

# Dollars. Work stops at the cap; agents are warned at 80 %.
budget: { task_usd: ${budget.task_usd}, run_usd: ${budget.run_usd}, team_daily_usd: ${budget.team_daily_usd} }

# Nothing is done before a person approved the plan.
plan: { approval: ${plan.approval}, max_tasks: ${plan.max_tasks} }

# What wakes the manager while a run goes on: a task that failed for good, a message to it, the run's end (it sums up).
manage: { woken_by: ${flow(manage.woken_by)} }

# Which checks prove the work: required (those that the branch requires), all, or a list of names.
proof: { checks: required, acceptance: required }

# Which agent reads first (null: none) and how many verdicts it may give on a task before people decide alone; how many
# people approve each pull request. Never none.
review: { agent: reviewer, rounds: ${review.rounds}, people: ${review.people} }

merge: { method: ${merge.method}, by: ${merge.by} }

# What no agent may change.
protected_paths: ${flow(defaultPolicy.protected_paths)}

# Raises what a command needs, for example: { approve: [maintain], budget: [admin] }
commands: {}
---

What follows is for the agents. Headings other than these four are yours.

## Conventions

<!-- How code looks here, how it is tested, what a change needs before it is done. Agents don't see comments. -->

## Manager

## Engineer

## Reviewer
`;
}

const flow = (words: readonly string[]): string =>
  stringify(words, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trimEnd();
