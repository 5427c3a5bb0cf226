/** A session's conversation goes to the App when it is suspended, and comes back to the session that goes on with it. */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { getConversation, uploadConversation } from '../app/catalog/sessions.ts';
import { addUsage, noUsage, Usage, usageSince } from '../app/domain/session.ts';
import type { Course } from './course.ts';
import { longestConversation, readConversation } from './engines/conversation.ts';
import type { Conversation, Engine, EngineWork } from './engines/engine.ts';
import { wordsOf } from './log.ts';

/** What is kept, as the App stores it without reading it. `engine` has its version: another one may not read it. */
const Kept = z.strictObject({
  engine: z.string(),
  id: z.string().min(1).max(200),
  worktree: z.string(),
  before: Usage,
  files: z.array(z.strictObject({ path: z.string(), data: z.base64() })),
});

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** What the engine works with, and what it calls itself: name and version. */
export type Thinker = { engine: Engine; version: string; work: EngineWork };

/**
 * After the engine has ended: what it used, where it told nothing because it was interrupted; and for a session that is
 * suspended, its conversation. Never throws: a session without it begins anew, with what was saved.
 */
export async function keepConversation(course: Course, { engine, version, work }: Thinker): Promise<void> {
  const { assignment, log, conversation: id } = course;
  // Only what was cut off has something to be read or kept.
  if (course.ending === null || course.over || id === null || engine.keeps === null) return;
  try {
    const place = engine.keeps(work, id);
    const files = await readConversation(work, place);
    if (files === null) {
      log('the conversation is not kept', { reason: 'there is none, or it is too large' });
      return;
    }
    const before = work.conversation?.before ?? noUsage;
    const total = place.used(files);
    if (total !== null) course.usage = usageSince(total, before);
    if (course.ending.outcome !== 'suspended') return;
    const kept: z.input<typeof Kept> = {
      engine: version,
      id,
      worktree: work.cwd,
      before: total ?? addUsage(before, course.usage ?? noUsage),
      files: files.map(({ path, data }) => ({ path, data: data.toString('base64') })),
    };
    const packed = await pack(JSON.stringify(kept));
    const input = { session: assignment.session, conversation: packed.toString('base64') };
    await course.client.call(uploadConversation, input, { idempotent: true });
    log('the conversation is kept', { bytes: packed.length });
  } catch (error) {
    log('the conversation is not kept', { reason: wordsOf(error) });
  }
}

export type TakenUp = { conversation: Conversation; prompt: string };

/** What the session goes on with; null when it begins anew, whatever the reason. Never throws. */
export async function takeUp(
  course: Course,
  { engine, version, cwd }: { engine: Engine; version: string; cwd: string },
): Promise<TakenUp | null> {
  const { assignment, log } = course;
  if (assignment.resume === null || engine.keeps === null) return null;
  try {
    const { conversation: text } = await course.client.call(getConversation, { session: assignment.session });
    const kept = text === null ? null : await parse(text);
    if (kept?.engine !== version) {
      log('the session begins anew', {
        reason: kept === null ? 'no conversation' : 'another version',
        version,
      });
      return null;
    }
    const { id, before, worktree } = kept;
    const files = kept.files.map(({ path, data }) => ({ path, data: Buffer.from(data, 'base64') }));
    log('the session goes on with an earlier conversation', { conversation: id });
    return {
      conversation: { id, before, files },
      prompt: `${assignment.resume.prompt}${moved(worktree, cwd)}`,
    };
  } catch (error) {
    log('the session begins anew', { reason: wordsOf(error) });
    return null;
  }
}

async function parse(text: string): Promise<z.infer<typeof Kept>> {
  const bytes = await unpack(Buffer.from(text, 'base64'), { maxOutputLength: 2 * longestConversation });
  return Kept.parse(JSON.parse(bytes.toString()));
}

/** Not replaced in the conversation itself: models sign parts of what they said, and refuse them when they were changed. */
const moved = (from: string, to: string): string =>
  from === to
    ? ''
    : `\n## Your worktree has moved\n\nYou are in \`${to}\` now. \`${from}\`, where you were, is gone: use it in no path any more.\n`;
