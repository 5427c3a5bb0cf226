/** The bundle that is committed, which workflows run, is the one that these sources make. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildAction } from './build.ts';

test('AG-4: the committed bundle is made of these sources; after a change: npm run build', async () => {
  const built = join(tmpdir(), `entourage-test-fresh-${process.pid}`);
  onTestFinished(() => rmSync(built, { recursive: true, force: true }));
  await buildAction(built);
  const committed = join(import.meta.dirname, 'dist');
  expect(readdirSync(committed).toSorted()).toEqual(readdirSync(built).toSorted());
  for (const name of readdirSync(built)) {
    const same = readFileSync(join(committed, name)).equals(readFileSync(join(built, name)));
    expect(same, `action/dist/${name} is as built`).toBe(true);
  }
});
