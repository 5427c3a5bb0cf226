/** Why a task does or does not run (TA-9): each check on its way, with the reason. Dispatch asks the same, in this order. */
import { pickAgent, type Candidate } from './agent-match.ts';
import type { Share } from './budget.ts';
import type { Policy } from './policy.ts';
import type { Run } from './run.ts';
import type { Task } from './task.ts';

export type RunCheck = {
  check: 'run' | 'dependencies' | 'reviews' | 'budget' | 'limits' | 'agent';
  passed: boolean;
  words: string;
};

export type ExplainInput = {
  run: Run;
  task: Task;
  policy: Policy;
  agents: readonly Candidate[];
  /** Live sessions of everybody, and those that work on this run. */
  sessions: { all: number; ofRun: number };
  /** Tasks of the repository that wait for people. */
  reviews: number;
  /** Of its task's, run's and team's money. */
  share: Share;
  /** Sessions that this App allows over all. */
  ceiling: number;
};

export function explainTask(input: ExplainInput): { words: string; checks: RunCheck[] } {
  const { task } = input;
  if (task.state !== 'todo' && task.state !== 'ready')
    return { words: `t${task.number} is ${task.state.replace('_', ' ')}: ${task.reason}`, checks: [] };
  const checks = [
    runs(input),
    dependencies(task),
    reviews(input),
    budget(input),
    limits(input),
    agent(input),
  ];
  const first = checks.find(({ passed }) => !passed);
  return {
    words:
      first === undefined
        ? `Nothing stands in the way of t${task.number}: it starts with the next look.`
        : `t${task.number} does not run yet: ${first.words}`,
    checks,
  };
}

const runs = ({ run }: ExplainInput): RunCheck => ({
  check: 'run',
  passed: run.state === 'executing',
  words: `Run ${run.number} is ${run.state.replace('_', ' ')}${run.state === 'executing' ? '' : '; tasks start while it is executing'}.`,
});

const dependencies = (task: Task): RunCheck => ({
  check: 'dependencies',
  passed: task.unmet.length === 0,
  words:
    task.unmet.length === 0
      ? 'Everything it depends on is done.'
      : `It waits for ${task.unmet.map((number) => `t${number}`).join(', ')}.`,
});

/** What people have seen already goes on (TA-8). */
function reviews({ task, policy, reviews: waiting }: ExplainInput): RunCheck {
  const most = policy.limits.waiting_reviews;
  return {
    check: 'reviews',
    passed: task.pull !== null || waiting < most,
    words: `${waiting} pull requests wait for people; new work starts below ${most}.`,
  };
}

const budget = ({ share }: ExplainInput): RunCheck => ({
  check: 'budget',
  passed: 'reserved' in share,
  words: 'reserved' in share ? 'There is money left.' : `${sentence(share.waits)}.`,
});

const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

function limits({ run, policy, sessions, agents, ceiling }: ExplainInput): RunCheck {
  const busy = agents.reduce((sum, candidate) => sum + candidate.busy, 0);
  const counts = [
    { name: 'sessions of this App', now: sessions.all, most: ceiling },
    { name: `tasks of run ${run.number} at a time`, now: sessions.ofRun, most: run.maxParallel },
    { name: 'agents of the team at work', now: busy, most: policy.limits.max_agents },
  ];
  const full = counts.find(({ now, most }) => now >= most);
  return {
    check: 'limits',
    passed: full === undefined,
    words:
      full === undefined
        ? counts.map(({ name, now, most }) => `${name}: ${now} of ${most}`).join('; ')
        : `${full.name}: ${full.now} of ${full.most} are there already.`,
  };
}

function agent({ task, agents }: ExplainInput): RunCheck {
  const picked = pickAgent(task, agents);
  return {
    check: 'agent',
    passed: 'agent' in picked,
    words: 'agent' in picked ? `${picked.agent} is free.` : `It ${picked.waits.replace(/^t\d+ /, '')}.`,
  };
}
