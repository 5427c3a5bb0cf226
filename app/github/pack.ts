/**
 * How large the pack in a bundle would become, before git opens it: a few kilobytes of deltas can stand for gigabytes,
 * and git makes each object in memory. Format: git's `bundle-format` and `pack-format` documents.
 */
import { inflateSync } from 'node:zlib';

export type PackLimits = { objects: number; objectBytes: number; totalBytes: number };

/** What every bundle has to keep; GitHub itself takes no file above 100 MiB. */
export const packLimits: PackLimits = {
  objects: 200_000,
  objectBytes: 100 * 1024 * 1024,
  totalBytes: 512 * 1024 * 1024,
};

const offsetDelta = 6;
const namedDelta = 7;

/** Null when it is bearable, else why not, in words. */
export function measureBundle(bundle: Buffer, limits: PackLimits = packLimits): string | null {
  const head = headerOf(bundle);
  if (typeof head === 'string') return head;
  const pack = bundle.subarray(head.length);
  if (pack.length < 32 || pack.toString('latin1', 0, 4) !== 'PACK') return 'It holds no pack.';
  const count = pack.readUInt32BE(8);
  if (count > limits.objects) return `It holds ${count} objects; at most ${limits.objects} are taken.`;
  let total = 0;
  let at = 12;
  for (let index = 0; index < count; index += 1) {
    const object = objectAt(pack, at, limits);
    if (typeof object === 'string') return object;
    total += object.size;
    if (total > limits.totalBytes)
      return `What it holds is more than ${mib(limits.totalBytes)} MiB when it is unpacked.`;
    at = object.end;
  }
  return null;
}

/** The pack of a bundle whose form `measureBundle` has found good. */
export const packIn = (bundle: Uint8Array): Uint8Array =>
  bundle.subarray(Buffer.from(bundle.buffer, bundle.byteOffset, bundle.byteLength).indexOf('\n\n') + 2);

/** The text before the pack ends with an empty line. Filtered bundles lack objects that the check has to see. */
function headerOf(bundle: Buffer): { length: number } | string {
  const end = bundle.indexOf('\n\n');
  const text = end === -1 ? '' : bundle.toString('latin1', 0, end);
  if (!/^# v[23] git bundle\n/.test(`${text}\n`)) return 'It does not begin as a git bundle does.';
  return /^@filter=/m.test(text) ? 'It was made with a filter, so objects are missing.' : { length: end + 2 };
}

/** The object's size when git has made it, and where the next one begins. */
function objectAt(pack: Buffer, from: number, limits: PackLimits): { size: number; end: number } | string {
  const broken = 'Its pack is damaged or cut short.';
  const head = objectHead(pack, from);
  if (head === null) return broken;
  const tooLarge = `An object in it is larger than ${mib(limits.objectBytes)} MiB.`;
  if (head.size > limits.objectBytes) return tooLarge;
  const inflated = inflate(pack.subarray(head.end), head.size);
  if (inflated === null) return broken;
  const end = head.end + inflated.read;
  if (head.type !== offsetDelta && head.type !== namedDelta) return { size: head.size, end };
  const base = variableSize(inflated.data, 0);
  const result = base === null ? null : variableSize(inflated.data, base.end);
  if (result === null) return broken;
  // A delta is kept beside what it makes.
  return result.size > limits.objectBytes ? tooLarge : { size: head.size + result.size, end };
}

function objectHead(pack: Buffer, from: number): { type: number; size: number; end: number } | null {
  let at = from;
  let byte = pack[at];
  if (byte === undefined) return null;
  const type = (byte >> 4) & 7;
  let size = byte & 15;
  for (let factor = 16; (byte & 128) !== 0; factor *= 128) {
    at += 1;
    byte = pack[at];
    if (byte === undefined || factor > 2 ** 46) return null;
    size += (byte & 127) * factor;
  }
  at += 1;
  if (type === namedDelta) return { type, size, end: at + 20 };
  if (type !== offsetDelta) return { type, size, end: at };
  while (((pack[at] ?? 0) & 128) !== 0) at += 1;
  return { type, size, end: at + 1 };
}

/** Never more than was announced, so a lie costs nothing. */
function inflate(data: Buffer, size: number): { data: Buffer; read: number } | null {
  try {
    // Its types leave out what `info` makes of the answer.
    const answer: unknown = inflateSync(data, { info: true, maxOutputLength: Math.max(1, size) });
    const { buffer, engine } = answer as { buffer: Buffer; engine: { bytesWritten: number } };
    return buffer.length === size ? { data: buffer, read: engine.bytesWritten } : null;
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code === 'string') return null;
    throw error;
  }
}

function variableSize(data: Buffer, from: number): { size: number; end: number } | null {
  let size = 0;
  for (let at = from, factor = 1; factor <= 2 ** 46; at += 1, factor *= 128) {
    const byte = data[at];
    if (byte === undefined) return null;
    size += (byte & 127) * factor;
    if ((byte & 128) === 0) return { size, end: at + 1 };
  }
  return null;
}

const mib = (bytes: number): number => Math.floor(bytes / 1024 / 1024);
