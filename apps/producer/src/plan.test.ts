import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OWN_LIST, planSchema } from '@tajo/planner';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { startProducer, type TestProducer } from '../../../test/support/producer.js';

let sandbox: Sandbox;
let producer: TestProducer;
beforeAll(async () => {
  sandbox = await startSandbox({ klaviyo: { profiles: 80, lists: 3, segments: 2 } });
  producer = await startProducer({
    KLAVIYO_BASE_URL: sandbox.klaviyoUrl,
    BREVO_BASE_URL: sandbox.brevoUrl,
    KLAVIYO_PRIVATE_KEY: sandbox.keys.klaviyoPrivateKey,
    BREVO_API_KEY: sandbox.keys.brevoApiKey,
  });
});
afterAll(async () => {
  await producer.close();
  await sandbox.stop();
});

const plan = (body: Record<string, unknown>) =>
  producer.call('POST', '/v1/syncs?dry_run=true', { body: { mode: 'full', ...body } });

describe('a dry run', () => {
  it('answers with what the run would do, and starts nothing', async () => {
    const { status, json } = await plan({ resources: ['profiles', 'lists'] });
    expect(status).toBe(200);
    const { resources, consent, attributes, lists } = planSchema.parse(json);
    expect(resources).toMatchObject([
      { resource: 'profiles', records: 80, counted: 'exact', linked: 0 },
      { resource: 'lists', records: 3, counted: 'exact', toWrite: 3 },
      // The switch brings the members along.
      { resource: 'list-members' },
    ]);
    // Counted, not estimated: every profile that becomes a contact has one state of e-mail consent.
    const states = Object.entries(consent ?? {}).filter(([key]) => key.startsWith('email.'));
    expect(states.reduce((sum, [, count]) => sum + count, 0)).toBe(resources[0]?.toWrite);
    expect(attributes).toContain('KLAVIYO_EMAIL_CONSENT');
    expect(lists).toEqual([OWN_LIST, 'List 1', 'List 2', 'List 3']);
    expect(await producer.store.runs.list({})).toEqual([]);
    for (const queue of producer.queues.values()) expect(await queue.getJobCountByTypes('waiting', 'active', 'delayed')).toBe(0);
    expect((await sandbox.brevo.state()).contacts).toBe(0);
  });

  it('is for `dry_run=true` alone, and refuses what starting would refuse', async () => {
    const other = await producer.call('POST', '/v1/syncs?dry_run=yes', { body: { mode: 'full' } });
    expect(other.json).toMatchObject({ status: 400, field: 'dry_run' });
    expect((await plan({ resources: ['profils'] })).json).toMatchObject({ status: 422 });
    expect((await plan({ account: 'nobody' })).json).toMatchObject({ status: 409, code: 'account_not_connected' });
    const started = await producer.call('POST', '/v1/syncs?dry_run=false', { body: { mode: 'full', resources: ['profiles'] } });
    expect([started.status, started.json['plan']]).toEqual([202, null]);
  });

  it('can be made while a run of the account is under way', async () => {
    expect((await producer.store.runs.list({ states: ['planning'] })).length).toBe(1);
    expect((await plan({ resources: ['lists'] })).status).toBe(200);
  });

  it('says what somebody must do when a key is refused', async () => {
    await sandbox.klaviyo.fault({
      kind: 'status',
      status: 401,
      body: '{"errors":[{"code":"not_authenticated","detail":"x"}]}',
      times: 0,
    });
    try {
      const { json } = await plan({ resources: ['profiles'] });
      expect(json).toMatchObject({ status: 409, code: 'klaviyo_key_refused', remedy: expect.any(String) });
      // Somebody only asked: nothing is stopped for it.
      expect((await producer.store.accounts.get('default'))?.stopped ?? null).toBeNull();
    } finally {
      await sandbox.klaviyo.clearFaults();
    }
  });
});

describe('a run', () => {
  it('has the plan its workers made; one that this release cannot read is none', async () => {
    const [run] = await producer.store.runs.list({});
    const id = run?._id ?? '';
    const { json } = await plan({ resources: ['profiles'] });
    await producer.store.runs.update(id, { forecast: json });
    expect((await producer.call('GET', `/v1/syncs/${id}`)).json['plan']).toEqual(json);
    await producer.store.runs.update(id, { forecast: { at: 'long ago' } });
    expect((await producer.call('GET', `/v1/syncs/${id}`)).json['plan']).toBeNull();
  });
});
