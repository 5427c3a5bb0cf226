import { describe, expect, it } from 'vitest';
import { defaultPolicy, parsePolicy, Policy } from './policy.ts';
import { reviewerOf } from './reviewer.ts';

const problems = (text: string): string[] => {
  const parsed = parsePolicy(text);
  return 'problems' in parsed
    ? parsed.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
    : [];
};
const policy = (text: string): Policy => {
  const parsed = parsePolicy(text);
  if ('problems' in parsed) throw new Error(problems(text).join('\n'));
  return parsed.policy;
};

describe('a policy', () => {
  it('has every default: one manager, two engineers, one reviewer', () => {
    expect(policy('')).toEqual(defaultPolicy);
    expect(policy('---\n---\n')).toEqual(defaultPolicy);
    expect(defaultPolicy.agents.map(({ name, role, engine, slots }) => [name, role, engine, slots])).toEqual([
      ['manager', 'manager', 'claude-code', 1],
      ['eng-1', 'engineer', 'claude-code', 1],
      ['eng-2', 'engineer', 'claude-code', 1],
      ['reviewer', 'reviewer', 'claude-code', 1],
    ]);
    expect(defaultPolicy).toMatchObject({
      trigger_label: 'entourage',
      dispatch: 'actions',
      limits: {
        max_agents: 5,
        max_parallel: 3,
        waiting_reviews: 6,
        attempts: 3,
        session_minutes: 60,
        stuck_minutes: 10,
      },
      budget: { task_usd: 5, run_usd: 25, team_daily_usd: 50, warn_at: 0.8, cheaper_model_at: 0.9 },
      plan: { approval: 'required', auto_approve_templates: [], max_tasks: 20 },
      proof: { checks: 'required', acceptance: 'required' },
      review: { agent: 'reviewer', people: 1, requesters_approval_counts: true },
      merge: { into: 'base', method: 'squash', by: 'auto', delete_branch: true },
      branches: { prefix: 'entourage/', base: 'default' },
      protected_paths: ['.github/**', 'ENTOURAGE.md', 'CODEOWNERS', '**/.env*'],
      push: { max_files: 100, max_kib: 4096 },
      workspace: { setup: [], minutes: 10 },
      // oxlint-disable-next-line unicorn/no-thenable -- the file's own word; nobody awaits a policy
      reactions: { ci_failed: { retry: 2, then: 'escalate' }, stuck: { warn_minutes: 10, stop_minutes: 20 } },
    });
  });

  it('reads the whole file, also with Windows line ends and a byte order mark', () => {
    const text = `---
team: platform
agents:
  - { name: manager, role: manager, engine: claude-code, model: opus }
  - { name: eng-backend, role: engineer, engine: command, command: [node, agent.ts], capabilities: [typescript], slots: 2 }
limits: { max_parallel: 5 }
proof: { checks: [test, lint] }
merge: { method: rebase }
commands: { approve: [maintain], budget: [admin] }
reactions: { ci_failed: { retry: 1 } }
---
Words before any section are the people's own.
## Conventions
### testing
Always write tests.
\`\`\`
## Manager
\`\`\`
## engineer ##
Small commits.
## Notes
Not for agents.`;
    const read = policy(text);
    expect(read).toMatchObject({
      team: 'platform',
      limits: { max_parallel: 5, attempts: 3 },
      proof: { checks: ['test', 'lint'], acceptance: 'required' },
      commands: { approve: ['maintain'], budget: ['admin'] },
      // oxlint-disable-next-line unicorn/no-thenable -- the file's own word; nobody awaits a policy
      reactions: { ci_failed: { retry: 1, then: 'escalate' } },
      words: {
        conventions: '### testing\nAlways write tests.\n```\n## Manager\n```',
        engineer: 'Small commits.',
        manager: '',
        reviewer: '',
      },
    });
    expect(read.agents[1]).toEqual({
      name: 'eng-backend',
      role: 'engineer',
      engine: 'command',
      command: ['node', 'agent.ts'],
      model: null,
      capabilities: ['typescript'],
      slots: 2,
    });
    expect(policy(`\uFEFF${text.replaceAll('\n', '\r\n')}`)).toEqual(read);
  });

  it('comes back from storage as it went in', () => {
    const stored: unknown = JSON.parse(JSON.stringify(policy('---\nteam: a\n---\n## Conventions\nx')));
    expect(Policy.parse(stored)).toEqual(policy('---\nteam: a\n---\n## Conventions\nx'));
  });
});

