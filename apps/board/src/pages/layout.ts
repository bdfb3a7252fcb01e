import { Html, html } from '../html.js';

/** Frame of every page of ours. Works without JavaScript; colours follow the system's light or dark setting. */
export function layout(page: { title: string; nav?: readonly { text: string; url: string }[]; body: Html }): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${page.title} · Tajo</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
${page.nav && html`<header><nav aria-label="Main"><strong>Tajo</strong>${page.nav.map(({ text, url }) => html`<a href="${url}">${text}</a>`)}</nav></header>`}
<main>
${page.body}
</main>
</body>
</html>
`;
}

const STYLE = new Html(`
:root{color-scheme:light dark;--ink:light-dark(#1b2430,#e6eaf0);--soft:light-dark(#566273,#9aa7b8);--line:light-dark(#d9dfe7,#2c3744);--ground:light-dark(#f6f8fa,#12171d);--card:light-dark(#fff,#1a2129);--accent:light-dark(#0b62c4,#6cb2ff);--bad:light-dark(#b3261e,#ff8f86);--good:light-dark(#176b3a,#6fd39b)}
*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground)}
header{background:var(--card);border-bottom:1px solid var(--line)}
nav{max-width:72rem;margin:auto;padding:.75rem 1.25rem;display:flex;gap:1.25rem;align-items:baseline}
main{max-width:72rem;margin:auto;padding:1.25rem}
h1{font-size:1.5rem;margin:.5rem 0 1rem}
h2{font-size:1.15rem;margin:2rem 0 .5rem}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.card,.scroll{background:var(--card);border:1px solid var(--line);border-radius:.5rem}
.card{padding:1.25rem}
.narrow{max-width:24rem;margin:12vh auto 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{padding:.5rem .75rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child>*{border-bottom:0}
thead th{color:var(--soft);font-size:.85rem;white-space:nowrap}
.n,thead .n{text-align:right;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:.75rem .75rem .25rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.25rem;margin:0}
dt{color:var(--soft)}dd{margin:0}
label{display:block;font-weight:600;margin-bottom:.35rem}
input{width:100%;font:inherit;padding:.6rem;color:inherit;background:var(--ground);border:1px solid var(--soft);border-radius:.375rem}
button{font:inherit;font-weight:600;margin-top:1rem;padding:.6rem 1.25rem;color:var(--card);background:var(--accent);border:0;border-radius:.375rem;cursor:pointer}
.bad{color:var(--bad)}.good{color:var(--good)}.soft{color:var(--soft)}
.problem{border-left:4px solid var(--bad)}.card>p:first-child{margin-top:0}.card>p:last-child{margin-bottom:0}
`);
