import { z } from 'zod';
import { keyOf, textIn, type NotedKeptRow } from './kept.js';
import { type Mapped, row, skip, type WriteSpec } from './resource.js';

/** What a report needs beside the account: the plan of the archive's target finds it. */
export interface ReportRules {
  /** Klaviyo's name of the time, e.g. `last_12_months` (developers.klaviyo.com/en/reference/reporting_api_overview). */
  readonly timeframe: string;
  /** The metric Klaviyo counts as conversion. It must be given even when no number of the report rests on it. */
  readonly conversionMetricId: string;
  /** Name of the metric that should count as conversion, and whether the account has it: without it, conversions are not asked for. */
  readonly conversionMetric: string;
  readonly conversions: boolean;
}

const messageStatistics = [
  'recipients',
  'delivered',
  'delivery_rate',
  'bounced',
  'bounce_rate',
  'failed',
  'opens',
  'opens_unique',
  'open_rate',
  'clicks',
  'clicks_unique',
  'click_rate',
  'click_to_open_rate',
  'unsubscribes',
  'unsubscribe_uniques',
  'unsubscribe_rate',
  'spam_complaints',
  'spam_complaint_rate',
];
const conversionStatistics = [
  'conversions',
  'conversion_uniques',
  'conversion_rate',
  'conversion_value',
  'average_order_value',
  'revenue_per_recipient',
];

/** Everything in one call: an account has 225 a day, so never one for each campaign or flow. */
export function reportBody(type: string, rules: ReportRules, more: object = {}): object {
  return {
    data: {
      type,
      attributes: {
        statistics: rules.conversions ? [...messageStatistics, ...conversionStatistics] : messageStatistics,
        timeframe: { key: rules.timeframe },
        conversion_metric_id: rules.conversionMetricId,
        ...more,
      },
    },
  };
}

/** One line of a report; those of a series have `date_times` beside their numbers. */
export const reportResult = z.looseObject({
  groupings: z.record(z.string(), z.unknown()),
  statistics: z.record(z.string(), z.unknown()),
  date_times: z.array(z.string()).nullish(),
});

type ReportResult = z.infer<typeof reportResult>;

/** A result has no id of its own: what it is grouped by is one. Never throws, whatever Klaviyo sent. */
export function resultId(result: unknown, of: 'campaign' | 'flow'): string {
  const groupings = keyOf(result, 'groupings');
  const parts = [`${of}_id`, `${of}_message_id`, 'send_channel'].map((name) => textIn(groupings, name));
  const known = parts.filter((part) => part !== null);
  return known.length === 0 ? '(no id)' : known.join(':').slice(0, 255);
}

export function mapResult(result: ReportResult, rules: ReportRules, of: 'campaign' | 'flow'): Mapped<NotedKeptRow> {
  const { groupings, statistics, date_times } = result;
  const parent = textIn(groupings, `${of}_id`);
  if (parent === null) return skip('a line of the report that names nothing it is about');
  return row<NotedKeptRow>({
    sourceId: resultId(result, of),
    kept: {
      [of]: parent,
      message: textIn(groupings, `${of}_message_id`),
      channel: textIn(groupings, 'send_channel'),
      timeframe: rules.timeframe,
      conversionMetric: rules.conversions ? rules.conversionMetricId : null,
      ...(date_times ? { times: date_times } : {}),
      statistics,
    },
    ...(rules.conversions
      ? {}
      : { notes: [{ field: 'conversions', reason: `left out: the account has no metric named ${rules.conversionMetric}` }] }),
  });
}

export const reportWrite: WriteSpec<NotedKeptRow> = {
  via: 'archive',
  groupBy: () => 'archive',
  settles: 'now',
  becomes: 'kept, to be compared with what the same does in Brevo',
  batch: 'no call to Brevo',
  repeat: 'kept by what the line is about; a later run keeps the later numbers',
};

export const REPORT_ARCHIVED = 'Brevo counts what it sent itself and takes no numbers from elsewhere.';

export const reportNotCarried = ['costs of text messages', 'what lies before the timeframe: Klaviyo reports a year at most'];

/** Under this name the store keeps what Brevo counted of the drafts that campaigns became, by the id of Klaviyo's message. */
export const BREVO_RESULTS = 'brevo-campaign-results';

/** Under this name stand the campaigns that were made at Brevo itself, by Brevo's id, with what Brevo counted of them. */
export const BREVO_CAMPAIGNS = 'brevo-campaigns';
