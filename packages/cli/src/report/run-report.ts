import type { Run } from '@tajo/sdk';
import { count, duration, sum } from '../format/values.js';
import { plain, type Style } from '../format/style.js';
import { table, type Column } from '../format/table.js';
import { countedText } from './plan-report.js';

type Counts = Run['totals'][string];
type Reconciliation = NonNullable<Run['reconciliation']>;

const right = (title: string): Column => ({ title, align: 'right' });

/** How a run ended, for people: the accounting of every resource, the comparison of both sides, and the verdict. */
export function runReport(run: Run, style: Style = plain): string[] {
  return [
    ...records(run, style),
    ...(run.reconciliation ? ['', ...bothSides(run.reconciliation, style)] : []),
    ...compared(run, style),
    ...planned(run, style),
    ...(run.deletions?.state === 'done' ? ['', departed(run.deletions)] : []),
    ...(run.notes.length > 0 ? ['', ...run.notes.map((note) => style.soft(`note: ${note}`))] : []),
    ...(run.resumesAt === null ? [] : ['', style.warn(`waits for a quota of Klaviyo's; resumes at ${run.resumesAt}`)]),
    ...(run.problem ? ['', ...problem(run.problem, style)] : []),
    '',
    verdict(run, style),
  ];
}

/** What became of the contacts of profiles that are gone. */
function departed({ gone, outcomes }: NonNullable<Run['deletions']>): string {
  const done = Object.entries(outcomes).filter(([, n]) => n > 0);
  return `profiles gone from Klaviyo: ${count(gone)} (${done.map(([how, n]) => `${count(n)} ${how}`).join(', ')})`;
}

/** `read = written + unchanged + skipped + rejected`, one line a resource, with the reasons below. */
function records(run: Run, style: Style): string[] {
  const head = [
    { title: 'records' },
    right('read'),
    right('= written'),
    right('+ unchanged'),
    right('+ skipped'),
    right('+ rejected'),
    { title: '' },
  ];
  const rows = Object.entries(run.totals).flatMap(([resource, counts]) => [
    [
      resource,
      count(counts.read),
      count(counts.written),
      count(counts.unchanged),
      count(sum(counts.skipped)),
      count(sum(counts.rejected)),
      balanceOf(counts, style),
    ],
    ...byReason(counts.skipped).map(([reason, n]) => [style.soft(`  ${reason}`), '', '', '', count(n)]),
    ...byReason(counts.rejected).map(([reason, n]) => [style.soft(`  ${reason}`), '', '', '', '', count(n)]),
  ]);
  return table(head, rows, style);
}

/** Positive: records without an outcome yet. Negative: records with more than one, which must never be. */
export function openRecords(counts: Counts): number {
  return counts.read - counts.written - counts.unchanged - sum(counts.skipped) - sum(counts.rejected);
}

function balanceOf(counts: Counts, style: Style): string {
  const open = openRecords(counts);
  if (open === 0 && counts.submitted === 0) return style.good('adds up');
  return style.bad(open >= 0 ? `${count(Math.max(open, counts.submitted))} open` : `${count(-open)} too many`);
}

function bothSides(both: Reconciliation, style: Style): string[] {
  const explained = new Map(both.differences.map((difference) => [difference.key, difference.explanation]));
  const keys = [...new Set([...Object.keys(both.klaviyo), ...Object.keys(both.brevo)])].sort();
  const rows = keys.map((key) => {
    const { [key]: klaviyo = 0 } = both.klaviyo;
    const { [key]: brevo = 0 } = both.brevo;
    const difference = explained.get(key);
    // A gap that is no difference is of records counted below.
    const fine = klaviyo === brevo ? style.good('equal') : style.soft('explained below');
    return [key, count(klaviyo), count(brevo), difference === undefined ? fine : style.bad(difference)];
  });
  const mailable = `mailable in Brevo though Klaviyo forbids it: ${count(both.wronglyMailable)}`;
  return [
    ...table([{ title: 'consent' }, right('Klaviyo'), right('Brevo'), { title: '' }], rows, style),
    '',
    both.wronglyMailable === 0 ? style.good(mailable) : style.bad(mailable),
    ...(both.foreign > 0 ? [style.soft(`contacts in Brevo from elsewhere: ${count(both.foreign)}`)] : []),
    ...(both.phonesNotTaken > 0
      ? [style.warn(`phone numbers that Brevo dropped without a word: ${count(both.phonesNotTaken)}`)]
      : []),
    ...(both.notRead > 0 ? [style.soft(`contacts of earlier runs that Klaviyo no longer has: ${count(both.notRead)}`)] : []),
  ];
}

/** One line for each resource that both sides can count, and every difference below it. */
function compared({ comparisons }: Run, style: Style): string[] {
  const rows = Object.entries(comparisons).flatMap(([resource, { klaviyo, brevo, differences }]) => [
    [
      resource,
      count(sum(klaviyo)),
      count(sum(brevo)),
      differences.length === 0 ? style.good('agree') : style.bad(`${count(differences.length)} differ`),
    ],
    ...differences.map(({ key, klaviyo: ours, brevo: theirs, explanation }) => [
      style.soft(`  ${key}`),
      count(ours),
      count(theirs),
      style.bad(explanation),
    ]),
  ]);
  if (rows.length === 0) return [];
  return ['', ...table([{ title: 'both sides' }, right('delivered'), right('Brevo'), { title: '' }], rows, style)];
}

/** What was expected before the first write, beside what came. */
function planned({ plan, totals, durationMs }: Run, style: Style): string[] {
  if (plan === null) return [];
  const rows = plan.resources.map(({ resource, records: expected, toWrite, counted }) => {
    const { [resource]: actual } = totals;
    return [
      resource,
      countedText(expected, counted),
      count(actual?.read ?? 0),
      countedText(toWrite, counted),
      count(actual?.written ?? 0),
    ];
  });
  const limits =
    plan.seconds === 0 ? 'the rate limits ask for no wait' : `the rate limits alone ask for ${duration(plan.seconds * 1_000)}`;
  return [
    '',
    ...table([{ title: 'planned' }, right('records'), right('read'), right('to write'), right('written')], rows, style),
    style.soft(`took ${duration(durationMs)}; ${limits}`),
  ];
}

function problem(found: NonNullable<Run['problem']>, style: Style): string[] {
  return [style.bad(found.message), ...(found.remedy ? [`what to do: ${found.remedy}`] : [])];
}

function verdict(run: Run, style: Style): string {
  const took = duration(run.durationMs);
  if (run.balanced) return style.good(`${run.id} completed in ${took} and balances.`);
  if (run.state === 'completed') return style.bad(`${run.id} completed in ${took} and does NOT balance.`);
  if (run.state === 'stopped')
    return style.bad(`${run.id} stopped after ${took}; somebody must act. Then: tajo sync resume ${run.id}`);
  if (run.state === 'failed' || run.state === 'cancelled') return style.bad(`${run.id} ${run.state} after ${took}.`);
  return `${run.id} is ${run.state}, ${took} so far.`;
}

function byReason(reasons: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(reasons).sort(([a, n], [b, m]) => m - n || a.localeCompare(b));
}
