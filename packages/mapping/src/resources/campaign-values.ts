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

/** How campaigns did, a line for each message. 225 reports a day, 2 a minute: one asks for all campaigns. Rates are fractions, not percent. */
export const campaignValues = defineResource({
  name: 'campaign-values',
  title: 'Campaign results',
  record: 'campaign result',
  sync: 'campaigns',
  after: ['metrics'],
  read: {
    path: '/api/campaign-values-reports',
    // The second for the conversion metric, where metrics are not synced.
    scopes: ['campaigns:read', 'metrics:read'],
    report: {
      body: (rules: ReportRules) => reportBody('campaign-values-report', rules),
      idOf: (result) => resultId(result, 'campaign'),
    },
  },
  item: reportResult,
  map: (result, rules: ReportRules) => mapResult(result, rules, 'campaign'),
  write: reportWrite,
  keeps: true,
  archive: REPORT_ARCHIVED,
  notCarried: reportNotCarried,
});
