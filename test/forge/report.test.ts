/** What the product asks of GitHub: all of it is served here, valid by GitHub's schema, and written down. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { githubSchema } from '../../forge/graphql/schema.ts';
import { documentsIn, missingFrom, report, rewritten } from '../../forge/report.ts';

const root = join(import.meta.dirname, '../..');
const found = await report(root);

describe('the report', () => {
  it('names nothing that the forge does not serve', () => {
    expect(missingFrom(found)).toEqual([]);
  });

  it('finds what is known to be there: it has not gone blind', () => {
    const names = [...found.operations, ...found.webhooks, ...found.fields].map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'GET /app',
        'POST /repos/{owner}/{repo}/pulls',
        'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge-async',
        'POST /app-manifests/{code}/conversions',
        'issue_comment.created',
        'workflow_run.completed',
        'push',
        'Mutation.markPullRequestReadyForReview',
        'Mutation.enqueuePullRequest',
        'PullRequest.isDraft',
      ]),
    );
  });

  it('docs/forge.md is what `node forge/report.ts --write` makes', () => {
    const text = readFileSync(join(root, 'docs/forge.md'), 'utf8');
    expect(text).toBe(rewritten(text, found));
  });
});

describe('GraphQL documents of the product', () => {
  const documents = documentsIn(root);

  it('are there', () => {
    expect(documents.length).toBeGreaterThanOrEqual(4);
  });

  it.each(documents)('in $file: valid by GitHub’s schema', async ({ document }) => {
    expect(validate(await githubSchema(), document)).toEqual([]);
  });
});
