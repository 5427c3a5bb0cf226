import { expect, it } from 'vitest';
import { conventionsOf } from './conventions.ts';

it('AG-12: conventions by their headings, and what stands before the first', () => {
  expect(
    conventionsOf(
      'Be kind.\n\n### testing\nCover the error path.\n\n### style ###\nNo `any`.\n#### deep\nStays.',
    ),
  ).toEqual([
    { name: 'general', text: 'Be kind.' },
    { name: 'testing', text: 'Cover the error path.' },
    { name: 'style', text: 'No `any`.\n#### deep\nStays.' },
  ]);
  expect(conventionsOf('')).toEqual([]);
});
