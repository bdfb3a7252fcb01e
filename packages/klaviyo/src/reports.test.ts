import { afterEach, describe, expect, it } from '@jest/globals';
import { RetryLater } from '@tajo/errors';
import { klaviyoSandbox } from '../../../test/support/klaviyo-sandbox.js';
import { closeAll, closing, countingLimiter, json, rejection, vendorServer } from '../../../test/support/vendor.js';
import { createKlaviyoClient } from './index.js';

afterEach(closeAll);

const body = (type: string, more: object = {}) => ({
  data: {
    type,
    attributes: {
      statistics: ['recipients', 'open_rate'],
      timeframe: { start: '2024-01-01T00:00:00', end: '2024-12-31T00:00:00' },
      conversion_metric_id: 'METR01',
      ...more,
    },
  },
});

const result = (id: string) => ({ groupings: { flow_id: id }, statistics: {} });

describe('a report', () => {
  it('has a result for every message', async () => {
    const { client } = await klaviyoSandbox({ campaigns: 60, flows: 5 });
    const campaigns = await client.readReport({
      path: '/api/campaign-values-reports',
      body: body('campaign-values-report', { timeframe: { key: 'last_12_months' } }),
    });
    expect(campaigns.nextCursor).toBeUndefined();
    const flows = await client.readReport({ path: '/api/flow-values-reports', body: body('flow-values-report') });
    expect(flows.items.length).toBeGreaterThan(0);
    expect(flows.items[0]).toMatchObject({
      groupings: { flow_id: expect.any(String), flow_message_id: expect.any(String) },
      statistics: { recipients: expect.any(Number) },
    });
  });

  it('of a series has its dates beside every result', async () => {
    const { client } = await klaviyoSandbox({ flows: 5 });
    const series = body('flow-series-report', { interval: 'monthly' });
    const { items } = await client.readReport({ path: '/api/flow-series-reports', body: series });
    expect(items[0]).toMatchObject({ date_times: expect.arrayContaining([expect.stringMatching(/^2024-02-01T/)]) });
  });

  it('is read page by page, with the same body and our own cursor', async () => {
    const { baseUrl, received } = await vendorServer(({ url }, response) => {
      const cursor = url.searchParams.get('page_cursor');
      const next = cursor === null ? 'https://elsewhere.example/api/flow-values-reports?page_cursor=a%2Bb' : null;
      json(response, 200, { data: { attributes: { results: [result(cursor ?? 'first')] } }, links: { next } });
    });
    const { limiter, acquired } = countingLimiter();
    const auth = { kind: 'private', key: 'pk_x' } as const;
    const client = closing(createKlaviyoClient({ account: 'default', baseUrl, auth, limiter }));
    const asked = { path: '/api/flow-values-reports', body: body('flow-values-report'), maxWaitMs: 7 };
    const first = await client.readReport(asked);
    const second = await client.readReport({ ...asked, cursor: first.nextCursor });
    expect([first, second].map(({ items }) => items)).toEqual([[result('first')], [result('a+b')]]);
    expect(second.nextCursor).toBeUndefined();
    expect(received.map(({ body: sent }) => sent)).toEqual(Array(2).fill(JSON.stringify(asked.body)));
    expect(acquired).toMatchObject([
      { keys: ['klaviyo:default:POST /api/flow-values-reports'], options: { maxWaitMs: 7 } },
      { options: { maxWaitMs: 7 } },
    ]);
  });

  it('with a next page that is this page is tried again, never counted twice', async () => {
    const { baseUrl } = await vendorServer((_, response) =>
      json(response, 200, { data: { attributes: { results: [] } }, links: { next: 'https://a.klaviyo.com/x?page_cursor=here' } }),
    );
    const auth = { kind: 'private', key: 'pk_x' } as const;
    const client = closing(createKlaviyoClient({ account: 'default', baseUrl, auth, limiter: countingLimiter().limiter }));
    const error = await rejection(client.readReport({ path: '/api/flow-values-reports', body: {}, cursor: 'here' }));
    expect(error).toBeInstanceOf(RetryLater);
    expect(error).toMatchObject({ code: 'klaviyo_unexpected' });
  });
});
