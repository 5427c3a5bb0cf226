import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { operations } from '../../catalog/catalog.ts';
import { commandNames, commands, neededPermission } from './commands.ts';
import { helpText, parseComment } from './grammar.ts';

const command = (
  [name, operation]: readonly [string, string],
  input: object = {},
  more: object = {},
): object => ({
  kind: 'command',
  name,
  operation,
  input,
  ...more,
});
const ignored = { kind: 'ignore' };
const reply = (comment: string): string => {
  const parsed = parseComment(comment);
  return parsed.kind === 'reply' ? parsed.text : `no reply but ${parsed.kind}`;
};

describe('a comment is a command', () => {
  it.each<[string, object]>([
    ['/entourage run', command(['run', 'create_run'])],
    ['/Entourage RUN', command(['run', 'create_run'])],
    [
      'Please.\n\n  /entourage run Add a bell  \r\nwith a number\r\n',
      command(['run', 'create_run'], { intent: 'Add a bell\n\nwith a number' }),
    ],
    [
      '/entourage run fix it --template bugfix --budget=$7.50 --max-parallel 2 --base next --yes',
      command(['run', 'create_run'], {
        intent: 'fix it',
        template: 'bugfix',
        budget_usd: 7.5,
        max_parallel: 2,
        base: 'next',
        yes: true,
      }),
    ],
    ['/entourage run —yes “Add a bell”', command(['run', 'create_run'], { yes: true, intent: 'Add a bell' })],
    ['/entourage run "add --json"', command(['run', 'create_run'], { intent: 'add --json' })],
    ['/entourage run --__proto__ x', command(['run', 'create_run'], { intent: '--__proto__ x' })],
    ['/entourage run -- add --json', command(['run', 'create_run'], { intent: 'add --json' })],
    [
      '/entourage run don\'t use "eval" here',
      command(['run', 'create_run'], { intent: 'don\'t use "eval" here' }),
    ],
    ['/entourage run "half a quote', command(['run', 'create_run'], { intent: '"half a quote' })],
    [
      '/entourage dispatch --agent="eng-1" Update the deps',
      command(['dispatch', 'dispatch'], { agent: 'eng-1', prompt: 'Update the deps' }),
    ],
    [
      '/entourage dispatch\nUpdate\nthe deps',
      command(['dispatch', 'dispatch'], { prompt: 'Update\nthe deps' }),
    ],
    ['/entourage approve', command(['approve', 'approve_run'])],
    ['/entourage approve\n\nThank you!', command(['approve', 'approve_run'])],
    ['/entourage approve #12', command(['approve', 'approve_run'], {}, { issue: 12 })],
    [
      '/entourage revise Smaller --tasks\nplease',
      command(['revise', 'revise_run'], { feedback: 'Smaller --tasks\n\nplease' }),
    ],
    ['/entourage answer 204', command(['answer', 'respond_to_request'], { text: '204' })],
    [
      '/entourage answer Q2 204 No Content',
      command(['answer', 'respond_to_request'], { text: '204 No Content', question: 'q2' }),
    ],
    ['/entourage cancel', command(['cancel', 'cancel_run'], {}, { inTask: 'cancel_task' })],
    ['/entourage cancel T3', command(['cancel', 'cancel_task'], { task: 't3' })],
    ['/entourage retry 12/t3', command(['retry', 'retry_task'], { task: '12/t3' })],
    ['/entourage retry', command(['retry', 'retry_run'], {}, { inTask: 'retry_task' })],
    [
      '/entourage add Say it in the docs --after t1,T2 --priority high\nIn README.md.',
      command(['add', 'create_task'], {
        title: 'Say it in the docs',
        description: 'In README.md.',
        priority: 'high',
        depends_on: ['t1', 'T2'],
        before: [],
      }),
    ],
    [
      '/entourage edit T3 --title "Bell, smaller"',
      command(['edit', 'update_task'], { task: 't3', title: 'Bell, smaller' }),
    ],
    [
      '/entourage edit t3\nAs this says.',
      command(['edit', 'update_task'], { task: 't3', description: 'As this says.' }),
    ],
    ['/entourage drop t3', command(['drop', 'drop_task'], { task: 't3' })],
    ['/entourage drop', command(['drop', 'drop_task'])],
    ['/entourage link t2 T5', command(['link', 'link_tasks'], { task: 't5', depends_on: 't2' })],
    ['/entourage unlink t2 t5', command(['unlink', 'unlink_tasks'], { task: 't5', depends_on: 't2' })],
    ['/entourage assign t3 eng-1', command(['assign', 'assign_task'], { task: 't3', agent: 'eng-1' })],
    [
      '/entourage tell T3 use the pager',
      command(['tell', 'send_message'], { to: 't3', text: 'use the pager' }),
    ],
    ['/entourage pause', command(['pause', 'pause_run'])],
    ['/entourage resume', command(['resume', 'resume_run'])],
    ['/entourage status', command(['status', 'get_run'])],
    ['/entourage budget 30', command(['budget', 'set_budget'], { budget_usd: 30 })],
    [
      '/entourage budget $12.50 --task T3',
      command(['budget', 'set_budget'], { budget_usd: 12.5, task: 'T3' }),
    ],
    ['/entourage costs #7', command(['costs', 'get_cost_summary'], {}, { issue: 7 })],
    ['/entourage tasks #7', command(['tasks', 'get_run_tasks'], {}, { issue: 7 })],
    ['/entourage help', command(['help', 'help'])],
    ['/entourage', command(['help', 'help'])],
    ['/entourage help Approve', command(['help', 'help'], { command: 'approve' })],
    ['> earlier\n\n/entourage approve', command(['approve', 'approve_run'])],
    ['/entourage approve\n---\nAna', command(['approve', 'approve_run'])],
    ['/entourage approve\n/entourage cancel', command(['approve', 'approve_run'])],
    ['```\n/entourage cancel\n```\n/entourage approve', command(['approve', 'approve_run'])],
    ['> /entourage cancel\n\n/entourage pause\n\n/entourage cancel', command(['pause', 'pause_run'])],
  ])('IN-5 %j', (comment, expected) => {
    expect(parseComment(comment)).toEqual(expected);
  });
});

