import { afterEach, describe, expect, it } from '@jest/globals';
import { type Sandbox, type SandboxOptions, startSandbox } from '../index.js';
import { callBrevo, collected, eventually } from '../../../../test/support/brevo-sandbox.js';

let sandbox: Sandbox;
afterEach(() => sandbox.stop());

async function start(brevo: SandboxOptions['brevo'] = {}): Promise<void> {
  const quick = { limits: 'off', ecommerceActive: true, batchDelayMs: 10 } as const;
  sandbox = await startSandbox({ klaviyo: { profiles: 1 }, brevo: { ...quick, ...brevo } });
}

const call = (method: string, path: string, body?: unknown) => callBrevo(sandbox, method, path, body);

const order = (fields: Record<string, unknown> = {}) => ({
  id: 'o1',
  createdAt: '2026-01-01T10:00:00Z',
  updatedAt: '2026-01-02T10:00:00Z',
  status: 'completed',
  amount: 30,
  products: [{ productId: 'p1', price: 15, quantity: 2 }],
  ...fields,
});

const limitOf = async (method: string, path: string) => (await call(method, path, {})).headers.get('x-sib-ratelimit-limit');

describe('the e-commerce app', () => {
  it('refuses everything until some time after it was activated', async () => {
    await start({ ecommerceActive: false, ecommerceDelayMs: 200 });
    const products = () => call('GET', '/products');
    expect(await products()).toMatchObject({ status: 403, body: { code: 'permission_denied' } });
    expect((await call('POST', '/orders/status', order())).status).toBe(403);
    expect((await call('POST', '/ecommerce/activate')).status).toBe(200);
    expect((await products()).status).toBe(403);
    await eventually(products, ({ status }) => status === 200);
  });

  it('gives each group of calls its budget', async () => {
    await start({ limits: 'strict' });
    expect(await limitOf('POST', '/products')).toBe('2');
    expect(await limitOf('POST', '/orders/status')).toBe('5');
    expect(await limitOf('POST', '/products/batch')).toBe('100');
    expect(await limitOf('POST', '/orders/status/batch')).toBe('100');
    expect(await limitOf('POST', '/categories')).toBe('100');
    expect(await limitOf('POST', '/smtp/templates')).toBe('300');
  });
});

describe('orders', () => {
  it('converge by id and belong to the contact that the identifiers name', async () => {
    await start();
    await sandbox.brevo.add({ email: 'a@example.com', ext_id: 'k1' });
    expect((await call('POST', '/orders/status', order({ identifiers: { ext_id: 'k1' }, status: 'pending' }))).status).toBe(204);
    expect((await call('POST', '/orders/status', order({ identifiers: { ext_id: 'k1' } }))).status).toBe(204);
    const { body } = await call('GET', '/orders');
    expect(body).toMatchObject({
      count: 1,
      orders: [{ id: 'o1', status: 'completed', contact_id: 1, email: 'a@example.com', identifiers: { ext_id: 'k1' } }],
    });
    expect(await collected(sandbox.brevo.orders())).toMatchObject([{ id: 'o1', writes: 2, liveWrites: 2 }]);
  });

  it('arrive later in batches, historical unless told otherwise', async () => {
    await start({ batchDelayMs: 200 });
    const answer = await call('POST', '/orders/status/batch', { orders: [order(), order({ id: 'o2' })] });
    expect(answer).toMatchObject({ status: 202, body: { batchId: 1, count: 2 } });
    expect((await call('GET', '/orders')).body).toMatchObject({ count: 0 });
    await call('POST', '/orders/status/batch', { orders: [order({ id: 'o3' })], historical: false });
    await eventually(
      () => call('GET', '/orders'),
      ({ body }) => body['count'] === 3,
    );
    const dump = await collected(sandbox.brevo.orders());
    expect(dump.map(({ id, liveWrites }) => [id, liveWrites])).toEqual([
      ['o1', 0],
      ['o2', 0],
      ['o3', 1],
    ]);
    expect((await call('GET', '/orders?modifiedSince=2026-02-01T00:00:00Z')).body).toMatchObject({ count: 0 });
  });

  it('are refused with a field missing, and in batches of more than a thousand', async () => {
    await start();
    for (const field of ['id', 'createdAt', 'updatedAt', 'status', 'amount', 'products'])
      expect([field, (await call('POST', '/orders/status', order({ [field]: undefined }))).status]).toEqual([field, 400]);
    const many = (count: number) => ({ orders: Array.from({ length: count }, (_, n) => order({ id: `o${n}` })) });
    expect((await call('POST', '/orders/status/batch', many(1_001))).status).toBe(400);
    expect((await call('POST', '/orders/status/batch', { orders: [order(), order({ amount: '3' })] })).status).toBe(400);
    expect((await call('POST', '/orders/status/batch', many(1_000))).status).toBe(202);
  });
});

