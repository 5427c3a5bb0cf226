/** People of the tests: GitHub users who act through GitHub's API, with words for what tests do most. */
import { createPerson, type Person, type Where } from '../../demo/person.ts';

type Named = { number: number; head: string };
type Verbs = {
  /** Ticks the first open checkbox of a comment whose line fits. */
  ticks(comment: { id: number; body: string }, line: RegExp): Promise<void>;
  approves(pull: Named): Promise<void>;
  requestsChanges(pull: Named, at: { path: string; line: number; body: string }): Promise<void>;
  labels(issue: number, ...labels: string[]): Promise<void>;
  closes(pull: { number: number }): Promise<void>;
  reopens(pull: { number: number }): Promise<void>;
  retitles(pull: { number: number }, title: string): Promise<void>;
  describes(pull: { number: number }, body: string): Promise<void>;
  merges(pull: { number: number }): Promise<void>;
  deletesBranch(branch: string): Promise<void>;
  /** What GitHub's button of a closed pull request does. */
  restoresBranch(branch: string, head: string): Promise<void>;
  /** Commits one file on a branch in GitHub's editor; returns the new head. */
  writes(branch: string, path: string, text: string): Promise<string>;
  /** Points a branch somewhere else, by force. */
  forces(branch: string, commit: string): Promise<void>;
};
export type User = Person & Verbs;

export function createUser(login: string, token: string, where: Where): User {
  const person = createPerson(login, token, where);
  return {
    ...person,
    ...reviewVerbs(person),
    ...handVerbs(person, { owner: where.owner, repo: where.repo }),
  };
}

function reviewVerbs(person: Person): Pick<Verbs, 'ticks' | 'approves' | 'requestsChanges'> {
  return {
    async ticks({ id, body }, line) {
      const lines = body.split('\n');
      const index = lines.findIndex((text) => text.includes('- [ ]') && line.test(text));
      if (index === -1) throw new Error(`no open checkbox like ${line} in:\n${body}`);
      const after = lines.with(index, lines[index]!.replace('- [ ]', '- [x]')).join('\n');
      await person.edits(id, after);
    },
    approves: ({ number, head }) => person.reviews(number, 'APPROVE', { head, body: '' }),
    requestsChanges: ({ number, head }, comment) =>
      person.reviews(number, 'REQUEST_CHANGES', { head, body: 'Please see below.', comments: [comment] }),
  };
}

function handVerbs(
  { octokit }: Person,
  here: { owner: string; repo: string },
): Omit<Verbs, 'ticks' | 'approves' | 'requestsChanges'> {
  const patchPull = async (
    number: number,
    changes: { state?: 'open' | 'closed'; title?: string; body?: string },
  ): Promise<void> => {
    await octokit.request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
      ...here,
      pull_number: number,
      ...changes,
    });
  };
  return {
    async labels(issue, ...labels) {
      const path = 'POST /repos/{owner}/{repo}/issues/{issue_number}/labels';
      await octokit.request(path, { ...here, issue_number: issue, labels });
    },
    closes: ({ number }) => patchPull(number, { state: 'closed' }),
    reopens: ({ number }) => patchPull(number, { state: 'open' }),
    retitles: ({ number }, title) => patchPull(number, { title }),
    describes: ({ number }, body) => patchPull(number, { body }),
    async merges({ number }) {
      const path = 'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge';
      await octokit.request(path, { ...here, pull_number: number, merge_method: 'squash' });
    },
    async deletesBranch(branch) {
      await octokit.request('DELETE /repos/{owner}/{repo}/git/refs/{ref}', {
        ...here,
        ref: `heads/${branch}`,
      });
    },
    async restoresBranch(branch, head) {
      const path = 'POST /repos/{owner}/{repo}/git/refs';
      await octokit.request(path, { ...here, ref: `refs/heads/${branch}`, sha: head });
    },
    async writes(branch, path, text) {
      const { data } = await octokit.request('PUT /repos/{owner}/{repo}/contents/{path}', {
        ...here,
        path,
        branch,
        message: `Write ${path} by hand`,
        content: Buffer.from(text).toString('base64'),
      });
      return data.commit.sha ?? '';
    },
    async forces(branch, commit) {
      const path = 'PATCH /repos/{owner}/{repo}/git/refs/{ref}';
      await octokit.request(path, { ...here, ref: `heads/${branch}`, sha: commit, force: true });
    },
  };
}
