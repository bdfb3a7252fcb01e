import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Config, loadConfig } from '@tajo/config';
import { AccountStopped, RetryLater, WaitUntil } from '@tajo/errors';
import { createOpenLimiter, type Limiter } from '@tajo/limiter';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { createStore, type Store } from '@tajo/store';
import { createAccountOpener, createOAuthTokens, klaviyoOAuthOf, openTokens, sealCredentials, sealTokens } from './index.js';

const REDIRECT = 'https://sync.example/oauth/klaviyo/callback';
const account = 'shop';

let sandbox: Sandbox;
let config: Config;
let database: string;
const stores: Store[] = [];

const newStore = () => {
  const store = createStore(database);
  stores.push(store);
  return store;
};

function begin(accessTokenMs: number) {
  return async () => {
    sandbox = await startSandbox({ klaviyo: { profiles: 5, oauthAccessTokenMs: accessTokenMs, limits: 'off' } });
    config = loadConfig({
      env: {
        TAJO_API_KEY: 'an-api-key-of-the-test-0123456789',
        KLAVIYO_BASE_URL: sandbox.klaviyoUrl,
        BREVO_BASE_URL: sandbox.brevoUrl,
        KLAVIYO_OAUTH_CLIENT_ID: 'sandbox-app',
        KLAVIYO_OAUTH_CLIENT_SECRET: 'sandbox-app-secret-0123456789',
        KLAVIYO_OAUTH_AUTHORIZE_URL: `${sandbox.klaviyoUrl}/oauth/authorize`,
      },
      cwd: '/',
    });
    const url = new URL(process.env['MONGO_URL'] ?? 'mongodb://127.0.0.1:27017');
    url.pathname = `/oauth_${randomUUID().slice(0, 8)}`;
    database = url.href;
    await connect(newStore());
  };
}

async function end(): Promise<void> {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await sandbox.stop();
}

/** What the producer does when the merchant has said yes. */
async function connect(store: Store): Promise<string> {
  const oauth = klaviyoOAuthOf(config);
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const consent = oauth.authorizeUrl({ state: 'a state', challenge, redirectUri: REDIRECT, scope: 'profiles:read' });
  const answer = await fetch(consent, { redirect: 'manual' });
  const back = new URL(answer.headers.get('location') ?? '');
  expect(back.searchParams.get('state')).toBe('a state');
  const code = back.searchParams.get('code') ?? '';
  const given = await oauth.exchange({ account, code, verifier, redirectUri: REDIRECT });
  oauth.close();
  const grant = randomUUID();
  await store.grants.put(account, grant, sealTokens(config, account, given, new Date()), new Date());
  await store.accounts.ensure(account, randomUUID());
  const credentials = { klaviyoGrant: grant, brevoApiKey: sandbox.keys.brevoApiKey };
  await store.accounts.connect(account, sealCredentials(config, account, credentials), new Date());
  return grant;
}

/** As another process would have it: a connection to the database and clients of its own. */
const replica = () => {
  const store = newStore();
  return { store, opener: createAccountOpener({ config, store, limiter: createOpenLimiter() }) };
};

describe('a token that ends every second, used by five processes', () => {
  beforeAll(begin(1_000));
  afterAll(end);

  it('is refreshed by one of them at a time: no refresh token is used twice, and no request fails', async () => {
    const until = Date.now() + 12_000;
    const replicas = Array.from({ length: 5 }, replica);
    let requests = 0;
    await Promise.all(
      replicas.map(async ({ opener }) => {
        while (Date.now() < until) {
          const { klaviyo, auth } = await opener.open(account);
          expect(auth).toBe('oauth');
          // Several at once, as the jobs of a worker do.
          await Promise.all([1, 2, 3].map(() => klaviyo.readPage({ path: '/api/profiles', query: {} })));
          requests += 3;
        }
      }),
    );
    const record = await sandbox.klaviyo.oauth();
    expect(record).toMatchObject({ reused: 0, refusedGrants: 0, connections: 1 });
    // About one each 0.8 s, not one for each process or request.
    expect(record.refreshes).toBeGreaterThanOrEqual(8);
    expect(record.refreshes).toBeLessThanOrEqual(18);
    expect(requests).toBeGreaterThan(100);
    expect((await stores[0]?.grants.get(account))?.version).toBe(record.refreshes + 1);
  }, 40_000);
});

