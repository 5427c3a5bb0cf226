import { expect, it } from 'vitest';
import { searchNewSecrets } from './inspection.ts';
import { newSecretsIn } from './new-secrets.ts';

const token = (number: number): string => `ent_runner_${String(number).padStart(43, 'x')}`;
const fileOf = (count: number) => {
  const tokens = Array.from({ length: count }, (_, index) => token(index));
  const found = tokens.map((text, index) => {
    const start = index * (text.length + 1);
    return { rule: 'ENTOURAGE_TOKEN', start, end: start + text.length };
  });
  return { text: tokens.join('\n'), found };
};

it('AG-6 a secret is new unless it stood in what was changed; its line is told', () => {
  const { text, found } = fileOf(3);
  const searched = { texts: ['', text], found: [[], found], before: [`x ${token(1)} y`] };
  expect(newSecretsIn(searched)).toEqual([
    { text: 1, rule: 'ENTOURAGE_TOKEN', line: 1 },
    { text: 1, rule: 'ENTOURAGE_TOKEN', line: 3 },
  ]);
});

it('AG-6 a file of nothing but secrets keeps nobody else waiting', async () => {
  const { text, found } = fileOf(2_000);
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const answer = await searchNewSecrets({
    texts: [text],
    found: [found],
    before: [text.replaceAll('x', 'y')],
  });
  clearInterval(timer);
  expect(answer).toHaveLength(2_000);
  expect(turns).toBeGreaterThan(0);
});
