/** The built-in plans (PL-2): what is proposed when no manager and no model can plan. */
import { PlannedTask } from './plan.ts';
import type { Size, Template } from './words.ts';

const labelled: readonly [Template, RegExp][] = [
  ['bugfix', /^(?:(?:type|kind)[:/ ]+ ?)?(?:bug|bugfix|fix|defect|regression)$/],
  ['refactor', /^(?:(?:type|kind)[:/ ]+ ?)?(?:refactor|refactoring|cleanup|clean-up|tech[- ]?debt)$/],
  ['migration', /^(?:(?:type|kind)[:/ ]+ ?)?(?:migration|migrate|upgrade)$/],
  ['feature', /^(?:(?:type|kind)[:/ ]+ ?)?(?:feature|enhancement)$/],
];
const spoken: readonly [Template, RegExp][] = [
  ['bugfix', /\b(?:bug(?:s|fix)?|fix(?:e[sd]|ing)?|errors?|crash(?:e[sd]|ing)?|broken)\b/],
  ['refactor', /\b(?:refactor(?:s|ed|ing)?|clean(?:s|ed|ing|up)?)\b/],
  ['migration', /\b(?:migrat(?:e[sd]?|ing|ions?)|upgrad(?:e[sd]?|ing))\b/],
];

/** From labels first, then from words of title and text, else `feature`. */
export function guessTemplate(labels: readonly string[], text: string): Template {
  const names = labels.map((label) => label.trim().toLowerCase());
  const byLabel = labelled.find(([, pattern]) => names.some((name) => pattern.test(name)));
  if (byLabel !== undefined) return byLabel[0];
  const words = text.toLowerCase();
  return spoken.find(([, pattern]) => pattern.test(words))?.[0] ?? 'feature';
}

type Step = {
  /** Stands before the run's title. */
  lead: string;
  why: string;
  work: string;
  acceptance: readonly string[];
  size: Size;
  after: readonly number[];
};

const templates: Readonly<Record<Template, readonly Step[]>> = {
  feature: [
    {
      lead: 'Implement',
      why: 'The change itself; everything else builds on it.',
      work: 'Implement it in the style of the code around it, with a unit test of the main path.',
      acceptance: ['What was asked for works', 'A unit test covers the main path'],
      size: 'L',
      after: [],
    },
    {
      lead: 'Test the edges of',
      why: 'Errors and unusual input are where features break.',
      work: 'Write tests for bad input, empty input, limits and failures; mend what they show.',
      acceptance: ['Tests cover the error paths', 'The whole test suite passes'],
      size: 'M',
      after: [1],
    },
    {
      lead: 'Document',
      why: 'People have to find it and use it.',
      work: 'Describe it where this repository keeps its documentation, with an example that runs.',
      acceptance: ['The documentation describes the behaviour as it is now'],
      size: 'S',
      after: [1],
    },
  ],
  bugfix: [
    {
      lead: 'Find the cause and fix',
      why: 'The fault itself, at its cause and not at its symptom.',
      work: 'Reproduce it with a test that fails, fix the cause, and see the test pass. Say in the summary what the cause was.',
      acceptance: ['A test reproduces the fault and passes now', 'The cause is named in the summary'],
      size: 'M',
      after: [],
    },
    {
      lead: 'Look for relatives of',
      why: 'The same mistake is seldom made once.',
      work: 'Search the code for the same pattern, fix what has the same fault, and add tests for it.',
      acceptance: ['The places that were looked at are listed', 'The whole test suite passes'],
      size: 'S',
      after: [1],
    },
  ],
  refactor: [
    {
      lead: 'Pin down today’s behaviour before',
      why: 'Without tests nobody can say that behaviour stayed.',
      work: 'Add tests for what the code does now, wherever the change will reach and tests are missing.',
      acceptance: ['The behaviour to keep is covered by tests that pass'],
      size: 'M',
      after: [],
    },
    {
      lead: 'Restructure',
      why: 'The change itself.',
      work: 'Restructure without changing behaviour; the tests stay as they are and stay green.',
      acceptance: ['The tests of the first task pass unchanged'],
      size: 'L',
      after: [1],
    },
    {
      lead: 'Clean up after',
      why: 'A refactoring that leaves both ways behind makes things worse.',
      work: 'Remove what is not used any more and bring names, comments and documentation up to date.',
      acceptance: ['Nothing of the old structure is left over'],
      size: 'S',
      after: [2],
    },
  ],
  migration: [
    {
      lead: 'Prepare',
      why: 'Old and new have to work side by side before anything moves.',
      work: 'Bring in the new version, schema or interface beside the old one, without changing what is used.',
      acceptance: ['Old and new work side by side', 'The way back is written down'],
      size: 'M',
      after: [],
    },
    {
      lead: 'Move over',
      why: 'The change itself.',
      work: 'Move every use to the new one. Data is converted without loss, and the conversion can be repeated.',
      acceptance: ['Every use is moved', 'A test runs the conversion on real-looking data'],
      size: 'L',
      after: [1],
    },
    {
      lead: 'Remove the old way after',
      why: 'Two ways are more than one.',
      work: 'Remove what the migration replaced, with its configuration and dependencies.',
      acceptance: ['Nothing refers to the old one any more'],
      size: 'M',
      after: [2],
    },
    {
      lead: 'Document',
      why: 'Whoever runs this has to know what to do.',
      work: 'Write what changes for users and operators, the steps to take, and the way back.',
      acceptance: ['The steps and the way back are documented'],
      size: 'S',
      after: [2],
    },
  ],
  custom: [
    {
      lead: 'Do',
      why: 'What was asked for.',
      work: 'Do what was asked, in the style of the code around it, with tests where behaviour changes.',
      acceptance: ['What was asked for is done', 'The whole test suite passes'],
      size: 'M',
      after: [],
    },
    {
      lead: 'Check and document',
      why: 'A second look finds what the first one missed.',
      work: 'Check the result against what was asked, close the gaps, and bring the documentation up to date.',
      acceptance: ['Each part of what was asked is checked', 'The documentation is up to date'],
      size: 'S',
      after: [1],
    },
  ],
};

const titleLength = 120;

/** A plan of 2 to 5 tasks. `title` and `intent` are people's text of any length; what does not fit is cut. */
export function planFromTemplate(template: Template, run: { title: string; intent: string }): PlannedTask[] {
  const title = oneLine(run.title) || 'this issue';
  const intent = run.intent.replaceAll('\u0000', '').trim().slice(0, 7_000);
  return templates[template].map((step) =>
    PlannedTask.parse({
      title: cut(`${step.lead}: ${title}`, titleLength),
      why: step.why,
      description: intent === '' ? step.work : `${step.work}\n\nWhat was asked for:\n\n${intent}`,
      acceptance: step.acceptance,
      size: step.size,
      depends_on: step.after,
    }),
  );
}

const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();

/** By code points, so that no character is cut in half. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  let kept = '';
  for (const character of text) {
    if (kept.length + character.length > length - 1) break;
    kept += character;
  }
  return `${kept}…`;
}