const records = (count: number) => Array.from({ length: count }, (_, n) => ({ id: `p${n}`, name: `P ${n}` }));

describe('products and categories', () => {
  it('are created once and updated when told to', async () => {
    await start();
    for (const path of ['/products', '/categories']) {
      expect(await call('POST', path, { id: 'x1', name: 'One' })).toMatchObject({ status: 201, body: { id: 1 } });
      expect((await call('POST', path, { id: 'x1', name: 'Two' })).status).toBe(400);
      expect((await call('POST', path, { id: 'x1', isDeleted: true, updateEnabled: true })).status).toBe(204);
      expect((await call('POST', path, { id: 'x2' })).status).toBe(400);
      const { body } = await call('GET', path);
      expect(body).toMatchObject({ count: 1, [path.slice(1)]: [{ id: 'x1', name: 'One', isDeleted: true }] });
      expect((await call('GET', `${path}?isDeleted=false`)).body).toMatchObject({ count: 0 });
    }
    expect(await collected(sandbox.brevo.products())).toMatchObject([{ id: 'x1', writes: 2 }]);
  });

  it('come in batches of a hundred different ids, whole or not at all', async () => {
    await start();
    for (const key of ['products', 'categories']) {
      const path = `/${key}/batch`;
      expect((await call('POST', path, { [key]: records(101) })).status).toBe(400);
      expect((await call('POST', path, { [key]: [...records(2), { id: 'p1', name: 'again' }] })).status).toBe(400);
      expect((await call('POST', path, { [key]: [...records(2), { id: 'p9', name: 9 }] })).status).toBe(400);
      expect((await call('GET', `/${key}`)).body).toMatchObject({ count: 0 });
      expect((await call('POST', path, { [key]: records(60) })).body).toEqual({ createdCount: 60, updatedCount: 0 });
      expect((await call('POST', path, { [key]: records(100), updateEnabled: true })).body).toEqual({
        createdCount: 40,
        updatedCount: 60,
      });
    }
    expect(await sandbox.brevo.state()).toMatchObject({ products: 100, categories: 100 });
  });

  it('keeps the meta data of a product within 20,000 characters', async () => {
    await start();
    expect((await call('POST', '/products', { id: 'p', name: 'P', metaInfo: { text: 'x'.repeat(20_000) } })).status).toBe(400);
    expect((await call('POST', '/products', { id: 'p', name: 'P', metaInfo: { nested: {} } })).status).toBe(400);
    expect(
      (await call('POST', '/products', { id: 'p', name: 'P', price: 3, categories: ['c'], parentId: 'q', metaInfo: { a: 1 } }))
        .status,
    ).toBe(201);
  });
});

const codes = (count: number) => Array.from({ length: count }, (_, n) => `C${n}`);

describe('coupons', () => {
  it('makes a second collection of the same name and counts codes later, each once', async () => {
    await start({ batchDelayMs: 100 });
    const create = () =>
      call('POST', '/couponCollections', { name: 'Summer', defaultCoupon: 'TEN', expirationDate: '2027-01-01T00:00:00Z' });
    const id = String((await create()).body['id']);
    await create();
    expect((await call('GET', '/couponCollections')).body['collections']).toHaveLength(2);
    for (const coupons of [
      ['A', 'B'],
      ['B', 'C'],
    ])
      expect((await call('POST', '/coupons', { collectionId: id, coupons })).status).toBe(204);
    const collection = () => call('GET', `/couponCollections/${id}`);
    expect((await collection()).body).toMatchObject({ name: 'Summer', totalCoupons: 0 });
    await eventually(collection, ({ body }) => body['totalCoupons'] === 3);
    expect((await collected(sandbox.brevo.coupons())).map(({ code, times }) => `${code}${times}`)).toEqual(['A1', 'B2', 'C1']);
  });

  it('refuses repeated, too many and misplaced codes', async () => {
    await start();
    const { body } = await call('POST', '/couponCollections', { name: 'S', defaultCoupon: 'D' });
    const add = async (coupons: string[], collectionId = body['id']) =>
      (await call('POST', '/coupons', { collectionId, coupons })).status;
    expect(await add(['A', 'A'])).toBe(400);
    expect(await add([])).toBe(400);
    expect(await add(codes(10_001))).toBe(400);
    expect(await add(['A'], '00000000-0000-0000-0000-000000000000')).toBe(404);
    expect(await add(codes(10_000))).toBe(204);
    expect((await call('POST', '/couponCollections', { name: 'S' })).status).toBe(400);
  });
});
