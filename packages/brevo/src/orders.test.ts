import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { BadInput, RequestRefused } from '@tajo/errors';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { collected, eventually } from '../../../test/support/brevo-sandbox.js';
import { closeAll, closing, countingLimiter, json, rejection, vendorServer } from '../../../test/support/vendor.js';
import { type BrevoOrder, createBrevoClient } from './index.js';

const order = (id: string, part: Partial<BrevoOrder> = {}): BrevoOrder => ({
  id,
  createdAt: '2026-01-15T09:30:00.000Z',
  updatedAt: '2026-01-16T09:30:00.000Z',
  status: 'completed',
  amount: 49.9,
  products: [{ productId: 'P-1', price: 24.95, quantity: 2 }],
  identifiers: { ext_id: 'k1' },
  ...part,
});

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ klaviyo: { profiles: 1 }, brevo: { limits: 'off', batchDelayMs: 10, ecommerceActive: true } });
  await sandbox.brevo.add({ email: 'a@example.com', ext_id: 'k1' });
});
afterAll(() => sandbox.stop());
afterEach(closeAll);

const client = () => {
  const { limiter } = countingLimiter();
  return closing(createBrevoClient({ account: 'default', baseUrl: sandbox.brevoUrl, apiKey: sandbox.keys.brevoApiKey, limiter }));
};

it('orders are sent as history, start no automation, and a repeat is the same order', async () => {
  const brevo = client();
  await brevo.sendOrders([order('o1'), order('o2')]);
  await brevo.sendOrders([order('o1', { status: 'refunded' })]);
  await eventually(
    async () => ({ status: 200, headers: new Headers(), body: { orders: await collected(sandbox.brevo.orders()) } }),
    ({ body }) => JSON.stringify(body).includes('refunded'),
  );
  const found = await collected(sandbox.brevo.orders());
  expect(found.map(({ id, writes, liveWrites }) => ({ id, writes, liveWrites }))).toEqual([
    { id: 'o1', writes: 2, liveWrites: 0 },
    { id: 'o2', writes: 1, liveWrites: 0 },
  ]);
  expect(await brevo.orders({ limit: 1, offset: 1, modifiedSince: new Date(0) })).toMatchObject({
    count: 2,
    orders: [{ id: 'o1', status: 'refunded' }],
  });
});

it('one wrong order has the whole batch refused, and too many are not even sent', async () => {
  const brevo = client();
  expect(await rejection(brevo.sendOrders([order('o3'), order('')]))).toBeInstanceOf(RequestRefused);
  expect(await rejection(brevo.sendOrders(Array(1_001).fill(order('o3'))))).toBeInstanceOf(BadInput);
});

it('5 a second of single orders is not read as 5 an hour for everything', async () => {
  const headers = { 'x-sib-ratelimit-limit': '5', 'x-sib-ratelimit-remaining': '4', 'x-sib-ratelimit-reset': '1' };
  const server = await vendorServer((_, response) => json(response, 202, { batchId: 1 }, headers));
  const { limiter, acquired, observations } = countingLimiter();
  await closing(createBrevoClient({ account: 'default', baseUrl: server.baseUrl, apiKey: 'key', limiter })).sendOrders([
    order('o1'),
  ]);
  expect(acquired.map(({ keys }) => keys)).toEqual([['brevo:default:other']]);
  expect(observations.map(({ key }) => key)).toEqual(['brevo:default:orders-status']);
});
