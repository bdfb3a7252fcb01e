import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { credentialsOf, openTokens } from '@tajo/accounts';
import { stateIdOf } from './oauth.js';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { startProducer, type TestProducer } from '../../../test/support/producer.js';

let sandbox: Sandbox;
let producer: TestProducer;
beforeAll(async () => {
  sandbox = await startSandbox({ klaviyo: { profiles: 5, limits: 'off' } });
  producer = await startProducer({
    KLAVIYO_BASE_URL: sandbox.klaviyoUrl,
    BREVO_BASE_URL: sandbox.brevoUrl,
    KLAVIYO_OAUTH_CLIENT_ID: 'sandbox-app',
    KLAVIYO_OAUTH_CLIENT_SECRET: 'sandbox-app-secret-0123456789',
    KLAVIYO_OAUTH_AUTHORIZE_URL: `${sandbox.klaviyoUrl}/oauth/authorize`,
    PUBLIC_URL: 'https://sync.example/tajo',
  });
});
afterAll(async () => {
  await producer.close();
  await sandbox.stop();
});

let accounts = 0;
const anAccount = () => `oauth-${(accounts += 1)}`;
const start = (account: string) =>
  producer.call('POST', '/v1/oauth/klaviyo/start', { body: { account, brevoApiKey: sandbox.keys.brevoApiKey } });

/** What the merchant's browser does: the consent, then the way back, which has no API key. */
async function consent(authorizeUrl: unknown): Promise<string> {
  const answer = await fetch(String(authorizeUrl), { redirect: 'manual' });
  expect(answer.status).toBe(302);
  const back = new URL(answer.headers.get('location') ?? '');
  expect(back.origin + back.pathname).toBe('https://sync.example/tajo/oauth/klaviyo/callback');
  return `/oauth/klaviyo/callback${back.search}`;
}
const state = (url: unknown) => new URL(String(url)).searchParams.get('state');
const come = (path: string) => producer.call('GET', path, { key: null });

async function connected(account: string): Promise<string> {
  const path = await consent((await start(account)).json['authorizeUrl']);
  expect((await come(path)).status).toBe(200);
  return path;
}

