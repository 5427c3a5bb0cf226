import { expect, it } from 'vitest';
import { jsonOf } from './json.ts';

const stored = (text: string): unknown => JSON.parse(jsonOf([text]));

it('KW-1 what jsonb refuses becomes the replacement character, and nothing else changes', () => {
  expect(stored('a\ud83d')).toEqual(['a\ufffd']);
  expect(stored('\ude00\ude00\u0000')).toEqual(['\ufffd\ufffd\ufffd']);
  expect(stored('\\\ud83d')).toEqual(['\\\ufffd']);
  expect(jsonOf({ 'k\ud83d': 1 })).toBe('{"k\\ufffd":1}');
  const fine = ['\\ud83d', '\\\\ud83d', '\\u0000', '🙂', 'ö"\n'];
  expect(JSON.parse(jsonOf(fine))).toEqual(fine);
});
