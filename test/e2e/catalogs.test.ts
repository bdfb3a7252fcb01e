import { afterEach, describe, expect, it } from '@jest/globals';
import { collected } from '../support/brevo-sandbox.js';
import { finished, type Run } from '../support/ledger.js';
import { type Stack, type StackOptions, startStack, until } from '../support/stack.js';

const RESOURCES = [
  'catalog-categories',
  'catalog-category-items',
  'catalog-items',
  'catalog-variants',
  'coupons',
  'coupon-codes',
] as const;

const SHOP = { catalogItems: 150, coupons: 5, couponCodes: 300 };
/** Where something breaks the size tells nothing more. */
const SMALL_SHOP = { catalogItems: 40, coupons: 5, couponCodes: 120 };

const SETTINGS: StackOptions = {
  connector: { limits: { brevo: { other: { per_hour: 360_000 }, products: { per_second: 500, per_hour: 360_000 } } } },
  env: { WORKER_LOCK_SECONDS: '2' },
};

let open: Stack | undefined;
afterEach(async () => {
  await open?.stop();
  open = undefined;
});

async function shop(size = SMALL_SHOP): Promise<Stack> {
  const klaviyo = { profiles: 5, lists: 0, segments: 0, limits: 'off' as const, ...size };
  const brevo = { limits: 'off' as const, ecommerceActive: false, ecommerceDelayMs: 500 };
  open = await startStack({ ...SETTINGS, sandbox: { klaviyo, brevo } });
  return open;
}

const started = (stack: Stack) => stack.client.syncs.start({ resources: [...RESOURCES], mode: 'full' });

/** Klaviyo's own words, read without the product's mapping. */
async function truthOf({ sandbox }: Stack) {
  const records = (collection: Parameters<typeof sandbox.klaviyo.records>[0]) => collected(sandbox.klaviyo.records(collection));
  const [items, variants, categories, coupons, codes] = await Promise.all([
    records('catalog-items'),
    records('catalog-variants'),
    records('catalog-categories'),
    records('coupons'),
    records('coupon-codes'),
  ]);
  return { items, variants, categories, coupons, codes };
}
type Truth = Awaited<ReturnType<typeof truthOf>>;
type SandboxRecord = Truth['items'][number];

const shopId = ({ id }: { readonly id: string }) => id.replace('$custom:::$default:::', '');
const related = ({ relationships }: SandboxRecord, name: string) => [relationships?.[name] ?? []].flat();

/** Every record of Klaviyo is in Brevo as it should be, once; and the run says so. */
async function everythingIsThereOnce(stack: Stack, run: Run): Promise<void> {
  const truth = await truthOf(stack);
  expect({ state: run.state, balanced: run.balanced, problem: run.problem }).toEqual({
    state: 'completed',
    balanced: true,
    problem: null,
  });
  const entries = truth.items.flatMap((item) => related(item, 'categories'));
  const counts = [truth.categories, entries, truth.items, truth.variants, truth.coupons, truth.codes].map(({ length }) => length);
  expect(RESOURCES.map((name) => run.totals[name]?.read)).toEqual(counts);

  const { brevo } = stack.sandbox;
  const categories = await collected(brevo.categories());
  expect(sorted(categories.map(({ id }) => id))).toEqual(sorted(truth.categories.map(shopId)));

  const products = new Map<string, Readonly<Record<string, unknown>>>();
  for await (const product of brevo.products()) products.set(product.id, product);
  expect(sorted([...products.keys()])).toEqual(sorted([...truth.items, ...truth.variants].map(shopId)));
  for (const item of truth.items) {
    const expected = {
      isDeleted: item.attributes['published'] === false,
      categories: sorted(related(item, 'categories').map(shopId)),
    };
    expect(products.get(shopId(item))).toMatchObject(expected);
    expect(products.get(shopId(item))).not.toHaveProperty('parentId');
  }
  for (const variant of truth.variants) {
    const [item] = related(variant, 'item').map(shopId);
    expect(products.get(shopId(variant))).toMatchObject({ parentId: item, sku: variant.attributes['sku'] });
  }

  expect((await brevo.state()).couponCollections).toBe(truth.coupons.length);
  const codes = await collected(brevo.coupons());
  expect(codes.filter(({ times }) => times !== 1)).toEqual([]);
  const wanted = truth.codes.filter((code) => mayGoOut(code));
  expect(wanted.length).toBeGreaterThan(0);
  expect(sorted(codes.map(({ collection, code }) => `${collection}|${code}`))).toEqual(
    sorted(wanted.map((code) => `${related(code, 'coupon')[0]?.id}|${String(code.attributes['unique_code'])}`)),
  );
}

