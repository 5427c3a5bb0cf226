/**
 * What is known of GitHub's behaviour, late 2026, and who says so. Tests cite a row by its id, here and in the product;
 * test/forge holds that every row is either played by a test or said not to matter.
 */

/**
 * `S` GitHub's own specification or parser, as published in npm packages; `D` its documentation or changelog; `R` a report
 * in a public repository, not official: whoever leans on it needs a probe or a fallback; `M` measured.
 */
export type Source = 'S' | 'D' | 'R' | 'M';

export interface Fact {
  id: string;
  group: 'API' | 'Pull requests' | 'Merging' | 'Actions' | 'Apps, limits, webhooks';
  sources: readonly Source[];
  fact: string;
}

const facts: Readonly<Record<Fact['group'], readonly Omit<Fact, 'group'>[]>> = {
  API: [
    {
      id: 'G1',
      sources: ['D', 'S'],
      fact: 'Version 2022-11-28 is served without the header, as Octokit and Probot ask; 2026-03-10 drops merge_commit_sha and assignee, and its workflow dispatch always answers 200 with a body',
    },
    {
      id: 'G2',
      sources: ['S', 'R'],
      fact: 'Bodies hold 65,536 characters, check output 65,535; 50 annotations a request; 3 buttons of 20, 40 and 20 characters',
    },
    {
      id: 'G3',
      sources: ['S'],
      fact: 'Eight reactions; 201 for a new one, 200 for one that was there',
    },
    { id: 'G4', sources: ['D'], fact: 'Mermaid fences are drawn in issues, pull requests and comments' },
    {
      id: 'G5',
      sources: ['R', 'S', 'D'],
      fact: 'author_association misleads; the permission endpoint with metadata:read tells, by user.permissions; everybody reads public repositories; write may edit others’ comments, triage may not',
    },
    {
      id: 'G6',
      sources: ['S', 'R'],
      fact: 'Sub-issues and dependencies take the issue’s id, not its number; 100 sub-issues a parent',
    },
  ],
  'Pull requests': [
    {
      id: 'G10',
      sources: ['R', 'S'],
      fact: 'Opening one needs a commit between base and head, else 422; an empty commit will do; an empty repository answers 409',
    },
    {
      id: 'G11',
      sources: ['S'],
      fact: 'Drafts on private repositories need a paid plan; without one they are refused',
    },
    {
      id: 'G12',
      sources: ['S', 'R'],
      fact: 'Draft to ready and back is GraphQL only, and said to need contents:write too',
    },
    {
      id: 'G13',
      sources: ['S', 'R'],
      fact: 'Asking the author, or somebody who is no collaborator, for a review is a 422',
    },
    {
      id: 'G14',
      sources: ['R'],
      fact: 'Nobody approves or refuses an own pull request (422), COMMENT works; an App’s approval does not count towards required ones',
    },
    {
      id: 'G15',
      sources: ['S'],
      fact: 'A review is APPROVE, REQUEST_CHANGES, COMMENT or pending without an event; the last two need a body; webhooks write states small',
    },
    {
      id: 'G16',
      sources: ['S'],
      fact: 'A line comment must be on a line of the diff, else 422; an outdated one has line null and its original_line; only a thread’s first comment is replied to',
    },
    { id: 'G17', sources: ['D'], fact: 'Suggestions are applied on the web page only' },
    { id: 'G18', sources: ['D'], fact: 'A stale approval is dismissed when the diff changes' },
  ],
  Merging: [
    {
      id: 'G20',
      sources: ['D', 'S'],
      fact: 'merge-async: 202 pending with a uuid, 200 merged or enqueued, 400 draft or closed, 409 the request that exists; polled by its uuid; kept 24 hours',
    },
    {
      id: 'G21',
      sources: ['S', 'R'],
      fact: 'PUT merge: 409 when the head moved, 405 when not mergeable or when the branch has a queue; enqueuePullRequest takes expectedHeadOid',
    },
    {
      id: 'G22',
      sources: ['R'],
      fact: 'Auto-merge is refused for a pull request that is clean already; on a queue branch it can strand one',
    },
    {
      id: 'G23',
      sources: ['R'],
      fact: 'What GITHUB_TOKEN enqueues starts no merge_group workflow: the queue waits for ever',
    },
    {
      id: 'G24',
      sources: ['S'],
      fact: 'Queue branches are gh-readonly-queue/{base}/pr-{n}-{sha}; merge_group tells checks_requested and destroyed, pull_request enqueued and dequeued with a reason',
    },
    {
      id: 'G25',
      sources: ['D'],
      fact: 'Queues exist for organisations’ repositories (private ones on Enterprise Cloud), not for people’s',
    },
    {
      id: 'G26',
      sources: ['S'],
      fact: 'mergeStateStatus: BEHIND BLOCKED CLEAN DIRTY DRAFT HAS_HOOKS UNKNOWN UNSTABLE; mergeable is null while it is computed',
    },
    {
      id: 'G27',
      sources: ['R'],
      fact: 'Required checks must report on the merge group’s commit too, or the queue stalls',
    },
  ],
  Actions: [
    {
      id: 'G30',
      sources: ['S', 'D'],
      fact: 'workflow_dispatch: 25 inputs, 65,535 characters, file on the default branch; 204, or 200 with the run by return_run_details; older servers refuse the field with 400; actions:write',
    },
    {
      id: 'G31',
      sources: ['S'],
      fact: 'repository_dispatch: event_type of 100 characters, 10 top-level keys, 64 KB',
    },
    {
      id: 'G32',
      sources: ['D'],
      fact: 'What GITHUB_TOKEN causes starts no workflow except by the two dispatches; installation tokens start them; GITHUB_TOKEN has 1,000 requests an hour',
    },
    {
      id: 'G33',
      sources: ['D', 'S'],
      fact: 'Jobs: 6 hours hosted, 5 days self-hosted, 24 hours queued; concurrency.queue max holds 100 pending, never with cancel-in-progress',
    },
    {
      id: 'G34',
      sources: ['D'],
      fact: 'OIDC: RS256, keys at the issuer’s jwks, about five minutes; ids, workflow_ref, run_id and run_attempt identify a job, the text of sub does not',
    },
    { id: 'G35', sources: ['D'], fact: 'A step’s summary holds 1 MiB; 20 are shown' },
  ],
  'Apps, limits, webhooks': [
    {
      id: 'G40',
      sources: ['S', 'D'],
      fact: 'Installation tokens live an hour, for a subset of repositories and permissions, and have no fixed length or shape; an App’s JWT is RS256 and lives ten minutes at most',
    },
    {
      id: 'G41',
      sources: ['D'],
      fact: '5,000 requests an hour; 100 at once; 900 points a minute by REST, 2,000 by GraphQL (read 1, write 5); 80 creations a minute, 500 an hour; 403 or 429 with retry-after or x-ratelimit-reset; a 304 costs nothing',
    },
    {
      id: 'G42',
      sources: ['D'],
      fact: 'GraphQL: first or last of 1 to 100, 500,000 nodes; a query costs its connection requests by 100, at least 1',
    },
    {
      id: 'G43',
      sources: ['D'],
      fact: 'Webhooks: answered within 10 s; above 25 MB never sent; no order, no repetition; the App reads the deliveries of three days and sends one again with the same GUID',
    },
    {
      id: 'G44',
      sources: ['R'],
      fact: 'An App’s own events come back to it, told by sender; performed_via_github_app belongs to the comment; a login that ends in [bot] proves nothing',
    },
    {
      id: 'G45',
      sources: ['S'],
      fact: 'Comments on pull requests come as issue_comment with issue.pull_request; an edit is an event too',
    },
  ],
};

/** Every row, in order. */
export const allFacts: readonly Fact[] = Object.entries(facts).flatMap(([group, rows]) =>
  rows.map((fact) => ({ ...fact, group: group as Fact['group'] })),
);

/** Rows that only reports tell of, in whole or in part: each needs a probe or a fallback where somebody leans on it. */
export const reportedFacts: readonly Fact[] = allFacts.filter(({ sources }) => sources.includes('R'));
