/** Pages that are made from code are as the code is now; what they name is there. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checks } from '../app/cli/finding.ts';
import { ownRegistration } from '../app/cli/registration.ts';
import { variables } from '../app/config.ts';
import { defaultPolicy, parsePolicy } from '../app/domain/policy.ts';
import { allFacts, reportedFacts } from '../forge/facts.ts';
import { madePages } from '../docs/pages.ts';
import { notObeyed } from '../docs/policy-keys.ts';
import { policyKeys } from '../docs/policy-tables.ts';
import { notLeanedOn, probes } from '../docs/probes.ts';
import { findEngine, readiness } from '../runner/engines/engines.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

it.each(madePages())('docs/$name is as `node docs/pages.ts` writes it', ({ name, text }) => {
  expect(read(`docs/${name}`)).toBe(text);
});

describe('probes', () => {
  it('has a probe, a fallback or a reason for each row that only reports tell', () => {
    const handled = [...probes.map(({ row }) => row), ...Object.keys(notLeanedOn)];
    expect(handled.toSorted()).toEqual(reportedFacts.map(({ id }) => id).toSorted());
  });

  it.each(probes)('$row: its checks and its code exist, and say so', ({ row, probes: names, code }) => {
    expect(names.filter((name) => !(name in checks))).toEqual([]);
    for (const path of code) expect(existsSync(join(root, path)), path).toBe(true);
    expect(
      code.some((path) => read(path).includes(row)),
      `one of ${code.join(', ')} cites ${row}`,
    ).toBe(true);
  });

  it('no source cites a row that is said not to be leaned on', () => {
    const files = globSync('{app,runner,action}/**/*.ts', {
      cwd: root,
      exclude: ['**/node_modules/**', '**/dist/**', '**/*.test.ts'],
    });
    const cited = files.flatMap((file) =>
      [...read(file).matchAll(/\bG\d+\b/g)].map(([id]) => ({ file, id })),
    );
    expect(cited.length).toBeGreaterThan(20);
    expect(cited.filter(({ id }) => id in notLeanedOn)).toEqual([]);
    const known = new Set(allFacts.map(({ id }) => id));
    expect(cited.filter(({ id }) => !known.has(id))).toEqual([]);
  });
});

describe('policy.md', () => {
  const keys = policyKeys().map(({ path }) => path);
  const example = /```markdown\n([^]*?)```/.exec(read('docs/policy.md'))?.[1] ?? '';

  it('has every key of the policy in force', () => {
    const { words: _, ...values } = defaultPolicy;
    expect(keys).toEqual(expect.arrayContaining(pathsOf(values)));
    expect(keys.filter((path) => !read('docs/policy.md').includes(`\n| \`${path}\``))).toEqual([]);
  });

  it('has an example that is valid, with every key that is obeyed and every section', () => {
    const parsed = parsePolicy(example);
    if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
    expect(Object.values(parsed.policy.words)).not.toContain('');
    const used = pathsOf(parse(example.split('---\n')[1] ?? ''));
    expect([...new Set([...used, ...Object.keys(notObeyed)])].toSorted()).toEqual(keys.toSorted());
  });

  it('the README’s example is valid too', () => {
    const [, file = ''] = /```yaml\n(---\n[^]*?)```/.exec(read('README.md')) ?? [];
    expect(parsePolicy(file)).toMatchObject({ policy: { budget: { task_usd: 5 } } });
  });

  const source = globSync('{app,runner}/**/*.ts', {
    cwd: root,
    exclude: ['**/node_modules/**', '**/*.test.ts', 'app/cli/**', 'app/domain/policy.ts'],
  })
    .map((file) => read(file))
    .join('\n');

  it.each(keys.filter((path) => !(path in notObeyed)))('%s is obeyed: the code names it', (path) => {
    const name = path.split('.').at(-1) ?? '';
    expect(source).toMatch(new RegExp(`\\.${name}\\b|[{,] ?${name}\\b`));
  });

  it.each(Object.keys(notObeyed))('%s is not obeyed: the code reads it nowhere', (path) => {
    expect(keys).toContain(path);
    // Behind its group's name: tasks have some of these words too.
    const [name = '', group = 'policy'] = path.split('.').toReversed();
    expect(source).not.toMatch(new RegExp(`\\b${group}\\.${name}\\b`));
  });
});

/** `{ a: { b: 1 } }` → `a.b`; entries of a list of objects are `list[].key`, beside the list itself. */
function pathsOf(value: unknown, above = ''): string[] {
  return Object.entries(value ?? {}).flatMap(([name, inner]: [string, unknown]) => {
    const path = `${above}${name}`;
    // Commands are named by whoever writes the file.
    if (path === 'commands' || typeof inner !== 'object' || inner === null) return [path];
    if (!Array.isArray(inner)) return pathsOf(inner, `${path}.`);
    return [
      path,
      ...inner.flatMap((entry) => (typeof entry === 'object' ? pathsOf(entry, `${path}[].`) : [])),
    ];
  });
}

describe('set-up.md and operating.md', () => {
  it('name every permission, event and variable', async () => {
    const { permissions, events } = await ownRegistration();
    for (const { name, reason } of [...permissions, ...events]) {
      expect(reason, name).not.toBe('');
      expect(read('docs/set-up.md')).toContain(`| \`${name}\` `);
    }
    for (const { name } of variables) expect(read('docs/operating.md')).toContain(`| \`${name}\` `);
  });

  it.each(['README.md', 'docs/set-up.md', 'docs/operating.md', 'docs/policy.md', 'docs/probes.md'])(
    '%s links to what is there',
    (page) => {
      const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(
        ([, path = '']) => path,
      );
      for (const path of links) expect(existsSync(join(root, dirname(page), path)), path).toBe(true);
    },
  );

  it('name only options and commands that there are', async () => {
    const text = ['docs/set-up.md', 'docs/operating.md', 'docs/policy.md', 'README.md'].map(read).join('\n');
    const sources =
      globSync('app/cli/*.ts', { cwd: root })
        .map((file) => read(file))
        .join('\n') +
      read('app/main.ts') +
      read('runner/main.ts') +
      read('demo/main.ts');
    const options = new Set(
      [...text.matchAll(/entourage[^`\n]*?(--[a-z][\w-]*)/g)].map(([, option = '']) => option),
    );
    for (const option of options) {
      const name = option.slice(2);
      if (name !== '')
        expect(
          sources.includes(option) || sources.includes(`'${name}'`) || sources.includes(`${name}:`),
          option,
        ).toBe(true);
    }
  });
});

describe('engines.md', () => {
  it('AG-1: names every engine, how to get it, and whether it goes on with a conversation', async () => {
    const rows = read('docs/engines.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
    const missing = await readiness({ PATH: '/nonexistent' });
    expect(new Set(rows.map(([, name]) => name))).toEqual(new Set(missing.map(({ name }) => name)));
    for (const { name, readiness: told } of missing) {
      const [, , , , install = '', goesOn] = rows.find(([, row]) => row === name) ?? [];
      expect(goesOn, name).toBe(findEngine(name)?.keeps === null ? 'no' : 'yes');
      expect(told.words, name).toContain(install);
    }
  });
});
