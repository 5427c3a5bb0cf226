/** Rows G30 to G35: dispatch, GITHUB_TOKEN's silence, OIDC. */
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { expect } from 'vitest';
import { refusal, shop, type Behaviour, type Stage } from '../stage.ts';

const session = `name: Session
on: { workflow_dispatch: { inputs: { session: { type: string, required: true } } } }
permissions: { id-token: write }
jobs:
  only:
    runs-on: ubuntu-latest
    steps:
      - run: 'curl -s -H "authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=http://app.example"'
`;

const robot = `on: { push: { branches: [robot] } }
permissions: { contents: write }
jobs:
  only:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          git -c user.name=robot -c user.email=robot@example.com commit -q --allow-empty -m "By the robot"
          git push -q origin HEAD:refs/heads/made-by-robot
`;
const heard = `on: { push: { branches: ['made-*'] } }
jobs: { only: { runs-on: ubuntu-latest, steps: [{ run: "true" }] } }
`;

const said = `on: { repository_dispatch: { types: [${'x'.repeat(100)}] } }
jobs: { only: { runs-on: ubuntu-latest, steps: [{ run: "true" }] } }
`;
const summary = `on: workflow_dispatch
jobs:
  only:
    runs-on: ubuntu-latest
    steps:
      - run: echo kept >> "$GITHUB_STEP_SUMMARY"
      - run: head -c 1100000 /dev/zero | tr '\\0' x >> "$GITHUB_STEP_SUMMARY"
`;

interface Dispatch {
  ref?: string;
  inputs?: Record<string, string>;
  return_run_details?: boolean;
  headers?: Record<string, string>;
}
const dispatch = ({ installation }: Pick<Stage, 'installation'>, file: string, given: Dispatch) =>
  installation.request('POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches', {
    ...shop,
    workflow_id: file,
    ref: 'main',
    ...given,
  });

const runs = async ({ installation, settled }: Stage) => {
  await settled();
  const { data } = await installation.request('GET /repos/{owner}/{repo}/actions/runs', shop);
  return data.workflow_runs;
};

