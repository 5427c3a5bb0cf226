import type { components } from '@octokit/openapi-webhooks-types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { translate } from './translate.ts';
import type { Translated } from './translated.ts';

/** Some fields of a payload, by GitHub's own names and types: a wrong one does not compile. */
type Some<T> = T extends (infer I)[] ? Some<I>[] : T extends object ? { [K in keyof T]?: Some<T[K]> } : T;
type Sent<K extends keyof components['schemas']> = Some<components['schemas'][K]>;

const us = { login: 'entourage[bot]', appId: 77 };
const ana = { login: 'ana', id: 1, type: 'User' } as const;
const ben = { login: 'ben', id: 2, type: 'User' } as const;
const bot = { login: 'entourage[bot]', id: 900, type: 'Bot' } as const;
const stranger = { login: 'dependabot[bot]', id: 901, type: 'Bot' } as const;
type Sender = typeof ana | typeof ben | typeof bot | typeof stranger;
const repository = {
  id: 10,
  name: 'shop',
  full_name: 'acme/shop',
  private: true,
  default_branch: 'main',
  owner: { login: 'acme', id: 5, type: 'Organization' },
} as const;
const here = {
  id: 10,
  owner: 'acme',
  ownerId: 5,
  ownerType: 'Organization',
  name: 'shop',
  private: true,
  defaultBranch: 'main',
};
const issue = { number: 7, title: 'Add a bell', body: 'Please.', labels: [{ name: 'p1' }] };
const ours = {
  id: 50,
  body: '- [x] Approve',
  created_at: '2026-11-21T09:00:00Z',
  user: bot,
  performed_via_github_app: null,
};
const typed = {
  id: 51,
  body: '/entourage run',
  created_at: '2026-11-21T09:00:00Z',
  user: ana,
  performed_via_github_app: null,
};
const a = 'a'.repeat(40);
const b = 'b'.repeat(40);

const why = (translated: Translated[]): string =>
  translated.map((item) => (item.kind === 'ignored' ? item.why : item.kind)).join();

describe('a comment', () => {
  const created = (about: Some<Sent<'webhook-issue-comment-created'>> = {}): Translated[] => {
    const payload: Sent<'webhook-issue-comment-created'> = {
      action: 'created',
      repository,
      issue,
      comment: typed,
      sender: ana,
      ...about,
    };
    return translate('issue_comment', 'created', payload, us);
  };

  it('IN-6 of a person is read with where it stands', () => {
    expect(created()).toEqual([
      {
        kind: 'comment',
        repository: here,
        issue: { number: 7, title: 'Add a bell', body: 'Please.', isPull: false, labels: ['p1'] },
        comment: { id: 51, body: '/entourage run', createdAt: '2026-11-21T09:00:00Z' },
        sender: { login: 'ana', id: 1 },
      },
    ]);
  });

  it('on a pull request, and on an issue without text (G45)', () => {
    expect(created({ issue: { ...issue, body: null, pull_request: { url: 'u' } } })).toMatchObject([
      { kind: 'comment', issue: { isPull: true, body: '' } },
    ]);
  });

  it('IN-6 of bots, of ourselves, of names that end like a bot’s, is none', () => {
    expect(why(created({ sender: stranger, comment: { ...typed, user: stranger } }))).toBe(
      'a comment by dependabot[bot], not a person',
    );
    expect(why(created({ sender: bot, comment: ours }))).toBe('a comment by entourage[bot], not a person');
    expect(why(created({ sender: { ...ana, login: 'ana[bot]' } }))).toMatch(/not a person/);
    expect(why(created({ sender: { ...ana, type: 'Organization' } }))).toMatch(/not a person/);
  });

  it('IN-6 that an app sent in a person’s name is none', () => {
    const comment = { ...typed, performed_via_github_app: { id: 3, slug: 'helper' } };
    expect(why(created({ comment }))).toBe('a comment that an app (helper) sent for ana');
    expect(why(created({ comment: { ...typed, performed_via_github_app: { id: 3 } } }))).toMatch(/unknown/);
  });

  it('IN-6 whose author is not its sender is none', () => {
    expect(why(created({ sender: ben }))).toBe('a comment whose author is not its sender');
    expect(why(created({ comment: { ...typed, user: null } }))).toBe(
      'a comment whose author is not its sender',
    );
  });
});

