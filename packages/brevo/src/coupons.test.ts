import { afterEach, describe, expect, it } from '@jest/globals';
import { BadInput } from '@tajo/errors';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { collected } from '../../../test/support/brevo-sandbox.js';
import { closeAll, closing, countingLimiter, json, rejection, vendorServer } from '../../../test/support/vendor.js';
import { type BrevoClient, createBrevoClient } from './index.js';

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await closeAll();
  await sandbox?.stop();
  sandbox = undefined;
});

function clientOf(baseUrl: string, apiKey = 'key'): BrevoClient {
  return closing(createBrevoClient({ account: 'default', baseUrl, apiKey, limiter: countingLimiter().limiter }));
}

async function withSandbox(batchDelayMs = 10): Promise<{ brevo: BrevoClient; sandbox: Sandbox }> {
  sandbox = await startSandbox({ klaviyo: { profiles: 1 }, brevo: { limits: 'off', batchDelayMs } });
  return { brevo: clientOf(sandbox.brevoUrl, sandbox.keys.brevoApiKey), sandbox };
}

describe('coupon collections', () => {
  it('are made, changed but for the name, and listed over pages', async () => {
    const { brevo } = await withSandbox();
    const { id } = await brevo.createCouponCollection({ name: 'SUMMER/50%', defaultCoupon: 'TEN', remainingCouponsAlert: 100 });
    await brevo.updateCouponCollection(id, { defaultCoupon: 'TWENTY', remainingCouponsAlert: null });
    const changed = await brevo.couponCollection(id);
    expect(changed).toMatchObject({ id, name: 'SUMMER/50%', defaultCoupon: 'TWENTY', totalCoupons: 0 });
    expect(changed).not.toHaveProperty('remainingCouponsAlert');
    for (let n = 0; n < 100; n += 1) await brevo.createCouponCollection({ name: `C${n}`, defaultCoupon: 'D' });
    const all = await brevo.couponCollections();
    expect(all.map(({ name }) => name)).toEqual(['SUMMER/50%', ...Array.from({ length: 100 }, (_, n) => `C${n}`)]);
  });

  it('that are not there are undefined; one comes also as the list of the reference’s example', async () => {
    const { brevo } = await withSandbox();
    expect(await brevo.couponCollection('00000000-0000-4000-8000-000000000000')).toBeUndefined();
    const server = await vendorServer((_, response) => json(response, 200, [{ id: 'c1', name: 'Summer', totalCoupons: 3 }]));
    expect(await clientOf(server.baseUrl).couponCollection('c1')).toMatchObject({ id: 'c1', totalCoupons: 3 });
  });

  it('may have been made when no answer came, and codes may have been taken', async () => {
    const { brevo, sandbox: there } = await withSandbox();
    const { id } = await brevo.createCouponCollection({ name: 'A', defaultCoupon: 'A' });
    for (const path of ['/couponCollections', '/coupons']) await there.brevo.fault({ kind: 'reset-after', method: 'POST', path });
    const unknown = { code: 'brevo_outcome_unknown', name: 'RetryLater' };
    expect(await rejection(brevo.createCouponCollection({ name: 'B', defaultCoupon: 'B' }))).toMatchObject(unknown);
    expect(await rejection(brevo.addCoupons(id, ['X']))).toMatchObject(unknown);
    expect((await brevo.couponCollections()).map(({ name }) => name)).toEqual(['A', 'B']);
  });
});

describe('coupon codes', () => {
  it('are counted a moment after they were taken', async () => {
    const { brevo, sandbox: there } = await withSandbox(150);
    const { id } = await brevo.createCouponCollection({ name: 'A', defaultCoupon: 'A' });
    await brevo.addCoupons(id, ['X', 'Y']);
    expect((await brevo.couponCollection(id))?.totalCoupons).toBe(0);
    const end = Date.now() + 5_000;
    while ((await brevo.couponCollection(id))?.totalCoupons !== 2) expect(Date.now()).toBeLessThan(end);
    expect((await collected(there.brevo.coupons())).map(({ code, times }) => `${code}${times}`)).toEqual(['X1', 'Y1']);
  });

  it('are not sent twice in one call, none or more than 10,000 at once', async () => {
    const { brevo } = await withSandbox();
    const many = Array.from({ length: 10_001 }, (_, n) => `C${n}`);
    for (const codes of [[], many, ['A', 'A']]) expect(await rejection(brevo.addCoupons('c', codes))).toBeInstanceOf(BadInput);
    expect(await rejection(brevo.addCoupons('00000000-0000-4000-8000-000000000000', ['A']))).toMatchObject({ status: 404 });
  });
});
