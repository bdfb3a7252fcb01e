import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { RetryLater, WaitUntil } from '@tajo/errors';
import type { CouponCodeRow, CouponRow } from '@tajo/mapping';
import { type Batch, createStore, type Store } from '@tajo/store';
import { collected } from '../../../../../test/support/brevo-sandbox.js';
import { withDatabase } from '../../../../../test/support/stack.js';
import { openTargetWorld, type TargetWorld } from '../../../../../test/support/target-world.js';
import type { RunContext, Settled } from '../target.js';
import { couponCodes, couponCollections } from './index.js';

let store: Store;
let world: TargetWorld;
let context: RunContext;

beforeAll(async () => {
  store = createStore(withDatabase(process.env['MONGO_URL'] ?? '', `coupons_${randomUUID().slice(0, 8)}`));
  await store.migrate();
});
afterAll(() => store.close());
afterEach(() => world.close());

async function start(batchDelayMs = 0): Promise<void> {
  world = await openTargetWorld(store, { resources: ['coupons', 'coupon-codes'], sandbox: { brevo: { batchDelayMs } } });
  context = world.context as unknown as RunContext; // As much of it as these targets use.
}

const coupon = (id: string, name = id): CouponRow => ({
  sourceId: id,
  kept: { external_id: id },
  collection: { name, defaultCoupon: name, remainingCouponsAlert: 10 },
  notes: [],
});

const code = (id: string, withheld: CouponCodeRow['withheld'] = null, of = 'SALE'): CouponCodeRow => ({
  sourceId: `${of}-${id}`,
  kept: { code: id, coupon: of },
  code: id,
  coupon: of,
  withheld,
});

type Prepared = Awaited<ReturnType<TargetWorld['sliceWith']>>[number];
const asBatch = (batch: Prepared) => batch as unknown as Batch; // What a target reads of it.

/** Rows as the engine would put them into batches of one slice, one for each list. */
async function admitted(resource: 'coupons' | 'coupon-codes', ...lists: readonly (readonly (CouponRow | CouponCodeRow)[])[]) {
  const target = resource === 'coupons' ? couponCollections : couponCodes;
  const found: { rows: unknown[]; group: Record<string, unknown> }[] = [];
  for (const rows of lists) {
    const { outgoing } = await target.admit(context, resource, rows);
    found.push({ rows: outgoing.map(({ row }) => row), group: outgoing[0]?.group ?? {} });
  }
  const batches = await world.sliceWith(
    resource,
    found.map(({ group }) => group),
  );
  const deliver = async (at: number): Promise<Settled> => {
    const [batch, rows] = [batches[at], found[at]?.rows];
    if (!batch || !rows) throw new Error('no such batch');
    const delivery = await target.deliver(context, asBatch(batch), rows);
    if (delivery.kind !== 'settled') throw new Error('settled at once');
    return delivery.settled;
  };
  const settle = async (at: number): Promise<Settled> => {
    const settled = await deliver(at);
    const batch = batches[at];
    if (batch) await world.settle(batch, settled.written);
    return settled;
  };
  return { deliver, settle };
}

const codesInBrevo = async () =>
  (await collected(world.sandbox.brevo.coupons())).map(({ code: text, times }) => `${text}x${times}`).sort();
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** A coupon whose collection is there. Answers Brevo's id. */
async function withCollection(): Promise<string> {
  const { settle } = await admitted('coupons', [coupon('SALE')]);
  const [written] = (await settle(0)).written;
  return String(written?.link.targetId);
}

async function counted(collection: string, codes: number): Promise<void> {
  const end = Date.now() + 5_000;
  while ((await context.account.brevo.couponCollection(collection))?.totalCoupons !== codes) expect(Date.now()).toBeLessThan(end);
}

