import { afterEach, describe, expect, it } from '@jest/globals';
import { Bug, RequestRefused } from '@tajo/errors';
import { klaviyoSandbox } from '../../../test/support/klaviyo-sandbox.js';
import { closeAll, rejection } from '../../../test/support/vendor.js';
import type { KlaviyoClient } from './index.js';

afterEach(closeAll);

const email = 'jane.doe@example.com';
const phone = '+33612345678';
const yesterday = new Date(Date.now() - 86_400_000);

interface Channel {
  readonly consent: string;
  readonly consent_timestamp: string;
  readonly can_receive_email_marketing?: boolean;
  readonly suppression?: { reason: string }[];
}

/** Once it shows: jobs are worked off after they were answered. */
async function channel(
  client: KlaviyoClient,
  id: string,
  name: 'email' | 'sms',
  until: (found: Channel) => boolean,
): Promise<Channel> {
  for (let tries = 0; tries < 100; tries += 1) {
    const subscriptions: unknown = (await client.profile(id))?.attributes.subscriptions;
    // The sandbox writes it; a missing part fails the test.
    const found = (Object(subscriptions)[name] as { marketing: Channel } | undefined)?.marketing;
    if (found && until(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the job never took');
}

function many(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `a${at}@example.com`);
}

describe('a consent job', () => {
  it('subscribes with the time of then, and unsubscribes from what is named alone', async () => {
    const { client } = await klaviyoSandbox();
    const { id, attributes } = await client.createProfile({ email, phone_number: phone });
    await client.subscribeProfiles([{ id, email, consentedAt: yesterday }]);
    const subscribed = await channel(client, id, 'email', ({ consent }) => consent === 'SUBSCRIBED');
    expect(Date.parse(subscribed.consent_timestamp)).toBeLessThanOrEqual(yesterday.getTime());
    expect(subscribed.can_receive_email_marketing).toBe(true);

    await client.unsubscribeProfiles([{ phone_number: phone }]);
    await channel(client, id, 'sms', ({ consent }) => consent === 'UNSUBSCRIBED');
    expect((await channel(client, id, 'email', () => true)).consent).toBe('SUBSCRIBED');
    await client.unsubscribeProfiles([{ email, phone_number: phone }]);
    const out = await channel(client, id, 'email', ({ consent }) => consent === 'UNSUBSCRIBED');
    expect(out).toMatchObject({ can_receive_email_marketing: false, suppression: [{ reason: 'UNSUBSCRIBE' }] });
    expect((await client.profile(id))?.attributes.updated).toBe(attributes.updated);
  });

  it('suppresses an address, which subscribing lifts again', async () => {
    const { client } = await klaviyoSandbox();
    const { id } = await client.createProfile({ email });
    await client.suppressProfiles([email, 'nobody@example.com']);
    const out = await channel(client, id, 'email', ({ suppression = [] }) => suppression.length > 0);
    expect(out).toMatchObject({ consent: 'NEVER_SUBSCRIBED', suppression: [{ reason: 'USER_SUPPRESSED' }] });
    await client.subscribeProfiles([{ email, consentedAt: yesterday }]);
    await channel(client, id, 'email', ({ can_receive_email_marketing }) => can_receive_email_marketing === true);
  });

  it('is refused whole where one address is none, or a consent lies ahead', async () => {
    const { client } = await klaviyoSandbox();
    expect(await rejection(client.suppressProfiles([email, 'no address']))).toBeInstanceOf(RequestRefused);
    const ahead = new Date(Date.now() + 86_400_000);
    expect(await rejection(client.subscribeProfiles([{ email, consentedAt: ahead }]))).toBeInstanceOf(RequestRefused);
  });

  it('takes no more than Klaviyo does', async () => {
    const { client } = await klaviyoSandbox();
    await client.suppressProfiles(many(100));
    for (const call of [
      () => client.suppressProfiles(many(101)),
      () => client.suppressProfiles([]),
      () => client.unsubscribeProfiles(many(101).map((one) => ({ email: one }))),
      () => client.subscribeProfiles(many(1_001).map((one) => ({ email: one, consentedAt: yesterday }))),
    ])
      expect(() => call()).toThrow(Bug);
  });
});

describe('members of a list', () => {
  it('join and leave, and doing it again changes nothing', async () => {
    const { client, sandbox } = await klaviyoSandbox();
    const { id } = await client.createProfile({ email });
    const [list = ''] = (await client.readPage({ path: '/api/lists', query: {}, cursor: undefined })).items.map((item) =>
      String(Object(item).id),
    );
    const isIn = async () => {
      for await (const member of sandbox.klaviyo.members('list')) if (member.list === list && member.profile === id) return true;
      return false;
    };
    await client.addListMembers(list, [id]);
    await client.addListMembers(list, [id]);
    expect(await isIn()).toBe(true);
    await client.removeListMembers(list, [id]);
    await client.removeListMembers(list, [id]);
    expect(await isIn()).toBe(false);
  });

  it('are refused where the list or one of them is not there', async () => {
    const { client } = await klaviyoSandbox();
    const { id } = await client.createProfile({ email });
    expect(await rejection(client.addListMembers('NOSUCH', [id]))).toMatchObject({ code: 'klaviyo_not_found' });
    expect(await rejection(client.addListMembers('LIST01', ['01NOSUCHPROFILE']))).toMatchObject({ code: 'klaviyo_not_found' });
    expect(() => client.addListMembers('LIST01', [])).toThrow(Bug);
  });
});