describe('RE-2 the reviewer', () => {
  const agents = (...roles: string[]): string =>
    `agents:\n${roles.map((role, index) => `  - { name: a${index}, role: ${role} }`).join('\n')}\n`;
  it('RE-2 is who is named, else the first of that role, else nobody', () => {
    expect(defaultPolicy.review).toMatchObject({ agent: 'reviewer', rounds: 3 });
    expect(policy('').review.agent).toBe('reviewer');
    expect(policy(`---\n${agents('engineer', 'reviewer')}---`).review.agent).toBe('a1');
    expect(policy(`---\n${agents('manager', 'engineer')}---`).review.agent).toBeNull();
    expect(policy(`---\n${agents('reviewer', 'reviewer')}review: { agent: a1 }\n---`).review.agent).toBe(
      'a1',
    );
    expect(policy(`---\n${agents('reviewer')}review: { agent: null }\n---`).review.agent).toBeNull();
  });
  it('RE-2 must be there and have the role', () => {
    expect(problems('---\nreview: { agent: nobody }\n---')).toEqual([
      '2:11 review.agent: no agent is named `nobody`',
    ]);
    expect(problems('---\nreview: { agent: eng-1, rounds: 0 }\n---')).toEqual([
      '2:11 review.agent: agent `eng-1` has another role than reviewer',
      expect.stringMatching(/^2:25 review\.rounds: /),
    ]);
  });
  it('RE-2 of a policy stored earlier may be missing', () => {
    expect(reviewerOf(defaultPolicy)).toMatchObject({ name: 'reviewer', role: 'reviewer' });
    const gone = { ...defaultPolicy, review: { ...defaultPolicy.review, agent: 'gone' } };
    expect(reviewerOf(gone)).toEqual({ missing: 'gone' });
    expect(reviewerOf({ ...gone, review: { ...gone.review, agent: null } })).toBeNull();
  });
});

describe('a broken file', () => {
  it('AG-9 can’t stop a stuck agent before it is warned', () => {
    expect(problems('---\nreactions:\n  stuck: { warn_minutes: 30 }\n---\n')).toEqual([
      '3:3 reactions.stuck.stop_minutes: a stuck agent is warned before it is stopped: expected more than `warn_minutes`',
    ]);
    expect(problems('---\nreactions: { stuck: { warn_minutes: 3, stop_minutes: 5 } }\n---\n')).toEqual([]);
  });
  it('has every problem reported, in the file’s order, with line and column', () => {
    expect(
      problems(`---
foo: 1
agents:
  - { name: manager, role: manager, engine: claude-cod }
  - name: manager
    role: engineer
    engine: command
  - { name: c, role: engineer, command: [x] }
limits: { max_agents: "5", nope: 3 }
budget: []
proof: { checks: some }
protected_paths: ["src/**", "a/[b"]
review: { agent: nobody, people: 0 }
commands: { aprove: [admin] }
---
`),
    ).toEqual([
      '2:1 unknown key `foo`',
      '4:37 agents.0.engine: not a known engine; known are claude-code, codex, gemini, opencode, aider, command',
      '5:5 two agents are named `manager`',
      '5:5 agent `manager` has engine `command` but no `command: [program, arguments…]`',
      '8:32 `command` is only for engine `command`',
      '9:11 limits.max_agents: Invalid input: expected number, received string',
      '9:28 unknown key `nope`',
      '10:1 budget: Invalid input: expected object, received array',
      '11:10 proof.checks: expected `required`, `all` or a list of check names',
      '12:29 protected_paths.1: a glob that can’t compile',
      '13:11 review.agent: no agent is named `nobody`',
      '13:26 review.people: Too small: expected number to be >=1',
      '14:13 unknown key `aprove`',
    ]);
  });

  it.each<[string, string, RegExp]>([
    ['is never closed', '---\nteam: a\n', /^1:1 the front matter that starts here is never closed/],
    ['is no YAML', '---\na: [\nb: c: d\n---\n', /^3:/],
    ['has a key twice', '---\nteam: a\nteam: b\n---\n', /^3:1 Map keys must be unique/],
    ['is a list', '---\n- a\n---\n', /^2:1 .*expected object/],
    ['is one word', '---\nhello\n---\n', /^2:1 .*expected object/],
    ['is endless', 'x'.repeat(262_145), /^1:1 the file is longer than 262144/],
    ['has an unknown tag', '---\nteam: !!js/function a\n---\n', /^2:7 Unresolved tag/],
    ['has an alias of nothing', '---\nteam: *a\n---\n', /^2:\d+ .*alias/i],
    ['names a branch that leaves', '---\nbranches: { prefix: ../x }\n---\n', /^2:13 branches\.prefix/],
    ['has an agent without anything', '---\nagents: [{}]\n---\n', /^2:10 agents\.0\.name/],
    ['has agents that are words', '---\nagents: [a, null]\n---\n', /^2:10 agents\.0/],
  ])('that %s says where', (_, text, expected) => {
    expect(problems(text).join('\n')).toMatch(expected);
  });

  it('can’t multiply aliases until memory ends', () => {
    const lines = Array.from(
      { length: 12 },
      (_, index) =>
        `k${index}: &k${index} [${Array.from({ length: 9 }, () => (index === 0 ? 'x' : `*k${index - 1}`)).join(', ')}]`,
    );
    expect(problems(`---\n${lines.join('\n')}\n---\n`).join('\n')).toMatch(/alias/i);
  });

  it('finds the place behind an alias', () => {
    expect(problems('---\nlimits: &l { max_agents: 0 }\nbudget: *l\n---\n')).toContain(
      '2:14 unknown key `max_agents`',
    );
  });
});