describe('an edit', () => {
  const edited = (about: Some<Sent<'webhook-issue-comment-edited'>> = {}): Translated[] => {
    const payload: Sent<'webhook-issue-comment-edited'> = {
      action: 'edited',
      repository,
      issue,
      comment: ours,
      changes: { body: { from: '- [ ] Approve' } },
      sender: ana,
      ...about,
    };
    return translate('issue_comment', 'edited', payload, us);
  };

  it('IN-6 of our comment by a person is a tick, whoever’s app the comment is', () => {
    const tick = {
      kind: 'tick',
      comment: { id: 50, before: '- [ ] Approve', after: '- [x] Approve' },
      sender: { login: 'ana', id: 1 },
    };
    expect(edited()).toMatchObject([tick]);
    expect(
      edited({ comment: { ...ours, performed_via_github_app: { id: 77, slug: 'entourage' } } }),
    ).toMatchObject([tick]);
  });

  it('IN-6 of a person’s comment never runs a command: not by others, not by its author', () => {
    expect(why(edited({ comment: typed, sender: ben }))).toBe('an edited comment');
    expect(why(edited({ comment: typed, sender: ana }))).toBe('an edited comment');
    expect(why(edited({ comment: { ...typed, user: { ...bot, type: 'User' } } }))).toBe('an edited comment');
    expect(why(edited({ comment: { ...typed, user: null } }))).toBe('an edited comment');
  });

  it('IN-6 by ourselves or another bot is none, nor one that changed no text', () => {
    expect(why(edited({ sender: bot }))).toBe('an edit by entourage[bot], not a person');
    expect(why(edited({ sender: stranger }))).toMatch(/not a person/);
    expect(why(edited({ changes: {} }))).toBe('an edit that changed no text');
    expect(why(edited({ changes: { body: { from: '- [x] Approve' } } }))).toBe(
      'an edit that changed no text',
    );
  });
});

describe('a label', () => {
  const labeled = (sender: Sender): Translated[] => {
    const payload: Sent<'webhook-issues-labeled'> = {
      action: 'labeled',
      repository,
      issue,
      label: { name: 'entourage' },
      sender,
    };
    return translate('issues', 'labeled', payload, us);
  };
  it('IN-2 that a person set is read', () => {
    expect(labeled(ana)).toMatchObject([
      { kind: 'label', label: 'entourage', issue: { number: 7, labels: ['p1'] }, sender: { login: 'ana' } },
    ]);
  });
  it('IN-6 that a bot set is not', () =>
    expect(why(labeled(stranger))).toBe('a label set by dependabot[bot], not a person'));
});

