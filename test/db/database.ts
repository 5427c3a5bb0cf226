/** A database of one's own for a test file: a clone of the migrated template, in about 0.1 s. */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { withClient } from '../../db/client.ts';
import { codeOf } from '../../db/transaction.ts';

export type TestDatabase = { ownerUrl: string; appUrl: string; drop(): Promise<void> };

/** `empty` leaves out the migrations. */
export async function createDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const postgres = inject('postgres');
  const name = `entourage_test_${randomBytes(6).toString('hex')}`;
  await clone(postgres.ownerUrl, name, empty ? 'template0' : postgres.template);
  const named = (url: string): string => {
    const own = new URL(url);
    own.pathname = `/${name}`;
    return own.href;
  };
  return {
    ownerUrl: named(postgres.ownerUrl),
    appUrl: named(postgres.appUrl),
    drop: async () => {
      await withClient(postgres.ownerUrl, (client) =>
        client.query(`drop database if exists ${name} with (force)`),
      );
    },
  };
}

/** 55006: another clone of the template is just being made. */
async function clone(ownerUrl: string, name: string, template: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await withClient(ownerUrl, (client) => client.query(`create database ${name} template ${template}`));
      return;
    } catch (error) {
      if (codeOf(error) !== '55006' || attempt === 50) throw error;
    }
  }
}
