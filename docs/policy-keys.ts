/** What each key of ENTOURAGE.md does, in one sentence, in the order of the page. The schema knows type, default and bounds. */

export type KeyGroup = { title: string; keys: Readonly<Record<string, string>> };

/** By path; `agents[]` is an entry of the list. The page refuses to be made while a key has no sentence, or a sentence no key. */
export const keyGroups: readonly KeyGroup[] = [
  {
    title: 'Team',
    keys: {
      team: 'What the team is called.',
      trigger_label: 'An issue that gets this label starts a run.',
      dispatch: 'Where sessions run: `actions`, any `runner`, or the runners of one group, by its name.',
      agents: 'Who works here. Of equally free agents the first takes a task.',
      'agents[].name': 'What people and other agents call it; each name once.',
      'agents[].role': 'Managers plan, engineers write, reviewers read.',
      'agents[].engine': 'The program that is the agent.',
      'agents[].model': 'The model, in the engine’s own words; `null` leaves it to the engine.',
      'agents[].capabilities': 'What a task may ask for; it goes only to an agent that has all it asks for.',
      'agents[].slots': 'Sessions at a time.',
      'agents[].command': 'Program and arguments, for engine `command` and only there. No shell reads them.',
    },
  },
  {
    title: 'Limits and money',
    keys: {
      'limits.max_agents': 'With so many sessions in the repository, no more work or review begins.',
      'limits.max_parallel': 'Tasks at a time in one run; `--max-parallel` may ask for fewer.',
      'limits.waiting_reviews': 'With so many pull requests waiting for people, no new task begins.',
      'limits.attempts': 'Sessions of a task that may come to nothing before it fails.',
      'limits.session_minutes': 'Time of one session; the next one goes on from the branch.',
      'limits.stuck_minutes': 'Silence of an agent before people are told.',
      'budget.task_usd': 'Dollars for one task; `/entourage budget` sets another sum.',
      'budget.run_usd':
        'Dollars for one run; `--budget` may ask for less, `/entourage budget` sets another sum.',
      'budget.team_daily_usd': 'Dollars for the team in one day (UTC).',
      'budget.warn_at': 'The part of a budget from which agents are warned.',
      'budget.cheaper_model_at': 'The part of a budget from which a cheaper model works.',
    },
  },
  {
    title: 'Plan',
    keys: {
      'plan.approval': '`optional` lets `--yes` approve the first plan of a run.',
      'plan.auto_approve_templates': 'Templates whose first plan `--yes` approves, whatever `approval` says.',
      'plan.max_tasks': 'Tasks of one run, those added later included.',
      'manage.woken_by':
        'What wakes the manager in a run: a task that failed for good, a message to it, the run’s end.',
    },
  },
  {
    title: 'Proof and review',
    keys: {
      'proof.checks':
        'Checks that must be green: those the branch requires (all that appear, where it requires none), all, or these. Ours never count.',
      'proof.acceptance': 'Whether each acceptance item needs evidence.',
      'review.agent':
        'The reviewer that reads first; `null` for none. Left out, the first agent of that role.',
      'review.rounds': 'Verdicts of the reviewer on one task before people decide alone.',
      'review.people': 'People who must approve each pull request. Never none.',
      'review.requesters_approval_counts': 'Whether whoever started the run may be one of them.',
    },
  },
  {
    title: 'Branches and merging',
    keys: {
      'branches.prefix': 'How the names of task branches begin.',
      'branches.base': 'Where runs begin and merge, unless `--base` says; `default` is the default branch.',
      'merge.into': 'Each task into the base, or all into a branch of the run first.',
      'merge.method': 'As GitHub’s button; a merge queue has a method of its own.',
      'merge.by':
        'The way to merge. `auto` takes what server and branch offer; `person` leaves it to people and `/entourage merge`.',
      'merge.update':
        'Without a merge queue: update a branch before each merge, or only where the rules require it.',
      'merge.delete_branch': 'Whether a task’s branch goes once it is merged.',
    },
  },
  {
    title: 'What agents may push',
    keys: {
      protected_paths:
        'Globs, from the root and in any case, of what no agent may change. They replace the default.',
      'push.max_files': 'Files that one push may change.',
      'push.max_kib': 'KiB of all files that it adds or changes.',
      'push.secrets_allowed_in': 'Globs of fixtures and samples, where what looks like a secret is none.',
    },
  },
  {
    title: 'Workspace',
    keys: {
      'workspace.setup': 'Commands in the worktree before the agent starts, one a line. No shell reads them.',
      'workspace.minutes': 'Time for all of them.',
    },
  },
  {
    title: 'People, and what happens by itself',
    keys: {
      commands:
        'Raises the permission that a command needs, at every door; never lowers it. Of several the highest counts.',
      'questions.hold_minutes':
        'How long a question keeps its session; then that gives its place back until the answer comes.',
      'reactions.ci_failed.retry': 'Times that red checks go back to the agent by themselves.',
      'reactions.ci_failed.then': 'After that: ask a person, pause the run, or fail the task.',
      'reactions.stuck.warn_minutes': 'Silence of an agent before it is warned, with its next tool result.',
      'reactions.stuck.stop_minutes': 'Silence before a warned agent is stopped; more than `warn_minutes`.',
      locked: 'In the owner’s file: keys that no repository overrides.',
    },
  },
];

/** Valid, stored, and without any effect in this version. */
export const notObeyed: Readonly<Record<string, string>> = {
  'budget.cheaper_model_at': 'The model stays as it is until the budget ends.',
  'merge.into': 'Each task merges into the base, also with `run`.',
  'proof.acceptance': 'Every acceptance item needs evidence, also with `optional`.',
  locked: 'An `ENTOURAGE.md` in the owner’s `.github` repository is not read; each repository stands alone.',
};
