import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { BadInput, WaitUntil } from '@tajo/errors';
import type { CategoryRow, ProductRow } from '@tajo/mapping';
import type { SandboxOptions } from '@tajo/sandbox';
import { type Batch, createStore, type Store } from '@tajo/store';
import { collected } from '../../../../../test/support/brevo-sandbox.js';
import { withDatabase } from '../../../../../test/support/stack.js';
import { openTargetWorld, type TargetWorld } from '../../../../../test/support/target-world.js';
import type { Admission, RunContext, Settled, Target } from '../target.js';
import { categories, products, variants } from './index.js';
import { categoriesOf } from './relations.js';

let store: Store;
let world: TargetWorld;
let context: RunContext;

beforeAll(async () => {
  store = createStore(withDatabase(process.env['MONGO_URL'] ?? '', `catalog_${randomUUID().slice(0, 8)}`));
  await store.migrate();
});
afterAll(() => store.close());
afterEach(() => world.close());

const RESOURCES = ['catalog-categories', 'catalog-category-items', 'catalog-items', 'catalog-variants'];

async function start(sandbox: SandboxOptions = {}, resources = RESOURCES): Promise<void> {
  const brevo = { ecommerceActive: true, ...sandbox.brevo };
  world = await openTargetWorld(store, { resources, sandbox: { ...sandbox, brevo } });
  context = world.context as unknown as RunContext; // As much of it as these targets use.
}

const PREFIX = '$custom:::$default:::';
function product(id: string, more: Partial<ProductRow> = {}): ProductRow {
  const sourceId = id.includes(':::') ? id : PREFIX + id;
  const shopId = sourceId.split(':::')[2] ?? '';
  return {
    sourceId,
    kept: { name: `Product ${shopId}` },
    product: { id: shopId, name: `Product ${shopId}`, metaInfo: {}, isDeleted: false },
    notes: [],
    ...more,
  };
}

const category = (id: string): CategoryRow => ({
  sourceId: PREFIX + id,
  kept: { name: id },
  category: { id, name: `Category ${id}` },
  notes: [],
});

/** Delivers rows and whatever has to go again, as the engine does. */
async function delivered(
  target: Target,
  resource: string,
  { outgoing }: Admission,
): Promise<Pick<Settled, 'written' | 'rejected'>> {
  const written: Settled['written'][number][] = [];
  const rejected: Settled['rejected'][number][] = [];
  const rows = outgoing.map(({ row }): unknown => row);
  const open = rows.length > 0 ? [{ rows, group: outgoing[0]?.group ?? {} }] : [];
  for (let next = open.shift(); next; next = open.shift()) {
    const [batch] = await world.sliceWith(resource, [next.group]);
    if (!batch) throw new Error('the slice has one batch');
    const delivery = await target.deliver(context, batch as unknown as Batch, next.rows);
    if (delivery.kind !== 'settled') throw new Error('settled at once');
    const { settled } = delivery;
    const again = settled.again.map((part) => ({ rows: [...part.rows], group: part.group }));
    expect(settled.written.length + settled.rejected.length + again.flatMap((part) => part.rows).length).toBe(next.rows.length);
    await world.settle(batch, settled.written);
    written.push(...settled.written);
    rejected.push(...settled.rejected);
    open.push(...again);
  }
  return { written, rejected };
}

async function sync(target: Target, resource: string, rows: readonly unknown[]) {
  const admission = await target.admit(context, resource, rows);
  return { ...(await delivered(target, resource, admission)), refused: admission.refused ?? [], unchanged: admission.unchanged };
}

const keepEntry = (item: string, of: string) =>
  world.keep('catalog-category-items', `${PREFIX}${item}|${PREFIX}${of}`, { item: PREFIX + item, category: PREFIX + of });
