import {
  mapResult,
  REPORT_ARCHIVED,
  reportBody,
  reportNotCarried,
  reportResult,
  type ReportRules,
  reportWrite,
  resultId,
} from '../reports.js';
import { defineResource } from '../resource.js';

/** How flows did over time, a line for each message. 225 reports a day, 2 a minute: one asks for all flows. Rates are fractions, not percent. */
export const flowSeries = defineResource({
  name: 'flow-series',
  title: 'Flow results over time',
  record: 'flow result over time',
  sync: 'flows',
  after: ['metrics'],
  read: {
    path: '/api/flow-series-reports',
    // The second for the conversion metric, where metrics are not synced.
    scopes: ['flows:read', 'metrics:read'],
    report: {
      body: (rules: ReportRules) => reportBody('flow-series-report', rules, { interval: intervalOf(rules.timeframe) }),
      idOf: (result) => resultId(result, 'flow'),
    },
  },
  item: reportResult,
  map: (result, rules: ReportRules) => mapResult(result, rules, 'flow'),
  write: reportWrite,
  keeps: true,
  archive: REPORT_ARCHIVED,
  notCarried: reportNotCarried,
});

/** Days where Klaviyo allows them, which is up to 60; weeks beyond (developers.klaviyo.com/en/reference/reporting_api_overview). */
function intervalOf(timeframe: string): 'daily' | 'weekly' {
  return /^(?:today|yesterday|this_week|this_month|last_week|last_month|last_7_days|last_30_days)$/.test(timeframe)
    ? 'daily'
    : 'weekly';
}