export const actionBehaviours: Behaviour[] = [
  {
    facts: ['G30'],
    says: 'a dispatch is 204, or 200 with its run when asked; it wants the file, a ref, known inputs and actions:write',
    seed: { files: { '.github/workflows/session.yml': session, '.github/workflows/push.yml': heard } },
    play: async (stage) => {
      const inputs = { session: 's1' };
      expect((await dispatch(stage, 'session.yml', { inputs })).status).toBe(204);
      const { status, data } = await dispatch(stage, 'session.yml', { inputs, return_run_details: true });
      expect(status).toBe(200);
      expect((await runs(stage)).map(({ id }) => id)).toContain(data.workflow_run_id);
      const refused = async (file: string, given: Dispatch) =>
        (await refusal(dispatch(stage, file, given))).status;
      expect(await refused('none.yml', { inputs })).toBe(404);
      expect(await refused('push.yml', {})).toBe(422);
      expect(await refused('session.yml', { inputs, ref: 'nowhere' })).toBe(422);
      expect(await refused('session.yml', {})).toBe(422);
      expect(await refused('session.yml', { inputs: { ...inputs, more: 'x' } })).toBe(422);
      const { octokit } = await stage.scoped({ permissions: { actions: 'read' } });
      const unentitled = dispatch({ installation: octokit }, 'session.yml', { inputs });
      expect((await refusal(unentitled)).status).toBe(403);
    },
  },
  {
    facts: ['G30', 'G1'],
    says: 'an older server refuses return_run_details, the newest version of the API always tells the run',
    seed: { files: { '.github/workflows/session.yml': session } },
    play: async (stage) => {
      const inputs = { session: 's1' };
      await stage.control('POST', 'actions/settings', { run_details: false });
      const asked = dispatch(stage, 'session.yml', { inputs, return_run_details: true });
      expect((await refusal(asked)).status).toBe(400);
      expect((await dispatch(stage, 'session.yml', { inputs })).status).toBe(204);
      await stage.control('POST', 'actions/settings', { run_details: true });
      const headers = { 'x-github-api-version': '2026-03-10' };
      const newest = await dispatch(stage, 'session.yml', { inputs, headers });
      expect(newest.status).toBe(200);
      expect(newest.data.workflow_run_id).toBeGreaterThan(0);
    },
  },
  {
    facts: ['G31'],
    says: 'repository_dispatch has a type of 100 characters and a payload of ten keys',
    seed: { files: { '.github/workflows/said.yml': said } },
    play: async (stage) => {
      const send = (event_type: string, keys: number) =>
        stage.installation.request('POST /repos/{owner}/{repo}/dispatches', {
          ...shop,
          event_type,
          client_payload: Object.fromEntries(Array.from({ length: keys }, (_, index) => [`k${index}`, 1])),
        });
      expect((await send('x'.repeat(100), 10)).status).toBe(204);
      expect((await refusal(send('x'.repeat(101), 1))).status).toBe(422);
      expect((await refusal(send('x', 11))).status).toBe(422);
      expect(await runs(stage)).toHaveLength(1);
    },
  },
  {
    facts: ['G33'],
    says: 'a job waits for a runner, a day at most',
    seed: { files: { '.github/workflows/session.yml': session } },
    play: async (stage) => {
      await stage.control('POST', 'actions/runners', { count: 0 });
      const given = { inputs: { session: 's1' }, return_run_details: true };
      const { data } = await dispatch(stage, 'session.yml', given);
      const run = { ...shop, run_id: Number(data.workflow_run_id) };
      const look = async () => {
        const path = 'GET /repos/{owner}/{repo}/actions/runs/{run_id}';
        const { data: found } = await stage.as('ana').request(path, run);
        return [found.status, found.conclusion];
      };
      await stage.advance(23 * 3_600_000);
      expect(await look()).toEqual(['queued', null]);
      await stage.advance(2 * 3_600_000);
      await expect.poll(look, { timeout: 30_000 }).toEqual(['completed', 'cancelled']);
    },
  },
  {
    facts: ['G35'],
    says: 'a step’s summary holds 1 MiB: more is left out',
    seed: { files: { '.github/workflows/summary.yml': summary } },
    play: async (stage) => {
      const { data } = await dispatch(stage, 'summary.yml', { return_run_details: true });
      await stage.settled();
      const path = 'GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs';
      const jobs = await stage.installation.request(path, { ...shop, run_id: Number(data.workflow_run_id) });
      const [job] = jobs.data.jobs;
      const shown = await fetch(`${stage.url}/_forge/actions/summaries/${job?.id}`);
      expect(await shown.text()).toBe('kept\n');
    },
  },
  {
    facts: ['G32'],
    says: 'what a job’s GITHUB_TOKEN pushes starts no workflow; what an installation token pushes does',
    seed: { files: { '.github/workflows/robot.yml': robot, '.github/workflows/heard.yml': heard } },
    play: async (stage) => {
      await stage.commit('robot', { 'x.txt': 'x\n' });
      const { data: main } = await stage.installation.request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
        ...shop,
        ref: 'heads/main',
      });
      await stage.settled();
      const pushed = await stage.hooks('push');
      expect(pushed.map(({ payload }) => payload['ref'])).toContain('refs/heads/made-by-robot');
      expect((await runs(stage)).map(({ head_branch }) => head_branch)).toEqual(['robot']);
      await stage.installation.request('POST /repos/{owner}/{repo}/git/refs', {
        ...shop,
        ref: 'refs/heads/made-by-app',
        sha: main.object.sha,
      });
      expect((await runs(stage)).map(({ head_branch }) => head_branch)).toEqual(
        expect.arrayContaining(['robot', 'made-by-app']),
      );
      expect(await runs(stage)).toHaveLength(2);
    },
  },
  {
    facts: ['G34'],
    says: 'a job’s OIDC token is RS256 by the issuer’s keys, for five minutes, and names the job by ids',
    seed: { files: { '.github/workflows/session.yml': session } },
    play: async (stage) => {
      const { data } = await dispatch(stage, 'session.yml', {
        inputs: { session: 's1' },
        return_run_details: true,
      });
      await stage.settled();
      const run = { ...shop, run_id: Number(data.workflow_run_id) };
      const path = 'GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs';
      const [job] = (await stage.installation.request(path, run)).data.jobs;
      const log = await stage.installation.request('GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs', {
        ...shop,
        job_id: Number(job?.id),
      });
      const [, token = ''] = /"value":\s*"([^"]+)"/.exec(String(log.data)) ?? [];
      const issuer = `${stage.url}/_services/token`;
      const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks`));
      const audience = 'http://app.example';
      const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer, audience });
      const { data: repository } = await stage.installation.request('GET /repos/{owner}/{repo}', shop);
      expect(protectedHeader.alg).toBe('RS256');
      expect(payload).toMatchObject({
        repository_id: String(repository.id),
        repository_owner_id: String(repository.owner.id),
        workflow_ref: 'acme/shop/.github/workflows/session.yml@refs/heads/main',
        run_id: String(data.workflow_run_id),
        run_attempt: '1',
        event_name: 'workflow_dispatch',
      });
      expect(Number(payload.exp) - Number(payload.iat)).toBe(300);
    },
  },
];
