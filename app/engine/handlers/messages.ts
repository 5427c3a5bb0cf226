/** Handlers of messages: sent to a task's agent, a role or a name; read from the inbox. */
import { actorName } from '../../domain/actor.ts';
import { clean } from '../../domain/clean.ts';
import type { Event } from '../../domain/event.ts';
import { addressedTo, type Recipient } from '../../domain/message.ts';
import { isRejection, reject } from '../../domain/rejection.ts';
import { loadMessages } from '../../../db/entities.ts';
import { unreadFrom } from '../../../db/queries/messages.ts';
import { commit } from '../commit.ts';
import type { Handlers } from '../handler.ts';
import { callingSession, locateRun } from '../locate.ts';
import { policyOf } from '../policy-of.ts';

/** Of one agent, in one run. */
const mostUnread = 50;

const roles = ['manager', 'engineer', 'reviewer'] as const;

export const sendMessage: Handlers['send_message'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const to = recipient(input.to);
    if (to.kind === 'task' && !work.tasks.has(to.task))
      return reject('not_found', `Run ${work.run.number} has no task ${input.to}.`);
    const agents = context.repository === null ? [] : policyOf(context.repository).agents;
    if (to.kind === 'agent' && !agents.some(({ name }) => name === to.agent))
      return reject('not_found', `There is no agent ${input.to} here; nobody would read it.`, {
        help: `Send it to t1, to manager, engineer or reviewer, or to ${agents.map(({ name }) => name).join(', ')}.`,
      });
    const from = actorName(context.caller.actor);
    // Nobody reads them all, and each is kept with the run.
    if (
      context.caller.session !== undefined &&
      (await unreadFrom(context.tx, work.run.id, from)) >= mostUnread
    )
      return reject('too_large', `${mostUnread} messages of yours were not read yet.`, {
        help: 'Go on with your work; say more when somebody has read them.',
      });
    const message = {
      id: context.engine.uuid(),
      run: work.run.id,
      installation: work.installation,
      from,
      to,
      text: input.text,
      sentAt: context.now,
      seenAt: null,
    };
    const rejection = await commit(context, work, [{ type: 'message_sent', message }]);
    return rejection ?? { output: { message: message.id } };
  },
};

function recipient(to: string): Recipient {
  const task = /^t(\d+)$/i.exec(to);
  if (task !== null) return { kind: 'task', task: Number(task[1]) };
  // The run as a whole is its manager's.
  if (to === 'run') return { kind: 'role', role: 'manager' };
  const role = roles.find((name) => name === to);
  return role === undefined ? { kind: 'agent', agent: to } : { kind: 'role', role };
}

export const getInbox: Handlers['get_inbox'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const session = callingSession(context, work);
    if (isRejection(session)) return session;
    const messages = await loadMessages(context.tx, work.run.id);
    const mine = messages.filter((message) => message.seenAt === null && addressedTo(message, session));
    for (const message of mine) work.messages.set(message.id, message);
    const rejection = await commit(
      context,
      work,
      mine.map((message): Event => ({ type: 'message_seen', message: message.id })),
    );
    return (
      rejection ?? {
        output: {
          messages: mine.map(({ id, from, text, sentAt }) => ({
            message: id,
            from,
            text: clean(text),
            at: sentAt,
          })),
        },
      }
    );
  },
};
