import { registerHooks } from 'node:module';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { readWorkflow, sessionInput, workflowFile, workflowPath } from './workflow.ts';

const settings = {
  url: 'https://entourage.example.com/',
  action: `acme/entourage/action@${'a1'.repeat(20)}`,
  pass: ['ANTHROPIC_API_KEY'],
  setup: ['npm install --global @anthropic-ai/claude-code@2.0.1'],
};

describe('AG-4: the workflow file', () => {
  it('is this text', async () => {
    await expect(workflowFile(settings)).toMatchFileSnapshot('golden/workflow.txt');
    await expect(
      workflowFile({
        ...settings,
        pass: [],
        setup: [],
        runsOn: ['self-hosted', 'agents'],
        sessionMinutes: 120,
      }),
    ).toMatchFileSnapshot('golden/workflow-small.txt');
  });

  it('gives its job one permission, and runs nothing that people wrote', () => {
    const file = parse(workflowFile(settings)) as {
      permissions: unknown;
      concurrency: unknown;
      on: { workflow_dispatch: { inputs: Record<string, unknown> } };
      jobs: { session: { steps: Record<string, unknown>[]; 'timeout-minutes': number } };
    };
    expect(file.permissions).toEqual({ 'id-token': 'write' });
    expect(Object.keys(file.on)).toEqual(['workflow_dispatch']);
    expect(Object.keys(file.on.workflow_dispatch.inputs)).toEqual([sessionInput]);
    expect(Object.keys(file.jobs)).toEqual(['session']);
    expect(file.jobs.session['timeout-minutes']).toBeGreaterThan(60);
    const [first, second, ...more] = file.jobs.session.steps;
    expect(more).toEqual([]);
    expect(first).toEqual({ name: 'Set up', run: `${settings.setup[0] ?? ''}\n` });
    expect(second).toEqual({
      name: 'Work',
      uses: settings.action,
      with: {
        url: 'https://entourage.example.com',
        session: '${{ inputs.session }}',
        pass: 'ANTHROPIC_API_KEY\n',
      },
      env: { ANTHROPIC_API_KEY: '${{ secrets.ANTHROPIC_API_KEY }}' },
    });
    expect(workflowPath).toBe('.github/workflows/entourage.yml');
  });

  it.each([
    ['url', 'https://a.example/${{ secrets.X }}'],
    ['url', 'https://me:secret@a.example'],
    ['url', 'https://a.example/?x=1'],
    ['url', 'https://a.example\n    permissions: write-all'],
    ['url', 'file:///etc/passwd'],
    ['url', 'https://'],
    ['action', 'acme/entourage/action@v1'],
    ['action', `acme/entourage/action@${'A1'.repeat(20)}`],
    ['action', `./action@${'a1'.repeat(20)}`],
    ['action', `acme/entourage/../x@${'a1'.repeat(20)}`],
    ['action', `docker://acme/x@${'a1'.repeat(20)}`],
    ['action', `acme/entourage@${'a1'.repeat(20)}\n`],
    ['pass', ['lower_case']],
    ['pass', ['A\nB']],
    ['pass', ['A }}${{ secrets.B']],
    ['pass', ['GITHUB_TOKEN']],
    ['pass', ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']],
    ['pass', ['PATH']],
    ['runsOn', ['ubuntu-latest, self-hosted']],
    ['runsOn', ['${{ inputs.session }}']],
    ['runsOn', []],
    ['setup', ['echo ${{ github.event.inputs.session }}']],
    ['setup', ['echo one\n- run: echo two']],
    ['setup', [' echo']],
    ['setup', ['']],
    ['sessionMinutes', 0],
    ['sessionMinutes', 1.5],
  ])('refuses %s %j', (name, value) => {
    expect(() => workflowFile({ ...settings, [name]: value })).toThrow();
  });
});

/** Their packages import JSON as bundlers do, without the attribute that Node asks for. */
async function languageService(): Promise<(text: string) => Promise<string[]>> {
  const json = /\/@actions\/[^?]*\.json$/;
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      return json.test(found.url) ? { ...found, importAttributes: { type: 'json' } } : found;
    },
    load: (url, context, next) =>
      json.test(url) ? next(url, { ...context, importAttributes: { type: 'json' } }) : next(url, context),
  });
  try {
    const { validate } = await import('@actions/languageservice');
    const { TextDocument } = await import('vscode-languageserver-textdocument');
    let version = 0;
    return async (text) => {
      // It remembers what it parsed by address.
      version += 1;
      const document = TextDocument.create(`file:///${version}/${workflowPath}`, 'yaml', version, text);
      return (await validate(document)).map(({ message }) => JSON.stringify(message));
    };
  } finally {
    hooks.deregister();
  }
}

