import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { klaviyoOAuthOf, openTokens, sealTokens } from '@tajo/accounts';
import { type Config, loadConfig } from '@tajo/config';
import { createLogger } from '@tajo/logging';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { createStore, type Store } from '@tajo/store';
import { createGrantKeeper, refreshIdleGrants } from './idle-grants.js';
import type { Work } from './work.js';

const DAY = 86_400_000;
let sandbox: Sandbox;
let store: Store;
let config: Config;
beforeAll(async () => {
  sandbox = await startSandbox({ klaviyo: { profiles: 1 } });
  const url = new URL(process.env['MONGO_URL'] ?? 'mongodb://127.0.0.1:27017');
  url.pathname = `/idle_${randomUUID().slice(0, 8)}`;
  store = createStore(url.href);
  config = configWith({ KLAVIYO_OAUTH_CLIENT_ID: 'sandbox-app', KLAVIYO_OAUTH_CLIENT_SECRET: 'sandbox-app-secret-0123456789' });
});
afterAll(async () => {
  await store.close();
  await sandbox.stop();
});

const configWith = (env: Record<string, string>) =>
  loadConfig({
    env: { TAJO_API_KEY: 'an-api-key-of-the-test-0123456789', KLAVIYO_BASE_URL: sandbox.klaviyoUrl, ...env },
    cwd: '/',
  });

/** The work of a worker as many days later. */
const workAfter = (days: number, own = config) =>
  // Keeping connections reads no more of it.
  ({
    config: own,
    store,
    logger: createLogger({ name: 'test', level: 'silent' }),
    now: () => new Date(Date.now() + days * DAY),
  }) as unknown as Work;

async function connected(account: string): Promise<void> {
  const oauth = klaviyoOAuthOf(config);
  const verifier = randomBytes(32).toString('base64url');
  const redirectUri = 'https://sync.example/oauth/klaviyo/callback';
  const asked = new URL(`${sandbox.klaviyoUrl}/oauth/authorize`);
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  asked.search = new URL(oauth.authorizeUrl({ state: 's', challenge, redirectUri, scope: 'profiles:read' })).search;
  const back = (await fetch(asked, { redirect: 'manual' })).headers.get('location') ?? '';
  const code = new URL(back).searchParams.get('code') ?? '';
  const given = await oauth.exchange({ account, code, verifier, redirectUri });
  oauth.close();
  await store.accounts.ensure(account, randomUUID());
  await store.grants.put(account, randomUUID(), sealTokens(config, account, given, new Date()), new Date());
}

describe('a connection by OAuth that nobody uses', () => {
  it('is refreshed long before Klaviyo drops it, and not before that is needed', async () => {
    await connected('idle');
    const before = await store.grants.get('idle');
    await refreshIdleGrants(workAfter(29));
    expect(await store.grants.get('idle')).toEqual(before);
    await refreshIdleGrants(workAfter(31));
    const after = await store.grants.get('idle');
    expect(after?.version).toBe(2);
    expect(after && openTokens(config, after)).not.toEqual(before && openTokens(config, before));
    // It was used just now.
    await refreshIdleGrants(workAfter(32));
    expect((await store.grants.get('idle'))?.version).toBe(2);
    expect(await sandbox.klaviyo.oauth()).toMatchObject({ refreshes: 1, reused: 0 });
    await store.grants.remove('idle');
  });

  it('stops its account when it has lapsed all the same, and no other', async () => {
    await connected('lapsed');
    await sandbox.klaviyo.uninstall();
    await connected('alive');
    await refreshIdleGrants(workAfter(40));
    expect((await store.accounts.get('lapsed'))?.stopped).toMatchObject({ code: 'klaviyo_connection_ended' });
    expect((await store.accounts.get('alive'))?.stopped).toBeNull();
    expect((await store.grants.get('alive'))?.version).toBe(2);
    const { refusedGrants } = await sandbox.klaviyo.oauth();
    await refreshIdleGrants(workAfter(41));
    expect((await sandbox.klaviyo.oauth()).refusedGrants).toBe(refusedGrants);
    await store.grants.remove('alive');
  });

  it('stays while Klaviyo, or the app, is away', async () => {
    await connected('patient');
    await sandbox.klaviyo.fault({ kind: 'status', status: 503, path: '/oauth/token' });
    await refreshIdleGrants(workAfter(50));
    await refreshIdleGrants(workAfter(50, configWith({})));
    expect(await store.grants.get('patient')).toMatchObject({ version: 1, endedAt: null });
    expect((await store.accounts.get('patient'))?.stopped).toBeNull();
    const keep = createGrantKeeper(workAfter(51));
    await keep();
    expect((await store.grants.get('patient'))?.version).toBe(2);
  });
});
