import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type AccountSettings, type Config, loadConfig } from '@tajo/config';
import { createOpenLimiter } from '@tajo/limiter';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { createStore, type Store } from '@tajo/store';
import { withDatabase } from '../../../test/support/stack.js';
import { type OpenAccount, openClients } from './open-account.js';
import { installWebhooks, readWebhooks, reviveWebhooks, type WebhookHost } from './webhooks.js';

const PREFIX = 'http://127.0.0.1:1/webhooks/';

let store: Store;
let sandbox: Sandbox;
let clients: OpenAccount;
let config: Config;
beforeAll(async () => {
  store = createStore(withDatabase(process.env['MONGO_URL'] ?? '', `webhooks_${randomUUID().slice(0, 8)}`));
  await store.migrate();
});
afterAll(() => store.close());
afterEach(async () => {
  clients.klaviyo.close();
  clients.brevo.close();
  await sandbox.stop();
});

async function start(): Promise<void> {
  sandbox = await startSandbox({ klaviyo: { profiles: 1, limits: 'off' }, brevo: { limits: 'off' } });
  const { klaviyoPrivateKey, brevoApiKey } = sandbox.keys;
  const env = { KLAVIYO_BASE_URL: sandbox.klaviyoUrl, BREVO_BASE_URL: sandbox.brevoUrl, TAJO_ENCRYPTION_KEY: 'k'.repeat(32) };
  config = loadConfig({ cwd: '/nowhere', env });
  const credentials = { klaviyoPrivateKey, brevoApiKey };
  clients = openClients({ config, limiter: createOpenLimiter(), account: randomUUID(), credentials });
}

function host(settings: Partial<AccountSettings> = {}): WebhookHost {
  return {
    config: { ...config, account: { ...config.account, ...settings } },
    store,
    now: () => new Date(),
    prefixOf: (vendor) => `${PREFIX}${vendor}/`,
  };
}

async function how(settings: Partial<AccountSettings>): Promise<string | undefined> {
  const { polled } = await readWebhooks(host(settings), clients);
  return polled.find(({ what }) => what.startsWith('Brevo: contact created'))?.how;
}

const both = { direction: 'both' } as const;

describe('webhooks at Brevo', () => {
  it('tell of engagement, batched and apart from opt-outs, only where it goes on to Klaviyo', async () => {
    await start();
    const plain = await installWebhooks(host(), clients);
    expect(plain.brevo.ids).toHaveLength(2);
    expect(plain.brevo.topics.filter((topic) => /opened|click|delivered|soft/.test(topic))).toEqual([]);

    expect((await readWebhooks(host(both), clients)).brevo).toMatchObject({
      state: 'incomplete',
      missing: expect.arrayContaining([
        'marketing:opened',
        'marketing:click',
        'transactional:delivered',
        'transactional:softBounce',
      ]),
    });
    const all = await installWebhooks(host(both), clients);
    expect(all.brevo.ids).toHaveLength(4);
    expect(all.brevo.ids).toEqual(expect.arrayContaining([...plain.brevo.ids]));
    const there = (await Promise.all([clients.brevo.webhooks('marketing'), clients.brevo.webhooks('transactional')])).flat();
    expect(there.filter(({ batched }) => batched).map(({ events }) => events)).toEqual([
      ['delivered', 'opened', 'click', 'softBounce'],
      ['delivered', 'opened', 'click', 'softBounce'],
    ]);
    expect(there.filter(({ events }) => events.includes('unsubscribed')).map(({ batched }) => batched)).toEqual([false, false]);
    expect((await installWebhooks(host(both), clients)).brevo.done).toEqual([]);
    expect((await readWebhooks(host(both), clients)).brevo).toMatchObject({ state: 'installed', missing: [] });

    // Less of it, and none again.
    const fewer = { ...both, brevoEventMapping: { clicked: 'Clicks' } };
    expect((await installWebhooks(host(fewer), clients)).brevo.done).toHaveLength(2);
    expect((await readWebhooks(host(fewer), clients)).brevo.topics).not.toContain('marketing:opened');
    expect((await readWebhooks(host(), clients)).brevo.state).toBe('incomplete');
    const back = await installWebhooks(host(), clients);
    expect(back.brevo.done).toEqual([expect.stringMatching(/nothing needs/), expect.stringMatching(/nothing needs/)]);
    expect(back.brevo.ids).toEqual(plain.brevo.ids);
  });

  it('say what is polled instead', async () => {
    await start();
    expect(await how({})).toContain('before each run writes');
    expect(await how(both)).toContain('changed since the last one');
  });
});

describe('a webhook that Klaviyo switched off', () => {
  it('is switched on again, with the time since when deliveries may be missing', async () => {
    await start();
    expect(await reviveWebhooks(host(), clients)).toBe('absent');
    await installWebhooks(host(), clients);
    expect(await reviveWebhooks(host(), clients)).toBe('installed');
    await sandbox.klaviyo.disableWebhooks();
    expect(await reviveWebhooks(host(), clients)).toBe('revived');
    expect((await readWebhooks(host(), clients)).klaviyo).toMatchObject({ state: 'installed', gapFrom: expect.any(Date) });

    const [gap] = (await store.webhooks.every('klaviyo', { gap: true })).filter(({ account }) => account === clients.id);
    await store.webhooks.gapRead(clients.id, 'klaviyo', new Date(0));
    expect((await readWebhooks(host(), clients)).klaviyo.gapFrom).toEqual(gap?.gapFrom);
    await store.webhooks.gapRead(clients.id, 'klaviyo', gap?.gapFrom ?? new Date(0));
    expect((await readWebhooks(host(), clients)).klaviyo.gapFrom).toBeNull();
  });
});
