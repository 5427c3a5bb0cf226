import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBed, type Bed } from '../test-bed.ts';
import { renderMarkdown } from './markdown.ts';

const shop = { owner: 'acme', repo: 'shop' };

describe('markdown', () => {
  const render = (text: string): string => renderMarkdown(text, '/acme/shop');

  test('tables, tasks, code, links to issues', () => {
    expect(render('| a | b |\n| --- | --- |\n| 1 \\| 2 | **x** |')).toContain(
      '<tr><td>1 | 2</td><td><strong>x</strong></td></tr>',
    );
    expect(render('- [ ] no\n- [x] yes')).toMatch(
      /type="checkbox" disabled> no[\s\S]*type="checkbox" disabled checked> yes/,
    );
    expect(render('```mermaid\ngraph TD\n| a |\n```')).toBe(
      '<pre class="mermaid"><code>graph TD\n| a |</code></pre>',
    );
    expect(render('see #12')).toContain('<a href="/acme/shop/issues/12">#12</a>');
  });

  test('nothing that somebody writes becomes a script', () => {
    expect(render('<script>alert(1)</script>')).not.toContain('<script');
    expect(render('<img src=x onerror=alert(1)>')).not.toContain('<img');
    expect(render('<details onclick="x"><summary>more</summary></details>')).not.toContain(
      '<details onclick',
    );
    expect(render('[x](javascript:alert(1))')).toContain('href="#"');
    expect(render('hidden <!-- marker --> words')).not.toContain('marker');
    expect(render('<details><summary>more</summary></details>')).toContain('<summary>more</summary>');
  });
});

describe('pages', () => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await openBed();
    const ben = bed.as('ben');
    await ben.request('POST /repos/{owner}/{repo}/issues', {
      ...shop,
      title: '<b>Hostile</b> title',
      body: '**Please** do',
      labels: ['bug'],
    });
    await bed.as('ana').request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...shop,
      issue_number: 1,
      body: 'I agree',
    });
    const { data: main } = await ben.request('GET /repos/{owner}/{repo}/branches/{branch}', {
      ...shop,
      branch: 'main',
    });
    await ben.request('POST /repos/{owner}/{repo}/git/refs', {
      ...shop,
      ref: 'refs/heads/topic',
      sha: main.commit.sha,
    });
    const content = Buffer.from('a < b\n').toString('base64');
    await ben.request('PUT /repos/{owner}/{repo}/contents/{path}', {
      ...shop,
      path: 'a.txt',
      message: 'Compare',
      content,
      branch: 'topic',
    });
    await ben.request('POST /repos/{owner}/{repo}/pulls', {
      ...shop,
      title: 'Compare',
      head: 'topic',
      base: 'main',
    });
  });
  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });
  const page = async (
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; text: string; headers: Headers }> => {
    const response = await fetch(`${bed.running.url}${path}`, { headers });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };

  test('repositories, files, issues and pull requests are there to read', async () => {
    expect((await page('/')).text).toContain('acme/vault');
    expect((await page('/acme/shop')).text).toContain('README.md');
    expect((await page('/acme/shop/issues')).text).toContain('&lt;b&gt;Hostile&lt;/b&gt; title');
    const issue = await page('/acme/shop/issues/1');
    expect(issue.text).toContain('<strong>Please</strong> do');
    expect(issue.text).toContain('I agree');
    expect(issue.text).not.toContain('<b>Hostile');
    expect((await page('/acme/shop/pulls')).text).toContain('Compare');
    expect((await page('/acme/shop/pull/2')).text).toContain('<span class="added">+a &lt; b</span>');
    expect((await page('/acme/shop/issues/99')).status).toBe(404);
    expect((await page('/acme/nothing')).status).toBe(404);
  });

  test('pages run no script, and neither they nor the controls answer other sites', async () => {
    expect((await page('/')).headers.get('content-security-policy')).toContain("default-src 'none'");
    expect((await page('/', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await page('/_forge/violations', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await page('/_forge/violations')).status).toBe(200);
  });
});