describe('a connection by OAuth', () => {
  beforeEach(begin(3_600_000));
  afterEach(end);

  it('is refreshed once when Klaviyo refuses a token before its time, by whichever process finds out', async () => {
    const replicas = Array.from({ length: 4 }, replica);
    const read = () =>
      Promise.all(
        replicas.flatMap(({ opener }) =>
          [1, 2, 3, 4].map(async () => (await opener.open(account)).klaviyo.readPage({ path: '/api/profiles', query: {} })),
        ),
      );
    await read();
    expect((await sandbox.klaviyo.oauth()).refreshes).toBe(0);
    await sandbox.klaviyo.endAccess();
    await read();
    expect(await sandbox.klaviyo.oauth()).toMatchObject({ refreshes: 1, reused: 0, refusedGrants: 0 });
  });

  it('stops the account when it was ended at Klaviyo, says what to do, asks once and shows no token', async () => {
    const { store, opener } = replica();
    const secrets = openTokens(config, (await store.grants.get(account)) as never);
    await sandbox.klaviyo.uninstall();
    for (let tries = 0; tries < 3; tries += 1) {
      const fault = await thrownBy((await opener.open(account)).klaviyo.readPage({ path: '/api/profiles', query: {} }));
      expect(fault).toBeInstanceOf(AccountStopped);
      expect(fault).toMatchObject({ code: 'klaviyo_connection_ended', remedy: expect.stringContaining('--oauth') });
      const everything = inspect(fault, { depth: 9, showHidden: true });
      for (const secret of [...Object.values(secrets), 'sandbox-app-secret']) expect(everything).not.toContain(secret);
    }
    expect(await sandbox.klaviyo.oauth()).toMatchObject({ refusedGrants: 1 });
    // Connecting again mends it, for clients that were open all the time as well.
    await connect(store);
    await (await opener.open(account)).klaviyo.readPage({ path: '/api/profiles', query: {} });
  });

  it('waits for whoever refreshes, and takes over from one that died', async () => {
    const { store } = replica();
    const oauth = klaviyoOAuthOf(config);
    const seen = await store.grants.get(account);
    if (!seen) throw new Error('it is connected');
    const later = (ms: number) => createOAuthTokens({ config, store, oauth, now: () => new Date(Date.now() + ms) });
    const { accessToken } = openTokens(config, seen);
    // A process took the lease and died: as long as the token is good, others go on with it.
    expect(await store.grants.lease(seen, new Date(Date.now() + 3_600_000 + 2_000), new Date())).not.toBeNull();
    expect(await later(3_600_000 - 5_000).token(account, seen.grant)).toMatchObject({ access: accessToken });
    // When the lease has passed somebody else refreshes.
    const renewed = await later(3_600_000 + 3_000).token(account, seen.grant);
    expect(renewed.access).not.toBe(accessToken);
    expect(await sandbox.klaviyo.oauth()).toMatchObject({ refreshes: 1, reused: 0 });
    oauth.close();
  });

  it('never puts old tokens in the place of newer ones', async () => {
    const { store } = replica();
    const now = new Date();
    const seen = await store.grants.get(account);
    if (!seen) throw new Error('it is connected');
    const stalled = await store.grants.lease(seen, new Date(now.getTime() + 1_000), now);
    const after = new Date(now.getTime() + 2_000);
    expect(await store.grants.lease(seen, after, now)).toBeNull();
    const again = await store.grants.get(account);
    const taken = again && (await store.grants.lease(again, new Date(after.getTime() + 1_000), after));
    if (!stalled || !taken) throw new Error('both had it in turn');
    const tokens = { sealed: 'new', expiresAt: after, lifeMs: 1 };
    expect(await store.grants.end(stalled, after)).toBe(false);
    expect(await store.grants.renew(taken, tokens, after)).toBe(true);
    expect(await store.grants.renew(stalled, { ...tokens, sealed: 'old' }, after)).toBe(false);
    expect(await store.grants.get(account)).toMatchObject({ sealed: 'new', version: 2 });
  });

  it('is not lost when Klaviyo is away while it should be refreshed', async () => {
    const { opener } = replica();
    await sandbox.klaviyo.endAccess();
    await sandbox.klaviyo.fault({ kind: 'status', status: 503, times: 1, path: '/oauth/token' });
    const { klaviyo } = await opener.open(account);
    const fault = await thrownBy(klaviyo.readPage({ path: '/api/profiles', query: {} }));
    expect(fault).toBeInstanceOf(RetryLater);
    await klaviyo.readPage({ path: '/api/profiles', query: {} });
    await sandbox.klaviyo.endAccess();
    await sandbox.klaviyo.fault({ kind: 'status', status: 429, times: 1, path: '/oauth/token', headers: { 'retry-after': '1' } });
    expect(await thrownBy(klaviyo.readPage({ path: '/api/profiles', query: {} }))).toBeInstanceOf(WaitUntil);
    await klaviyo.readPage({ path: '/api/profiles', query: {} });
    expect(await sandbox.klaviyo.oauth()).toMatchObject({ refreshes: 2, refusedGrants: 0, reused: 0 });
  });

  it('uses the lanes of OAuth', async () => {
    const lanes: string[] = [];
    const limiter: Limiter = {
      ...createOpenLimiter(),
      acquire: async (asked) => void lanes.push(...[asked].flat().map(({ key }) => key)),
    };
    const opener = createAccountOpener({ config, store: newStore(), limiter });
    await (await opener.open(account)).klaviyo.readPage({ path: '/api/profiles', query: {} });
    expect(lanes).toEqual(['klaviyo:shop:oauth GET /api/profiles']);
  });
});

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => new Error('it worked'),
    (error: unknown) => error,
  );
}
