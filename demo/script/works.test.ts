/** The script itself: every plan's task has its work, and all of it together passes the project's tests, whatever is answered. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createWorkshop } from '../agent/workshop.ts';
import { plan } from './plan.ts';
import { works } from './works.ts';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function checkout(): string {
  const directory = mkdtempSync(join(tmpdir(), 'entourage-script-'));
  directories.push(directory);
  cpSync(join(import.meta.dirname, '..', 'project'), directory, { recursive: true });
  execFileSync('git', ['init', '--quiet', '.'], { cwd: directory });
  return directory;
}

it('has work with as much evidence as its task has acceptance items', () => {
  expect(plan.map(({ title }) => works[title]?.evidence.length)).toEqual(
    plan.map(({ acceptance }) => acceptance.length),
  );
});

it.each([0, 1])(
  'builds a project whose tests pass, whatever is answered (option %i)',
  async (option) => {
    const workshop = createWorkshop(checkout());
    for (const { title } of plan) {
      const work = works[title]!;
      // Twice, as a session does that follows one which was killed after its push.
      for (let times = 0; times < 2; times += 1) {
        if (work.folder !== null) await workshop.add(work.folder);
        for (const edit of work.edits) await workshop.edit(edit);
        for (const edit of work.question?.edits[work.question.options[option]!] ?? [])
          await workshop.edit(edit);
      }
      expect(await workshop.test(), title).toBeNull();
      await workshop.commit(work.message);
      for (const fix of work.fixes ?? []) {
        for (const edit of fix.edits) await workshop.edit(edit);
        expect(await workshop.test(), `${title}, fixed`).toBeNull();
      }
    }
  },
  120_000,
);
