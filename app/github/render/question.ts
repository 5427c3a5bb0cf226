/** A question of an agent as one comment, with a checkbox for each option; the answer replaces them in place. */
import type { Question } from '../../domain/question.ts';
import type { Run } from '../../domain/run.ts';
import { optionMarker, questionMarker } from './markers.ts';
import { person, plain, plainLines } from './plain.ts';
import { moment } from './words.ts';

export function renderQuestion(question: Question, run: Run): string {
  const parts = [
    heading(question, run),
    plainLines(question.text, 2_000),
    question.state === 'open' ? choice(question) : outcome(question),
    questionMarker(run.number, question.number),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function heading(question: Question, run: Run): string {
  const asks = `**q${question.number} · ${plain(question.agent, 60)} asks ${person(run.requester)}**`;
  if (question.state !== 'open' || question.deadline === null) return asks;
  const then =
    question.fallback === null
      ? 'then the task fails'
      : `then it goes on with “${plain(question.fallback, 200)}”`;
  return `${asks} (answer before ${moment(question.deadline)}, ${then})`;
}

function choice(question: Question): string {
  const boxes = question.options.map((option, index) => `- [ ] ${plain(option, 200)} ${optionMarker(index)}`);
  const words = '`/entourage answer <your words>`';
  return boxes.length === 0 ? `Write ${words}.` : `${boxes.join('\n')}\n\nTick one, or write ${words}.`;
}

function outcome(question: Question): string {
  const at = question.answeredAt === null ? '' : ` ${moment(question.answeredAt)}`;
  const answer = plainLines(question.answer ?? '', 4_000)
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
  switch (question.state) {
    case 'answered':
      return `✓ answered by ${question.answeredBy === null ? 'somebody' : person(question.answeredBy)}${at}:\n\n${answer}`;
    case 'expired':
      return question.answer === null
        ? `✗ nobody answered in time${at}.`
        : `✓ nobody answered in time${at}; taken:\n\n${answer}`;
    case 'withdrawn':
    case 'open':
      return `– withdrawn${at}; no answer is needed any more.`;
  }
}
