/** One real Postgres for the whole test run, and a migrated template that every test file clones. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { actingAsApp } from '../../db/app-role.ts';
import { withClient } from '../../db/client.ts';
import { startEmbedded, startPostgres, type Postgres } from '../../db/embedded.ts';
import { migrate } from '../../db/migrate.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: { ownerUrl: string; appUrl: string; template: string };
  }
}

/** Nothing of it must survive the machine. */
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'entourage-test-'));
  const url = process.env['ENTOURAGE_TEST_DATABASE_URL'];
  const postgres: Postgres =
    url === undefined ? await startEmbedded({ dir, settings }) : await startPostgres({ url, dir });
  const template = `entourage_template_${process.pid}_${Date.now().toString(36)}`;
  await withClient(postgres.ownerUrl, async (client) => {
    await client.query(`create database ${template} template template0`);
  });
  const templateUrl = new URL(postgres.ownerUrl);
  templateUrl.pathname = `/${template}`;
  await migrate(templateUrl.href);
  project.provide('postgres', {
    ownerUrl: postgres.ownerUrl,
    appUrl: url === undefined ? postgres.appUrl : actingAsApp(postgres.ownerUrl),
    template,
  });
  return async () => {
    if (url !== undefined) {
      await withClient(url, (client) => client.query(`drop database ${template} with (force)`));
    }
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  };
}