const inBrevo = async () => new Map((await collected(world.sandbox.brevo.products())).map((one) => [one.id, one]));
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('e-commerce', () => {
  it('is asked for once and waited for', async () => {
    await start({ brevo: { ecommerceActive: false, ecommerceDelayMs: 300 } });
    const first = await errorOf(categories.plan(context, 'catalog-categories'));
    expect(first).toBeInstanceOf(WaitUntil);
    expect(first).toMatchObject({ code: 'brevo_ecommerce_starting', message: expect.stringContaining('about five minutes') });
    expect(await errorOf(categories.plan(context, 'catalog-categories'))).toBeInstanceOf(WaitUntil);
    const end = Date.now() + 5_000;
    while (await errorOf(categories.plan(context, 'catalog-categories'))) expect(Date.now()).toBeLessThan(end);
    expect(await products.plan(context, 'catalog-items')).toEqual({});
    expect((await world.sandbox.brevo.stats())['POST /ecommerce/activate']?.requests).toBe(1);
  });

  it('that never comes ends the resource with words, and so does a refusal', async () => {
    await start({ brevo: { ecommerceActive: false, ecommerceDelayMs: 60_000 } });
    expect(await errorOf(products.plan(context, 'catalog-items'))).toBeInstanceOf(WaitUntil);
    world.clock.now += 31 * 60_000;
    expect(await errorOf(products.plan(context, 'catalog-items'))).toBeInstanceOf(BadInput);
    await world.sandbox.brevo.fault({ kind: 'status', status: 404, method: 'POST', path: '/ecommerce/activate', body: '{}' });
    expect(await errorOf(products.plan(context, 'catalog-items'))).toMatchObject({ code: 'brevo_ecommerce_unavailable' });
  });
});

