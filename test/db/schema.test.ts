/** `schema.sql` is what the migrations make. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dumpSchema, schemaFile } from '../../db/dump-schema.ts';
import { createDatabase, type TestDatabase } from './database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

test('db/schema.sql is up to date; node db/dump-schema.ts rewrites it', async () => {
  expect(await dumpSchema(database.ownerUrl)).toBe(await readFile(schemaFile, 'utf8'));
});