describe('connecting by OAuth', () => {
  it('sends the merchant to Klaviyo, tries what was granted and stores it sealed', async () => {
    const account = anAccount();
    const { status, json } = await start(account);
    expect(status).toBe(200);
    const url = new URL(String(json['authorizeUrl']));
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: json['redirectUri'],
      scope: expect.stringContaining('profiles:read'),
    });
    expect((url.searchParams.get('state') ?? '').length).toBeGreaterThanOrEqual(43);
    const answer = await come(await consent(url.href));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(answer.text).toContain('Connected');

    const credentials = await credentialsOf(producer.config, producer.store, account);
    const grant = await producer.store.grants.get(account);
    expect(credentials).toEqual({ klaviyoGrant: grant?.grant, brevoApiKey: sandbox.keys.brevoApiKey });
    if (!grant) throw new Error('it is there');
    const secrets = [...Object.values(openTokens(producer.config, grant)), url.searchParams.get('state') ?? ''];
    for (const secret of [...secrets, 'sandbox-app-secret', sandbox.keys.brevoApiKey]) {
      expect(JSON.stringify(grant)).not.toContain(secret);
      expect(producer.logged()).not.toContain(secret);
    }
    expect((await producer.call('GET', `/v1/connectors/klaviyo?account=${account}`)).json).toMatchObject({ connected: true });
    expect((await producer.call('POST', '/v1/connectors/klaviyo/test', { body: { account } })).json).toMatchObject({ ok: true });
    expect((await producer.call('GET', `/v1/accounts/${account}`)).json).toMatchObject({ auth: 'oauth', connected: true });
  });

  it('takes a state once, also of two that come at the same time', async () => {
    const path = await consent((await start(anAccount())).json['authorizeUrl']);
    const statuses = (await Promise.all([come(path), come(path), come(path)])).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 400, 400]);
    expect((await come(path)).json).toMatchObject({ code: 'oauth_state_unknown' });
  });

  it.each(['', '?code=x', '?state=forged&code=x', '?state=a&state=b&code=x', '?state[a]=1&code=x'])(
    'refuses a way back that was not asked for: %j',
    async (query) => {
      const { status, json } = await come(`/oauth/klaviyo/callback${query}`);
      expect([status, json['status']]).toEqual([400, 400]);
    },
  );

  it('refuses a state that has expired', async () => {
    const account = anAccount();
    const path = await consent((await start(account)).json['authorizeUrl']);
    const id = stateIdOf(state(`https://x${path}`) ?? '');
    expect(await producer.store.grants.take(id, new Date(Date.now() + 11 * 60_000))).toBeNull();
    expect((await come(path)).status).toBe(400);
    expect(await producer.store.accounts.get(account)).toBeNull();
  });

  it('stores nothing when the merchant says no, or a code is not good', async () => {
    const account = anAccount();
    const no = await come(
      `/oauth/klaviyo/callback?error=access_denied&state=${state((await start(account)).json['authorizeUrl'])}`,
    );
    expect(no.json).toMatchObject({ status: 400, code: 'oauth_declined' });
    const bad = await come(`/oauth/klaviyo/callback?code=guessed&state=${state((await start(account)).json['authorizeUrl'])}`);
    expect(bad.json).toMatchObject({ status: 502, code: 'oauth_refused' });
    expect(await producer.store.accounts.get(account)).toBeNull();
    expect(await producer.store.grants.get(account)).toBeNull();
  });

  it('needs the API key to begin, and a Brevo key from somewhere', async () => {
    expect((await producer.call('GET', '/v1/oauth/klaviyo/start', { key: null })).status).toBe(401);
    const account = anAccount();
    expect((await producer.call('GET', `/v1/oauth/klaviyo/start?account=${account}`)).json).toMatchObject({
      status: 422,
      code: 'brevo_key_missing',
    });
    await producer.call('POST', '/v1/accounts', { body: { account, brevoApiKey: sandbox.keys.brevoApiKey } });
    expect((await producer.call('GET', `/v1/oauth/klaviyo/start?account=${account}`)).status).toBe(200);
  });

  it('is revoked on disconnecting, which can be asked for again', async () => {
    const account = anAccount();
    await connected(account);
    const before = await sandbox.klaviyo.oauth();
    const path = `/v1/connectors/klaviyo?account=${account}`;
    await sandbox.klaviyo.fault({ kind: 'status', status: 503, path: '/oauth/revoke' });
    expect((await producer.call('DELETE', path)).status).toBe(503);
    expect(await producer.store.grants.get(account)).not.toBeNull();
    expect((await producer.call('DELETE', path)).json).toEqual({ account, revoked: true, connected: false });
    expect((await sandbox.klaviyo.oauth()).revoked).toBe(before.revoked + 1);
    expect(await producer.store.grants.get(account)).toBeNull();
    expect((await producer.call('DELETE', path)).json).toEqual({ account, revoked: null, connected: false });
    // Brevo's key has stayed.
    expect((await producer.call('GET', `/v1/oauth/klaviyo/start?account=${account}`)).status).toBe(200);
    expect((await producer.call('DELETE', '/v1/connectors/klaviyo?account=nobody')).status).toBe(404);
  });

  it('is ended when a key takes its place', async () => {
    const account = anAccount();
    await connected(account);
    const before = await sandbox.klaviyo.oauth();
    const body = { account, privateApiKey: sandbox.keys.klaviyoPrivateKey, brevoApiKey: sandbox.keys.brevoApiKey };
    expect((await producer.call('POST', '/v1/connectors/klaviyo/connect', { body })).status).toBe(200);
    expect((await sandbox.klaviyo.oauth()).revoked).toBe(before.revoked + 1);
    expect(await producer.store.grants.get(account)).toBeNull();
  });
});

describe('an installation without an OAuth app', () => {
  it('says which keys are missing', async () => {
    const plain = await startProducer({});
    try {
      const { status, json } = await plain.call('GET', '/v1/oauth/klaviyo/start');
      expect([status, json['code'], json['field']]).toEqual([422, 'oauth_not_configured', 'connectors.klaviyo.oauth.client_id']);
    } finally {
      await plain.close();
    }
  });
});
