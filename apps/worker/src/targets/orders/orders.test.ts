import { describe, expect, it } from '@jest/globals';
import { AccountStopped, WaitUntil } from '@tajo/errors';
import type { OrderRow, OrderStatus } from '@tajo/mapping';
import { collected, eventually } from '../../../../../test/support/brevo-sandbox.js';
import { delivered as deliveredBy, useWorlds, world, type World } from '../target.test-kit.js';
import { orders } from './index.js';

useWorlds();

const ON = { brevo: { ecommerceActive: true, batchDelayMs: 1 } } as const;
const hour = (n: number) => new Date(Date.UTC(2026, 0, 1, n)).toISOString();

function told(event: string, order: string, status: OrderStatus, at: number, part: Partial<OrderRow> = {}): OrderRow {
  return {
    sourceId: event,
    order,
    status,
    date: hour(at),
    amount: 50,
    lines: [{ productId: 'P-1', price: 25, quantity: 2 }],
    coupons: [],
    facts: { klaviyo_event_id: event },
    profile: 'p1',
    email: 'p1@example.com',
    notes: [],
    ...part,
  };
}

const delivered = (here: World, rows: readonly OrderRow[], batch = 'b1') =>
  deliveredBy(here, { target: orders, resource: 'orders' }, rows, batch);

/** Brevo writes orders later. */
async function atBrevo({ sandbox: { brevo } }: World, fits: (found: string) => boolean) {
  const answer = await eventually(
    async () => ({ status: 200, headers: new Headers(), body: { found: await collected(brevo.orders()) } }),
    ({ body }) => fits(JSON.stringify(body)),
  );
  return answer.body['found'] as Awaited<ReturnType<typeof collected>>;
}

describe('orders', () => {
  it('are at Brevo by their id, with their contact, and start no automation', async () => {
    const here = await world(ON);
    const halves = told('e2', 'o2', 'completed', 2, { lines: [{ productId: 'P-2', price: 10, quantity: 0.5 }], coupons: ['A'] });
    const { written, rejected } = await delivered(here, [told('e1', 'o1', 'completed', 1), halves]);
    expect(rejected).toEqual([]);
    expect(written.map(({ link: { sourceId, targetId }, tally }) => ({ sourceId, targetId, tally }))).toEqual([
      { sourceId: 'e1', targetId: 'o1', tally: ['order.completed'] },
      { sourceId: 'e2', targetId: 'o2', tally: ['order.completed'] },
    ]);
    expect(await atBrevo(here, (found) => found.includes('o2'))).toMatchObject([
      { id: 'o1', contact_id: 1, liveWrites: 0, createdAt: hour(1), products: [{ productId: 'P-1', quantity: 2 }] },
      { id: 'o2', liveWrites: 0, coupons: ['A'], products: [{ quantityFloat: 0.5 }] },
    ]);
  });

  it('stand as the latest event says with what was ordered, in whatever order the events come', async () => {
    const placed = told('e1', 'o1', 'completed', 1);
    const refunded = told('e3', 'o1', 'refunded', 3, { amount: 10, lines: [] });
    const fulfilled = told('e2', 'o1', 'fulfilled', 2, { amount: 0, lines: [] });
    for (const turn of [
      [placed, fulfilled, refunded],
      [refunded, placed, fulfilled],
      [fulfilled, refunded, placed],
    ]) {
      const here = await world(ON);
      for (const [n, row] of turn.entries()) expect((await delivered(here, [row], `b${n}`)).written).toHaveLength(1);
      const [order] = await atBrevo(here, (found) => found.includes('refunded') && found.includes(hour(1)));
      expect(order).toMatchObject({
        status: 'refunded',
        createdAt: hour(1),
        updatedAt: hour(3),
        amount: 50,
        products: [{ productId: 'P-1' }],
      });
    }
  });

  it('whose events are delivered at the same time end the same', async () => {
    const here = await world(ON);
    const rows = (['completed', 'fulfilled', 'cancelled', 'refunded'] as const).map((status, n) =>
      told(`e${n}`, 'o1', status, n),
    );
    await Promise.all(rows.map((row, n) => delivered(here, [row], `b${n}`)));
    expect((await atBrevo(here, (found) => found.includes('refunded')))[0]).toMatchObject({
      status: 'refunded',
      createdAt: hour(0),
    });
  });

  it('that Brevo refuses do not cost the others', async () => {
    const here = await world(ON);
    const rows = [told('e1', 'o1', 'completed', 1), told('e2', '', 'completed', 2), told('e3', 'o3', 'completed', 3)];
    const { written, rejected } = await delivered(here, rows);
    expect(written.map(({ link }) => link.sourceId)).toEqual(['e1', 'e3']);
    expect(rejected).toMatchObject([{ sourceId: 'e2', reason: 'brevo_order_refused' }]);
    expect(await atBrevo(here, (found) => found.includes('o1') && found.includes('o3'))).toHaveLength(2);
  });

  it('that our link knows are unchanged, and of strangers refused; no address travels', async () => {
    const here = await world(ON);
    const rows = [told('e1', 'o1', 'completed', 1), told('e2', 'o2', 'completed', 2, { profile: 'p9' })];
    const { outgoing, refused } = await orders.admit(here.context, 'orders', rows);
    expect(JSON.stringify(outgoing)).not.toContain('@');
    expect(refused).toMatchObject([{ sourceId: 'e2', reason: 'event_profile_unknown' }]);
    const { written } = await delivered(here, rows);
    const owner = { account: here.context.run.account, resource: 'orders', run: 'r1' };
    await here.store.links.put(
      owner,
      written.map(({ link }) => link),
      new Date(),
    );
    expect((await orders.admit(here.context, 'orders', rows)).unchanged).toMatchObject([{ sourceId: 'e1' }]);
  });
});

describe('planning orders', () => {
  it('waits for Brevo to switch e-commerce on', async () => {
    const here = await world({ brevo: { ecommerceDelayMs: 60_000 }, run: { resources: ['orders'] } });
    expect(await orders.plan(here.context, 'orders').catch((error: unknown) => error)).toBeInstanceOf(WaitUntil);
  });

  it('looks up the metrics they are read by where the run does not sync them', async () => {
    const here = await world({ ...ON, run: { resources: ['profiles', 'orders'] } });
    await orders.plan(here.context, 'orders');
    const kept = await here.store.archive.page({ account: here.context.run.account, resource: 'metrics' });
    expect(kept.map(({ data }) => data['name'])).toEqual(expect.arrayContaining(['Placed Order', 'Refunded Order']));
  });

  it('a key of Brevo that was taken back stops the account', async () => {
    const here = await world({ ...ON, run: { resources: ['orders'] } });
    await here.sandbox.brevo.fault({ kind: 'status', status: 401, path: '/orders*', times: 0 });
    await expect(delivered(here, [told('e1', 'o1', 'completed', 1)])).rejects.toBeInstanceOf(AccountStopped);
  });
});
