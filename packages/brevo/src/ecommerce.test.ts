import { afterEach, describe, expect, it } from '@jest/globals';
import { AccountStopped, BadInput, RequestRefused } from '@tajo/errors';
import { type Sandbox, type SandboxOptions, startSandbox } from '@tajo/sandbox';
import { collected } from '../../../test/support/brevo-sandbox.js';
import { closeAll, closing, countingLimiter, json, rejection, vendorServer } from '../../../test/support/vendor.js';
import { type BrevoClient, createBrevoClient } from './index.js';

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await closeAll();
  await sandbox?.stop();
  sandbox = undefined;
});

function clientOf(baseUrl: string, apiKey = 'key', limiter = countingLimiter().limiter): BrevoClient {
  return closing(createBrevoClient({ account: 'default', baseUrl, apiKey, limiter }));
}

async function withSandbox(brevo: SandboxOptions['brevo'] = {}): Promise<{ brevo: BrevoClient; sandbox: Sandbox }> {
  sandbox = await startSandbox({ klaviyo: { profiles: 1 }, brevo: { limits: 'off', ecommerceActive: true, ...brevo } });
  return { brevo: clientOf(sandbox.brevoUrl, sandbox.keys.brevoApiKey), sandbox };
}

const named = (id: string) => ({ id, name: id });
const some = (count: number) => Array.from({ length: count }, (_, n) => ({ id: `p${n}`, name: `P ${n}`, price: n }));

describe('the e-commerce app', () => {
  it('is off until some time after it was asked for', async () => {
    const { brevo } = await withSandbox({ ecommerceActive: false, ecommerceDelayMs: 100 });
    expect(await brevo.isEcommerceActive()).toBe(false);
    expect(await rejection(brevo.upsertCategories([{ id: 'c1', name: 'Hats' }]))).toBeInstanceOf(AccountStopped);
    await brevo.activateEcommerce();
    expect(await brevo.isEcommerceActive()).toBe(false);
    const end = Date.now() + 5_000;
    while (!(await brevo.isEcommerceActive())) expect(Date.now()).toBeLessThan(end);
  });

  it.each([400, 403, 404])('that answers %i is off, and a wrong key is not taken for it', async (status) => {
    const server = await vendorServer((_, response) => json(response, status, { code: 'permission_denied', message: 'no' }));
    expect(await clientOf(server.baseUrl).isEcommerceActive()).toBe(false);
    const closed = await vendorServer((_, response) => json(response, 401, { code: 'unauthorized', message: 'no' }));
    expect(await rejection(clientOf(closed.baseUrl).isEcommerceActive())).toMatchObject({ code: 'brevo_key_refused' });
  });
});

describe('products and categories', () => {
  it('are made and then updated by their id, alone or a hundred at once', async () => {
    const { brevo, sandbox: there } = await withSandbox();
    expect(await brevo.upsertProducts(some(60))).toEqual({ createdCount: 60, updatedCount: 0 });
    expect(await brevo.upsertProducts(some(100))).toEqual({ createdCount: 40, updatedCount: 60 });
    const variant = { id: 'p0-S', name: 'Small', parentId: 'p0', categories: ['c1'], metaInfo: { size: 'S' }, isDeleted: true };
    await brevo.upsertProduct(variant);
    await brevo.upsertProduct(variant);
    expect(await brevo.upsertCategories([{ id: 'c1', name: 'Hats', isDeleted: false }])).toEqual({
      createdCount: 1,
      updatedCount: 0,
    });
    expect(await brevo.productsPage({ limit: 2, offset: 0 })).toMatchObject({
      count: 101,
      products: [{ id: 'p0' }, { id: 'p1' }],
    });
    expect(await brevo.categoriesPage({ limit: 1, offset: 0 })).toMatchObject({ count: 1, categories: [{ name: 'Hats' }] });
    const stored = (await collected(there.brevo.products())).find(({ id }) => id === 'p0-S');
    expect(stored).toMatchObject({ ...variant, writes: 2 });
  });

  it('with one that Brevo refuses, a batch is refused whole', async () => {
    const { brevo, sandbox: there } = await withSandbox();
    const bad = { id: 'bad', name: 'Bad', metaInfo: { text: 'x'.repeat(20_001) } };
    const error = await rejection(brevo.upsertProducts([{ id: 'good', name: 'Good' }, bad]));
    expect(error).toBeInstanceOf(RequestRefused);
    expect(error).toMatchObject({ status: 400, message: expect.stringContaining('metaInfo exceeds 20000 characters') });
    expect((await there.brevo.state()).products).toBe(0);
  });

  it('are not sent twice in one batch, none or more than a hundred at once', async () => {
    const server = await vendorServer((_, response) => json(response, 201, {}));
    const brevo = clientOf(server.baseUrl);
    const many = Array.from({ length: 101 }, (_, n) => named(`p${n}`));
    for (const products of [[], many, [named('a'), named('a')]]) {
      expect(await rejection(Promise.resolve().then(() => brevo.upsertProducts(products)))).toBeInstanceOf(BadInput);
      expect(await rejection(Promise.resolve().then(() => brevo.upsertCategories(products)))).toBeInstanceOf(BadInput);
    }
    expect(server.received).toEqual([]);
  });

  it('count where the headers say: a batch of products in the budget of products once Brevo said so', async () => {
    const { limiter, acquired, observations } = countingLimiter();
    const headers = { 'x-sib-ratelimit-limit': '2', 'x-sib-ratelimit-remaining': '1', 'x-sib-ratelimit-reset': '1' };
    const server = await vendorServer((_, response) => json(response, 201, {}, headers));
    const brevo = clientOf(server.baseUrl, 'key', limiter);
    await brevo.upsertProducts([{ id: 'a', name: 'A' }]);
    await brevo.upsertProducts([{ id: 'b', name: 'B' }]);
    expect(acquired.map(({ keys }) => keys)).toEqual([['brevo:default:other'], ['brevo:default:products']]);
    expect(observations.map(({ key }) => key)).toEqual(['brevo:default:products', 'brevo:default:products']);
  });
});
