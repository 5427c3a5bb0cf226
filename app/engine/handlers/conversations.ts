/** Handlers of conversations: a runner leaves one when its session is suspended, and the next session's runner takes it up. */
import { isRejection } from '../../domain/rejection.ts';
import { conversationData, keepConversation } from '../../../db/queries/conversations.ts';
import { ownerOf, purposeOf } from '../conversations.ts';
import type { Handlers } from '../handler.ts';
import { located } from './sessions.ts';

export const uploadConversation: Handlers['upload_conversation'] = {
  async handle(context, input) {
    const at = await located(context, input.session);
    if (isRejection(at)) return at;
    const { id, engine } = at.session;
    const plain = Buffer.from(input.conversation, 'base64');
    const data = context.engine.sealing.seal(plain, purposeOf(id));
    await keepConversation(context.tx, { ...ownerOf(at.work, at.session), session: id, engine, data });
    return { output: { kept: true } };
  },
};

/** One that can't be opened (the key is another one now) is none: the session begins anew. */
export const getConversation: Handlers['get_conversation'] = {
  async handle(context, input) {
    const at = await located(context, input.session);
    if (isRejection(at)) return at;
    const kept = await conversationData(context.tx, ownerOf(at.work, at.session));
    const plain = kept === null ? null : context.engine.sealing.open(kept.data, purposeOf(kept.session));
    return { output: { conversation: plain?.toString('base64') ?? null } };
  },
};
