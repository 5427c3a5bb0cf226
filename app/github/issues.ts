/** Issues: what they say, their labels, their end. */
import type { Connection } from './connection.ts';
import type { GitHub } from './port.ts';
import { at, named } from './repositories.ts';

type Verbs = Pick<GitHub, 'issue' | 'closeIssue' | 'removeLabel'>;

export function issueVerbs({ octokit, call, find }: Connection): Verbs {
  const issue: Verbs['issue'] = async (repository, number) => {
    const data = await call(`reads issue ${number} of ${named(repository)}`, () =>
      octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}', {
        ...at(repository),
        issue_number: number,
      }),
    );
    return {
      title: data.title,
      body: data.body ?? '',
      state: data.state === 'closed' ? 'closed' : 'open',
      labels: data.labels.flatMap((label) => (typeof label === 'string' ? label : (label.name ?? []))),
      author: data.user?.login ?? 'ghost',
      isPull: data.pull_request !== undefined,
    };
  };
  return {
    issue,
    closeIssue: async (repository, number) => {
      if ((await issue(repository, number)).state === 'closed') return;
      await call(`closes issue ${number} of ${named(repository)}`, () =>
        octokit.request('PATCH /repos/{owner}/{repo}/issues/{issue_number}', {
          ...at(repository),
          issue_number: number,
          state: 'closed',
          state_reason: 'completed',
        }),
      );
    },
    removeLabel: async (repository, number, label) => {
      await find(`removes a label from #${number} of ${named(repository)}`, () =>
        octokit.request('DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}', {
          ...at(repository),
          issue_number: number,
          name: label,
        }),
      );
    },
  };
}