describe('a coupon', () => {
  it('whose collection was made without an answer is found again, and made once', async () => {
    await start();
    const { deliver } = await admitted('coupons', [coupon('A'), coupon('B'), coupon('C')]);
    await world.sandbox.brevo.fault({ kind: 'reset-after', method: 'POST', path: '/couponCollections', skip: 1 });
    expect(await errorOf(deliver(0))).toMatchObject({ code: 'brevo_outcome_unknown' });
    const { written } = await deliver(0);
    expect(new Set(written.map(({ link }) => link.targetId)).size).toBe(3);
    expect((await world.sandbox.brevo.state()).couponCollections).toBe(3);
  });

  it('does not take the collection of another that has the same name', async () => {
    await start();
    const { settle } = await admitted('coupons', [coupon('A', 'SAME'), coupon('B', 'SAME')]);
    const { written } = await settle(0);
    expect(new Set(written.map(({ link }) => link.targetId)).size).toBe(2);
  });

  it('that changed is changed in its collection, and in a new one where that is gone', async () => {
    await start();
    const collection = await withCollection();
    const changed = { ...coupon('SALE'), collection: { name: 'SALE', defaultCoupon: 'TEN' } };
    const again = await (await admitted('coupons', [changed])).settle(0);
    expect(again.written[0]?.link.targetId).toBe(collection);
    expect(await context.account.brevo.couponCollection(collection)).toMatchObject({ defaultCoupon: 'TEN' });

    await world.putLinks('coupons', [{ sourceId: 'SALE', hash: 'old', targetId: randomUUID() }]);
    const anew = await (await admitted('coupons', [coupon('SALE')])).settle(0);
    expect(anew.written).toHaveLength(1);
    expect((await world.sandbox.brevo.state()).couponCollections).toBe(2);
  });

  it('that was made before the lane was empty is settled, and the others wait', async () => {
    await start();
    const { deliver } = await admitted('coupons', [coupon('A'), coupon('B'), coupon('C')]);
    const throttled = { kind: 'status', method: 'POST', status: 429, headers: { 'x-sib-ratelimit-reset': '5' } } as const;
    await world.sandbox.brevo.fault({ ...throttled, path: '/couponCollections', skip: 2 });
    const settled = await deliver(0);
    expect(settled.written.map(({ link }) => link.sourceId)).toEqual(['A', 'B']);
    expect(settled.again.map(({ rows }) => rows.length)).toEqual([1]);
  });
});

