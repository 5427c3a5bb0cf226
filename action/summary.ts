/** What a job's summary says of its session: what was done, what it cost, where to look. Pure, and Markdown. */
import type { Assignment } from '../app/catalog/assignment.ts';
import { dollars } from '../app/domain/words.ts';
import type { SessionReport } from '../runner/course.ts';

export type Summary = {
  assignment: Pick<
    Assignment,
    'session' | 'kind' | 'repository' | 'run' | 'task' | 'agent' | 'engine' | 'branch' | 'issue' | 'pull'
  >;
  report: SessionReport;
  /** Where repositories are: https://github.com. */
  server: string;
};

const mostFiles = 20;
const mostCommits = 20;

export function summaryOf({ assignment, report, server }: Summary): string {
  const home = `${server}/${assignment.repository}`;
  return [
    `## ${titleOf(assignment)}: ${outcomes[report.outcome]}`,
    report.reason === '' ? null : quoted(report.reason),
    tableOf(assignment, report),
    workOf(report, home),
    report.warnings.length === 0 ? null : report.warnings.map((words) => `> ⚠ ${plain(words)}`).join('\n>\n'),
    linksOf(assignment, home),
  ]
    .filter((part) => part !== null)
    .join('\n\n')
    .concat('\n');
}

const outcomes: Readonly<Record<SessionReport['outcome'], string>> = {
  completed: 'the agent is done',
  suspended: 'handed over, to go on in another session',
  failed: 'failed',
  lost: 'lost',
  stopped: 'stopped',
};

const titleOf = ({ run, task, kind }: Summary['assignment']): string =>
  task === null ? `Run ${run}, ${kind}` : `Run ${run}, ${task}`;

function tableOf(assignment: Summary['assignment'], { usage, isolation }: SessionReport): string {
  const rows: [string, string][] = [
    ['Agent', `${plain(assignment.agent)} (${plain(assignment.engine)})`],
    ['Cost', costOf(usage)],
  ];
  if (usage !== null) {
    const { input_tokens: input, cached_tokens: cached, output_tokens: output } = usage;
    rows.push(['Tokens', `${count(input)} in, ${count(cached)} cached, ${count(output)} out`]);
  }
  if (isolation !== null) rows.push(['Isolation', isolations[isolation]]);
  return ['| | |', '| --- | --- |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

function costOf(usage: SessionReport['usage']): string {
  if (usage === null) return 'not told by the engine';
  return usage.cost === null ? 'unknown: nobody knows the price of its tokens' : dollars(usage.cost);
}

const isolations: Readonly<Record<NonNullable<SessionReport['isolation']>, string>> = {
  container: 'a container of its own',
  user: 'a user of its own',
  none: 'none: the agent ran as the job’s own user and could read its tokens',
};

function workOf({ work }: SessionReport, home: string): string | null {
  if (work === null) return null;
  if (work.commits.length === 0) return 'No new commits.';
  const commits = work.commits.slice(0, mostCommits).map(({ sha, subject }) => {
    const name = `\`${sha.slice(0, 9)}\``;
    // What the App refused is on no page.
    return `- ${work.refusal === null ? `[${name}](${home}/commit/${sha})` : name} ${plain(subject)}`;
  });
  const files = work.files.slice(0, mostFiles).map((file) => `- ${code(file)}`);
  return [
    '### Commits',
    [...commits, more(work.commits.length - mostCommits)].filter((line) => line !== '').join('\n'),
    '### Files',
    [...files, more(work.files.length - mostFiles)].filter((line) => line !== '').join('\n'),
  ].join('\n\n');
}

const more = (left: number): string => (left > 0 ? `- and ${left} more` : '');

function linksOf({ issue, pull, branch }: Summary['assignment'], home: string): string {
  const links = [`[the run’s issue](${home}/issues/${issue})`];
  if (pull !== null) links.push(`[pull request #${pull}](${home}/pull/${pull})`);
  if (branch !== null) links.push(`[branch ${code(branch)}](${home}/tree/${encodeURI(branch)})`);
  return `What it led to is in ${links.join(', ')}.`;
}

const count = (tokens: number): string => tokens.toLocaleString('en-US');

/** Words of agents and repositories stay words: no HTML, links, mentions or table cells of theirs. */
function plain(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign] ?? sign)
    .replaceAll(/[\\`*_[\]|#!~]/g, '\\$&')
    .replaceAll('@', '@\u2060')
    .trim();
}

/** As code, whatever backticks the text has. */
function code(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `${fence}${line}${fence}` : `${fence} ${line} ${fence}`;
}

const quoted = (text: string): string =>
  text
    .split('\n')
    .map((line) => `> ${plain(line)}`)
    .join('\n');
