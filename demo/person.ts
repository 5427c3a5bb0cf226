/** A GitHub user: acts through GitHub's API with a token of their own, and knows nothing else. */
import { Octokit } from '@octokit/core';

export type Where = { api: string; owner: string; repo: string };
export type IssueComment = { id: number; body: string; by: string };
export type Pull = {
  number: number;
  title: string;
  state: string;
  draft: boolean;
  merged: boolean;
  head: string;
  branch: string;
};
export type CheckRun = { name: string; app: string; status: string; conclusion: string | null };
export type LineComment = { path: string; line: number; body: string };

export type Person = ReturnType<typeof createPerson>;

// eslint-disable-next-line max-lines-per-function -- a list of verbs, a few lines each
export function createPerson(login: string, token: string, { api, owner, repo }: Where) {
  const octokit = new Octokit({ auth: token, baseUrl: api });
  let created = 0;
  const here = { owner, repo };
  return {
    login,
    /** For what has no verb here. */
    octokit,
    /** Issues, comments and reviews made so far. */
    created: () => created,
    async opensIssue(title: string, body: string): Promise<number> {
      created += 1;
      const { data } = await octokit.request('POST /repos/{owner}/{repo}/issues', { ...here, title, body });
      return data.number;
    },
    /** Comments on an issue or a pull request. */
    async comments(issue: number, body: string): Promise<number> {
      created += 1;
      const path = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments';
      const { data } = await octokit.request(path, { ...here, issue_number: issue, body });
      return Number(data.id);
    },
    async edits(comment: number, body: string): Promise<void> {
      const path = 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}';
      await octokit.request(path, { ...here, comment_id: comment, body });
    },
    async reviews(
      pull: number,
      event: 'APPROVE' | 'REQUEST_CHANGES',
      review: { head: string; body: string; comments?: LineComment[] },
    ): Promise<void> {
      const { head, body, comments = [] } = review;
      created += 1;
      const path = 'POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews';
      const lines = comments.map((comment) => ({ ...comment, side: 'RIGHT' }));
      await octokit.request(path, {
        ...here,
        pull_number: pull,
        event,
        commit_id: head,
        body,
        comments: lines,
      });
    },
    /** Squashed, at exactly this head. */
    async mergesHead(pull: number, head: string): Promise<void> {
      const path = 'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge';
      await octokit.request(path, { ...here, pull_number: pull, sha: head, merge_method: 'squash' });
    },
    /** Runs of a workflow file, newest first. */
    async workflowRuns(file: string): Promise<{ status: string; conclusion: string | null }[]> {
      const path = 'GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs';
      const { data } = await octokit.request(path, { ...here, workflow_id: file, per_page: 100 });
      return data.workflow_runs.map(({ id, status, conclusion }) => ({
        id,
        status: status ?? '',
        conclusion,
      }));
    },
    async issueState(issue: number): Promise<'open' | 'closed'> {
      const { data } = await octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}', {
        ...here,
        issue_number: issue,
      });
      return data.state === 'closed' ? 'closed' : 'open';
    },
    /** Oldest first. */
    async commentsOf(issue: number): Promise<IssueComment[]> {
      const path = 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments';
      const { data } = await octokit.request(path, { ...here, issue_number: issue, per_page: 100 });
      return data.map(({ id, body, user }) => ({ id: Number(id), body: body ?? '', by: user?.login ?? '' }));
    },
    async reactionsOf(comment: number): Promise<{ content: string; by: string }[]> {
      const path = 'GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions';
      const { data } = await octokit.request(path, { ...here, comment_id: comment });
      return data.map(({ content, user }) => ({ content, by: user?.login ?? '' }));
    },
    /** Oldest first. */
    async pulls(): Promise<Pull[]> {
      const path = 'GET /repos/{owner}/{repo}/pulls';
      const { data } = await octokit.request(path, {
        ...here,
        state: 'all',
        sort: 'created',
        direction: 'asc',
        per_page: 100,
      });
      return data.map(({ number, title, state, draft, merged_at, head }) => ({
        number,
        title,
        state,
        draft: draft === true,
        merged: merged_at !== null,
        head: head.sha,
        branch: head.ref,
      }));
    },
    /** Those of tasks: Entourage's titles begin with the task's number. */
    async taskPulls(): Promise<Pull[]> {
      return (await this.pulls()).filter(({ title }) => /^(\[WIP\] )?t\d+: /.test(title));
    },
    async checksOf(head: string): Promise<CheckRun[]> {
      const path = 'GET /repos/{owner}/{repo}/commits/{ref}/check-runs';
      const { data } = await octokit.request(path, { ...here, ref: head, per_page: 100 });
      return data.check_runs.map(({ name, app, status, conclusion }) => ({
        name,
        app: app?.slug ?? '',
        status,
        conclusion,
      }));
    },
    /** Reviews with words, oldest first. */
    async reviewsOf(pull: number): Promise<{ id: number; body: string; by: string }[]> {
      const path = 'GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews';
      const { data } = await octokit.request(path, { ...here, pull_number: pull, per_page: 100 });
      return data
        .filter(({ body }) => body !== '')
        .map(({ id, body, user }) => ({ id: Number(id), body, by: user?.login ?? '' }));
    },
    /** Comments on lines, replies among them. */
    async lineComments(pull: number): Promise<{ body: string; by: string; replyTo: number | null }[]> {
      const path = 'GET /repos/{owner}/{repo}/pulls/{pull_number}/comments';
      const { data } = await octokit.request(path, { ...here, pull_number: pull, per_page: 100 });
      return data.map(({ body, user, in_reply_to_id }) => ({
        body,
        by: user?.login ?? '',
        replyTo: in_reply_to_id ?? null,
      }));
    },
  };
}
