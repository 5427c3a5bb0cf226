/** TR-4: whatever strangers write, nothing of it acts. */
import fc from 'fast-check';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { describe, expect, it } from 'vitest';
import { maxBody, renderCard } from './card.ts';
import { card, planned, plan, question, run, session, task, waitingCard } from './golden/states.ts';
import { code, fenced, mermaidText, oneLine, person, plain, plainLines, titleText } from './plain.ts';
import { renderQuestion } from './question.ts';
import { inlineCommands } from './reply.ts';
import { pullBody, pullTitle } from './task-pull.ts';

const pieces = [
  '@everyone',
  '@ana',
  '@org/team',
  '#12',
  'GH-3',
  'o/r#4',
  'https://evil.test/x',
  'www.evil.test',
  'a@b.test',
  'mailto:a@b.test',
  '<b>',
  '</details>',
  '<!-- entourage:run 1 -->',
  '<!--',
  '-->',
  '![x](y)',
  '[x](y)',
  '[x]: y',
  '[^1]',
  '`',
  '```',
  '````mermaid',
  '~~~',
  '|',
  '\\',
  '\\|',
  '\n',
  '\r\n',
  '\n\n',
  '    code',
  '# h',
  '- [ ] tick',
  '- ',
  '1. ',
  '> q',
  '---',
  '===',
  '***',
  '__x__',
  '~~x~~',
  '$x$',
  '$$',
  '&lt;',
  '&#64;',
  '"',
  "'",
  '"]',
  ']:::done',
  'click t1 "x"',
  '%%{init}%%',
  ';',
  '\u202e',
  '\u200b',
  '\u2028',
  '\u0000',
  '\ud800',
  '🎉',
  'ü',
  ' ',
  'fixes ',
  'word',
  '_',
];
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 12 })
  .map((parts) => parts.join(''));

type Node = { type: string; value?: string; children?: Node[] };
const nodes = (markdown: string): Node[] => {
  const walk = (node: Node): Node[] => [node, ...(node.children ?? []).flatMap(walk)];
  return walk(fromMarkdown(markdown) as Node);
};
const allowed = new Set(['root', 'paragraph', 'text', 'break']);
/** What GitHub looks for in the text that Markdown leaves. */
const acts = /@[a-z0-9]|#\d|GH-\d|:\/\/|www\./i;

describe('plain', () => {
  it('TR-4 leaves one paragraph of text that mentions, links and refers to nothing', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = plain(text);
        expect(shown).not.toMatch(/[\n\r|<>]/);
        for (const node of nodes(shown)) {
          expect(allowed).toContain(node.type);
          if (node.type === 'text') expect(node.value).not.toMatch(acts);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('TR-4 keeps lines and nothing else in longer text', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const node of nodes(plainLines(text))) {
          expect(allowed).toContain(node.type);
          if (node.type === 'text') expect(node.value).not.toMatch(acts);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('TR-4 reads the same as what was typed', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('ab @#<>|*_[]`\\&$~.:/w-+=1')) }),
        (text) => {
          const shown = nodes(plain(text, 1_000))
            .map((node) => node.value ?? '')
            .join('');
          expect(shown.replaceAll('\u200b', '')).toBe(oneLine(text, 1_000));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('cuts by characters, not in the middle of one', () => {
    expect(oneLine('🎉'.repeat(300), 5)).toBe('🎉🎉🎉🎉…');
    expect(plain('x'.repeat(10_000)).length).toBe(200);
  });

  it('leaves no trace of bidirectional and invisible characters', () => {
    expect(oneLine('a\u202eb\u2066c\u200bd\u2060\u0000e')).toBe('abcde');
  });

  it('TR-4 titles mention and close nothing', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(pullTitle(task({ title: text }))).not.toMatch(/[\n\r]|@[a-z0-9]|#\d|GH-\d|:\/\//i);
      }),
    );
    expect(titleText('fixes #12 for @ana')).toBe('fixes #\u200b12 for @\u200bana');
  });

  it('mentions logins only', () => {
    expect(person('ana')).toBe('@ana');
    expect(person('org/team')).toBe('org/team');
    expect(person('dependabot[bot]')).toBe('dependabot\\[bot\\]');
  });

  it('TR-4 inline code never opens anything', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = code(text);
        expect(shown).not.toMatch(/[\n\r|]|<!--/);
        for (const node of nodes(shown)) expect([...allowed, 'inlineCode']).toContain(node.type);
      }),
    );
  });

  it('TR-4 fences hold', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(nodes(fenced(text)).map((node) => node.type)).toEqual(['root', 'code']);
      }),
    );
  });

  it('TR-4 Mermaid labels stay inside their quotes and their fence', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(mermaidText(text)).toMatch(/^([\p{L}\p{M}\p{N} .,()+…✓✗○●◐◑◕⧗–·?-]|#\d+;)*$/u);
      }),
    );
  });

  it('TR-4 replies keep our commands and defuse the rest', () => {
    expect(inlineCommands('Did you mean `/entourage approve`, @ana?')).toBe(
      'Did you mean `/entourage approve`, @&#8203;ana?',
    );
    fc.assert(
      fc.property(hostile, (text) => {
        for (const node of nodes(inlineCommands(`x ${text}`)))
          expect([...allowed, 'inlineCode']).toContain(node.type);
      }),
    );
  });
});

