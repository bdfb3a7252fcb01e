import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Sandbox, startSandbox } from '../index.js';
import { callBrevo, collected } from '../../../../test/support/brevo-sandbox.js';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox({ klaviyo: { profiles: 1 }, brevo: { limits: 'off' } });
});
afterEach(() => sandbox.stop());

const call = (method: string, path: string, body?: unknown) => callBrevo(sandbox, method, path, body);

const campaign = (fields: Record<string, unknown> = {}) => ({
  name: 'Spring',
  subject: 'Hello',
  sender: { id: 1 },
  htmlContent: '<p>Hello {{contact.FIRSTNAME}}</p>',
  ...fields,
});
const template = (fields: Record<string, unknown> = {}) => ({
  templateName: 'Welcome',
  subject: 'Hello',
  sender: { email: 'shop@example.com' },
  htmlContent: '<p>Hello there</p>',
  ...fields,
});

describe('e-mail campaigns', () => {
  it('are drafts, and two when created twice', async () => {
    const sent = campaign({ recipients: { listIds: [20] } });
    expect(await call('POST', '/emailCampaigns', sent)).toMatchObject({ status: 201, body: { id: 1 } });
    expect((await call('POST', '/emailCampaigns', sent)).body).toEqual({ id: 2 });
    const { body } = await call('GET', '/emailCampaigns?status=draft&excludeHtmlContent=true');
    expect(body).toMatchObject({ count: 2, campaigns: [{ id: 2, status: 'draft', htmlContent: '' }, { id: 1 }] });
    expect((await call('GET', '/emailCampaigns/1')).body).toMatchObject({
      htmlContent: sent.htmlContent,
      recipients: { lists: [20] },
    });
    expect((await collected(sandbox.brevo.campaigns())).map(({ status }) => status)).toEqual(['draft', 'draft']);
  });

  it('need a verified sender, one content, lists that exist, and no tag', async () => {
    const cases: [Record<string, unknown>, number][] = [
      [{ sender: { id: 2 } }, 400],
      [{ sender: { email: 'stranger@example.com' } }, 400],
      [{ sender: undefined }, 400],
      [{ subject: undefined }, 400],
      [{ htmlContent: undefined }, 400],
      [{ templateId: 1 }, 400],
      [{ recipients: { listIds: [99] } }, 400],
      [{ utmCampaign: 'a_b' }, 400],
      [{ tag: 'x' }, 405],
    ];
    for (const [fields, status] of cases)
      expect([fields, (await call('POST', '/emailCampaigns', campaign(fields))).status]).toEqual([fields, status]);
    expect((await sandbox.brevo.state()).campaigns).toBe(0);
  });
});

describe('templates', () => {
  it('are inactive unless told otherwise', async () => {
    expect(await call('POST', '/smtp/templates', template())).toMatchObject({ status: 201, body: { id: 1 } });
    await call('POST', '/smtp/templates', template({ isActive: true }));
    expect((await call('GET', '/smtp/templates?templateStatus=false')).body).toMatchObject({
      count: 1,
      templates: [{ id: 1, name: 'Welcome', isActive: false }],
    });
    expect((await call('POST', '/emailCampaigns', campaign({ htmlContent: undefined, templateId: 1 }))).status).toBe(201);
  });

  it('need a verified sender and more than ten characters', async () => {
    for (const fields of [{ sender: { id: 2 } }, { htmlContent: '<p>Hi</p>' }, { templateName: undefined }, { subject: '' }])
      expect([fields, (await call('POST', '/smtp/templates', template(fields))).status]).toEqual([fields, 400]);
  });
});

const until = async (act: (n: number) => Promise<number>) => {
  for (let n = 0; ; n += 1) if ((await act(n)) !== 201) return n;
};

describe('quotas', () => {
  it('holds an account to 300 lists, 300 folders and 200 attributes', async () => {
    expect(await until(async (n) => (await call('POST', '/contacts/lists', { name: `L${n}`, folderId: 1 })).status)).toBe(297);
    expect(await until(async (n) => (await call('POST', '/contacts/folders', { name: `F${n}` })).status)).toBe(299);
    const { body } = await call('GET', '/contacts/attributes');
    const had = Array.isArray(body['attributes']) ? body['attributes'].length : 0;
    expect(await until(async (n) => (await call('POST', `/contacts/attributes/normal/A${n}`, { type: 'text' })).status)).toBe(
      200 - had,
    );
  });
});

it('lists senders with whether they are verified', async () => {
  expect((await call('GET', '/senders')).body['senders']).toMatchObject([
    { id: 1, active: true },
    { id: 2, active: false },
  ]);
});
