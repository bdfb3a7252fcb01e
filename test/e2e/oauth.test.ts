import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TajoClient } from '@tajo/sdk';
import { startStack, type Stack, until } from '../support/stack.js';

const TAJO = fileURLToPath(new URL('../../packages/cli/dist/bin.js', import.meta.url));
const PROFILES = 2_000;
const account = 'merchant';

let stack: Stack;
let client: TajoClient;
beforeAll(async () => {
  stack = await startStack({
    workers: 3,
    sandbox: {
      // So slow that a run outlives several tokens.
      klaviyo: { profiles: PROFILES, limits: 'off', latencyMs: 150 },
      brevo: { limits: 'off' },
    },
    env: {
      KLAVIYO_OAUTH_CLIENT_ID: 'sandbox-app',
      KLAVIYO_OAUTH_CLIENT_SECRET: 'sandbox-app-secret-0123456789',
      TAJO_PARALLEL_SLICES: '4',
    },
  });
  client = new TajoClient({ apiKey: stack.apiKey, baseUrl: stack.apiUrl, account, timeoutMs: 60_000 });
}, 60_000);
afterAll(() => stack.stop());

describe('an account connected by OAuth', () => {
  it('is connected from the command line, by the address that it prints', async () => {
    const child = execFile(process.execPath, [TAJO, 'connectors', 'connect', 'klaviyo', '--oauth', '--account', account], {
      env: { ...stack.env, TAJO_URL: stack.apiUrl },
    });
    let printed = '';
    let said = '';
    child.stdout?.on('data', (chunk: string) => (printed += chunk));
    child.stderr?.on('data', (chunk: string) => (said += chunk));
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await until(() => said.includes('/oauth/authorize?'), 20_000, 'the address');
    const address = /https?:\S+\/oauth\/authorize\?\S+/.exec(said)?.[0] ?? '';
    // A browser follows Klaviyo's redirect back to the API. The sandbox has the consent page in another place.
    const consent = new URL(address);
    const answer = await fetch(`${new URL(stack.sandbox.klaviyoUrl).origin}${consent.pathname}${consent.search}`);
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('Connected')]);
    expect(await ended).toBe(0);
    expect(printed).toContain(`account ${account} by OAuth`);
  }, 60_000);

  it('is synced by three workers with tokens that end every second: none fails, no refresh token is used twice', async () => {
    await stack.sandbox.klaviyo.setTokenLife(1_000);
    await stack.sandbox.klaviyo.endAccess();
    const run = await client.syncs.start({ mode: 'full', resources: ['profiles'] });
    let tests = 0;
    await until(
      async () => {
        // The API asks for the same tokens at the same time; not often, for Klaviyo lets an account be looked at 15 times a minute.
        if (tests < 3) expect((await client.connectors.test()).faults).toEqual([]);
        tests += 1;
        const { state, problem } = await client.syncs.get(run.id);
        if (state === 'stopped' || state === 'failed') throw new Error(`${state}: ${problem?.message}`);
        return state === 'completed';
      },
      100_000,
      'the run to end',
    );
    expect(await client.syncs.get(run.id)).toMatchObject({ balanced: true, totals: { profiles: { read: PROFILES } } });
    const record = await stack.sandbox.klaviyo.oauth();
    expect(record).toMatchObject({ reused: 0, refusedGrants: 0, connections: 1 });
    expect(record.refreshes).toBeGreaterThan(3);
    expect(tests).toBeGreaterThan(1);
    expect((await client.accounts.get(account)).stopped).toBeNull();
    expect(stack.logs()).not.toMatch(/access_token|refresh_token|sandbox-app-secret/);
  }, 120_000);

  it('stops when the merchant removes the app, and goes on once it is connected again', async () => {
    await stack.sandbox.klaviyo.uninstall();
    await stack.sandbox.klaviyo.setTokenLife(3_600_000);
    const run = await client.syncs.start({ mode: 'full', resources: ['metrics'] });
    await until(async () => (await client.syncs.get(run.id)).state === 'stopped', 60_000, 'the run to stop');
    expect((await client.accounts.get(account)).stopped).toMatchObject({ code: 'klaviyo_connection_ended' });
    const { authorizeUrl } = await client.connectors.startOAuth('klaviyo');
    const consent = new URL(authorizeUrl);
    const answer = await fetch(`${new URL(stack.sandbox.klaviyoUrl).origin}${consent.pathname}${consent.search}`);
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('Connected')]);
    await client.syncs.resume(run.id);
    await until(async () => (await client.syncs.get(run.id)).state === 'completed', 60_000, 'the run to end');
    expect(await client.connectors.disconnect()).toEqual({ account, revoked: true, connected: false });
  }, 150_000);
});
