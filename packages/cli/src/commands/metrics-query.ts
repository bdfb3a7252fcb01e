import type { MetricNumbers, QueryMetrics } from '@tajo/sdk';
import { type Command, Option } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { type Context, printJson, printLines } from '../context.js';
import { csv } from '../format/csv.js';
import { styleFor } from '../format/style.js';
import { table } from '../format/table.js';
import { metricColumns, metricRows, metricTotals } from '../report/metric-table.js';

const formats = ['table', 'json', 'csv', 'ndjson'] as const;

interface Options extends GlobalOptions {
  metric: string;
  measure: string[];
  interval: NonNullable<QueryMetrics['interval']>;
  from: string;
  to: string;
  timezone: string;
  by: string[];
  format: (typeof formats)[number];
  fresh?: boolean;
}

export function addMetricsQuery(parent: Command, context: Context): void {
  parent
    .command('query')
    .summary('count the events of a metric over time')
    .description(
      'Counts the events of a Klaviyo metric by when they happened. At most a year at once. Answers are kept for a while; --fresh asks anew.',
    )
    .requiredOption('--metric <name or id>', 'e.g. "Placed Order"; the id where several metrics share the name')
    .option('--measure <list>', 'of count (events), sum_value (their values), unique (profiles)', listed, ['count'])
    .addOption(
      new Option('--interval <interval>', 'what a line stands for').choices(['hour', 'day', 'week', 'month']).default('day'),
    )
    .requiredOption('--from <date>', 'inclusive: a date, or a time of --timezone or with an offset')
    .requiredOption('--to <date>', 'exclusive')
    .option('--timezone <name>', 'where days begin, e.g. Europe/Berlin', 'UTC')
    .option('--by <list>', 'properties to break down by, e.g. "Email Domain"', listed, [])
    .addOption(new Option('--format <format>', 'how to print it').choices(formats).default('table'))
    .option('--fresh', 'ask Klaviyo even when the answer is known')
    .addHelpText(
      'after',
      '\nExample:\n  $ tajo metrics query --metric "Placed Order" --measure count,sum_value --interval day --from 2026-01-01 --to 2026-02-01',
    )
    .action((_: unknown, command: Command) => queryMetrics(context, command.optsWithGlobals<Options>()));
}

async function queryMetrics(context: Context, options: Options): Promise<void> {
  const { metric, measure, interval, from, to, timezone, by, format, fresh = false, ...rest } = options;
  const client = await openClient(context, rest);
  // The API says of each value what is wrong with it and which there are.
  const query = { metric, measurements: measure, interval, from, to, timezone, by, fresh } as QueryMetrics;
  const numbers = await client.metrics.query(query);
  print(context, numbers, format, measure);
}

function print(context: Context, numbers: MetricNumbers, format: Options['format'], measure: readonly string[]): void {
  const { out, err, env } = context;
  if (format === 'json') return printJson(out, numbers);
  const columns = metricColumns(numbers, measure);
  if (format === 'csv') {
    for (const line of csv([columns, ...metricRows(numbers, measure)])) out.write(line);
    return;
  }
  if (format === 'ndjson') {
    for (const row of metricRows(numbers, measure))
      out.write(`${JSON.stringify(Object.fromEntries(columns.map((name, at) => [name, row[at]])))}\n`);
    return;
  }
  const { name, id, integration } = numbers.metric;
  const style = styleFor(out, env);
  printLines(out, [
    style.strong(`${name} (${integration ?? 'no integration'}, ${id})`),
    style.soft(`${numbers.from} to ${numbers.to}, ${numbers.timezone}`),
    '',
    ...metricTotals(numbers, measure, (heads, rows) => table(heads, rows, style)),
  ]);
  if (numbers.cachedAt !== null) err.write(`As Klaviyo said at ${numbers.cachedAt}; --fresh asks anew.\n`);
}

function listed(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
