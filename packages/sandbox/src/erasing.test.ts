import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createBrevoClient } from '@tajo/brevo';
import { createKlaviyoClient } from '@tajo/klaviyo';
import { createMemoryLimiter } from '@tajo/limiter';
import { type Sandbox, startSandbox } from './index.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ klaviyo: { profiles: 20, deletionDelayMs: 100 } });
});
afterAll(() => sandbox.stop());

const limiter = createMemoryLimiter();
const klaviyoOf = ({ klaviyoUrl, keys }: Sandbox) =>
  createKlaviyoClient({ account: 'a', baseUrl: klaviyoUrl, auth: { kind: 'private', key: keys.klaviyoPrivateKey }, limiter });
const brevoOf = ({ brevoUrl, keys }: Sandbox) =>
  createBrevoClient({ account: 'a', baseUrl: brevoUrl, apiKey: keys.brevoApiKey, limiter });

describe('a deletion at Klaviyo', () => {
  it('is accepted at once, and later the profiles and their events are gone, and nobody else', async () => {
    const klaviyo = klaviyoOf(sandbox);
    const id = await sandbox.klaviyo.add({ attributes: { email: 'gone@example.com' } });
    await sandbox.klaviyo.addEvent({ profile: id });
    expect(await klaviyo.profilesOf({ email: 'gone@example.com' })).toMatchObject([{ id }]);
    expect(await klaviyo.requestDeletion({ email: 'gone@example.com' })).toBe(202);
    expect(await klaviyo.profile(id)).toBeDefined();
    while (await klaviyo.profile(id)) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await klaviyo.profilesOf({ email: 'gone@example.com' })).toEqual([]);
    for await (const event of sandbox.klaviyo.records('events')) expect(JSON.stringify(event)).not.toContain(id);
    expect((await sandbox.klaviyo.state()).profiles).toBe(20);
    klaviyo.close();
  });

  it('takes exactly one identifier', async () => {
    const klaviyo = klaviyoOf(sandbox);
    const both = { email: 'a@example.com', phone_number: '+14155550132' };
    await expect(klaviyo.requestDeletion(both)).rejects.toMatchObject({ status: 400 });
    klaviyo.close();
  });
});

describe('the log of transactional messages at Brevo', () => {
  it('is listed by address and deleted by address', async () => {
    const brevo = brevoOf(sandbox);
    await sandbox.brevo.sendTransactional('Gone@example.com');
    await sandbox.brevo.sendTransactional('stays@example.com');
    expect(await brevo.transactionalMessages('gone@example.com')).toHaveLength(1);
    await brevo.deleteTransactionalLogs('gone@example.com');
    await brevo.deleteTransactionalLogs('gone@example.com');
    expect(await brevo.transactionalMessages('gone@example.com')).toEqual([]);
    expect(await brevo.transactionalMessages('stays@example.com')).toHaveLength(1);
    brevo.close();
  });

  it('is deleted message by message where Brevo refuses the address', async () => {
    const brevo = brevoOf(sandbox);
    await sandbox.brevo.sendTransactional('older@example.com');
    await sandbox.brevo.fault({ kind: 'status', status: 400, method: 'DELETE', path: '/smtp/log/{identifier}', times: 1 });
    await brevo.deleteTransactionalLogs('older@example.com');
    expect(await brevo.transactionalMessages('older@example.com')).toEqual([]);
    brevo.close();
  });
});