describe('a comment commands nothing', () => {
  it.each([
    '',
    'Thanks!',
    'see /entourage approve',
    '/entourages approve',
    '/entourage:approve',
    '> /entourage approve',
    '> words\n/entourage approve',
    '`/entourage approve`',
    'look: `\n/entourage approve\n`',
    '```\n/entourage approve\n```',
    '~~~\n/entourage approve',
    '    /entourage approve',
    '\t/entourage approve',
    '<!-- \n/entourage approve\n-->',
    '<!--\n\n/entourage approve',
    'a <!--\n/entourage approve\n--> b',
    '<pre>\n/entourage approve\n</pre>',
    '<details>\n/entourage approve\n</details>',
    '![\n/entourage approve\n](x.png)',
    '![\n/entourage approve\n][x]\n\n[x]: x.png',
    '[x]: y "\n/entourage approve\n"',
    '[x](y "\n/entourage approve\n")',
    '- \t> /entourage approve',
    '\\/entourage approve',
    '\u2028/entourage approve',
  ])('IN-6 quotes, code and what is hidden: %j', (comment) => {
    expect(parseComment(comment)).toEqual(ignored);
  });

  it('IN-6 whatever stands in a quote, a code block or an HTML comment', () => {
    const line = fc.constantFrom(
      '/entourage approve',
      '/entourage cancel',
      ' /entourage run x',
      'words',
      '# heading',
      '- item',
      '',
      '\\`',
    );
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 8 }),
        fc.constantFrom('quote', 'fence', 'indent', 'html'),
        (lines, kind) => {
          const hidden = {
            quote: lines.map((text) => `> ${text}`).join('\n'),
            fence: `\`\`\`sh\n${lines.join('\n')}\n\`\`\``,
            indent: lines.map((text) => `    ${text}`).join('\n'),
            html: `<!--\n${lines.join('\n')}\n-->`,
          }[kind];
          expect(parseComment(hidden)).toEqual(ignored);
          // And what follows still counts.
          expect(parseComment(`${hidden}\n\n/entourage pause`)).toEqual(command(['pause', 'pause_run']));
        },
      ),
    );
  });
});

