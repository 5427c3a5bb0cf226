import { expect, it } from 'vitest';
import { harmless } from './job-log.ts';

it('no line of others is a command to GitHub’s runner', () => {
  const text = harmless('a\n::add-mask::b\r ::stop-commands::x\r\n\t::error::y\nz ##[error]z ::warning::w');
  expect(text.split('\n')).toEqual([
    'a',
    ': :add-mask::b',
    ' : :stop-commands::x',
    '\t: :error::y',
    'z # #[error]z ::warning::w',
  ]);
});

it.each(['\u0085', '\u00a0', '\u180e', '\u200b', '\u2028', '\ufeff', '\u00ad', '\u0000', '\u001b', '\u0301'])(
  'nor behind %j, which the runner may overlook',
  (hidden) => expect(harmless(`${hidden}::error::x`)).toBe(`${hidden}: :error::x`),
);