describe('a pull request', () => {
  const head = { ref: 'entourage/12-t2', sha: b, repo: { id: 10 } };
  const pull = { number: 33, merged: false, merge_commit_sha: a, merged_by: null, head };
  const closed = (about: object, sender: Sender = ana): Translated[] => {
    const payload: Sent<'webhook-pull-request-closed'> = {
      action: 'closed',
      repository,
      pull_request: { ...pull, ...about },
      sender,
    };
    return translate('pull_request', 'closed', payload, us);
  };
  const fact = (operation: string, input: object): object[] => [
    { kind: 'fact', operation, input: { repository: 10, ...input } },
  ];

  it('RE-8 that was merged or closed, by whomever, is a fact', () => {
    expect(closed({ merged: true, merged_by: ben })).toEqual(
      fact('record_merge', { pull: 33, commit: a, by: '@ben' }),
    );
    expect(closed({ merged: true, merge_commit_sha: null }, bot)).toEqual(
      fact('record_merge', { pull: 33, commit: null, by: 'entourage[bot]' }),
    );
    expect(closed({})).toEqual(fact('record_close', { pull: 33, by: '@ana' }));
  });

  it('RE-8 that a person reopened is a fact; one that a bot reopened is not', () => {
    const reopened = (sender: Sender): Translated[] => {
      const payload: Sent<'webhook-pull-request-reopened'> = {
        action: 'reopened',
        repository,
        pull_request: pull,
        sender,
      };
      return translate('pull_request', 'reopened', payload, us);
    };
    expect(reopened(ben)).toEqual(fact('record_reopen', { pull: 33, by: '@ben' }));
    for (const sender of [bot, stranger])
      expect(why(reopened(sender))).toBe(`a pull request reopened by ${sender.login}, not a person`);
  });

  const pushedTo = (about: object, sender: Sender = ben): Translated[] =>
    translate(
      'pull_request',
      'synchronize',
      { action: 'synchronize', repository, pull_request: { ...pull, head: { ...head, ...about } }, sender },
      us,
    );
  it('RE-4 RE-8 that somebody else pushed to has a new head; ours are known, a fork’s are none', () => {
    expect(pushedTo({})).toEqual(fact('record_head', { branch: 'entourage/12-t2', head: b, by: '@ben' }));
    expect(why(pushedTo({}, bot))).toBe('our own push');
    expect(why(pushedTo({ repo: { id: 11 } }))).toBe('a push to a fork');
    expect(why(pushedTo({ repo: null }))).toBe('a push to a fork');
  });

  const reviewed = (user: object | null, sender: Sender = ana): Translated[] =>
    translate(
      'pull_request_review',
      'submitted',
      { action: 'submitted', repository, pull_request: pull, review: { id: 900, user }, sender },
      us,
    );
  it('RE-3 RE-4 with a person’s review has it read', () => {
    expect(reviewed(ana)).toEqual([{ kind: 'read_review', repository: here, pull: 33, review: 900 }]);
    expect(why(reviewed(stranger, stranger))).toMatch(/not a person/);
    expect(why(reviewed(null))).toMatch(/not a person/);
  });
  it('RE-4 whose review was dismissed, by GitHub’s own bot too, is a fact', () => {
    const payload: Sent<'webhook-pull-request-review-dismissed'> = {
      action: 'dismissed',
      repository,
      pull_request: { number: 33 },
      review: { id: 900, user: ana },
      sender: stranger,
    };
    expect(translate('pull_request_review', 'dismissed', payload, us)).toEqual(
      fact('record_review_dismissed', { pull: 33, review: 900 }),
    );
  });
});

describe('a check', () => {
  it.each(['check_run', 'check_suite'])('RE-7 %s of others is read, our own is not', (event) => {
    const completed = (app: { id: number } | null): Translated[] =>
      translate(
        event,
        'completed',
        { action: 'completed', repository, [event]: { head_sha: b, app }, sender: stranger },
        us,
      );
    expect(completed({ id: 15368 })).toEqual([{ kind: 'read_checks', repository: here, head: b }]);
    expect(completed(null)).toHaveLength(1);
    expect(why(completed({ id: 77 }))).toBe('our own check');
  });
});

