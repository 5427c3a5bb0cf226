/** What people said to an agent's questions, for its next prompt. */
import { clean, cleanLine, fence } from '../clean.ts';
import type { Question } from '../question.ts';

/** Open and withdrawn questions are left out: nobody said anything to them. */
export const answersTo = (questions: readonly Question[]): string =>
  questions
    .filter((question) => question.state === 'answered' || question.state === 'expired')
    .map((question) => {
      const asked = `q${question.number}: ${cleanLine(question.text, 500)}`;
      if (question.answer === null)
        return `${asked}\nNobody answered in time. Decide it yourself, and say what you took for granted.`;
      const by =
        question.answeredBy === null
          ? 'nobody answered in time, so this was taken'
          : `@${question.answeredBy} answered`;
      return `${asked}\n${fence(by, clean(question.answer, 2_000))}`;
    })
    .join('\n\n');
