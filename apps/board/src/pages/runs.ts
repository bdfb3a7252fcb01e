import { FINAL_STATES, type StoredRun } from '@tajo/store';
import { Html, html } from '../html.js';
import type { RunView } from '../run-view.js';
import { layout } from './layout.js';

export const WATCH_SECONDS = 10;

export interface Frame {
  readonly nav: readonly { text: string; url: string }[];
}

/** `older` is the id to continue behind, where there are more. */
export function runsPage(runs: readonly StoredRun[], { nav, older }: Frame & { older?: string | undefined }): Html {
  const rows = runs.map(
    (run) => html`<tr>
<th scope="row"><a href="${runUrl(run._id)}">${run._id}</a></th>
<td>${state(run)}</td><td>${run.account}</td><td>${run.mode}</td><td>${run.resources.join(', ')}</td><td>${time(run.createdAt)}</td><td>${time(run.finishedAt)}</td>
</tr>`,
  );
  return layout({
    title: 'Runs',
    nav,
    body: html`<h1>Runs</h1>
${
  rows.length === 0
    ? html`<p class="card">No run yet. Start one with <code>tajo sync run</code> or through the API.</p>`
    : table('Runs, newest first', ['Run', 'State', 'Account', 'Mode', 'Resources', 'Created', 'Finished'], rows)
}
${older !== undefined && html`<p><a href="/?before=${older}">Older runs</a></p>`}`,
  });
}

export interface RunFrame extends Frame {
  readonly queueUrl: (resource: string) => string;
  /** The page is reloading itself. Only on request, since that disturbs whoever reads or listens to it. */
  readonly watched: boolean;
}

/** Everything about one run that an operator acts on. */
export function runPage(view: RunView, { nav, queueUrl, watched }: RunFrame): Html {
  const { run } = view;
  return layout({
    title: run._id,
    nav,
    body: html`<h1>${run._id}</h1>
<div class="card"><dl>
<dt>State</dt><dd>${state(run)}</dd>
<dt>Account</dt><dd>${run.account}</dd>
<dt>Mode</dt><dd>${run.mode}</dd>
<dt>Resources</dt><dd>${run.resources.join(', ')}</dd>
<dt>Created</dt><dd>${time(run.createdAt)}</dd>
<dt>Started</dt><dd>${time(run.startedAt)}</dd>
<dt>Finished</dt><dd>${time(run.finishedAt)}</dd>
</dl></div>
${
  !FINAL_STATES.includes(run.state) &&
  html`<p>${watched ? html`Reloading every ${WATCH_SECONDS} seconds. <a href="${runUrl(run._id)}">Stop</a>` : html`<a href="${runUrl(run._id)}?watch=1">Reload every ${WATCH_SECONDS} seconds</a>`}</p>`
}
${problem(run)}
${counts(view, queueUrl)}
${slices(view)}
${reasons(view)}
${reconciliation(run)}
${comparisons(run)}`,
  });
}

export function runMissingPage(id: string, { nav }: Frame): Html {
  return layout({
    title: 'No such run',
    nav,
    body: html`<h1>No such run</h1><p class="card">There is no run <code>${id}</code>. <a href="/">All runs</a></p>`,
  });
}

export function runUrl(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}

function problem({ problem: last }: StoredRun): Html | false {
  if (!last) return false;
  return html`<h2>Last error</h2>
<div class="card problem"><p><strong>${last.message}</strong></p>
${last.remedy !== undefined && html`<p>What to do: ${last.remedy}</p>`}
<p class="soft"><code>${last.code}</code> · ${time(last.at)}</p></div>`;
}

function counts({ resources }: RunView, queueUrl: (resource: string) => string): Html {
  const rows = resources.map(
    (resource) => html`<tr><th scope="row"><a href="${queueUrl(resource.name)}">${resource.name}</a></th>
${[resource.read, resource.written, resource.unchanged, resource.skipped, resource.rejected, resource.submitted].map(number)}
<td>${resource.balanced ? html`<span class="good">balanced</span>` : html`<span class="${resource.settled ? 'bad' : 'soft'}">${resource.settled ? 'not balanced' : 'in progress'}</span>`}</td></tr>`,
  );
  if (rows.length === 0) return html`<h2>Records</h2><p class="card">Nothing is planned yet.</p>`;
  return html`<h2>Records</h2>${table(
    'Read = written + unchanged + skipped + rejected, once nothing is on its way',
    [
      'Resource',
      ...['Read', 'Written', 'Unchanged', 'Skipped', 'Rejected', 'On their way'].map((count) => ({ count })),
      'Balance',
    ],
    rows,
  )}`;
}

const SLICE_STATES = ['waiting', 'queued', 'reading', 'settling', 'done', 'failed', 'cancelled'] as const;

