import type { MetricNumbers } from '@tajo/sdk';
import type { Column } from '../format/table.js';
import { count } from '../format/values.js';

/** The columns of `metricRows`: when, the dimensions, the measurements in the order they were asked for. */
export function metricColumns({ by }: MetricNumbers, measure: readonly string[]): string[] {
  return ['date', ...by, ...measure];
}

/** One row for each interval and combination of dimensions, by time. */
export function metricRows({ dates, rows }: MetricNumbers, measure: readonly string[]): (string | number)[][] {
  return dates.flatMap((date, at) =>
    rows.map(({ dimensions, measurements }) => [date, ...dimensions, ...measure.map((name) => measurements[name]?.[at] ?? 0)]),
  );
}

/** The same for people, with sums: of a broken-down metric without the rows that are all zero, which would hide the others. */
export function metricTotals(
  numbers: MetricNumbers,
  measure: readonly string[],
  print: (columns: readonly Column[], rows: readonly (readonly string[])[]) => string[],
): string[] {
  const { by, interval } = numbers;
  const all = metricRows(numbers, measure);
  const first = 1 + by.length;
  const shown = by.length === 0 ? all : all.filter((row) => row.slice(first).some((value) => value !== 0));
  const sums = measure.map((name, at) =>
    // Somebody may be among several days' profiles.
    name === 'unique' ? '' : amount(all.reduce((sum, row) => sum + Number(row[first + at]), 0)),
  );
  const columns = metricColumns(numbers, measure).map((title, at): Column => ({ title, align: at < first ? 'left' : 'right' }));
  const cells = shown.map((row) =>
    row.map((value, at) => (at === 0 ? shortDate(String(value), interval) : typeof value === 'number' ? amount(value) : value)),
  );
  return print(columns, [...cells, ['sum', ...by.map(() => ''), ...sums]]);
}

function shortDate(date: string, interval: MetricNumbers['interval']): string {
  return interval === 'hour' ? date.slice(0, 16).replace('T', ' ') : date.slice(0, 10);
}

/** Whole numbers grouped; money with its cents. */
function amount(value: number): string {
  const cents = Math.round(value * 100);
  if (cents % 100 === 0) return count(cents / 100);
  const whole = Math.trunc(cents / 100);
  return `${cents < 0 && whole === 0 ? '-' : ''}${count(whole)}.${String(Math.abs(cents % 100)).padStart(2, '0')}`;
}
