/** What the doctor found out about one thing. */

/** Everything the doctor looks at; the words are for the documentation and for programs that read `--json`. */
export const checks = {
  environment: 'the variables that the App reads',
  database: 'Postgres: reachable, version, migrations, role',
  programs: 'git and tmux',
  directory: 'room for git’s objects',
  'app-answers': 'the App at its own address',
  'app-key': 'GitHub takes the App’s key',
  'app-permissions': 'permissions of the App against app.yml',
  'app-events': 'events of the App against app.yml',
  'server-version': 'GitHub Enterprise Server: version and what may lack',
  installations: 'where the App is installed, with which permissions',
  'webhook-address': 'where GitHub sends webhooks, and in which form',
  'webhook-deliveries': 'how the App answered the last webhooks',
  'identity-issuer': 'the issuer of jobs’ identity tokens and its keys',
  repository: 'the App reaches the repository',
  people: 'the App reads what a person may do (with GITHUB_TOKEN)',
  policy: 'ENTOURAGE.md on the default branch',
  workflow: 'the workflow file on the default branch',
  action: 'the action at its commit, with its bundle',
  'workflow-enabled': 'the workflow is enabled',
  'actions-enabled': 'GitHub Actions may run the action',
  'workflow-secrets': 'the secrets that the workflow names',
  dispatch: 'GitHub would start the workflow (`--probe`)',
  'branch-rules': 'what the default branch requires',
  'own-check': 'our check, where it is required, is pinned to our App',
  'merge-way': 'policy’s way of merging is one that the branch has',
  'task-branches': 'no rule keeps the App from its own branches',
  drafts: 'draft pull requests',
} as const;
export type CheckName = keyof typeof checks;

export type Finding = {
  state: 'good' | 'bad' | 'unsure';
  /** One sentence. Never holds a secret. */
  what: string;
  /** What to do. */
  help?: string;
};
export type NamedFinding = Finding & { check: CheckName };

export const named = (check: CheckName, findings: readonly Finding[]): NamedFinding[] =>
  findings.map((finding) => ({ check, ...finding }));
