import type { Plan } from '@tajo/sdk';
import { plain, type Style } from '../format/style.js';
import { type Column, table } from '../format/table.js';
import { count, duration } from '../format/values.js';

type PlannedResource = Plan['resources'][number];
type Counted = PlannedResource['counted'];

const right = (title: string): Column => ({ title, align: 'right' });
const MOST_NAMES = 12;

/** What a run would do, for people. */
export function planReport(plan: Plan, style: Style = plain): string[] {
  return [
    ...resourcesTable(plan, style),
    ...section(plan.quotas.map(({ broken, message }) => (broken ? style.bad(message) : style.warn(message)))),
    ...section([
      ...named(plan.attributes, 'contact attribute', style),
      ...named(plan.lists, 'list', style),
      ...(plan.history === null ? [] : [plan.history]),
    ]),
    ...consentTable(plan, style),
    ...section(plan.notes.map((note) => style.warn(note))),
    '',
    verdict(plan, style),
  ];
}

/** A number as sure as it is: `1,234`, `~1,230`, `≥ 500`, `?`. */
export function countedText(records: number | null, counted: Counted): string {
  if (records === null || counted === 'unknown') return '?';
  if (counted === 'sampled') return `~${count(threeDigits(records))}`;
  return counted === 'at least' ? `≥ ${count(records)}` : count(records);
}

/** `brevo: events` for `brevo:default:events`. */
export function laneText(lane: string): string {
  const [vendor = '', , ...budget] = lane.split(':');
  return `${vendor}: ${budget.join(':')}`;
}

function resourcesTable({ resources }: Plan, style: Style): string[] {
  const columns = [
    { title: 'resource' },
    right('records'),
    right('to write'),
    right('Klaviyo requests'),
    right('Brevo requests'),
    right('limits allow it in'),
    { title: 'bound by' },
  ];
  const rows = resources.flatMap((resource) => [
    [
      resource.resource,
      countedText(resource.records, resource.counted),
      countedText(resource.toWrite, resource.counted),
      count(requestsTo('klaviyo', resource)),
      count(requestsTo('brevo', resource)),
      resource.seconds === 0 ? 'no wait' : duration(resource.seconds * 1_000),
      resource.bindingLane === null ? '' : laneText(resource.bindingLane),
    ],
    ...resource.notes.map((note) => [style.soft(`  ${note}`)]),
  ]);
  // Notes are sentences and would make the first column as wide.
  const short = table(
    columns,
    rows.filter((row) => row.length > 1),
    style,
  );
  return [...short.slice(0, 2), ...interleaved(short.slice(2), rows)];
}

/** The lines of the table, each note below the line it belongs to. */
function interleaved(lines: readonly string[], rows: readonly (readonly string[])[]): string[] {
  let line = 0;
  return rows.map((row) => {
    if (row.length === 1) return row[0] ?? '';
    line += 1;
    return lines[line - 1] ?? '';
  });
}

function requestsTo(vendor: string, { lanes }: PlannedResource): number {
  return lanes.filter(({ lane }) => lane.startsWith(`${vendor}:`)).reduce((sum, { requests }) => sum + requests, 0);
}

function named(names: readonly string[], what: string, style: Style): string[] {
  if (names.length === 0) return [];
  const more = names.length > MOST_NAMES ? ` and ${count(names.length - MOST_NAMES)} more` : '';
  const some = names.slice(0, MOST_NAMES).map(shortened).join(', ');
  return [`${count(names.length)} ${what}${names.length === 1 ? '' : 's'} would be made in Brevo: ${style.soft(some + more)}`];
}

function consentTable({ consent, resources }: Plan, style: Style): string[] {
  const entries = Object.entries(consent ?? {}).toSorted(([a], [b]) => a.localeCompare(b));
  if (entries.length === 0) return [];
  const counted = resources.find(({ resource }) => resource === 'profiles')?.counted ?? 'sampled';
  const rows = entries.map(([key, n]) => [key, countedText(n, counted)]);
  return ['', ...table([{ title: 'consent' }, right('profiles')], rows, style)];
}

function verdict({ seconds, bindingLane, quotas, requests }: Plan, style: Style): string {
  const spent = `Nothing was started; looking took ${count(requests)} requests.`;
  if (quotas.some(({ broken }) => broken)) return style.bad(`The run would fail: see above. ${spent}`);
  const wait =
    bindingLane === null
      ? 'No rate limit makes the run wait.'
      : `The rate limits let the run take ${duration(seconds * 1_000)} at least, the slowest is ${laneText(bindingLane)}.`;
  return style.good(`${wait} ${spent}`);
}

function section(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...lines];
}

function shortened(name: string): string {
  return Array.from(name).length <= 40 ? name : `${Array.from(name).slice(0, 39).join('')}…`;
}

/** More digits would look surer than a sample is. */
function threeDigits(n: number): number {
  return Number(n.toPrecision(3));
}
