import { afterEach, describe, expect, it } from '@jest/globals';
import { collected } from '../../../test/support/brevo-sandbox.js';
import { klaviyoSandbox } from '../../../test/support/klaviyo-sandbox.js';
import { closeAll, closing, countingLimiter, rejection } from '../../../test/support/vendor.js';
import { createKlaviyoPublicClient } from './index.js';

afterEach(closeAll);

describe('the public key', () => {
  it('records events, each once, and creates profiles', async () => {
    const { publicClient, sandbox } = await klaviyoSandbox();
    const event = { metric: 'Viewed Product', profile: { email: 'a@example.com' }, uniqueId: 'view-1', properties: { sku: 'X' } };
    await publicClient.createClientEvent(event);
    await publicClient.createClientEvent(event);
    await publicClient.createClientProfile({ email: 'b@example.com', first_name: 'B' });
    await publicClient.createClientProfile({ email: 'b@example.com', first_name: 'C' });
    expect(await collected(sandbox.klaviyo.records('events'))).toHaveLength(1);
    const names = (await collected(sandbox.klaviyo.profiles())).slice(20).map(({ attributes }) => attributes.first_name);
    expect(names).toEqual([null, 'C']);
  });

  it('can do nothing else', async () => {
    const { publicClient } = await klaviyoSandbox();
    expect(Object.keys(publicClient).sort()).toEqual(['close', 'createClientEvent', 'createClientProfile']);
  });

  it('of another account is refused', async () => {
    const { sandbox } = await klaviyoSandbox();
    const { limiter, acquired } = countingLimiter();
    const stranger = closing(
      createKlaviyoPublicClient({ account: 'default', baseUrl: sandbox.klaviyoUrl, companyId: 'XXXXXX', limiter }),
    );
    expect(await rejection(stranger.createClientProfile({ email: 'a@example.com' }))).toMatchObject({
      code: 'klaviyo_request_refused',
    });
    expect(acquired).toHaveLength(1);
  });
});