function mayGoOut({ attributes }: SandboxRecord): boolean {
  const { status, expires_at: expires } = attributes;
  return status === 'UNASSIGNED' && (typeof expires !== 'string' || Date.parse(expires) > Date.now());
}

function sorted(values: readonly string[]): string[] {
  return values.toSorted();
}

describe('catalogs and coupons', () => {
  it('are in Brevo once e-commerce is on, and a second run writes nothing', async () => {
    const stack = await shop(SHOP);
    const first = await finished(stack, await started(stack));
    await everythingIsThereOnce(stack, first);
    const written = (run: Run) => RESOURCES.map((name) => run.totals[name]?.written);
    expect(written(first)).toEqual(RESOURCES.map((name) => first.totals[name]?.read));

    await stack.sandbox.brevo.resetStats();
    const second = await finished(stack, await started(stack));
    await everythingIsThereOnce(stack, second);
    expect(written(second)).toEqual(RESOURCES.map(() => 0));
    const calls = Object.keys(await stack.sandbox.brevo.stats());
    expect(calls.filter((call) => !call.startsWith('GET '))).toEqual([]);
  }, 120_000);

  it('lose nothing and double nothing when a worker is killed in the middle of each call', async () => {
    const stack = await shop();
    const run = await started(stack);
    for (const path of ['/products/batch', '/couponCollections', '/coupons']) {
      await stack.sandbox.brevo.fault({ kind: 'slow', method: 'POST', path, delayMs: 2_000, times: 1 });
    }
    for (let hit = 1; hit <= 3; hit += 1) {
      const hits = async () => (await stack.sandbox.brevo.faults()).reduce((sum, fault) => sum + fault.hits, 0);
      await until(async () => (await hits()) >= hit, 40_000, `call ${hit} under way`);
      await stack.workers.shift()?.kill();
      await stack.startWorker();
    }
    await everythingIsThereOnce(stack, await finished(stack, run));
  }, 120_000);

  it('lose nothing and double nothing when Brevo does the work and cuts the connection', async () => {
    const stack = await shop();
    for (const path of ['/couponCollections', '/coupons', '/products/batch', '/categories/batch']) {
      await stack.sandbox.brevo.fault({ kind: 'reset-after', method: 'POST', path, times: 2 });
    }
    await everythingIsThereOnce(stack, await finished(stack, await started(stack)));
  }, 120_000);

  it('lose no more than the one product that Brevo refuses', async () => {
    const stack = await shop();
    const refusal = {
      kind: 'status',
      method: 'POST',
      status: 400,
      body: '{"code":"invalid_parameter","message":"bad"}',
    } as const;
    await stack.sandbox.brevo.fault({ ...refusal, path: '/products/batch' });
    await stack.sandbox.brevo.fault({ ...refusal, path: '/products', skip: 7 });
    const run = await finished(stack, await stack.client.syncs.start({ resources: ['catalog-items'], mode: 'full' }));
    expect({ state: run.state, balanced: run.balanced }).toEqual({ state: 'completed', balanced: true });
    expect(run.totals['catalog-items']).toMatchObject({ read: 40, written: 39, rejected: { brevo_product_refused: 1 } });
    expect((await stack.sandbox.brevo.state()).products).toBe(39);
  }, 120_000);
});
