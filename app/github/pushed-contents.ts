/** Reads what a push's files say: secrets, names that collide, Git LFS, attributes. Its number and size are bounded by then. */
import { anyCase, type Contents, type PushedFile, type PushLimits } from '../domain/push.ts';
import { foldersOf, twins } from '../domain/push-paths.ts';
import { gitlink, type Entry } from './changed-files.ts';
import { git } from './git.ts';
import { searchNewSecrets, searchSecrets } from './inspection.ts';
import { readBlobs, readOut, Unreadable } from './read-out.ts';

export type Pushed = {
  /** Objects that GitHub has, and no others. */
  cache: string;
  head: string;
  entries: readonly Entry[];
  files: readonly PushedFile[];
  limits: PushLimits;
};

export async function pushedContents(dir: string, pushed: Pushed): Promise<Contents> {
  const sizes = new Map(pushed.entries.map((entry, index) => [entry.blob, pushed.files[index]?.size ?? 0]));
  const written = pushed.entries.filter(({ status, mode }) => status !== 'D' && mode !== gitlink);
  const blobs = await readBlobs(
    dir,
    written.map(({ blob }) => ({ blob, size: sizes.get(blob) ?? 0 })),
  );
  const names = await namesAround(dir, pushed.head, written);
  return {
    secrets: await newSecrets(pushed, written, blobs),
    twins: twins(
      written.filter(({ status }) => status === 'A').map(({ path }) => path),
      names,
    ),
    unpointed: await unpointed(dir, { head: pushed.head, written, blobs, names }),
    filters: await newFilters(dir, written, blobs),
  };
}

/** A secret that stood in what was changed or removed was there before: moving it is not bringing it. */
async function newSecrets(
  pushed: Pushed,
  written: readonly Entry[],
  blobs: ReadonlyMap<string, Buffer>,
): Promise<Contents['secrets']> {
  const allowed = pushed.limits.secretsAllowedIn.map(anyCase);
  const known = await knownBlobs(
    pushed.cache,
    written.map(({ blob }) => blob),
  );
  const old = new Set(known.map(({ blob }) => blob));
  const texts = written.flatMap(({ path, blob }) => {
    if (old.has(blob) || allowed.some((matches) => matches(path))) return [];
    const text = textOf(blobs.get(blob));
    return text === null ? [] : [{ path, text }];
  });
  const found = await searchSecrets(texts.map(({ text }) => text));
  if (typeof found === 'string') throw new Unreadable(found);
  if (found.every((list) => list.length === 0)) return [];
  const before = await olderTexts(pushed);
  const added = await searchNewSecrets({ texts: texts.map(({ text }) => text), found, before });
  if (typeof added === 'string') throw new Unreadable(added);
  return added.map(({ text, rule, line }) => ({ path: texts[text]?.path ?? '', rule, line }));
}

/** Enough to know what was there; beyond it a secret counts as new. */
const mostBefore = 32 * 1024 * 1024;

/** What stood in the changed paths, as far as GitHub has it: a new commit's own blobs are nothing that was there. */
async function olderTexts(pushed: Pushed): Promise<string[]> {
  const names = [...new Set(pushed.entries.flatMap(({ parents }) => parents))];
  let left = mostBefore;
  const wanted = (await knownBlobs(pushed.cache, names)).filter(({ size }) => {
    left -= size;
    return left >= 0;
  });
  const blobs = await readBlobs(pushed.cache, wanted);
  return [...blobs.values()].flatMap((bytes) => textOf(bytes) ?? []);
}

/** Those that GitHub has: nothing else is ever brought into the cache. */
async function knownBlobs(
  cache: string,
  names: readonly string[],
): Promise<{ blob: string; size: number }[]> {
  const listed = await readOut(cache, ['cat-file', '--batch-check'], names.join('\n'));
  return listed
    .toString('latin1')
    .split('\n')
    .flatMap((line) => {
      const [blob = '', type = '', size = ''] = line.split(' ');
      return type === 'blob' ? [{ blob, size: Number(size) }] : [];
    });
}

