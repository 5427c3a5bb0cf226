/** A webhook → what it means here. Pure: what is not said in the delivery is read later, where it matters. */
import type { z } from 'zod';
import { workflowPath } from '../domain/workflow.ts';
import { dequeued, enqueued, grouped, reported, ungrouped } from './translate-queue.ts';
import { fact, ignore, isUs, place, type At, type Translated, type Us } from './translated.ts';
import {
  CheckRun,
  CheckSuite,
  Delete,
  InstallationChange,
  InstallationRepositories,
  IssueComment,
  Issues,
  MergeGroup,
  PullRequest,
  PullRequestDequeued,
  PullRequestReview,
  Push,
  RepositoryChange,
  Status,
  WorkflowRun,
  type Account,
  type Repository as SentRepository,
} from './webhook-payload.ts';

type Reader = (payload: unknown, us: Us) => Translated[];

/** Keyed by `event.action`, or by `event` where an event has no actions. */
const readers: Readonly<Record<string, Reader>> = {
  'issue_comment.created': read(IssueComment, comment),
  'issue_comment.edited': read(IssueComment, edit),
  'issues.labeled': read(Issues, label),
  'pull_request.closed': read(PullRequest, closed),
  'pull_request.reopened': read(PullRequest, reopened),
  'pull_request.enqueued': read(PullRequest, enqueued),
  'pull_request.dequeued': read(PullRequestDequeued, dequeued),
  'merge_group.checks_requested': read(MergeGroup, grouped),
  'merge_group.destroyed': read(MergeGroup, ungrouped),
  status: read(Status, reported),
  'pull_request.synchronize': read(PullRequest, synchronized),
  'pull_request_review.submitted': read(PullRequestReview, reviewed),
  'pull_request_review.dismissed': read(PullRequestReview, dismissed),
  'check_run.completed': read(CheckRun, (sent, us) => checked(sent, sent.check_run, us)),
  'check_suite.completed': read(CheckSuite, (sent, us) => checked(sent, sent.check_suite, us)),
  'workflow_run.completed': read(WorkflowRun, workflowEnded),
  push: read(Push, pushed),
  delete: read(Delete, deleted),
  'repository.renamed': read(RepositoryChange, renamed),
  'repository.transferred': read(RepositoryChange, renamed),
  'repository.edited': read(RepositoryChange, renamed),
  'repository.publicized': read(RepositoryChange, renamed),
  'repository.privatized': read(RepositoryChange, renamed),
  'repository.deleted': read(RepositoryChange, ({ repository }) => [recordRepository(repository, true)]),
  'installation.created': read(InstallationChange, (sent) => installed(sent, false)),
  'installation.new_permissions_accepted': read(InstallationChange, (sent) => installed(sent, false)),
  'installation.unsuspend': read(InstallationChange, (sent) => installed(sent, false)),
  'installation.deleted': read(InstallationChange, (sent) => installed(sent, true)),
  'installation_repositories.added': read(InstallationRepositories, selected),
  'installation_repositories.removed': read(InstallationRepositories, selected),
};

/** Nothing for events we have no use for. Never throws: what does not look like GitHub's is ignored, with the reason. */
// eslint-disable-next-line max-params -- a delivery as it is stored, and who we are
export function translate(event: string, action: string | null, payload: unknown, us: Us): Translated[] {
  const key = action === null ? event : `${event}.${action}`;
  return Object.hasOwn(readers, key) ? (readers[key]?.(payload, us) ?? []) : [];
}

