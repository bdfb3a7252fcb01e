import { afterEach, describe, expect, it } from '@jest/globals';
import { RequestRefused, RetryLater } from '@tajo/errors';
import { klaviyoSandbox } from '../../../test/support/klaviyo-sandbox.js';
import { closeAll, deepText, rejection } from '../../../test/support/vendor.js';
import { duplicateProfileId } from './index.js';

afterEach(closeAll);

const jane = { email: 'jane.doe@example.com', phone_number: '+33612345678', first_name: 'Jane', properties: { plan: 'gold' } };

describe('a profile', () => {
  it('is created, read with its subscriptions, changed and cleared', async () => {
    const { client } = await klaviyoSandbox();
    const { id } = await client.createProfile(jane);
    const changed = await client.updateProfile(id, { attributes: { first_name: null, properties: { size: 'M' } } });
    expect(changed.attributes).toMatchObject({ email: jane.email, first_name: null, properties: { plan: 'gold', size: 'M' } });
    expect(await client.profile(id)).toMatchObject({ id, attributes: { phone_number: jane.phone_number } });
    expect(await client.profile('01NOSUCHPROFILE')).toBeUndefined();
    expect(await client.profileBy({ phone_number: jane.phone_number })).toMatchObject({ id });
    expect(await client.profileBy({ external_id: 'nobody "quoted"' })).toBeUndefined();
  });

  it('loses a property for good, and keeps the rest of its location', async () => {
    const { client } = await klaviyoSandbox();
    const { id } = await client.createProfile({ ...jane, location: { city: 'Lyon', country: 'France' } });
    const changed = await client.updateProfile(id, {
      attributes: { location: { city: null } },
      patch: { unset: ['plan'], append: { tags: 'new' } },
    });
    expect(changed.attributes.properties).toEqual({ tags: ['new'] });
    expect(changed.attributes['location']).toEqual({ city: null, country: 'France' });
  });

  it('comes with the subscriptions that Klaviyo leaves out unless asked', async () => {
    const { client, sandbox } = await klaviyoSandbox();
    let wanted: string | undefined;
    for await (const { id, subscriptions } of sandbox.klaviyo.profiles()) if (subscriptions) wanted ??= id;
    expect((await client.profile(wanted ?? ''))?.attributes.subscriptions).toHaveProperty('email');
  });

  it('that is upserted is made once, by its identifiers or its id', async () => {
    const { client, sandbox } = await klaviyoSandbox();
    const first = await client.upsertProfile({ attributes: jane });
    const second = await client.upsertProfile({ attributes: { email: jane.email, first_name: 'J.' } });
    const third = await client.upsertProfile({ id: first.profile.id, attributes: { last_name: 'Doe' } });
    expect([first.created, second.created, third.created]).toEqual([true, false, false]);
    expect(third.profile).toMatchObject({ id: first.profile.id, attributes: { first_name: 'J.', last_name: 'Doe' } });
    expect(await sandbox.klaviyo.state()).toEqual({ profiles: 21 });
  });

  it('whose identifiers another one holds is refused, the other named and nobody else', async () => {
    const { client } = await klaviyoSandbox();
    const { id } = await client.createProfile(jane);
    const error = await rejection(client.createProfile({ email: jane.email }));
    if (!(error instanceof RequestRefused)) throw error;
    expect(error.code).toBe('klaviyo_conflict');
    expect(duplicateProfileId(error)).toBe(id);
    expect(deepText(error)).not.toContain('jane.doe');
  });

  it('that is merged is gone, and what the survivor lacked is kept', async () => {
    const { client } = await klaviyoSandbox();
    const into = await client.createProfile({ email: jane.email });
    const from = await client.createProfile({ phone_number: jane.phone_number, first_name: 'Jane' });
    expect(await client.mergeProfiles({ from: from.id, into: into.id })).toBe(into.id);
    expect((await client.profile(into.id))?.attributes).toMatchObject({ email: jane.email, phone_number: jane.phone_number });
    expect(await client.profile(from.id)).toBeUndefined();
    expect(await rejection(client.mergeProfiles({ from: from.id, into: into.id }))).toMatchObject({ code: 'klaviyo_not_found' });
  });

  it('may be written again when the answer is lost, unless values are appended', async () => {
    const { client, sandbox } = await klaviyoSandbox();
    const { id } = await client.createProfile(jane);
    await sandbox.klaviyo.fault({ kind: 'reset-after', times: 0 });
    const plain = await rejection(client.upsertProfile({ attributes: jane }));
    expect(plain).toBeInstanceOf(RetryLater);
    expect(plain).toMatchObject({ code: 'klaviyo_network' });
    const unset = await rejection(client.updateProfile(id, { patch: { unset: ['plan'] } }));
    expect(unset).toMatchObject({ code: 'klaviyo_network' });
    const appending = await rejection(client.updateProfile(id, { patch: { append: { sizes: 'M' } } }));
    expect(appending).toBeInstanceOf(RetryLater);
    expect(appending).toMatchObject({ code: 'klaviyo_outcome_unknown' });
  });
});
