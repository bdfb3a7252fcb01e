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

/** How flows did, a line for each message. 225 reports a day, 2 a minute: one asks for all flows. Rates are fractions, not percent. */
export const flowValues = defineResource({
  name: 'flow-values',
  title: 'Flow results',
  record: 'flow result',
  sync: 'flows',
  after: ['metrics'],
  read: {
    path: '/api/flow-values-reports',
    // The second for the conversion metric, where metrics are not synced.
    scopes: ['flows:read', 'metrics:read'],
    report: {
      body: (rules: ReportRules) => reportBody('flow-values-report', rules),
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
