import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Run, TajoClient } from '@tajo/sdk';
import { startStack, type Stack, until } from '../support/stack.js';

const keyOf = (account: string) => `pk_of_${account}_0123456789abcdef`;
const named = (kind: string, count: number) => Array.from({ length: count }, (_, at) => `${kind}-${at + 1}`);

// By name the troubled ones come first, and their runs are started first.
const throttled = named('a-throttled', 10);
const refused = named('b-refused', 5);
const healthy = named('healthy', 35);
const all = [...throttled, ...refused, ...healthy];
const PROFILES = 60;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    workers: 2,
    sandbox: { klaviyo: { profiles: PROFILES, limits: 'off', furtherKeys: all.map(keyOf) }, brevo: { limits: 'off' } },
    // Few slots: whoever held one for others' time would be seen.
    env: { WORKER_CONCURRENCY: '2', TAJO_PARALLEL_SLICES: '4' },
  });
}, 60_000);
afterAll(() => stack.stop());

const clientOf = (account: string) => new TajoClient({ apiKey: stack.apiKey, baseUrl: stack.apiUrl, account, timeoutMs: 60_000 });

describe('fifty accounts, of which ten are throttled and five have bad keys', () => {
  it('do not wait for each other: the others end as if they were alone', async () => {
    const { sandbox, client } = stack;
    for (const account of all) await client.accounts.create({ account, brevoApiKey: sandbox.keys.brevoApiKey });
    const connect = (account: string) =>
      client.connectors.connect('klaviyo', {
        account,
        privateApiKey: keyOf(account),
        brevoApiKey: sandbox.keys.brevoApiKey,
      });
    await Promise.all(all.map(connect));

    for (const account of throttled)
      await sandbox.klaviyo.fault({
        kind: 'status',
        status: 429,
        times: 0,
        key: keyOf(account),
        path: '/api/metrics*',
        headers: { 'retry-after': '2' },
      });
    for (const account of refused) await sandbox.klaviyo.fault({ kind: 'status', status: 401, times: 0, key: keyOf(account) });

    const started = new Map<string, Run>();
    for (const account of all)
      started.set(account, await clientOf(account).syncs.start({ mode: 'full', resources: ['metrics'] }));
    const runOf = (account: string) => clientOf(account).syncs.get(started.get(account)?.id ?? '');
    const statesOf = async (accounts: readonly string[]) => (await Promise.all(accounts.map(runOf))).map(({ state }) => state);
    const allAre = async (accounts: readonly string[], state: string) => (await statesOf(accounts)).every((one) => one === state);

    await until(() => allAre(healthy, 'completed'), 90_000, 'the healthy accounts to end');
    // Nothing is mended yet: they ended although the others could not.
    expect(new Set(await statesOf(throttled))).not.toContain('completed');
    await until(() => allAre(refused, 'stopped'), 30_000, 'the accounts with bad keys to stop');
    for (const account of refused) {
      expect((await client.accounts.get(account)).stopped).toMatchObject({ code: 'klaviyo_key_refused' });
    }

    const totals = (await Promise.all(healthy.map(runOf))).map(({ totals: byName, balanced }) => ({
      metrics: byName['metrics']?.read,
      balanced,
    }));
    expect(totals[0]).toMatchObject({ balanced: true });
    expect(totals[0]?.metrics).toBeGreaterThan(0);
    expect(new Set(totals.map((one) => JSON.stringify(one))).size).toBe(1);

    // When Klaviyo lets them again, the throttled ones end with the same counts.
    await sandbox.klaviyo.clearFaults();
    await until(() => allAre(throttled, 'completed'), 60_000, 'the throttled accounts to end');
    expect((await runOf(throttled[0] ?? '')).totals['metrics']?.read).toBe(totals[0]?.metrics);
  }, 240_000);

  it('go on one by one, and one is deleted while the others stay', async () => {
    const [mended = '', ...others] = refused;
    await stack.client.accounts.resume(mended);
    const { run } = await stack.client.accounts.get(mended);
    await stack.client.syncs.resume(run ?? '');
    await until(async () => (await stack.client.syncs.get(run ?? '')).state === 'completed', 60_000, 'the mended account to end');
    for (const account of others) expect((await stack.client.accounts.get(account)).run).not.toBeNull();

    const [doomed = '', kept = ''] = healthy;
    const deleted = await stack.client.accounts.delete(doomed);
    expect(deleted.documents).toMatchObject({ accounts: 1, runs: 1 });
    expect((await stack.client.accounts.list({ limit: 100 })).accounts.map(({ account }) => account)).not.toContain(doomed);
    expect((await clientOf(kept).syncs.list()).runs).toHaveLength(1);
    expect((await clientOf(doomed).syncs.list()).runs).toHaveLength(0);
  }, 90_000);
});
