import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { credentialsOf } from '@tajo/accounts';
import { DEFAULT_SCOPES, startVendors } from '../../../test/support/vendors.js';
import { startProducer, type TestProducer } from '../../../test/support/producer.js';

const GOOD = 'pk_good_1111111111';
const NARROW = 'pk_narrow_2222222222';
const NO_ACCOUNT = 'pk_noaccount_3333333333';
const BREVO = 'xkeysib-good-4444444444';

let vendors: Awaited<ReturnType<typeof startVendors>>;
let producer: TestProducer;
beforeAll(async () => {
  vendors = await startVendors({
    klaviyo: {
      [GOOD]: ['accounts:read', ...DEFAULT_SCOPES],
      [NARROW]: ['accounts:read', ...DEFAULT_SCOPES.filter((scope) => scope !== 'lists:read')],
      [NO_ACCOUNT]: DEFAULT_SCOPES,
    },
    brevo: [BREVO],
  });
  producer = await startProducer(vendors.env);
});
afterAll(async () => {
  await producer.close();
  await vendors.close();
});

let accounts = 0;
/** A lane of Klaviyo's account endpoint allows one request a second, so every test uses an account of its own. */
const anAccount = () => `shop-${(accounts += 1)}`;
const connect = (body: Record<string, unknown>) => producer.call('POST', '/v1/connectors/klaviyo/connect', { body });
const secrets = [GOOD, NARROW, NO_ACCOUNT, BREVO];

describe('connecting an account', () => {
  it('tests both keys, stores them sealed and answers with who they belong to', async () => {
    const account = anAccount();
    const { status, json, text } = await connect({ account, privateApiKey: GOOD, publicApiKey: 'AbC123', brevoApiKey: BREVO });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      account,
      klaviyo: { id: 'AbC123', name: 'Test Shop' },
      brevo: { company: 'Test Shop SAS', plans: ['free'] },
      missingScopes: [],
    });
    for (const secret of [...secrets, 'owner@shop.example']) expect(text).not.toContain(secret);
    const stored = await producer.store.accounts.get(account);
    for (const secret of secrets) expect(JSON.stringify(stored)).not.toContain(secret);
    expect(await credentialsOf(producer.config, producer.store, account)).toEqual({
      klaviyoPrivateKey: GOOD,
      klaviyoPublicKey: 'AbC123',
      brevoApiKey: BREVO,
    });
    expect(stored?.callbackToken.length).toBeGreaterThanOrEqual(32);
  });

  it('names the scopes that are missing and stores nothing', async () => {
    const account = anAccount();
    const { status, json } = await connect({ account, privateApiKey: NARROW, brevoApiKey: BREVO });
    expect(status).toBe(422);
    expect(json).toMatchObject({ code: 'klaviyo_scope_missing', field: 'privateApiKey', missingScopes: ['lists:read'] });
    expect(json['detail']).toContain('lists:read');
    expect(await producer.store.accounts.get(account)).toBeNull();
  });

  it('needs the scope to read the account, too', async () => {
    const { json } = await connect({ account: anAccount(), privateApiKey: NO_ACCOUNT, brevoApiKey: BREVO });
    expect(json).toMatchObject({ code: 'klaviyo_scope_missing', missingScopes: ['accounts:read'] });
  });

  it('says of both sides at once which key is refused', async () => {
    const account = anAccount();
    const { status, json, text } = await connect({
      account,
      privateApiKey: 'pk_wrong_5555555555',
      brevoApiKey: 'xkeysib-wrong-6666',
    });
    expect(status).toBe(422);
    expect(json).toMatchObject({ code: 'klaviyo_key_refused', field: 'privateApiKey' });
    expect(json['faults']).toMatchObject([{ vendor: 'klaviyo' }, { vendor: 'brevo', code: 'brevo_key_refused' }]);
    expect(text).not.toMatch(/pk_wrong|xkeysib/);
    expect(await producer.store.accounts.get(account)).toBeNull();
  });

  it('needs a Brevo key for an account that has none in the configuration', async () => {
    const { status, json } = await connect({ account: anAccount(), privateApiKey: GOOD });
    expect([status, json['field']]).toEqual([422, 'brevoApiKey']);
  });

  it('refuses unknown fields by name', async () => {
    const { status, json } = await connect({ privateApiKey: GOOD, brevoApiKey: BREVO, private_api_key: 'x', accountId: 'y' });
    expect(status).toBe(422);
    expect(json['errors']).toMatchObject([{ field: 'private_api_key' }, { field: 'accountId' }]);
    expect(json['detail']).toContain('known are: account, privateApiKey, publicApiKey, brevoApiKey');
  });

  it('lets a stopped account run again', async () => {
    const account = anAccount();
    await producer.store.accounts.ensure(account, 'a-token');
    await producer.store.accounts.stop(account, {
      code: 'klaviyo_key_refused',
      message: 'Refused.',
      remedy: 'Replace it.',
      at: new Date(),
    });
    const before = await producer.call('GET', `/v1/connectors/klaviyo?account=${account}`);
    expect(before.json).toMatchObject({ connected: false, credentials: 'none', stopped: { remedy: 'Replace it.' } });
    expect((await connect({ account, privateApiKey: GOOD, brevoApiKey: BREVO })).status).toBe(200);
    const after = await producer.call('GET', `/v1/connectors/klaviyo?account=${account}`);
    expect(after.json).toMatchObject({
      connected: true,
      credentials: 'stored',
      stopped: null,
      resources: ['profiles', 'events', 'lists', 'list-members', 'segments', 'segment-members'],
    });
    expect((await producer.store.accounts.get(account))?.callbackToken).toBe('a-token');
  });

  it('answers a test of stored keys with what is wrong, not with a failure', async () => {
    const account = anAccount();
    await connect({ account, privateApiKey: GOOD, brevoApiKey: BREVO });
    const { status, json } = await producer.call('POST', '/v1/connectors/klaviyo/test', { body: { account } });
    expect([status, json['ok']]).toEqual([200, true]);
    const unknown = await producer.call('POST', '/v1/connectors/klaviyo/test', { body: { account: 'nobody' } });
    expect(unknown.json).toMatchObject({ status: 409, code: 'account_not_connected' });
    expect(unknown.json['remedy']).toContain('connect');
  });

  it('writes no key to the log', () => {
    for (const secret of [...secrets, 'pk_wrong', 'xkeysib']) expect(producer.logged()).not.toContain(secret);
    expect(producer.logged()).toContain('account connected');
  });
});