/** As git does: what has a NUL near its beginning is no text; UTF-16 says so itself. */
function textOf(bytes: Buffer | undefined): string | null {
  if (bytes === undefined) return null;
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le');
  return bytes.subarray(0, 8_000).includes(0) ? null : bytes.toString('utf8');
}

/** All names in the folders on the way to the changed paths, as the head has them. */
async function namesAround(dir: string, head: string, written: readonly Entry[]): Promise<string[]> {
  const folders = [...new Set(written.flatMap(({ path }) => foldersOf(path)))].filter(
    (folder) => folder !== '',
  );
  const names = await list(dir, ['ls-tree', '-z', '--name-only', head]);
  for (let from = 0; from < folders.length; from += 200) {
    const some = folders.slice(from, from + 200).map((folder) => `${folder}/`);
    names.push(...(await list(dir, ['ls-tree', '-z', '--name-only', head, '--', ...some])));
  }
  return names;
}

const list = async (dir: string, args: readonly string[]): Promise<string[]> =>
  (await readOut(dir, args))
    .toString('utf8')
    .split('\0')
    .filter((name) => name !== '');

type Pointing = {
  head: string;
  written: readonly Entry[];
  blobs: ReadonlyMap<string, Buffer>;
  names: readonly string[];
};

/** Files that attributes of the head give to Git LFS, and that are no pointers: nobody could fetch them from LFS. */
async function unpointed(dir: string, { head, written, blobs, names }: Pointing): Promise<string[]> {
  const attributes = names.filter((name) => name.split('/').at(-1) === '.gitattributes');
  let usesLfs = false;
  for (const name of attributes)
    usesLfs ||= filtersIn((await readOut(dir, ['cat-file', 'blob', `${head}:${name}`])).toString('utf8')).has(
      'lfs',
    );
  if (!usesLfs) return [];
  // An index is what a bare repository can read attributes from.
  await readOut(dir, ['read-tree', head]);
  const paths = [...new Set(written.filter(({ mode }) => mode !== '120000').map(({ path }) => path))];
  const checked = await git({
    dir,
    args: ['check-attr', '--cached', '-z', '--stdin', 'filter'],
    stdin: paths.map((path) => `${path}\0`).join(''),
  });
  if (checked.code !== 0) throw new Unreadable('git check-attr could not read the attributes');
  const fields = checked.stdout.toString('utf8').split('\0');
  const kept = new Set(fields.filter((_, index) => index % 3 === 0 && fields[index + 2] === 'lfs'));
  return written
    .filter(({ path, blob }) => kept.has(path) && !isPointer(blobs.get(blob)))
    .map(({ path }) => path);
}

/** Git LFS's own specification of a pointer file. */
const isPointer = (bytes: Buffer | undefined): boolean =>
  bytes !== undefined &&
  bytes.length < 1_024 &&
  /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:ext-.*\n)*oid sha256:[0-9a-f]{64}\nsize \d+\n?$/.test(
    bytes.toString('utf8'),
  );

async function newFilters(
  dir: string,
  written: readonly Entry[],
  blobs: ReadonlyMap<string, Buffer>,
): Promise<Contents['filters']> {
  const found: { path: string; filter: string }[] = [];
  for (const { path, blob, parents } of written) {
    if (path.split('/').at(-1)?.toLowerCase() !== '.gitattributes') continue;
    const before = new Set<string>();
    for (const parent of parents)
      for (const filter of filtersIn((await readOut(dir, ['cat-file', 'blob', parent])).toString('utf8')))
        before.add(filter);
    for (const filter of filtersIn(blobs.get(blob)?.toString('utf8') ?? ''))
      if (filter !== 'lfs' && !before.has(filter)) found.push({ path, filter });
  }
  return found;
}

const filtersIn = (attributes: string): Set<string> =>
  new Set([...attributes.matchAll(/\bfilter=([^\s]+)/g)].map(([, name = '']) => name));
