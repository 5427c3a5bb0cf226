/** That the proofs hold everywhere: no route outside GitHub's description, no forge in a test whose violations nobody reads. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { routes } from '../../forge/routes.ts';
import { usedOperations } from '../../forge/schema/used.ts';
import { operations } from '../../forge/schema/validate.ts';

const root = join(import.meta.dirname, '../..');

describe('routes', () => {
  const served = routes.map(({ id }) => id as string);

  it('serve every operation that was taken out of the description, once, and no other', () => {
    expect(served.toSorted()).toEqual(usedOperations.toSorted());
    expect(new Set(served).size).toBe(served.length);
  });

  it('have a described answer for success', () => {
    const without = served.filter((id) =>
      Object.keys(operations[id]?.responses ?? {}).every((status) => !/^(2|302)/.test(status)),
    );
    expect(without).toEqual([]);
  });
});

describe('tests', () => {
  const files = globSync('{forge,test,demo,app,runner,action}/**/*.ts', {
    cwd: root,
    exclude: ['**/node_modules/**', 'demo/project/**'],
  });
  /** What starts a forge, and what reads its violations: a bed throws when it is closed. */
  const starts = /\bstartForge\(|'forge\/main\.ts'/;
  /** These start one to see it refuse, restart or break: what it does wrong is seen by the bed beside it. */
  const excused = new Set([
    'forge/server.test.ts',
    'forge/server.ts',
    'forge/main.ts',
    'forge/workflow-dispatch.test.ts',
    'forge/workflow-runs.test.ts',
  ]);

  it('that start a forge look at its violations', () => {
    const blind = files.filter((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return starts.test(text) && !text.includes('violations') && !excused.has(file);
    });
    // The demo starts it in one file and reads its violations at the end, in another.
    expect(blind.filter((file) => !file.startsWith('demo/'))).toEqual([]);
    expect(readFileSync(join(root, 'demo/findings.ts'), 'utf8')).toContain('violations');
  });
});
