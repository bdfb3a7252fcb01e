import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TajoClient } from '@tajo/sdk';
import { API_KEY, startProducer, type TestProducer } from '../support/producer.js';
import { DEFAULT_SCOPES, startVendors } from '../support/vendors.js';

let vendors: Awaited<ReturnType<typeof startVendors>>;
let producer: TestProducer;
let tajo: TajoClient;
beforeAll(async () => {
  vendors = await startVendors({
    klaviyo: { pk_good_1: ['accounts:read', ...DEFAULT_SCOPES] },
    brevo: ['xkeysib-good-1'],
  });
  producer = await startProducer(vendors.env);
  tajo = new TajoClient({ apiKey: API_KEY, brevoApiKey: 'xkeysib-good-1', baseUrl: producer.url });
});
afterAll(async () => {
  await producer.close();
  await vendors.close();
});

describe('the SDK against the API', () => {
  it('connects, starts, steers and watches a run to its end', async () => {
    expect(await tajo.connectors.connect('klaviyo', { privateApiKey: 'pk_good_1', publicApiKey: 'AbC123' })).toMatchObject({
      klaviyo: { name: 'Test Shop' },
    });
    expect(await tajo.connectors.status()).toMatchObject({ connected: true, credentials: 'stored' });

    const run = await tajo.syncs.start({ resources: ['profiles'], mode: 'full' }, { idempotencyKey: 'once' });
    expect((await tajo.syncs.start({ resources: ['profiles'], mode: 'full' }, { idempotencyKey: 'once' })).id).toBe(run.id);
    await expect(tajo.syncs.start({ mode: 'full' })).rejects.toMatchObject({ code: 'run_active', runId: run.id });
    expect(await tajo.syncs.pause(run.id)).toMatchObject({ state: 'paused' });
    expect(await tajo.syncs.resume(run.id)).toMatchObject({ state: 'planning' });
    await expect(tajo.syncs.retry(run.id)).rejects.toMatchObject({ status: 409, code: 'run_state' });

    const states: string[] = [];
    for await (const { state, final } of tajo.syncs.watch(run.id)) {
      states.push(state);
      if (!final && states.length === 1) await tajo.syncs.cancel(run.id);
    }
    expect([states.at(0), states.at(-1)]).toEqual(['planning', 'cancelled']);
    expect(await tajo.syncs.progress(run.id)).toMatchObject({ final: true });
    expect((await tajo.syncs.list({ state: 'cancelled' })).runs.map(({ id }) => id)).toEqual([run.id]);
  });

  it('explains and replays what was rejected', async () => {
    const owner = { account: 'default', resource: 'profiles', run: 'run_1' };
    await producer.store.rejections.put(
      owner,
      [{ sourceId: 'P1', outcome: 'rejected', reason: 'email_invalid', message: 'Not an address.', stage: 'map' }],
      new Date(),
    );
    expect(await tajo.records.explain('profiles', 'P1')).toMatchObject({ verdict: 'rejected' });
    expect((await tajo.rejections.list({ state: 'open' })).rejections.map(({ sourceId }) => sourceId)).toEqual(['P1']);
    expect(await tajo.rejections.replay({ resource: 'profiles' })).toMatchObject({ records: 1, run: { mode: 'replay' } });
  });

  it('is told when its key is wrong', async () => {
    const stranger = new TajoClient({ apiKey: 'another-key-0123456789', baseUrl: producer.url });
    await expect(stranger.syncs.list()).rejects.toMatchObject({ status: 401, code: 'unauthenticated' });
  });
});
