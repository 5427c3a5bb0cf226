/** Which paths and links an agent may bring: none that leaves the repository, is Git's own, or looks like another one. */
import type { PushedFile } from './push.ts';

/** File systems stop at 255 bytes a name; whole paths are kept far below what any of them takes. */
const longestName = 255;
const longestPath = 1_000;
const deepest = 40;

export const hasControls = (path: string): boolean => /[\p{Cc}\p{Zl}\p{Zp}]/u.test(path);

/** Longer or deeper than every file system takes; bytes of UTF-8. */
export function isUnwieldy(path: string): boolean {
  const parts = path.split('/');
  return (
    parts.length > deepest || bytes(path) > longestPath || parts.some((part) => bytes(part) > longestName)
  );
}

const bytes = (text: string): number => new TextEncoder().encode(text).length;

export const leaves = (path: string): boolean =>
  path === '' || path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.split(/[/\\]/).includes('..');

/**
 * `.git` in all spellings that some file system takes for it: case, trailing dots and spaces and streams (NTFS), its
 * short name, ignorable characters (HFS+).
 */
export function isGit(part: string): boolean {
  const name = part.replaceAll(/\p{Cf}/gu, '').toLowerCase();
  return /^(?:\.git|git~1)(?:[ .]*|:.*)$/.test(name) || name === '.gitmodules';
}

/**
 * The link's target, walked from the link's folder: it leaves when it goes above the root, or is absolute. `..` behind a
 * name counts as leaving too: that name may be another link, and then `..` is not the folder that it looks like.
 */
export function linksOut(file: PushedFile): boolean {
  const target = file.link;
  if (target === undefined || target === '' || target.startsWith('/') || /^[A-Za-z]:|[\p{Cc}]/u.test(target))
    return true;
  const parts = target.split(/[/\\]/).filter((part) => part !== '' && part !== '.');
  const named = parts.findIndex((part) => part !== '..');
  const up = named === -1 ? parts.length : named;
  return up > file.path.split('/').length - 1 || parts.slice(up).some((part) => part === '..' || isGit(part));
}

/** As a careless file system would see it: compatibility forms folded, ignorable characters gone, `\` as `/`, no `./`. */
export const normalised = (path: string): string =>
  path
    .normalize('NFKC')
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .map((part) => part.replace(/[. ]+$/, ''))
    .join('/');

/** Two names that one checkout can't hold, on macOS or Windows, are the same after this. */
export const folded = (path: string): string => path.normalize('NFC').toLowerCase();

/** Folders of a path, from the root (``) down. */
export function foldersOf(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index).join('/'));
}

/**
 * New entries that differ from another one of the same tree by case alone, as pairs. `added` are paths new to the
 * branch, `entries` all names of every folder on the way to them.
 */
export function twins(
  added: readonly string[],
  entries: readonly string[],
): { path: string; other: string }[] {
  const bySight = new Map<string, Set<string>>();
  for (const entry of entries) {
    const alike = bySight.get(folded(entry)) ?? new Set();
    bySight.set(folded(entry), alike.add(entry));
  }
  const pairs = new Map<string, string>();
  for (const path of added) {
    for (const entry of [...foldersOf(path).slice(1), path]) {
      const other = [...(bySight.get(folded(entry)) ?? [])].find((one) => one !== entry);
      if (other !== undefined) pairs.set(entry, other);
    }
  }
  return [...pairs].map(([path, other]) => ({ path, other }));
}

/** The path as people may read it: no control or invisible characters, no Markdown code end, not endless. */
export function shown(path: string): string {
  const plain = path.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}`]/gu, '�');
  return `\`${plain.length > 120 ? `${plain.slice(0, 119)}…` : plain}\``;
}

/** A rule and up to five of those that break it; null when nobody does. */
export function offence(rule: string, offenders: readonly string[]): string | null {
  const names = [...new Set(offenders)];
  if (names.length === 0) return null;
  const rest = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${rule}: ${names.slice(0, 5).join(', ')}${rest}.`;
}
