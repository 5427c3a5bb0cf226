import { expect, it } from 'vitest';
import { atLeast, fromGitHub, permissions } from './permission.ts';

it('TR-2 orders permissions', () => {
  expect(permissions.filter((has) => atLeast(has, 'write'))).toEqual(['write', 'maintain', 'admin']);
});

it('TR-2 reads GitHub’s booleans, the highest first; nothing means nothing (G5)', () => {
  expect(fromGitHub({ pull: true, triage: true, push: true, maintain: true, admin: true })).toBe('admin');
  expect(fromGitHub({ pull: true, push: true, maintain: true })).toBe('maintain');
  expect(fromGitHub({ pull: true, push: true })).toBe('write');
  expect(fromGitHub({ pull: true, triage: true })).toBe('triage');
  expect(fromGitHub({ pull: true })).toBe('read');
  expect(fromGitHub({})).toBe('none');
  expect(fromGitHub(undefined)).toBe('none');
});
