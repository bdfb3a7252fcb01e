import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Config, loadConfig } from '@tajo/config';
import { AccountStopped, BadInput } from '@tajo/errors';
import { createMemoryLimiter } from '@tajo/limiter';
import { createStore, type Store } from '@tajo/store';
import * as fc from 'fast-check';
import { createAccountOpener, createSecretBox, credentialsOf, DEFAULT_ACCOUNT, sealCredentials, secretBoxOf } from './index.js';

const KLAVIYO = 'pk_0123456789abcdef0123456789abcdef01';
const BREVO = 'xkeysib-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef-abcdefghijklmnop';
const PASSPHRASE = 'a-passphrase-of-the-operator-1234567890';
const SECRETS = [KLAVIYO, BREVO, PASSPHRASE];

describe('the secret box', () => {
  const box = createSecretBox(PASSPHRASE);
  const text = fc.string({ unit: 'binary', maxLength: 60 });

  it('opens what it sealed, for the same owner, whatever it is', () => {
    fc.assert(fc.property(text, text, (owner, secret) => expect(box.open(owner, box.seal(owner, secret))).toBe(secret)));
  });

  it('never seals twice alike, and shows nothing of the text', () => {
    const sealed = [box.seal('a', KLAVIYO), box.seal('a', KLAVIYO)];
    expect(sealed[0]).not.toBe(sealed[1]);
    for (const one of sealed)
      expect(Buffer.from(one.split('.').at(-1) ?? '', 'base64url').toString('latin1')).not.toContain('pk_');
  });

  it('opens for no other owner and with no other key', () => {
    fc.assert(
      fc.property(text, text, (owner, another) => {
        fc.pre(owner !== another);
        const sealed = box.seal(owner, KLAVIYO);
        expectStopped(() => box.open(another, sealed));
        expectStopped(() => createSecretBox(`${PASSPHRASE}${another || 'x'}`).open(owner, sealed));
      }),
    );
  });

  it('opens nothing that was changed in any place', () => {
    const sealed = box.seal('default', KLAVIYO);
    const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/= ';
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom(...characters.split('')), (at, character) => {
        fc.pre(sealed[at] !== character);
        expectStopped(() => box.open('default', sealed.slice(0, at) + character + sealed.slice(at + 1)));
      }),
      { numRuns: 2_000 },
    );
    for (let length = 0; length < sealed.length; length += 1) expectStopped(() => box.open('default', sealed.slice(0, length)));
    for (const more of ['A', '.', '.AAAA', '=', ' ']) expectStopped(() => box.open('default', sealed + more));
  });

  it('says who must do what, and nothing secret', () => {
    const fault = expectStopped(() => createSecretBox('another passphrase').open('default', box.seal('default', KLAVIYO)));
    expect(fault).toMatchObject({ code: 'credentials_sealed', remedy: expect.stringContaining('TAJO_ENCRYPTION_KEY') });
  });
});

