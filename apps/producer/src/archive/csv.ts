import { stringify } from 'csv-stringify/sync';
import type { ArchivedRecord } from '@tajo/store';
import { flatten } from './flatten.js';

/** Before those of the record itself. */
const FIXED = ['id', 'run', 'at'];
/** Columns an export has at most: definitions of flows have keys by the thousand. */
const MOST_COLUMNS = 500;
const REST = 'more';

type Pages = AsyncIterable<readonly ArchivedRecord[]>;

/** The columns of all records, in order of appearance. What does not fit stands together in the last one, as JSON. */
export async function columnsOf(pages: Pages): Promise<string[]> {
  const columns = new Set<string>();
  for await (const page of pages) for (const { data } of page) for (const name of flatten(data).keys()) columns.add(name);
  return columns.size <= MOST_COLUMNS ? [...columns] : [...[...columns].slice(0, MOST_COLUMNS - 1), REST];
}

/** CSV as RFC 4180 has it, a page at a time, with a byte order mark: without it Excel takes the text for another alphabet. */
export async function* csvOf(pages: Pages, columns: readonly string[]): AsyncGenerator<string> {
  // The names are the customer's too, so they are guarded like any cell.
  yield `\uFEFF${lines([[...FIXED, ...columns]])}`;
  for await (const page of pages) yield lines(page.map((record) => rowOf(record, columns)));
}

/** A cell that begins like a formula would be run as one by spreadsheets (owasp.org/www-community/attacks/CSV_Injection). */
function lines(rows: readonly (readonly Cell[])[]): string {
  return stringify(
    rows.map((row) => [...row]),
    { escape_formulas: true, record_delimiter: 'windows', cast: { boolean: String } },
  );
}

type Cell = string | number | boolean | undefined;

function rowOf({ sourceId, run, at, data }: ArchivedRecord, columns: readonly string[]): Cell[] {
  const cells = flatten(data);
  const known = columns.map((name) => {
    const cell = cells.get(name);
    cells.delete(name);
    return cell;
  });
  if (columns.at(-1) === REST && cells.size > 0) known[known.length - 1] = JSON.stringify(Object.fromEntries(cells));
  return [sourceId, run, at.toISOString(), ...known];
}