function read<S extends z.ZodType>(
  schema: S,
  translated: (sent: z.output<S>, us: Us) => Translated[],
): Reader {
  return (payload, us) => {
    const parsed = schema.safeParse(payload);
    if (parsed.success) return translated(parsed.data, us);
    const wrong = parsed.error.issues.map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`);
    return ignore(`not as GitHub sends it: ${wrong.slice(0, 5).join('; ')}`);
  };
}

const isPerson = (account: Account): boolean => account.type === 'User' && !account.login.endsWith('[bot]');
const name = (account: Account): string => (isPerson(account) ? `@${account.login}` : account.login);

const at = ({ repository, issue, sender }: Omit<z.output<typeof IssueComment>, 'comment'>): At => ({
  repository: place(repository),
  issue: {
    number: issue.number,
    title: issue.title,
    body: issue.body ?? '',
    isPull: issue.pull_request !== undefined && issue.pull_request !== null,
    labels: issue.labels.map((label) => label.name),
  },
  sender: { login: sender.login, id: sender.id },
});

/** IN-6: only what a person typed on GitHub counts. */
function comment(sent: z.output<typeof IssueComment>): Translated[] {
  const { comment: written, sender } = sent;
  if (!isPerson(sender)) return ignore(`a comment by ${sender.login}, not a person`);
  // An app with somebody's token speaks in that person's name: it is not the person's own typing, so it commands nothing.
  if (written.performed_via_github_app)
    return ignore(
      `a comment that an app (${written.performed_via_github_app.slug ?? 'unknown'}) sent for ${sender.login}`,
    );
  if (written.user?.id !== sender.id) return ignore('a comment whose author is not its sender');
  const { id, body, created_at: createdAt } = written;
  return [{ kind: 'comment', ...at(sent), comment: { id, body, createdAt } }];
}

/**
 * An edited comment never runs a command, its author's neither: nobody can see what was edited when. The one edit that
 * counts is a person's tick in a comment of ours. `performed_via_github_app` belongs to the comment there and says
 * nothing about who edited.
 */
function edit(sent: z.output<typeof IssueComment>, us: Us): Translated[] {
  const { comment: written, sender, changes } = sent;
  if (!isUs(written.user, us)) return ignore('an edited comment');
  if (!isPerson(sender)) return ignore(`an edit by ${sender.login}, not a person`);
  const before = changes?.body?.from;
  if (before === undefined || before === written.body) return ignore('an edit that changed no text');
  return [{ kind: 'tick', ...at(sent), comment: { id: written.id, before, after: written.body } }];
}

function label(sent: z.output<typeof Issues>): Translated[] {
  if (!isPerson(sent.sender)) return ignore(`a label set by ${sent.sender.login}, not a person`);
  return [{ kind: 'label', ...at(sent), label: sent.label.name }];
}

/** By whoever did it, bots and we ourselves too: merged is merged (RE-8). */
function closed({ pull_request: pull, repository, sender }: z.output<typeof PullRequest>): Translated[] {
  const which = { repository: repository.id, pull: pull.number };
  if (pull.merged !== true) return [fact('record_close', { ...which, by: name(sender) })];
  const by = name(pull.merged_by ?? sender);
  return [fact('record_merge', { ...which, commit: pull.merge_commit_sha ?? null, by })];
}

/** A person wants it after all; we reopen what is retried, and no other bot decides that agents work again. */
function reopened({ pull_request: pull, repository, sender }: z.output<typeof PullRequest>): Translated[] {
  return isPerson(sender)
    ? [fact('record_reopen', { repository: repository.id, pull: pull.number, by: name(sender) })]
    : ignore(`a pull request reopened by ${sender.login}, not a person`);
}

function synchronized(sent: z.output<typeof PullRequest>, us: Us): Translated[] {
  const { head } = sent.pull_request;
  if (head.repo?.id !== sent.repository.id) return ignore('a push to a fork');
  return moved(sent, { branch: head.ref, head: head.sha }, us);
}

/** Our own pushes are recorded where they are made. */
function moved(
  sent: { repository: SentRepository; sender: Account },
  to: { branch: string; head: string },
  us: Us,
): Translated[] {
  if (isUs(sent.sender, us)) return ignore('our own push');
  return [fact('record_head', { repository: sent.repository.id, ...to, by: name(sent.sender) })];
}

function pushed(sent: z.output<typeof Push>, us: Us): Translated[] {
  const branch = branchOf(sent.ref);
  if (branch === null) return ignore('a tag');
  if (sent.deleted) return removed(sent, branch, us);
  if (branch !== sent.repository.default_branch) return moved(sent, { branch, head: sent.after }, us);
  // A forced push or one without a list of commits may hold anything; a merge by us brings others' changes too.
  const touched =
    sent.forced ||
    sent.commits.length === 0 ||
    sent.commits.some((commit) =>
      [commit.added, commit.modified, commit.removed].flat().includes('ENTOURAGE.md'),
    );
  return touched
    ? [{ kind: 'policy', repository: place(sent.repository) }]
    : ignore('a push to the default branch that leaves ENTOURAGE.md alone');
}

const branchOf = (ref: string): string | null =>
  ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null;

/** GitHub tells it twice, as a push and as a delete, and either may be missing; recording it twice changes nothing. */
function deleted(sent: z.output<typeof Delete>, us: Us): Translated[] {
  return sent.ref_type === 'branch' ? removed(sent, sent.ref, us) : ignore('a tag');
}

function removed(
  sent: { repository: SentRepository; sender: Account },
  branch: string,
  us: Us,
): Translated[] {
  if (isUs(sent.sender, us)) return ignore('a branch that we deleted');
  return [fact('record_branch_deleted', { repository: sent.repository.id, branch, by: name(sent.sender) })];
}

function reviewed({
  repository,
  pull_request: pull,
  review,
  sender,
}: z.output<typeof PullRequestReview>): Translated[] {
  if (!isPerson(sender) || review.user === null || !isPerson(review.user))
    return ignore(`a review by ${sender.login}, not a person`);
  return [{ kind: 'read_review', repository: place(repository), pull: pull.number, review: review.id }];
}

/** GitHub itself dismisses stale approvals (G18), so it counts whoever the sender is. */
function dismissed({
  repository,
  pull_request: pull,
  review,
}: z.output<typeof PullRequestReview>): Translated[] {
  return [
    fact('record_review_dismissed', { repository: repository.id, pull: pull.number, review: review.id }),
  ];
}

type SentCheck = z.output<typeof CheckRun>['check_run'];

function checked({ repository }: { repository: SentRepository }, check: SentCheck, us: Us): Translated[] {
  if (check.app?.id === us.appId) return ignore('our own check');
  return [{ kind: 'read_checks', repository: place(repository), head: check.head_sha }];
}

/** Only that it ended is taken from here; how, is read where it is true now. Everybody else's workflows are theirs. */
function workflowEnded({ repository, workflow_run: run }: z.output<typeof WorkflowRun>): Translated[] {
  if (run.path.split('@')[0] !== workflowPath || run.event !== 'workflow_dispatch')
    return ignore('not the workflow of our sessions');
  const session = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(run.display_title)?.[0] ?? null;
  return [{ kind: 'look_at_workflow', repository: place(repository), workflowRun: run.id, session }];
}

function renamed({ repository }: z.output<typeof RepositoryChange>): Translated[] {
  return [recordRepository(repository, false)];
}

function recordRepository(repository: SentRepository, gone: boolean): Translated {
  const { id, owner, ownerId, name: named, defaultBranch, private: hidden } = place(repository);
  return fact('record_repository', {
    repository: id,
    owner,
    owner_id: ownerId,
    name: named,
    default_branch: defaultBranch,
    private: hidden,
    removed: gone,
  });
}

function installed(
  { installation, repositories }: z.output<typeof InstallationChange>,
  gone: boolean,
): Translated[] {
  const { account } = installation;
  const record = fact('record_installation', {
    account: account.login ?? account.slug ?? '',
    account_type: account.type,
    removed: gone,
  });
  return [record, ...listed(repositories, gone)];
}

function selected(sent: z.output<typeof InstallationRepositories>): Translated[] {
  return [...listed(sent.repositories_added, false), ...listed(sent.repositories_removed, true)];
}

function listed(
  repositories: z.output<typeof InstallationChange>['repositories'],
  gone: boolean,
): Translated[] {
  return repositories.map(({ id, full_name: full, private: hidden }) => {
    const [owner = '', named = ''] = full.split('/');
    return fact('record_repository', {
      repository: id,
      owner,
      name: named,
      ...(typeof hidden === 'boolean' ? { private: hidden } : {}),
      removed: gone,
    });
  });
}
