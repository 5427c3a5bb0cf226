/** IN-6: ticking one of our checkboxes is the one edit that counts. */
import { describe, expect, it } from 'vitest';
import { renderCard } from './card.ts';
import { question, run, waitingCard } from './golden/states.ts';
import { renderQuestion } from './question.ts';
import { renderedTicks } from './ticks.ts';

const body = renderCard(waitingCard());
const asked = renderQuestion(question(), run());
const tick = (text: string, nth = 0): string =>
  text.replaceAll('- [ ]', () => (nth-- === 0 ? '- [x]' : '- [ ]'));

describe('renderedTicks', () => {
  it('IN-6 the approve box carries its plan version', () => {
    expect(renderedTicks(body, tick(body))).toEqual({ kind: 'approve', run: 12, version: 2 });
  });
  it('IN-6 an option of a question', () => {
    expect(renderedTicks(asked, tick(asked, 1))).toEqual({ kind: 'answer', run: 12, question: 1, option: 1 });
    expect(renderedTicks(asked, tick(asked).replace('[x]', '[X]'))).toEqual({
      kind: 'answer',
      run: 12,
      question: 1,
      option: 0,
    });
  });
  it('line ends of browsers make no difference', () => {
    expect(renderedTicks(body, `${tick(body).replaceAll('\n', '\r\n')}\r\n`)).toEqual({
      kind: 'approve',
      run: 12,
      version: 2,
    });
  });
  it.each([
    ['nothing changed', asked, asked],
    ['two boxes', asked, tick(tick(asked))],
    ['a box and words', asked, tick(asked).replace('500', '501')],
    ['an untick', tick(asked), asked],
    ['a box with other words', asked, tick(asked).replace('204', '205')],
    [
      'a box that is not ours',
      'a\n- [ ] b\n<!-- entourage:run 1 -->',
      'a\n- [x] b\n<!-- entourage:run 1 -->',
    ],
    [
      'a box without the comment’s own marker',
      '- [ ] x <!-- entourage:approve 2 -->',
      '- [x] x <!-- entourage:approve 2 -->',
    ],
    ['a removed line', asked, tick(asked).split('\n').slice(1).join('\n')],
  ])('IN-6 %s is none', (_, before, after) => {
    expect(renderedTicks(before, after)).toBeNull();
  });
});
