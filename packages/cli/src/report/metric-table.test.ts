import { describe, expect, it } from '@jest/globals';
import type { MetricNumbers } from '@tajo/sdk';
import { table } from '../format/table.js';
import { metricColumns, metricRows, metricTotals } from './metric-table.js';

const numbers: MetricNumbers = {
  account: 'default',
  metric: { id: 'METR01', name: 'Placed Order', integration: 'Shopify' },
  measurements: ['count', 'sum_value', 'unique'],
  interval: 'day',
  from: '2026-01-01T00:00:00',
  to: '2026-01-03T00:00:00',
  timezone: 'UTC',
  by: [],
  dates: ['2026-01-01T00:00:00+00:00', '2026-01-02T00:00:00+00:00'],
  rows: [{ dimensions: [], measurements: { count: [1_200, 0], sum_value: [49.5, 0.05], unique: [7, 0] } }],
  cachedAt: null,
};
const measure = ['sum_value', 'count', 'unique'];

describe('the numbers of a metric', () => {
  it('stand in the order they were asked for, and are summed where a sum means something', () => {
    expect(metricTotals(numbers, measure, table)).toEqual([
      'date        sum_value  count  unique',
      '────────────────────────────────────',
      '2026-01-01      49.50  1,200       7',
      '2026-01-02       0.05      0       0',
      'sum             49.55  1,200',
    ]);
  });

  it('broken down have a line for each value that has any, and every one in an export', () => {
    const rows = ['a.example', ''].map((domain, at) => ({
      dimensions: [domain],
      measurements: { count: [at, 2], sum_value: [0, 0], unique: [0, 0] },
    }));
    const broken = { ...numbers, by: ['Email Domain'], rows };
    expect(metricTotals(broken, ['count'], table)).toEqual([
      'date        Email Domain  count',
      '───────────────────────────────',
      '2026-01-01                    1',
      '2026-01-02  a.example         2',
      '2026-01-02                    2',
      'sum                           5',
    ]);
    expect(metricColumns(broken, ['count'])).toEqual(['date', 'Email Domain', 'count']);
    expect(metricRows(broken, ['count'])).toEqual([
      ['2026-01-01T00:00:00+00:00', 'a.example', 0],
      ['2026-01-01T00:00:00+00:00', '', 1],
      ['2026-01-02T00:00:00+00:00', 'a.example', 2],
      ['2026-01-02T00:00:00+00:00', '', 2],
    ]);
  });
});