describe('items and variants', () => {
  it('become products with their categories and parents, more than a hundred at once, and are unchanged the next time', async () => {
    await start();
    const items = Array.from({ length: 130 }, (_, n) => product(`P-${n}`, { variants: [`${PREFIX}P-${n}-S`] }));
    await keepEntry('P-1', 'B');
    await keepEntry('P-1', 'A');
    await keepEntry('P-10', 'C');
    expect((await sync(products, 'catalog-items', items)).written).toHaveLength(130);
    const sizes = items.map((_, n) => product(`P-${n}-S`));
    expect((await sync(variants, 'catalog-variants', sizes)).written).toHaveLength(130);
    const there = await inBrevo();
    expect(there.size).toBe(260);
    expect(there.get('P-1')).toMatchObject({ categories: ['A', 'B'] });
    expect(there.get('P-2')).toMatchObject({ categories: [] });
    expect(there.get('P-1-S')).toMatchObject({ parentId: 'P-1' });
    expect((await sync(products, 'catalog-items', items)).unchanged).toHaveLength(130);
    expect((await sync(variants, 'catalog-variants', sizes)).unchanged).toHaveLength(130);
  });

  it('find their categories also where these are too many to be held in memory', async () => {
    await start();
    for (let n = 0; n < 25; n += 1) await keepEntry('P-1', `C${String(n).padStart(2, '0')}`);
    await keepEntry('P-10', 'A');
    const found = await categoriesOf(context, [`${PREFIX}P-1`, `${PREFIX}P-10`, `${PREFIX}P-2`], 0);
    expect([...found.values()].map(({ length }) => length)).toEqual([25, 1, 0]);
    expect(found.get(`${PREFIX}P-10`)).toEqual(['A']);
  });

  it('of one id are two products: the item keeps it, whichever came first', async () => {
    await start();
    await sync(products, 'catalog-items', [product('P-1', { variants: [`${PREFIX}P-1`, `${PREFIX}S`] })]);
    await sync(variants, 'catalog-variants', [product('P-1'), product('S')]);
    expect([...(await inBrevo()).keys()].sort()).toEqual(['P-1', 'P-1-variant', 'S']);
    await sync(products, 'catalog-items', [product('S')]);
    await sync(variants, 'catalog-variants', [product('S')]);
    const there = await inBrevo();
    expect(there.get('S')).not.toMatchObject({ parentId: 'P-1', name: 'x' });
    expect(there.get('S-variant')).toMatchObject({ parentId: 'P-1' });
  });

  it('of two integrations with one id: the second is refused with words', async () => {
    await start();
    const [first, second] = [product('$custom:::$default:::7'), product('$shopify:::$default:::7')];
    const { written, refused } = await sync(products, 'catalog-items', [first, second]);
    expect(written).toHaveLength(1);
    expect(refused).toMatchObject([{ sourceId: second.sourceId, reason: 'product_id_taken' }]);
    expect((await sync(products, 'catalog-items', [second, first])).unchanged).toHaveLength(1);
  });

  it('a variant whose item is not in Brevo is refused', async () => {
    await start();
    await products.admit(context, 'catalog-items', [product('P-1', { variants: [`${PREFIX}P-1-S`] })]);
    const { refused } = await sync(variants, 'catalog-variants', [product('P-1-S'), product('P-2-S')]);
    expect(refused.map(({ reason }) => reason)).toEqual(['variant_without_item', 'variant_without_item']);
  });

  it('read on their own ask Klaviyo for the categories of each', async () => {
    await start({ klaviyo: { catalogItems: 6 } }, ['catalog-items']);
    await sync(products, 'catalog-items', [product('P-5')]);
    const truth = (await collected(world.sandbox.klaviyo.records('catalog-items'))).find(({ id }) => id === `${PREFIX}P-5`);
    const expected = [truth?.relationships?.['categories'] ?? []].flat().map(({ id }) => id.replace(PREFIX, ''));
    expect(expected.length).toBeGreaterThan(1);
    expect((await inBrevo()).get('P-5')).toMatchObject({ categories: expected.sort() });
  });

  it('that Brevo refuses cost nobody else anything', async () => {
    await start();
    const bad = product('P-2');
    const rows = [
      product('P-1'),
      { ...bad, product: { ...bad.product, metaInfo: { text: 'x'.repeat(20_001) } } },
      product('P-3'),
    ];
    const { written, rejected } = await sync(products, 'catalog-items', rows);
    expect(written.map(({ link }) => link.targetId)).toEqual(['P-1', 'P-3']);
    expect(rejected).toMatchObject([{ sourceId: `${PREFIX}P-2`, reason: 'brevo_product_refused' }]);
  });

  it('that are gone from Klaviyo are flagged; what was only not seen stays', async () => {
    await start({ klaviyo: { catalogItems: 3 } });
    await sync(products, 'catalog-items', [product('P-1'), product('P-2'), product('LEFT')]);
    context = { ...context, run: { ...context.run, _id: randomUUID() } };
    // This run saw one of them; one could not be read, and one is not in Klaviyo any more.
    const seen = [`${PREFIX}P-1`];
    await store.links.see({ account: world.account, run: context.run._id, resource: 'catalog-items' }, seen);
    await products.complete?.(context, 'catalog-items');
    await products.complete?.(context, 'catalog-items');
    const flags = [...(await inBrevo()).values()].map(({ id, isDeleted, writes }) => [id, isDeleted, writes]);
    expect(flags).toEqual([
      ['P-1', false, 1],
      ['P-2', false, 1],
      ['LEFT', true, 2],
    ]);
    expect([...(await store.links.find(world.account, 'catalog-items', [`${PREFIX}LEFT`])).keys()]).toEqual([]);
  });
});

describe('categories', () => {
  it('that Brevo refuses cost nobody else anything', async () => {
    await start();
    const rows = ['A', 'B', '', 'D', 'E'].map(category);
    const { written, rejected } = await sync(categories, 'catalog-categories', rows);
    expect(written.map(({ link }) => String(link.targetId)).toSorted()).toEqual(['A', 'B', 'D', 'E']);
    expect(rejected).toMatchObject([{ sourceId: PREFIX, reason: 'brevo_category_refused' }]);
    expect((await sync(categories, 'catalog-categories', rows)).unchanged).toHaveLength(4);
  });
});

describe('the comparison', () => {
  it('says what Brevo has less of', async () => {
    await start();
    await sync(products, 'catalog-items', [product('P-1')]);
    expect(await products.compare?.(context, 'catalog-items')).toBeNull();
    expect(await variants.compare?.(context, 'catalog-variants')).toMatchObject({
      brevo: { 'products and variants': 1 },
      differences: [],
    });
    await world.putLinks('catalog-items', [{ sourceId: 'P-2', hash: 'x' }]);
    const comparison = await variants.compare?.(context, 'catalog-variants');
    expect(comparison?.differences).toMatchObject([{ klaviyo: 2, brevo: 1 }]);
  });
});
