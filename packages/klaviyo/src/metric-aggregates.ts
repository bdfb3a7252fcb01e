import { BadInput } from '@tajo/errors';
import { type CallOptions, HttpFailure, parsed } from '@tajo/http';
import { z } from 'zod';
import type { Api } from './api.js';
import { nextCursorIn } from './next-cursor.js';
import { reportCursorNames } from './reports.js';

export interface MetricAggregateMethods {
  /**
   * Events of a metric counted by time and, with `by`, by a property; every page. Counted by when they happened, so the numbers differ
   * from Klaviyo's own campaign reports, which count by when a message was sent. At most a year; no custom metrics
   * (https://developers.klaviyo.com/en/reference/query_metric_aggregates).
   */
  aggregateMetric(query: MetricAggregateQuery, options?: CallOptions): Promise<MetricAggregate>;
}

export const metricMeasurements = ['count', 'sum_value', 'unique'] as const;
export type MetricMeasurement = (typeof metricMeasurements)[number];

export const metricIntervals = ['hour', 'day', 'week', 'month'] as const;
export type MetricInterval = (typeof metricIntervals)[number];

export interface MetricAggregateQuery {
  readonly metricId: string;
  readonly measurements: readonly MetricMeasurement[];
  readonly interval: MetricInterval;
  /** Inclusive; a time of `timezone` without an offset, e.g. `2026-01-31T00:00:00`. */
  readonly from: string;
  /** Exclusive, as `from`. */
  readonly to: string;
  /** IANA name. Intervals begin at its midnight. Default UTC. */
  readonly timezone?: string | undefined;
  /** Properties to break down by, see `metricDimensions`. */
  readonly by?: readonly MetricDimension[] | undefined;
  /** Further conditions in Klaviyo's filter language, all of which must hold. */
  readonly filter?: readonly string[] | undefined;
}

export interface MetricAggregate {
  /** Where each interval begins, ISO 8601 with the offset of the time zone. */
  readonly dates: readonly string[];
  readonly rows: readonly MetricAggregateRow[];
}

export interface MetricAggregateRow {
  /** One for each of `by`, in its order; an empty text for events without the property. */
  readonly dimensions: readonly string[];
  /** By measurement one number for each of `dates`. */
  readonly measurements: Readonly<Record<string, readonly number[]>>;
}

/** Everything Klaviyo can break down by (OpenAPI 2026-01-15, MetricAggregateQuery). */
export const metricDimensions = [
  '$attributed_channel',
  '$attributed_flow',
  '$attributed_message',
  '$attributed_variation',
  '$campaign_channel',
  '$flow',
  '$flow_channel',
  '$message',
  '$message_send_cohort',
  '$usage_amount',
  '$value_currency',
  '$variation',
  '$variation_send_cohort',
  'Bot Click',
  'Bounce Type',
  'Campaign Name',
  'Client Canonical',
  'Client Name',
  'Client Type',
  'Email Domain',
  'Failure Source',
  'Failure Type',
  'From Number',
  'From Phone Region',
  'Inbox Provider',
  'List',
  'Message Name',
  'Message Type',
  'Method',
  'Segment Count',
  'Subject',
  'To Number',
  'To Phone Region',
  'URL',
  'form_id',
] as const;
export type MetricDimension = (typeof metricDimensions)[number];

const aggregateBody = z.looseObject({
  data: z.looseObject({
    attributes: z.looseObject({
      dates: z.array(z.string()),
      data: z.array(z.looseObject({ dimensions: z.array(z.string()), measurements: z.record(z.string(), z.array(z.number())) })),
    }),
  }),
  links: z.looseObject({ next: z.string().nullish() }).nullish(),
});

/** Far above any table a person looks at: a server that never runs out of pages must not keep us for ever. */
const mostPages = 100;

export function metricAggregateMethods(api: Api): MetricAggregateMethods {
  async function page(query: MetricAggregateQuery, options: CallOptions | undefined, first?: MetricAggregate, cursor?: string) {
    const request = { method: 'POST', path: '/api/metric-aggregates', body: bodyOf(query, cursor), ...options } as const;
    return api(request, ({ body }) => {
      const { data, links } = parsed(aggregateBody, body);
      const { dates, data: rows } = data.attributes;
      // Rows of other intervals put below the first page's dates would be wrong numbers that look right.
      if (first && dates.join() !== first.dates.join())
        throw new HttpFailure('unexpected', 'a further page is about other dates than the first', { sent: true });
      return { dates, rows, nextCursor: nextCursorIn(links?.next, reportCursorNames, cursor) };
    });
  }

  return {
    async aggregateMetric(query, options) {
      const first = await page(query, options);
      const rows = [...first.rows];
      let cursor = first.nextCursor;
      for (let pages = 1; cursor !== undefined; pages += 1) {
        if (pages === mostPages) throw tooLarge(rows.length);
        const next = await page(query, options, first, cursor);
        rows.push(...next.rows);
        cursor = next.nextCursor;
      }
      return { dates: first.dates, rows: rows.map(({ dimensions, measurements }) => ({ dimensions, measurements })) };
    },
  };
}

function bodyOf(
  { metricId, measurements, interval, from, to, timezone, by, filter = [] }: MetricAggregateQuery,
  cursor?: string,
) {
  const attributes = {
    metric_id: metricId,
    measurements,
    interval,
    filter: [`greater-or-equal(datetime,${from})`, `less-than(datetime,${to})`, ...filter],
    timezone,
    by: by && by.length > 0 ? by : undefined,
    page_cursor: cursor,
  };
  return { data: { type: 'metric-aggregate', attributes } };
}

function tooLarge(rows: number): BadInput {
  const message = `The answer has more than ${rows} rows; ask for fewer properties to break down by, or a shorter time.`;
  return new BadInput('klaviyo_aggregate_too_large', message, { field: 'by' });
}