describe('a reply says what is wrong', () => {
  it.each<[string, string]>([
    ['/entourage aprove', '`/entourage aprove` is no command here. Did you mean `/entourage approve`?'],
    ['/entourage make coffee', '`/entourage make` is no command here. `/entourage help` lists them.'],
    ['/entourage `@everyone`', '`/entourage @everyone` is no command here. `/entourage help` lists them.'],
    ['/entourage help aprove', '`/entourage aprove` is no command here. Did you mean `/entourage approve`?'],
    ['/entourage constructor', '`/entourage constructor` is no command here. `/entourage help` lists them.'],
    [
      '/entourage revise',
      '`/entourage revise` is not clear: It needs to say what to change.\n\nUsage: `/entourage revise <feedback>`',
    ],
    [
      '/entourage answer q1',
      '`/entourage answer` is not clear: It needs the answer’s words.\n\nUsage: `/entourage answer [q2] <text>`',
    ],
    [
      '/entourage dispatch',
      '`/entourage dispatch` is not clear: It needs to say what is to be done.\n\nUsage: `/entourage dispatch <prompt> [--agent A]`',
    ],
    [
      '/entourage approve now',
      '`/entourage approve` is not clear: I don’t know what `now` means there.\n\nUsage: `/entourage approve`',
    ],
    [
      '/entourage approve t3',
      '`/entourage approve` is not clear: It is about a run, not about task `t3`.\n\nUsage: `/entourage approve`',
    ],
    [
      '/entourage cancel t3 t4',
      '`/entourage cancel` is not clear: I don’t know what `t4` means there.\n\nUsage: `/entourage cancel [t3]`',
    ],
    [
      '/entourage link t2',
      '`/entourage link` is not clear: It needs two tasks, the one that comes first and the one that waits: t2 t5.\n\nUsage: `/entourage link t2 t5`',
    ],
    [
      '/entourage add --after t1',
      '`/entourage add` is not clear: It needs the task’s title.\n\nUsage: `/entourage add <title> [--after t1,t2] [--before t5] [--agent A] [--priority P]`',
    ],
    [
      '/entourage drop the bell',
      '`/entourage drop` is not clear: It needs one task: t3.\n\nUsage: `/entourage drop [t3]`',
    ],
    [
      '/entourage edit t3 smaller',
      '`/entourage edit` is not clear: What is new comes with a flag: `--title`, `--priority`.\n\nUsage: `/entourage edit t3 [--title T] [--priority P]`',
    ],
    [
      '/entourage tell t3',
      '`/entourage tell` is not clear: It needs whom to tell, and what.\n\nUsage: `/entourage tell <t3 or agent> <message>`',
    ],
    [
      '/entourage help a b',
      '`/entourage help` is not clear: It takes one command’s name.\n\nUsage: `/entourage help [command]`',
    ],
  ])('IN-5 %j', (comment, expected) => expect(reply(comment)).toBe(expected));

  it.each<[string, RegExp]>([
    ['--json', /It has no flag `--json`; put text that looks like a flag in quotes\./],
    ['--constructor x', /It has no flag `--constructor`/],
    ['--template', /`--template` needs a value: `--template bugfix`\./],
    ['--template novel', /`--template` must be one of feature, bugfix, refactor, migration, custom\./],
    ['--budget lots', /`--budget` needs a number: `--budget 10`\./],
    ['--budget 0', /`--budget` must be more than 0\./],
    ['--budget 999999', /`--budget` is too large: at most 100000\./],
    ['--max-parallel 0', /`--max-parallel` must be at least 1\./],
    ['--max-parallel 1.5', /`--max-parallel`: /],
    ['--yes=true', /`--yes` takes no value\./],
    ['--yes --yes', /`--yes` is given twice\./],
    [`--base ${'x'.repeat(201)}`, /`--base` is too large: at most 200\./],
    ['x'.repeat(20_001), /The text is too long: at most 20000 characters\./],
  ])('IN-1 about run %.40s', (words, expected) => {
    const comment = `/entourage run ${words}`;
    expect(reply(comment)).toMatch(expected);
  });

  it('IN-6 and never repeats what could be markup, a mention or endless', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (typed) => {
        const parsed = parseComment(`/entourage x${typed}`);
        if (parsed.kind !== 'reply') return;
        expect(parsed.text.length).toBeLessThan(200);
        const outside = parsed.text.replaceAll(/`[^`]*`/g, '');
        expect(outside).toMatch(/^ is no command here\. (?:Did you mean \?| lists them\.)$/);
      }),
    );
  });
});

describe('whatever is written', () => {
  it('IN-6 gives exactly one of command, reply and nothing, and never throws', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom(
        '/entourage ',
        '\n',
        '\r',
        '> ',
        '```',
        '`',
        '<!--',
        '-->',
        '    ',
        '"',
        '--',
        '—',
        '=',
        '“',
        'run',
        'answer',
        'cancel',
        '#1',
        't1',
        'q1',
        '[',
        '](',
        '\u0000',
        '\u2028',
        '\uFEFF',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(['command', 'reply', 'ignore']).toContain(parseComment(pieces.join('')).kind);
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, string]>([
    ['deep quotes', '>'.repeat(60_000)],
    ['deep lists', '+ '.repeat(30_000)],
    ['many brackets', '[a]'.repeat(20_000)],
    ['endless HTML', 'a <?'.repeat(15_000)],
  ])(
    'costs little: %s',
    (_, hostile) => {
      expect(parseComment(`${hostile}\n/entourage approve`)).toEqual(ignored);
      // What follows a paragraph is not looked at.
      expect(parseComment(`/entourage approve\n\n${hostile}`)).toEqual(command(['approve', 'approve_run']));
    },
    2_000,
  );
});

it.each([
  ['', /needs an amount in dollars/],
  ['lots', /needs an amount in dollars/],
  ['-3', /needs an amount in dollars|no such flag|-3/],
  ['0', /must be more than 0/],
  ['9999999', /too large: at most 1000000/],
  ['5 6', /don’t know what `6` means/],
  ['5 --task eng-1', /`--task`: /],
])('BU-1 `/entourage budget %s` is not clear, and why is said', (words, problem) => {
  expect(reply(`/entourage budget ${words}`)).toMatch(problem);
});

describe('help', () => {
  it('lists every command with what it needs', () => {
    expect(commandNames).toHaveLength(22);
    for (const name of commandNames) {
      expect(helpText()).toContain(`| \`/entourage ${commands[name].usage}\` | ${neededPermission(name)} |`);
      expect(helpText(name)).toMatch(new RegExp(`^\`/entourage ${name}`));
    }
    expect(helpText('approve')).toBe(
      '`/entourage approve`\n\nApprove the plan that was shown last; its tasks start. Needs write permission.',
    );
  });

  it('TR-2 takes permissions from the catalog, where each operation is shown on comments', () => {
    for (const name of commandNames) {
      const operation = operations.find((candidate) => candidate.name === commands[name].operation);
      if (name === 'help') expect(operation).toBeUndefined();
      else expect([name, operation?.doors.includes('comment')]).toEqual([name, true]);
    }
    expect(commandNames.filter((name) => neededPermission(name) === 'read')).toEqual([
      'costs',
      'status',
      'tasks',
      'help',
    ]);
  });
});