describe('a push', () => {
  const commit = { added: ['src/a.ts'], modified: [], removed: [] };
  const pushed = (about: object = {}, sender: Sender = ben): Translated[] =>
    translate(
      'push',
      null,
      {
        repository,
        ref: 'refs/heads/entourage/12-t2',
        before: a,
        after: b,
        created: false,
        deleted: false,
        forced: false,
        commits: [commit],
        sender,
        ...about,
      },
      us,
    );

  it('RE-8 to a branch moves its head, forced or not; our own are known', () => {
    const moved = [
      {
        kind: 'fact',
        operation: 'record_head',
        input: { repository: 10, branch: 'entourage/12-t2', head: b, by: '@ben' },
      },
    ];
    expect(pushed()).toEqual(moved);
    expect(pushed({ forced: true, commits: [] })).toEqual(moved);
    expect(why(pushed({}, bot))).toBe('our own push');
    expect(why(pushed({ ref: 'refs/tags/v1' }))).toBe('a tag');
  });

  it('RE-8 that deletes a branch is a fact, told as a push or as a delete', () => {
    const gone = [
      {
        kind: 'fact',
        operation: 'record_branch_deleted',
        input: { repository: 10, branch: 'entourage/12-t2', by: '@ben' },
      },
    ];
    expect(pushed({ deleted: true, after: '0'.repeat(40), commits: [] })).toEqual(gone);
    const deleted = (ref_type: 'branch' | 'tag', sender: Sender): Translated[] => {
      const payload: Sent<'webhook-delete'> = { ref: 'entourage/12-t2', ref_type, repository, sender };
      return translate('delete', null, payload, us);
    };
    expect(deleted('branch', ben)).toEqual(gone);
    expect(why(deleted('branch', bot))).toBe('a branch that we deleted');
    expect(why(deleted('tag', ben))).toBe('a tag');
  });

  it('TR-3 to the default branch reads the policy again when it may have changed', () => {
    const main = (about: object, sender: Sender = ana): Translated[] =>
      pushed({ ref: 'refs/heads/main', ...about }, sender);
    const read = [{ kind: 'policy', repository: here }];
    for (const where of ['added', 'modified', 'removed'])
      expect(main({ commits: [commit, { ...commit, [where]: ['ENTOURAGE.md'] }] })).toEqual(read);
    expect(main({ forced: true })).toEqual(read);
    expect(main({ commits: [] }, bot)).toEqual(read);
    expect(why(main({}))).toMatch(/leaves ENTOURAGE\.md alone/);
    expect(why(main({ commits: [{ added: ['docs/ENTOURAGE.md'] }] }))).toMatch(/alone/);
  });
});

describe('a workflow run that ended', () => {
  const session = '00000000-0000-4000-8000-000000000002';
  const run = {
    id: 7001,
    event: 'workflow_dispatch',
    path: '.github/workflows/entourage.yml',
    display_title: `Entourage session ${session}`,
  };
  const ended = (about: Partial<typeof run> = {}): Translated[] => {
    const payload: Sent<'webhook-workflow-run-completed'> = {
      action: 'completed',
      repository,
      workflow_run: { ...run, ...about },
      sender: stranger,
    };
    return translate('workflow_run', 'completed', payload, us);
  };
  const look = (named: string | null): Translated[] => [
    { kind: 'look_at_workflow', repository: here, workflowRun: 7001, session: named },
  ];

  it('G33: is looked at when it is one of our sessions’, whoever ended it', () => {
    expect(ended()).toEqual(look(session));
    expect(ended({ path: `${run.path}@refs/heads/main` })).toEqual(look(session));
    expect(ended({ display_title: 'renamed by hand' })).toEqual(look(null));
  });

  it('of another workflow or event is left alone', () => {
    expect(why(ended({ path: '.github/workflows/ci.yml' }))).toBe('not the workflow of our sessions');
    expect(why(ended({ event: 'push' }))).toBe('not the workflow of our sessions');
  });
});

describe('the installation', () => {
  const record = (operation: string, input: object): object => ({ kind: 'fact', operation, input });
  const account = { login: 'acme', type: 'Organization' };

  it('and its repositories, as they come and go, are facts', () => {
    const created = translate(
      'installation',
      'created',
      { installation: { id: 9, account }, repositories: [{ id: 10, full_name: 'acme/shop', private: true }] },
      us,
    );
    expect(created).toEqual([
      record('record_installation', { account: 'acme', account_type: 'Organization', removed: false }),
      record('record_repository', {
        repository: 10,
        owner: 'acme',
        name: 'shop',
        private: true,
        removed: false,
      }),
    ]);
    expect(
      translate('installation', 'deleted', { installation: { id: 9, account: { slug: 'big' } } }, us),
    ).toEqual([record('record_installation', { account: 'big', account_type: 'Enterprise', removed: true })]);
    const selected = {
      installation: { id: 9, account },
      repositories_added: [{ id: 11, full_name: 'acme/api' }],
      repositories_removed: [{ id: 10, full_name: 'acme/shop', private: true }],
    };
    expect(translate('installation_repositories', 'added', selected, us)).toEqual([
      record('record_repository', { repository: 11, owner: 'acme', name: 'api', removed: false }),
      record('record_repository', {
        repository: 10,
        owner: 'acme',
        name: 'shop',
        private: true,
        removed: true,
      }),
    ]);
  });

  it.each(['renamed', 'transferred', 'edited', 'publicized', 'privatized', 'deleted'])(
    'a repository that was %s is a fact',
    (action) => {
      expect(translate('repository', action, { action, repository, sender: ana }, us)).toEqual([
        record('record_repository', {
          repository: 10,
          owner: 'acme',
          owner_id: 5,
          name: 'shop',
          default_branch: 'main',
          private: true,
          removed: action === 'deleted',
        }),
      ]);
    },
  );
});

