/** What of GitHub only reports tell, and the product leans on: each with its probe or its fallback. Writes docs/probes.md. */
import { checks, type CheckName } from '../app/cli/finding.ts';
import { allFacts } from '../forge/facts.ts';
import { markdownTable } from './table.ts';

export type Probe = {
  /** Of forge/facts.ts. */
  row: string;
  /** What would go wrong without the answer in `otherwise`. */
  leans: string;
  /** What happens where it is not so. */
  otherwise: string;
  /** Checks of `entourage doctor` against the real repository; none where only use tells. */
  probes: readonly CheckName[];
  /** Where the product handles it. */
  code: readonly string[];
};

export const probes: readonly Probe[] = [
  {
    row: 'G2',
    leans: 'Cards, bodies and check outputs fit into GitHub’s limits.',
    otherwise:
      'They are cut below the limits, the least important first; a limit that is lower yet shows as a refused write in the log, and the next render tries again.',
    probes: [],
    code: ['app/github/render/card.ts', 'app/github/checks.ts'],
  },
  {
    row: 'G5',
    leans: 'Every command’s permission is read from the collaborator endpoint, by its booleans.',
    otherwise:
      'Without the booleans a person counts as having no permission: commands are refused, never taken.',
    probes: ['people'],
    code: ['app/domain/permission.ts', 'app/github/repositories.ts'],
  },
  {
    row: 'G10',
    leans: 'An empty first commit lets a draft be opened before there is work.',
    otherwise: 'The pull request is refused; the card says so, and the task goes on at the next look.',
    probes: ['app-permissions', 'task-branches'],
    code: ['app/github/branches.ts'],
  },
  {
    row: 'G12',
    leans: 'Draft and ready are set by GraphQL with contents: write.',
    otherwise: 'A refusal shows on the card; a person presses the button, which the run follows.',
    probes: ['app-permissions'],
    code: ['app/github/pulls.ts', 'app/github/port.ts'],
  },
  {
    row: 'G14',
    leans:
      'The verdict of an App is a check run, because its approval counts for nothing; people’s approvals count.',
    otherwise: 'If an App’s approval counted, nothing would change: Entourage gives none.',
    probes: ['own-check'],
    code: ['app/github/render/check-run.ts', 'app/cli/doctor-rules.ts'],
  },
  {
    row: 'G21',
    leans: 'Refusals to merge are told apart: the head moved, a conflict, not possible now, a queue.',
    otherwise:
      'Their words vary, so the pull request itself is read after a refusal; what is still unclear is shown in GitHub’s words and tried again.',
    probes: ['merge-way'],
    code: ['app/jobs/merge-task.ts', 'app/github/pulls.ts', 'app/github/merges.ts'],
  },
  {
    row: 'G27',
    leans: 'Checks of ours that a branch requires are reported on merge groups too.',
    otherwise: 'If GitHub did not ask for them, they would be there and harm nothing.',
    probes: ['own-check', 'merge-way', 'app-events'],
    code: ['app/jobs/show-group.ts'],
  },
  {
    row: 'G44',
    leans: 'What our own bot sent is dropped, by sender and type; only people’s words count.',
    otherwise:
      'Effects look at what is there before they write, so an echo of ours that came through would change nothing.',
    probes: ['webhook-deliveries'],
    code: ['app/github/translated.ts'],
  },
];

/** Rows that only reports tell, and on which nothing rests. */
export const notLeanedOn: Readonly<Record<string, string>> = {
  G6: 'sub-issues and blocked-by links are not read or written',
  G13: 'nobody is asked for a review',
  G22: 'auto-merge is never turned on: pull requests are merged or put into the queue',
  G23: 'merges are asked for with the App’s token alone',
};

/** Met while building, in nobody's table: words and behaviours that were only reported. */
const others: readonly { what: string; otherwise: string; probes: readonly CheckName[] }[] = [
  {
    what: 'Why a dispatch was refused is told by the words of a 403 or 422: disabled, missing trigger, unexpected input.',
    otherwise:
      'Other words count as an older workflow or a lacking permission; GitHub’s own are on the card, and the run is paused, not failed.',
    probes: ['dispatch', 'workflow-enabled', 'actions-enabled'],
  },
  {
    what: 'A server that does not know `return_run_details` refuses it with 400.',
    otherwise: 'Any other refusal is shown; without the id the run is found by its name.',
    probes: ['server-version', 'dispatch'],
  },
  {
    what: 'A server that does not know merge-async answers 404.',
    otherwise: 'The queue or a direct merge is used; it is asked again an hour later.',
    probes: ['server-version', 'merge-way'],
  },
  {
    what: 'The sender of an edited comment is who ticked the box in it.',
    otherwise:
      'Whoever the sender is, the sender’s permission is what counts, and the box is put back when it is refused.',
    probes: ['people'],
  },
];

const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
const fallback = 'none: only use tells';

export function probesPage(): string {
  const fact = (row: string): string => allFacts.find(({ id }) => id === row)?.fact ?? '';
  return [
    '# Probes',
    '',
    'Some of what Entourage knows of GitHub comes from reports in public repositories, not from GitHub’s own documentation. Everything it builds on that is listed here, with what happens where it is not so, and how `entourage doctor` finds out on your repository. Nothing here was tried against github.com. Made by `node docs/pages.ts`.',
    '',
    ...probes.flatMap((probe) => [
      `## ${probe.row}: ${fact(probe.row)}`,
      '',
      `- Leans on it: ${probe.leans}`,
      `- If it is not so: ${probe.otherwise}`,
      `- Probe: ${probe.probes.length === 0 ? fallback : list(probe.probes)}`,
      `- In: ${list(probe.code)}`,
      '',
    ]),
    '## Not in the table of facts',
    '',
    ...others.flatMap(({ what, otherwise, probes: names }) => [
      `- ${what} If it is not so: ${otherwise} Probe: ${list(names)}.`,
    ]),
    '',
    '## Reported, and not leaned on',
    '',
    ...Object.entries(notLeanedOn).map(([row, why]) => `- ${row}: ${why}.`),
    '',
    '## All checks of `entourage doctor`',
    '',
    'Names as `--json` gives them. A finding is good, unsure or bad; one that is bad makes it end with 1.',
    '',
    markdownTable([
      ['check', 'what'],
      ...Object.entries(checks).map(([name, words]) => [`\`${name}\``, words]),
    ]),
    '',
  ].join('\n');
}