describe('GitHub’s own language service', () => {
  it('AG-4: finds nothing in the workflow file', async () => {
    const findings = await languageService();
    expect(await findings(workflowFile(settings))).toEqual([]);
    expect(
      await findings(workflowFile({ ...settings, pass: [], runsOn: ['self-hosted', 'agents'] })),
    ).toEqual([]);
    expect(await findings(workflowFile(settings).replace('type: string', 'type: strings'))).not.toEqual([]);
  });
});

describe('what a workflow file says', () => {
  const text = workflowFile(settings);

  it('is what it was made of', () => {
    for (const made of [text, workflowFile({ ...settings, pass: [], setup: [], runsOn: ['a', 'b'] })]) {
      const { problems, remarks, settings: read } = readWorkflow(made);
      expect([problems, remarks]).toEqual([[], []]);
      expect(read === null ? null : workflowFile(read)).toBe(made);
    }
  });

  it.each([
    ['an input of another name', text.replaceAll('session', 'task'), /no step that is given `session`/],
    ['no input', text.replace(/ {4}inputs:[^]*?type: string\n/, ''), /can’t be started with a session/],
    ['no permission', text.replace('id-token: write', 'contents: read'), /does not give its job/],
    ['no YAML', 'jobs: [', /is not YAML/],
    ['no jobs', 'name: x\n', /no jobs/],
    ['other steps only', 'on: push\njobs: { a: { steps: [{ run: echo }] } }', /no step that is given/],
    ['jobs that call other workflows only', 'on: push\njobs: { a: { uses: ./x } }', /no step that is given/],
  ])('names what keeps sessions from working: %s', (_, changed, problem) => {
    expect(readWorkflow(changed).problems.join('\n')).toMatch(problem);
  });

  it.each([
    ['a tag', text.replace(/@[0-9a-f]{40}/, '@v1'), /acme\/entourage\/action@v1, which is not pinned/],
    [
      'more permissions',
      text.replace('id-token: write', 'id-token: write\n  contents: write'),
      /contents: write/,
    ],
    ['all permissions', text.replace(/permissions:\n.*\n.*\n/, 'permissions: write-all\n'), /write-all/],
    ['another job', `${text}  other:\n    runs-on: ubuntu-latest\n    steps: []\n`, /other jobs/],
    ['another word', text.replace('name: Entourage', 'name: Agents'), /changed by hand/],
  ])('names what is not as it would be written: %s', (_, changed, remark) => {
    const reading = readWorkflow(changed);
    expect(reading.problems).toEqual([]);
    expect(reading.remarks.join('\n')).toMatch(remark);
  });

  it('reads permissions of the job, which replace the file’s', () => {
    const moved = text
      .replace('  id-token: write', '  contents: read')
      .replace(/ {4}timeout-minutes: \d+\n/, '    permissions: { id-token: write }\n');
    expect(readWorkflow(moved).problems).toEqual([]);
  });

  it('does not follow aliases without end', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x]'];
    for (const [name, of] of ['ba', 'cb', 'dc', 'ed', 'fe'])
      bomb.push(`${name}: &${name} [${`*${of}, `.repeat(8)}]`);
    expect(readWorkflow(bomb.join('\n')).problems.join()).toMatch(/no jobs that can be read/);
  });
});
