/** The frame of every page: plain, quick, readable in light and dark, on a phone too. */
import { escapeHtml } from './markdown.ts';

const style = `
:root { color-scheme: light dark; --text: light-dark(#1f2328, #e6edf3); --muted: light-dark(#59636e, #9198a1); --line: light-dark(#d1d9e0, #3d444d);
  --page: light-dark(#ffffff, #0d1117); --panel: light-dark(#f6f8fa, #151b23); --link: light-dark(#0969da, #58a6ff);
  --open: light-dark(#1a7f37, #3fb950); --done: light-dark(#8250df, #ab7df8); --bad: light-dark(#cf222e, #f85149); --wait: light-dark(#9a6700, #d29922);
  --added: light-dark(#dafbe1, #12261e); --removed: light-dark(#ffebe9, #25171c); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1rem 1.25rem 4rem; font: 15px/1.55 system-ui, sans-serif; color: var(--text); background: var(--page); }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
header nav { display: flex; gap: 1rem; flex-wrap: wrap; padding-bottom: .75rem; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.6rem; line-height: 1.3; margin: 1.25rem 0 .5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
.muted { color: var(--muted); } .number { color: var(--muted); font-weight: 400; }
.state { display: inline-block; padding: .1rem .65rem; border-radius: 2rem; color: #fff; font-size: .85rem; font-weight: 600; background: var(--muted); }
.state.open { background: var(--open); } .state.merged, .state.completed { background: var(--done); } .state.closed { background: var(--bad); }
.label { border: 1px solid var(--line); border-radius: 2rem; padding: 0 .5rem; font-size: .8rem; margin-left: .35rem; }
article { border: 1px solid var(--line); border-radius: .4rem; margin: 1rem 0; overflow: hidden; }
article > header { background: var(--panel); border-bottom: 1px solid var(--line); padding: .5rem .9rem; }
article > .body { padding: .4rem .9rem; overflow-wrap: anywhere; }
ul.rows { list-style: none; padding: 0; border: 1px solid var(--line); border-radius: .4rem; } ul.rows > li { padding: .6rem .9rem; border-top: 1px solid var(--line); } ul.rows > li:first-child { border-top: 0; }
img.face { width: 1.3rem; height: 1.3rem; vertical-align: -.3rem; border-radius: 50%; margin-right: .35rem; }
code { font: .87em ui-monospace, monospace; background: var(--panel); padding: .1em .3em; border-radius: .25rem; }
pre { background: var(--panel); padding: .75rem; border-radius: .4rem; overflow-x: auto; } pre code { padding: 0; background: none; }
.wide { overflow-x: auto; } table { border-collapse: collapse; } th, td { border: 1px solid var(--line); padding: .3rem .65rem; text-align: left; vertical-align: top; }
li.task { list-style: none; margin-left: -1.2rem; } li.task > p { margin: .2rem 0; }
blockquote { margin: .5rem 0; padding-left: .9rem; border-left: .25rem solid var(--line); color: var(--muted); }
.diff { font: 12.5px/1.5 ui-monospace, monospace; white-space: pre; overflow-x: auto; margin: 0; padding: .5rem 0; } .diff span { display: block; padding: 0 .9rem; min-width: max-content; }
.diff .added { background: var(--added); } .diff .removed { background: var(--removed); } .diff .hunk { color: var(--muted); }
.success { color: var(--open); } .failure, .timed_out, .cancelled, .action_required { color: var(--bad); } .pending { color: var(--wait); }
`;

export interface Crumb {
  words: string;
  href: string;
}

/** A whole HTML document. @param body trusted HTML; everything else is escaped here */
export function frame({ title, crumbs, body }: { title: string; crumbs: Crumb[]; body: string }): string {
  const links = crumbs
    .map(({ words, href }) => `<a href="${escapeHtml(href)}">${escapeHtml(words)}</a>`)
    .join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><header><nav><a href="/">forge</a>${links}</nav></header><main>${body}</main></body></html>`;
}