describe('credentials', () => {
  let store: Store;
  beforeAll(() => {
    const url = new URL(process.env['MONGO_URL'] ?? 'mongodb://127.0.0.1:27017');
    url.pathname = `/accounts_${randomUUID().slice(0, 8)}`;
    store = createStore(url.href);
  });
  afterAll(() => store.close());

  const stored = { klaviyoPrivateKey: 'pk_stored00000000000000000000000000', brevoApiKey: BREVO };

  async function connected(config: Config, account: string): Promise<void> {
    await store.accounts.ensure(account, randomUUID());
    await store.accounts.connect(account, sealCredentials(config, account, stored), new Date());
  }

  it('are those of the configuration for its account, until the account is connected through the API', async () => {
    const config = configOf({ KLAVIYO_PRIVATE_KEY: KLAVIYO, BREVO_API_KEY: BREVO });
    expect(await credentialsOf(config, store, DEFAULT_ACCOUNT)).toEqual({ klaviyoPrivateKey: KLAVIYO, brevoApiKey: BREVO });
    await connected(config, DEFAULT_ACCOUNT);
    expect(await credentialsOf(config, store, DEFAULT_ACCOUNT)).toEqual(stored);
  });

  it('of another account are never those of the configuration', async () => {
    const config = configOf({ KLAVIYO_PRIVATE_KEY: KLAVIYO, BREVO_API_KEY: BREVO });
    const fault = await stoppedBy(credentialsOf(config, store, 'another'));
    expect(fault).toMatchObject({ code: 'account_not_connected', remedy: expect.stringContaining('connect') });
    await connected(config, 'another');
    expect(await credentialsOf(config, store, 'another')).toEqual(stored);
  });

  it.each([[{ KLAVIYO_PRIVATE_KEY: KLAVIYO }], [{ BREVO_API_KEY: BREVO }], [{}]])(
    'are missing when the configuration has one key or none: %j',
    async (env) => {
      const empty = createStore(`${process.env['MONGO_URL'] ?? 'mongodb://127.0.0.1:27017'}_none`);
      try {
        const fault = await stoppedBy(credentialsOf(configOf(env), empty, DEFAULT_ACCOUNT));
        expect(fault).toMatchObject({ code: 'account_not_connected' });
      } finally {
        await empty.close();
      }
    },
  );

  it('moved to another account do not open there', async () => {
    const config = configOf({});
    await store.accounts.ensure('thief', 'token');
    await store.accounts.connect('thief', sealCredentials(config, 'victim', stored), new Date());
    expect(await stoppedBy(credentialsOf(config, store, 'thief'))).toMatchObject({ code: 'credentials_sealed' });
  });

  it.each(['not JSON: pk_stored00000000000000000000000000', '{"klaviyoPrivateKey":"pk_stored00000000000000000000000000"}'])(
    'that this release cannot read stop the account, and do not show: %#',
    async (text) => {
      const config = configOf({});
      const account = randomUUID();
      await store.accounts.ensure(account, 'token');
      await store.accounts.connect(account, secretBoxOf(config).seal(account, text), new Date());
      const fault = await stoppedBy(credentialsOf(config, store, account));
      expect(fault).toMatchObject({ code: 'credentials_unreadable', remedy: expect.stringContaining('connect') });
      expect(inspect(fault, { depth: 9 })).not.toContain('pk_');
    },
  );

  it('are sealed by the encryption key, else by the API key', async () => {
    const sealed = sealCredentials(configOf({ TAJO_ENCRYPTION_KEY: PASSPHRASE }), 'a', stored);
    expect(createSecretBox(PASSPHRASE).open('a', sealed)).toBe(JSON.stringify(stored));
    const byApiKey = sealCredentials(configOf({}), 'a', stored);
    expect(createSecretBox(API_KEY).open('a', byApiKey)).toBe(JSON.stringify(stored));
    const keyless = { ...configOf({}), encryptionKey: undefined, apiKey: undefined };
    expect(() => secretBoxOf(keyless)).toThrow(BadInput);
  });

  it('open the same clients until they change', async () => {
    const config = configOf({});
    const account = randomUUID();
    await connected(config, account);
    const limiter = createMemoryLimiter();
    const opener = createAccountOpener({ config, store, limiter });
    const first = await opener.open(account);
    expect(await opener.open(account)).toBe(first);
    await store.accounts.connect(
      account,
      sealCredentials(config, account, { ...stored, klaviyoPrivateKey: KLAVIYO }),
      new Date(),
    );
    expect(await opener.open(account)).not.toBe(first);
    await limiter.close();
  });
});

const API_KEY = 'an-api-key-of-the-test-0123456789';

function configOf(env: Record<string, string>): Config {
  return loadConfig({ env: { TAJO_API_KEY: API_KEY, ...env }, cwd: '/' });
}

function expectStopped(open: () => unknown): AccountStopped {
  try {
    open();
  } catch (error) {
    return checked(error);
  }
  throw new Error('it opened');
}

async function stoppedBy(opening: Promise<unknown>): Promise<AccountStopped> {
  return checked(
    await opening.then(
      () => new Error('it opened'),
      (error: unknown) => error,
    ),
  );
}

/** It is an `AccountStopped` with a remedy, and nothing secret is anywhere in it. */
function checked(error: unknown): AccountStopped {
  if (!(error instanceof AccountStopped)) throw error;
  expect(error.remedy.length).toBeGreaterThan(20);
  const everything = inspect(error, { depth: 9, showHidden: true });
  for (const secret of SECRETS) expect(everything).not.toContain(secret);
  return error;
}
