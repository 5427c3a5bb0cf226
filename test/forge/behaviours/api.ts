/** Rows G1 to G6: the API, bodies, reactions, permissions, sub-issues. */
import { expect } from 'vitest';
import { refusal, shop, type Behaviour, type Stage } from '../stage.ts';

const open = async ({ as }: Stage, login = 'ana', body = 'words'): Promise<number> => {
  const made = await as(login).request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'x', body });
  return made.data.number;
};

const comment = async ({ as }: Stage, login: string, body: string) => {
  const { data } = await as(login).request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
    ...shop,
    issue_number: 1,
    body,
  });
  return data;
};

export const apiBehaviours: Behaviour[] = [
  {
    facts: ['G1'],
    says: 'without a version 2022-11-28 is served, with merge_commit_sha and assignee',
    play: async ({ commit, pull, installation }) => {
      await commit('work', { a: '1\n' });
      const pull_number = await pull('work');
      const { data, headers } = await installation.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
        ...shop,
        pull_number,
      });
      expect(headers['x-github-api-version-selected']).toBe('2022-11-28');
      expect(data).toHaveProperty('merge_commit_sha');
      expect(data).toHaveProperty('assignee');
    },
  },
  {
    facts: ['G2'],
    says: 'a body holds 65,536 characters and not one more; a check has at most 50 annotations a request and 3 buttons',
    play: async (stage) => {
      await open(stage);
      const longest = 'é'.repeat(65_535);
      expect((await comment(stage, 'ana', `${longest}é`)).body).toHaveLength(65_536);
      expect((await refusal(comment(stage, 'ana', `${longest}éé`))).status).toBe(422);
      const head_sha = await stage.commit('checked', { a: '1\n' });
      const check = (change: object) =>
        stage.installation.request('POST /repos/{owner}/{repo}/check-runs', {
          ...shop,
          name: 'c',
          head_sha,
          ...change,
        });
      const note = {
        path: 'a',
        start_line: 1,
        end_line: 1,
        annotation_level: 'notice' as const,
        message: 'm',
      };
      const output = (count: number) => ({
        output: { title: 't', summary: 's', annotations: Array.from({ length: count }, () => note) },
      });
      expect((await check(output(50))).status).toBe(201);
      expect((await refusal(check(output(51)))).status).toBe(422);
      const button = { label: 'l', description: 'd', identifier: 'i' };
      const actions = (count: number) => ({ actions: Array.from({ length: count }, () => button) });
      expect((await check(actions(3))).status).toBe(201);
      expect((await refusal(check(actions(4)))).status).toBe(422);
      expect((await refusal(check({ actions: [{ ...button, label: 'l'.repeat(21) }] }))).status).toBe(422);
    },
  },
  {
    facts: ['G3'],
    says: 'a reaction is 201 when it is new and 200 when it was there; there are eight',
    play: async (stage) => {
      const issue_number = await open(stage);
      const react = (content: string) =>
        stage.installation.request('POST /repos/{owner}/{repo}/issues/{issue_number}/reactions', {
          ...shop,
          issue_number,
          content: content as 'eyes',
        });
      const all = ['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes'];
      for (const content of all) expect((await react(content)).status).toBe(201);
      expect((await react('eyes')).status).toBe(200);
      expect((await refusal(react('tada'))).status).toBe(422);
    },
  },
  {
    facts: ['G5'],
    says: 'the permission endpoint tells who may, metadata suffices; write edits others’ comments, triage does not',
    play: async (stage) => {
      const { octokit } = await stage.scoped({ permissions: { metadata: 'read' } });
      const of = async (username: string) => {
        const path = 'GET /repos/{owner}/{repo}/collaborators/{username}/permission';
        const { data } = await octokit.request(path, { ...shop, username });
        return [data.permission, data.role_name, data.user?.permissions?.push];
      };
      expect(await of('ana')).toEqual(['admin', 'admin', true]);
      expect(await of('mia')).toEqual(['write', 'maintain', true]);
      expect(await of('ben')).toEqual(['write', 'write', true]);
      expect(await of('tom')).toEqual(['read', 'triage', false]);
      expect(await of('eve')).toEqual(['read', 'read', false]);
      await open(stage);
      const { id, author_association } = await comment(stage, 'eve', 'mine');
      expect(author_association).not.toBe('OWNER');
      const edit = (login: string) =>
        stage.as(login).request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
          ...shop,
          comment_id: id,
          body: `by ${login}`,
        });
      expect((await refusal(edit('tom'))).status).toBe(403);
      expect((await edit('ben')).data.body).toBe('by ben');
    },
  },
  {
    facts: ['G6'],
    says: 'sub-issues and dependencies take the issue’s id, never its number; a parent has a hundred at most',
    play: async (stage) => {
      const { as } = stage;
      const create = async () => {
        const { data } = await as('ben').request('POST /repos/{owner}/{repo}/issues', {
          ...shop,
          title: 'x',
        });
        return data;
      };
      const [parent, child] = [await create(), await create()];
      const add = (sub_issue_id: number) =>
        as('ben').request('POST /repos/{owner}/{repo}/issues/{issue_number}/sub_issues', {
          ...shop,
          issue_number: parent.number,
          sub_issue_id,
        });
      expect((await refusal(add(child.number))).status).toBeGreaterThanOrEqual(400);
      expect((await add(Number(child.id))).status).toBe(201);
      const path = 'GET /repos/{owner}/{repo}/issues/{issue_number}/sub_issues';
      const { data } = await as('eve').request(path, { ...shop, issue_number: parent.number });
      expect(data.map(({ number }) => number)).toEqual([child.number]);
      const block = (issue_id: number) =>
        as('ben').request('POST /repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocked_by', {
          ...shop,
          issue_number: parent.number,
          issue_id,
        });
      expect((await refusal(block(child.number))).status).toBeGreaterThanOrEqual(400);
      expect((await block(Number(child.id))).status).toBe(201);
      for (let count = 1; count < 100; count += 1) await add(Number((await create()).id));
      expect((await refusal(add(Number((await create()).id)))).status).toBe(422);
    },
  },
];