describe('everything else', () => {
  it('is nothing for us', () => {
    for (const [event, action] of [
      ['star', 'created'],
      ['issue_comment', 'deleted'],
      ['constructor', null],
      ['__proto__', null],
      ['push', 'x'],
    ] as const)
      expect(translate(event, action, { repository }, us)).toEqual([]);
  });

  it('that does not look like GitHub’s is ignored, saying what is wrong, and never thrown', () => {
    expect(
      why(translate('issue_comment', 'created', { repository, issue, comment: { id: 'x' } }, us)),
    ).toMatch(/^not as GitHub sends it: sender: .*comment\.id|^not as GitHub sends it: /);
    fc.assert(
      fc.property(
        fc.constantFrom('created', 'edited', 'completed', 'closed', 'submitted', null),
        fc.constantFrom(
          'issue_comment',
          'pull_request',
          'push',
          'delete',
          'check_run',
          'installation',
          'pull_request_review',
        ),
        fc.jsonValue(),
        (action, event, payload) => {
          for (const item of translate(event, action, payload, us)) expect(item.kind).toBe('ignored');
        },
      ),
    );
  });
});

describe('the merge queue', () => {
  const pull = (action: string, about: object = {}): Translated[] =>
    translate(
      'pull_request',
      action,
      {
        action,
        repository,
        sender: bot,
        pull_request: { number: 31, merged: false, head: { ref: 'e/t1', sha: a, repo: { id: 10 } } },
        ...about,
      },
      us,
    );
  it('G24 tells who entered it and who left it, with the reason as GitHub says it', () => {
    expect(pull('enqueued')).toEqual([
      { kind: 'fact', operation: 'record_queued', input: { repository: 10, pull: 31 } },
    ]);
    expect(pull('dequeued', { reason: 'CI_FAILURE' })).toEqual([
      {
        kind: 'fact',
        operation: 'record_dequeued',
        input: { repository: 10, pull: 31, reason: 'CI_FAILURE' },
      },
    ]);
    expect(why(pull('dequeued'))).toMatch(/not as GitHub sends it: reason/);
    expect(why(pull('dequeued', { reason: 'MANUAL', sender: bot }))).toMatch(/we took it out/);
    expect(pull('dequeued', { reason: 'CI_FAILURE', sender: bot })).toHaveLength(1);
    expect(pull('dequeued', { reason: 'MANUAL', sender: ana })).toMatchObject([
      { operation: 'record_dequeued' },
    ]);
  });
  it('G27 asks for checks on a group, and tells that it is gone, without a sender too', () => {
    const group = {
      head_sha: b,
      head_ref: `refs/heads/gh-readonly-queue/main/pr-31-${a}`,
      base_ref: 'refs/heads/main',
    };
    const sent = { repository, merge_group: group };
    expect(translate('merge_group', 'checks_requested', sent, us)).toEqual([
      { kind: 'merge_group', repository: here, head: b, ref: group.head_ref, base: 'main' },
    ]);
    expect(translate('merge_group', 'destroyed', { ...sent, sender: bot }, us)).toEqual([
      { kind: 'merge_group_gone', repository: here, base: 'main' },
    ]);
  });
});

it('RE-7 a commit status is a reason to read the checks', () => {
  expect(translate('status', null, { repository, sender: ana, sha: a }, us)).toEqual([
    { kind: 'read_checks', repository: here, head: a },
  ]);
});
