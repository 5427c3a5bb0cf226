/** When a session that waits for a person gives its place back (AG-7). */
import type { Policy } from '../domain/policy.ts';
import type { Question } from '../domain/question.ts';
import type { Session } from '../domain/session.ts';
import type { RunWork } from './run-work.ts';

type Standing = Pick<RunWork, 'questions' | 'now'>;

/** Why the session should end as suspended now; null while none of its questions has held it for too long. */
export function whySuspend(
  work: Standing,
  session: Pick<Session, 'id'>,
  { hold_minutes: minutes }: Policy['questions'],
): string | null {
  const asked = [...work.questions.values()].find(
    (question) =>
      question.session === session.id &&
      question.state === 'open' &&
      Date.parse(question.askedAt) + minutes * 60_000 <= Date.parse(work.now),
  );
  return asked === undefined ? null : `q${asked.number} waits for a person’s answer.`;
}

/** A question of the run itself, asked by a session that is over: its answer is what the next one begins with. */
export const awaitsAnswer = (work: Pick<RunWork, 'questions' | 'sessions'>): boolean =>
  [...work.questions.values()].some((question) => isOfOver(work, question));

function isOfOver({ sessions }: Pick<RunWork, 'sessions'>, question: Question): boolean {
  if (question.state !== 'open' || question.task !== null || question.session === null) return false;
  return (sessions.get(question.session)?.state ?? 'ended') === 'ended';
}