function slices({ resources, sliceErrors }: RunView): Html | false {
  if (resources.length === 0) return false;
  const rows = resources.map(
    (resource) =>
      html`<tr><th scope="row">${resource.name}</th>${SLICE_STATES.map((name) => number(resource.slices[name] ?? 0))}</tr>`,
  );
  return html`<h2>Slices</h2>${table('Slices by state', ['Resource', ...SLICE_STATES.map((count) => ({ count }))], rows)}
${
  sliceErrors.length > 0 &&
  html`<h2>Failed slices</h2>${table(
    'Each can be retried: its job is in the failed list of its queue',
    ['Slice', 'Error', 'When'],
    sliceErrors.map(
      ({ id, error }) =>
        html`<tr><th scope="row">${id}</th><td>${error.message}<br><code class="soft">${error.code}</code></td><td>${time(error.at)}</td></tr>`,
    ),
  )}`
}`;
}

function reasons({ reasons: all }: RunView): Html {
  const rows = all.map(
    ({ resource, outcome, reason, count, example }) =>
      html`<tr><td>${resource}</td><td>${outcome}</td><th scope="row">${reason}</th>${number(count)}<td>${example}</td></tr>`,
  );
  return html`<h2>Not in Brevo</h2>
${rows.length === 0 ? html`<p class="card">Nothing was skipped or rejected.</p>` : table('Skipped and rejected records by reason', ['Resource', 'Outcome', 'Reason', { count: 'Records' }, 'For example'], rows)}`;
}

function reconciliation({ reconciliation: both }: StoredRun): Html {
  if (!both) return html`<h2>Consent</h2><p class="card">Both sides are compared when everything is delivered.</p>`;
  const explained = new Map(both.differences.map((difference) => [difference.key, difference.explanation]));
  const keys = [...new Set([...Object.keys(both.klaviyo), ...Object.keys(both.brevo)])].sort();
  const rows = keys.map((key) => {
    const explanation = explained.get(key);
    return html`<tr><th scope="row">${key}</th>${number(both.klaviyo[key] ?? 0)}${number(both.brevo[key] ?? 0)}<td>${explanation ?? html`<span class="good">equal</span>`}</td></tr>`;
  });
  return html`<h2>Consent</h2>
${table('Both sides compared', ['Consent', { count: 'Klaviyo' }, { count: 'Brevo' }, 'Difference'], rows)}
<p class="card"><span class="${both.wronglyMailable === 0 ? 'good' : 'bad'}">Mailable in Brevo though Klaviyo does not allow it: <strong>${both.wronglyMailable}</strong>.</span>
Contacts in Brevo from elsewhere: ${both.foreign}. Linked by earlier runs and not read now: ${both.notRead}.</p>`;
}

function comparisons({ comparisons: all }: StoredRun): Html {
  const rows = Object.entries(all).flatMap(([resource, { klaviyo, brevo, differences }]) => {
    const verdict = differences.length === 0 ? html`<span class="good">agree</span>` : html`${differences.length} differ`;
    return [
      html`<tr><th scope="row">${resource}</th>${number(total(klaviyo))}${number(total(brevo))}<td>${verdict}</td></tr>`,
      ...differences.map(
        (one) =>
          html`<tr><td class="soft">${one.key}</td>${number(one.klaviyo)}${number(one.brevo)}<td>${one.explanation}</td></tr>`,
      ),
    ];
  });
  if (rows.length === 0) return html``;
  return html`<h2>Both sides</h2>
${table('What was delivered beside what Brevo has', ['Resource', { count: 'Delivered' }, { count: 'Brevo' }, 'Difference'], rows)}`;
}

function total(numbers: Readonly<Record<string, number>>): number {
  return Object.values(numbers).reduce((sum, n) => sum + n, 0);
}

/** A heading over numbers. */
interface Count {
  readonly count: string;
}

function table(caption: string, head: readonly (string | Count)[], rows: readonly Html[]): Html {
  return html`<div class="scroll"><table>
<caption class="soft">${caption}</caption>
<thead><tr>${head.map((name) => (typeof name === 'string' ? html`<th scope="col">${name}</th>` : html`<th scope="col" class="n">${name.count}</th>`))}</tr></thead>
<tbody>${rows}</tbody>
</table></div>`;
}

function number(value: number): Html {
  return html`<td class="n">${value}</td>`;
}

function state({ state: name }: StoredRun): Html {
  const colour = name === 'completed' ? 'good' : name === 'failed' || name === 'stopped' ? 'bad' : '';
  return html`<span class="${colour}">${name}</span>`;
}

function time(at: Date | null): Html {
  if (!at) return html`<span class="soft">–</span>`;
  // Not through `html`'s redaction: digits and dashes look like a phone number.
  return new Html(`<time datetime="${at.toISOString()}">${at.toISOString().slice(0, 19).replace('T', ' ')} UTC</time>`);
}