describe('a coupon code', () => {
  it('goes out when nobody has it, and is kept in any case', async () => {
    await start();
    const collection = await withCollection();
    const used = { ...code('U', 'used') };
    const { settle } = await admitted('coupon-codes', [code('A'), code('B')], [used]);
    expect((await settle(0)).written.map(({ link, kept }) => [link.targetId, kept?.['collection']])).toEqual([
      [collection, collection],
      [collection, collection],
    ]);
    expect((await settle(1)).written).toMatchObject([{ link: { targetId: null }, tally: ['coupon_code.kept_used'] }]);
    await counted(collection, 2);
    expect(await codesInBrevo()).toEqual(['Ax1', 'Bx1']);
    const { outgoing, unchanged } = await couponCodes.admit(context, 'coupon-codes', [code('A'), code('B'), used]);
    expect([outgoing.length, unchanged.length]).toEqual([0, 3]);
  });

  it('that was used after it went out is kept as used and not sent, also by a run with force', async () => {
    await start();
    const collection = await withCollection();
    await (await admitted('coupon-codes', [code('A')])).settle(0);
    const { settle } = await admitted('coupon-codes', [code('A', 'used')]);
    expect((await settle(0)).written).toMatchObject([{ link: { targetId: collection }, kept: { collection } }]);
    context = { ...context, run: { ...context.run, force: true } };
    const { outgoing } = await couponCodes.admit(context, 'coupon-codes', [code('A')]);
    expect(outgoing.map(({ group }) => group)).toEqual([{ by: 'keep' }]);
  });

  it('whose call had no answer though Brevo took it is not sent again', async () => {
    await start();
    const collection = await withCollection();
    const { deliver, settle } = await admitted('coupon-codes', [code('A'), code('B')]);
    await world.sandbox.brevo.fault({ kind: 'reset-after', method: 'POST', path: '/coupons' });
    expect(await errorOf(deliver(0))).toBeInstanceOf(RetryLater);
    await counted(collection, 2);
    expect((await settle(0)).written).toHaveLength(2);
    expect(await codesInBrevo()).toEqual(['Ax1', 'Bx1']);
  });

  it('whose call did not arrive is sent again once Brevo has had the time to count', async () => {
    await start();
    const collection = await withCollection();
    const { deliver, settle } = await admitted('coupon-codes', [code('A'), code('B')]);
    await world.sandbox.brevo.fault({ kind: 'reset-before', method: 'POST', path: '/coupons' });
    expect(await errorOf(deliver(0))).toBeInstanceOf(RetryLater);
    expect(await errorOf(deliver(0))).toBeInstanceOf(WaitUntil);
    world.clock.now += 20_000;
    expect((await settle(0)).written).toHaveLength(2);
    await counted(collection, 2);
    expect(await codesInBrevo()).toEqual(['Ax1', 'Bx1']);
  });

  it('is not taken for there because of codes that were in the collection before', async () => {
    await start();
    const { brevo } = context.account;
    const { id } = await brevo.createCouponCollection({ name: 'SALE', defaultCoupon: 'SALE' });
    await brevo.addCoupons(id, ['X', 'Y', 'Z']);
    await counted(id, 3);
    expect(await withCollection()).toBe(id);
    const { deliver } = await admitted('coupon-codes', [code('A')]);
    await world.sandbox.brevo.fault({ kind: 'reset-before', method: 'POST', path: '/coupons' });
    expect(await errorOf(deliver(0))).toBeInstanceOf(RetryLater);
    expect(await errorOf(deliver(0))).toBeInstanceOf(WaitUntil);
  });

  it('goes out at once where it is certain that the last call did nothing', async () => {
    await start();
    await withCollection();
    const { deliver, settle } = await admitted('coupon-codes', [code('A')]);
    const throttled = { kind: 'status', method: 'POST', status: 429, headers: { 'x-sib-ratelimit-reset': '5' } } as const;
    await world.sandbox.brevo.fault({ ...throttled, path: '/coupons' });
    expect(await errorOf(deliver(0))).toMatchObject({ code: 'brevo_rate_limited' });
    expect((await settle(0)).written).toHaveLength(1);
  });

  it('waits for the codes of the same coupon before it, and is not sent where another batch has sent it', async () => {
    await start();
    const collection = await withCollection();
    const { deliver, settle } = await admitted('coupon-codes', [code('A'), code('B')], [code('B'), code('C')]);
    expect(await errorOf(deliver(1))).toMatchObject({ code: 'coupon_codes_in_turn' });
    await settle(0);
    expect((await settle(1)).written).toHaveLength(2);
    await counted(collection, 3);
    expect(await codesInBrevo()).toEqual(['Ax1', 'Bx1', 'Cx1']);
  });

  it('whose collection is gone is refused with the words, and its coupon made anew by the next run', async () => {
    await start();
    await world.putLinks('coupons', [{ sourceId: 'SALE', hash: 'x', targetId: randomUUID() }]);
    const { settle } = await admitted('coupon-codes', [code('A')]);
    const { written, rejected } = await settle(0);
    expect(written).toEqual([]);
    expect(rejected).toMatchObject([{ reason: 'brevo_collection_gone' }]);
    expect(await store.links.find(world.account, 'coupons', ['SALE'])).toEqual(new Map());
  });

  it('without its coupon in Brevo is refused', async () => {
    await start();
    const { refused } = await couponCodes.admit(context, 'coupon-codes', [code('A'), code('B', 'used')]);
    expect(refused).toMatchObject([{ sourceId: 'SALE-A', reason: 'coupon_not_in_brevo' }]);
  });
});
