import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '@tajo/servers';
import { TajoClient } from '@tajo/sdk';
import { startStack, type Stack, until } from '../support/stack.js';

const TAJO = fileURLToPath(new URL('../../packages/cli/dist/bin.js', import.meta.url));
const PRODUCER = fileURLToPath(new URL('../../apps/producer/dist/main.js', import.meta.url));
const PROFILES = 2_000;
/** With TAJO_OAUTH_MINUTE=1 tokens end every five seconds for a minute, else every two seconds for a run. */
const LONG = process.env['TAJO_OAUTH_MINUTE'] === '1';
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

async function syncedWhileTokensEnd(other: TajoClient, lifeMs: number): Promise<void> {
  await stack.sandbox.klaviyo.setTokenLife(lifeMs);
  await stack.sandbox.klaviyo.endAccess();
  const run = await client.syncs.start({ mode: 'full', resources: ['profiles'], force: true });
  let tests = 0;
  await until(
    async () => {
      // Both APIs ask for the same tokens at the same time; not often, for Klaviyo lets an account be looked at 15 times a minute.
      if (tests < (LONG ? 1 : 2)) {
        // At the same moment: one of them waits a second for the account's lane, which may be as long as a token is good.
        for (const { faults } of await Promise.all([client, other].map((one) => one.connectors.test())))
          expect(faults).toEqual([]);
      }
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
  expect(record.refreshes).toBeGreaterThan(LONG ? 0 : 2);
  expect(tests).toBeGreaterThan(1);
  expect((await client.accounts.get(account)).stopped).toBeNull();
  expect(stack.logs()).not.toMatch(/access_token|refresh_token|sandbox-app-secret/);
}

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

  it('is synced by two producers and three workers with tokens that keep ending: none fails, no refresh token is used twice', async () => {
    const port = await freePort();
    const second = spawn(process.execPath, [PRODUCER], { env: { ...stack.env, PRODUCER_PORT: String(port) }, stdio: 'ignore' });
    try {
      const other = new TajoClient({ apiKey: stack.apiKey, baseUrl: `http://127.0.0.1:${port}`, account, timeoutMs: 60_000 });
      await until(() => other.accounts.list().then(Boolean, () => false), 20_000, 'the second producer');
      const endsAt = Date.now() + (LONG ? 60_000 : 0);
      do await syncedWhileTokensEnd(other, LONG ? 5_000 : 2_000);
      while (Date.now() < endsAt);
    } finally {
      const gone = once(second, 'exit');
      second.kill('SIGKILL');
      await gone;
    }
  }, 240_000);

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