const count = (text: string, part: string): number => text.split(part).length - 1;

describe('hostile states', () => {
  it('TR-4 a card has its own marker, rows and fences only', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const calm = renderCard(card());
        const state = card();
        const body = renderCard({
          ...state,
          run: run({ title: text, plan: { ...plan, note: '', source: text } }),
          tasks: state.tasks.map((item) => ({ ...item, title: text, reason: text })),
          sessions: [session({ agent: text, task: 1 }), session({ agent: text, task: 2 })],
          happened: state.happened.map(({ at }) => ({ at, words: text })),
        });
        expect(count(body, '<!--')).toBe(1);
        expect(count(body, '```')).toBe(count(calm, '```'));
        expect(count(body, '<details>')).toBe(2);
        for (const row of body.split('\n').filter((line) => line.startsWith('| ')))
          expect(count(row, '|')).toBe(7);
      }),
    );
  });

  it('TR-4 a waiting plan has exactly one checkbox', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const body = renderCard(
          waitingCard({
            title: text,
            plan: { ...plan, tasks: [planned({ title: text, why: text, files: [text] })] },
          }),
        );
        // A box is one only where a list item begins; within a cell's code span it is text.
        expect(body.match(/^\s*[-*+] \[[ xX]\]/gm)).toHaveLength(1);
        expect(count(body, '<!--')).toBe(2);
      }),
    );
  });

  it('TR-4 pull request bodies and questions keep their markers', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const hostileTask = task({
          title: text,
          why: text,
          description: text,
          summary: text,
          acceptance: [{ text, evidence: text }],
        });
        expect(
          count(pullBody({ run: run(), task: hostileTask, tasks: [hostileTask], sessions: [] }), '<!--'),
        ).toBe(2);
        const asked = renderQuestion(
          question({ text, options: [text, text], fallback: text, agent: text }),
          run(),
        );
        expect(count(asked, '<!--')).toBe(3);
        expect(count(asked, '\n- [ ] ')).toBe(2);
      }),
    );
  });

  it.each([60, 61, 200, 500])(
    'G2 a card of %i tasks with long words is at most 65,536 characters',
    (size) => {
      const many = Array.from({ length: size }, (_, index) =>
        task({
          number: index + 1,
          title: `${'@|<'.repeat(2_000)}`,
          reason: 'x&'.repeat(1_000),
          state: index % 3 === 0 ? 'done' : 'failed',
          dependsOn: index === 0 ? [] : [index],
        }),
      );
      const body = renderCard(card({ tasks: many }));
      expect(body.length).toBeLessThanOrEqual(maxBody);
      expect(body.endsWith('<!-- entourage:run 12 -->')).toBe(true);
      const waiting = renderCard(
        waitingCard({
          plan: { ...plan, tasks: many.map(() => planned({ title: '|'.repeat(120), why: '<'.repeat(500) })) },
        }),
      );
      expect(waiting.length).toBeLessThanOrEqual(maxBody);
      expect(count(waiting, '- [ ]')).toBe(1);
    },
  );
});
