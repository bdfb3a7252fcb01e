import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openClients } from '@tajo/accounts';
import { type Config, loadConfig } from '@tajo/config';
import { createOpenLimiter } from '@tajo/limiter';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { createStore, type Store } from '@tajo/store';
import type { Work } from '../../work.js';
import type { RunContext } from '../target.js';
import { plan } from './plan.js';

describe('the names of properties that no mapping names', () => {
  let sandbox: Sandbox;
  let store: Store;
  let account: string;
  beforeAll(async () => {
    sandbox = await startSandbox({ klaviyo: { profiles: 0, limits: 'off' }, brevo: { limits: 'off' } });
    const url = new URL(process.env['MONGO_URL'] ?? 'mongodb://127.0.0.1:27017');
    url.pathname = `/plan_${randomUUID().slice(0, 8)}`;
    store = createStore(url.href);
  });
  beforeEach(async () => {
    account = randomUUID();
    await store.accounts.ensure(account, 'token');
  });
  afterAll(async () => {
    await store.close();
    await sandbox.stop();
  });

  async function planned(unmapped: 'create' | 'ignore') {
    const { klaviyoPrivateKey, brevoApiKey } = sandbox.keys;
    const loaded = loadConfig({
      env: {
        KLAVIYO_PRIVATE_KEY: klaviyoPrivateKey,
        BREVO_API_KEY: brevoApiKey,
        KLAVIYO_BASE_URL: sandbox.klaviyoUrl,
        BREVO_BASE_URL: sandbox.brevoUrl,
      },
      cwd: '/',
    });
    const config: Config = { ...loaded, account: { ...loaded.account, unmappedProperties: unmapped } };
    const clients = openClients({
      config,
      limiter: createOpenLimiter(),
      account,
      credentials: { klaviyoPrivateKey, brevoApiKey },
    });
    const outcome = await store.runs.create({ account, mode: 'full', resources: ['profiles'] }, new Date());
    if (outcome.kind !== 'created') throw new Error(outcome.kind);
    const stored = await store.accounts.get(account);
    if (!stored) throw new Error('no account');
    // Planning asks the rest of a worker for nothing.
    const work = { config, store, now: () => new Date(), stopping: new AbortController().signal } as unknown as Work;
    const context: RunContext = { work, run: outcome.run, account: clients, stored };
    try {
      const rules = await plan(context, 'profiles');
      const attributes = (await clients.brevo.attributes()).map(({ name }) => name);
      return { rules, attributes, kept: (await store.accounts.get(account))?.propertyNames };
    } finally {
      await store.runs.move(outcome.run._id, ['planning'], 'cancelled');
    }
  }

  it('stay, whatever a later sample holds', async () => {
    const first = await sandbox.klaviyo.add({
      attributes: { email: 'one@example.com', properties: { 'shoe.size': 42, $source: 'web' } },
    });
    const before = await planned('create');
    const names = before.kept ?? {};
    expect(Object.keys(names).sort()).toEqual(['$source', 'shoe.size']);
    expect(before.attributes).toEqual(expect.arrayContaining(Object.values(names)));
    expect(before.rules.propertyNames).toEqual(names);

    // A property comes that would like the same attribute; without memory both would be named anew.
    await sandbox.klaviyo.remove(first);
    await sandbox.klaviyo.add({ attributes: { email: 'two@example.com', properties: { 'shoe size': 43 } } });
    const after = await planned('create');
    expect(after.kept).toMatchObject(names);
    expect(after.rules.propertyNames).toEqual(after.kept);
    expect(after.kept?.['shoe size']).not.toBe(names['shoe.size']);
    expect(after.attributes).toContain(after.kept?.['shoe size']);
  });

  it('are given to nobody, and forgotten by nobody, while such properties are left out', async () => {
    await store.accounts.setPropertyNames(account, { 'shoe.size': 'SHOE_SIZE' });
    await sandbox.klaviyo.add({ attributes: { email: 'three@example.com', properties: { hat: 'L' } } });
    const { kept, attributes, rules } = await planned('ignore');
    expect(kept).toEqual({ 'shoe.size': 'SHOE_SIZE' });
    expect(attributes).not.toContain('HAT');
    expect(rules.propertyNames).toEqual({});
  });
});
