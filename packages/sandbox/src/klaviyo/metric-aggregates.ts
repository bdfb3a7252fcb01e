import { isObject, type JsonObject, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { document, invalidField, notFound } from './errors.js';
import type { EventWorld } from './events.js';
import { type FilterRules, parseFilter } from './filter.js';
import { textOf } from './record.js';
import { createZone, intervals, type Interval, isoIn, startOf, startsIn } from './zones.js';

const measures = ['count', 'sum_value', 'unique'] as const;
type Measure = (typeof measures)[number];

/** Dimensions the generated events have; Klaviyo knows more of them and answers empty strings for what an event lacks. */
const dimensions = ['$message', '$flow', '$value_currency', 'Campaign Name', 'Email Domain', 'Subject', 'URL', 'List', 'Method'];

const rules: FilterRules = { datetime: { operators: ['greater-or-equal', 'less-than'], type: 'local-datetime' } };
const YEAR_MS = 366 * 86_400_000;
const at = '/data/attributes';

/** POST /api/metric-aggregates: by the time of the events, both bounds in the filter, at most a year. */
export function aggregateMetric({ events, metrics }: EventWorld, request: SandboxRequest): Reply {
  const query = parseQuery(request);
  if ('status' in query) return query;
  const { metricId, zone, from, to, interval, by, measurements } = query;
  if (!metrics.find(metricId)) return notFound(`A metric with id ${metricId} does not exist.`);
  const starts = startsIn(interval, zone.local(from), zone.local(to));
  const places = new Map(starts.map((start, place) => [start, place]));
  const rows = new Map<string, { dimensions: string[]; buckets: Bucket[] }>();
  const order = events.order();
  const end = events.firstAfter(Math.ceil(to / 1_000), -1);
  for (let place = events.firstAfter(Math.ceil(from / 1_000), -1); place < end; place += 1) {
    const event = events.read(order[place] ?? 0);
    if (event.metricId !== metricId) continue;
    const names = by.map((name) => textOf(event.properties?.[name]));
    const key = JSON.stringify(names);
    const row = rows.get(key) ?? {
      dimensions: names,
      buckets: starts.map(() => ({ count: 0, sum: 0, people: new Set<string>() })),
    };
    rows.set(key, row);
    const bucket = row.buckets[places.get(startOf(interval, zone.local(event.timestamp * 1_000))) ?? -1];
    if (!bucket) continue;
    bucket.count += 1;
    const value = event.properties?.['$value'];
    bucket.sum += typeof value === 'number' ? value : 0;
    if (event.profileId !== null) bucket.people.add(event.profileId);
  }
  if (by.length === 0 && rows.size === 0)
    rows.set('', { dimensions: [], buckets: starts.map(() => ({ count: 0, sum: 0, people: new Set<string>() })) });
  return document(200, {
    data: {
      type: 'metric-aggregate',
      id: `${metricId}-${from}-${to}`,
      attributes: {
        dates: starts.map((start) => isoIn(zone, start)),
        data: [...rows.values()].map((row) => ({
          dimensions: row.dimensions,
          measurements: Object.fromEntries(
            measurements.map((name) => [name, row.buckets.map((bucket) => measure(bucket, name))]),
          ),
        })),
      },
      links: { self: `${request.origin}${request.path}` },
    },
    links: { self: `${request.origin}${request.path}`, next: null, prev: null },
  });
}

interface Bucket {
  count: number;
  sum: number;
  readonly people: Set<string>;
}

function measure({ count, sum, people }: Bucket, name: Measure): number {
  if (name === 'count') return count;
  return name === 'unique' ? people.size : Math.round(sum * 100) / 100;
}

function parseQuery(request: SandboxRequest) {
  const body = parseBody(request);
  const data = isObject(body) ? body['data'] : undefined;
  const given = isObject(data) && data['type'] === 'metric-aggregate' ? data['attributes'] : undefined;
  if (!isObject(given)) return invalidField('/data', "The body must be {data: {type: 'metric-aggregate', attributes}}.");
  const measurements = texts(given, 'measurements').flatMap((name) => measures.find((known) => known === name) ?? []);
  if (measurements.length === 0 || measurements.length !== texts(given, 'measurements').length)
    return invalidField(`${at}/measurements`, `Measurements are among ${measures.join(', ')}.`);
  const by = texts(given, 'by');
  const odd = by.find((name) => !dimensions.includes(name));
  if (odd !== undefined) return invalidField(`${at}/by`, `'${odd}' is not a dimension of this metric.`);
  const interval: Interval | undefined = intervals.find((known) => known === (given['interval'] ?? 'day'));
  if (!interval) return invalidField(`${at}/interval`, `An interval is one of ${intervals.join(', ')}.`);
  const zone = createZone(textOf(given['timezone'] ?? 'UTC'));
  if (!zone) return invalidField(`${at}/timezone`, 'The timezone is not known.');
  const filter = parseFilter(texts(given, 'filter').join(','), rules);
  if ('error' in filter) return invalidField(`${at}/filter`, filter.error);
  const bound = (operator: string) => {
    const condition = filter.conditions.find((one) => one.operator === operator);
    if (!condition) return Number.NaN;
    const text = String(condition.value);
    const zoned = /(Z|[+-]\d{2}:\d{2})$/.test(text) && text.includes('T');
    return zoned ? Date.parse(text) : zone.instant(Date.parse(text.includes('T') ? `${text}Z` : text));
  };
  const [from, to] = [bound('greater-or-equal'), bound('less-than')];
  if (!(from < to)) return invalidField(`${at}/filter`, 'The filter must bound datetime with greater-or-equal and less-than.');
  if (to - from > YEAR_MS) return invalidField(`${at}/filter`, 'The datetime range must not be longer than a year.');
  return { metricId: textOf(given['metric_id']), measurements, by, interval, zone, from, to };
}

function texts(given: JsonObject, name: string): string[] {
  const value = given[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
