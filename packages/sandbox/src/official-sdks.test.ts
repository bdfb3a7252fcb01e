import { setTimeout as sleep } from 'node:timers/promises';
import { BrevoClient } from '@getbrevo/brevo';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AccountsApi, ApiKeySession, ListsApi, ProfileEnum, ProfilesApi } from 'klaviyo-api';
import { type Sandbox, startSandbox } from './index.js';

let sandbox: Sandbox;
afterEach(() => sandbox.stop());

async function startKlaviyo(): Promise<ApiKeySession> {
  sandbox = await startSandbox({ klaviyo: { profiles: 450 } });
  return new ApiKeySession(sandbox.keys.klaviyoPrivateKey);
}

function at<Api extends { basePath: string }>(api: Api): Api {
  api.basePath = sandbox.klaviyoUrl;
  return api;
}

async function startBrevo(): Promise<BrevoClient> {
  sandbox = await startSandbox({ brevo: { limits: 'off', importDelayMs: 20 } });
  return new BrevoClient({ apiKey: sandbox.keys.brevoApiKey, baseUrl: sandbox.brevoUrl, maxRetries: 0 });
}

describe('klaviyo-api', () => {
  it('reads the account and its lists', async () => {
    const session = await startKlaviyo();
    const { body } = await at(new AccountsApi(session)).getAccounts();
    expect(body.data[0]).toMatchObject({
      id: sandbox.keys.klaviyoPublicKey,
      attributes: { testAccount: true, preferredCurrency: 'USD' },
    });
    const lists = await at(new ListsApi(session)).getLists();
    expect(lists.body.data).toHaveLength(10);
  });

  it('pages through filtered profiles with their subscriptions', async () => {
    const api = at(new ProfilesApi(await startKlaviyo()));
    const filter = 'and(greater-than(created,2020-01-01T00:00:00Z),less-than(created,2025-01-01T00:00:00Z))';
    const ids: string[] = [];
    const consents = new Set<string | undefined>();
    let cursor: string | undefined;
    do {
      const { body } = await api.getProfiles({
        filter,
        sort: 'created',
        pageSize: 100,
        additionalFieldsProfile: ['subscriptions'],
        ...(cursor === undefined ? {} : { pageCursor: cursor }),
      });
      for (const { id, attributes } of body.data) {
        if (id) ids.push(id);
        consents.add(attributes.subscriptions?.email?.marketing?.consent);
      }
      cursor = new URL(body.links?.next ?? 'http://end').searchParams.get('page[cursor]') ?? undefined;
    } while (cursor !== undefined);
    const expected: string[] = [];
    for await (const { id, attributes } of sandbox.klaviyo.profiles()) {
      const created = Date.parse(attributes.created);
      if (created > Date.parse('2020-01-01T00:00:00Z') && created < Date.parse('2025-01-01T00:00:00Z')) expected.push(id);
    }
    expect(ids.length).toBeGreaterThan(200);
    expect([...ids].sort()).toEqual(expected.sort());
    expect(consents).toContain('SUBSCRIBED');
    expect(consents).toContain('NEVER_SUBSCRIBED');
  });

  it('upserts a profile and reads it back', async () => {
    const api = at(new ProfilesApi(await startKlaviyo()));
    const upserted = await api.createOrUpdateProfile({
      data: { type: ProfileEnum.Profile, attributes: { email: 'sdk@example.com', firstName: 'Sdk', properties: { ltv: 3 } } },
    });
    const { body } = await api.getProfile(upserted.body.data.id ?? '', { additionalFieldsProfile: ['subscriptions'] });
    expect(body.data.attributes).toMatchObject({ email: 'sdk@example.com', firstName: 'Sdk', properties: { ltv: 3 } });
  });

  it('understands the errors', async () => {
    const session = await startKlaviyo();
    const wrong = at(new ProfilesApi(new ApiKeySession('pk_wrong')));
    await expect(wrong.getProfiles()).rejects.toMatchObject({
      response: { status: 401, data: { errors: [{ code: 'authentication_failed' }] } },
    });
    const odd = at(new ProfilesApi(session)).getProfiles({ filter: 'equals(first_name,"Ada")' });
    await expect(odd).rejects.toMatchObject({
      response: { status: 400, data: { errors: [{ source: { parameter: 'filter' } }] } },
    });
  });
});

describe('@getbrevo/brevo', () => {
  it('prepares attributes, folders and lists', async () => {
    const { account, contacts } = await startBrevo();
    expect((await account.getAccount()).companyName).toBe('Sandbox Shop');
    await contacts.createAttribute({ attributeCategory: 'normal', attributeName: 'LTV', type: 'float' });
    const { attributes } = await contacts.getAttributes();
    expect(attributes).toContainEqual({ name: 'LTV', category: 'normal', type: 'float' });
    const folder = await contacts.createFolder({ name: 'Sync' });
    const list = await contacts.createList({ name: 'Everyone', folderId: folder.id });
    const { lists } = await contacts.getLists({ limit: 50 });
    expect(lists?.find(({ id }) => id === list.id)).toMatchObject({ name: 'Everyone', folderId: folder.id });
  });

  it('creates, reads, updates and finds a contact', async () => {
    const { contacts } = await startBrevo();
    const created = await contacts.createContact({
      email: 'a@example.com',
      ext_id: 'k1',
      attributes: { FIRSTNAME: 'A' },
      emailBlacklisted: true,
    });
    const contact = await contacts.getContactInfo({ identifier: 'k1', identifierType: 'ext_id' });
    expect(contact).toMatchObject({
      id: created?.id,
      email: 'a@example.com',
      emailBlacklisted: true,
      attributes: { FIRSTNAME: 'A', EXT_ID: 'k1' },
    });
    await contacts.updateContact({ identifier: 'a@example.com', identifierType: 'email_id', attributes: { FIRSTNAME: 'B' } });
    const { contacts: page, count } = await contacts.getContacts({ limit: 1_000, sort: 'asc' });
    expect([count, page[0]]).toMatchObject([1, { attributes: { FIRSTNAME: 'B' }, emailBlacklisted: true }]);
    await expect(contacts.createContact({ email: 'a@example.com' })).rejects.toMatchObject({
      statusCode: 400,
      body: { metadata: { duplicate_identifiers: ['email'] } },
    });
  });

  it('imports and follows the process to its reports', async () => {
    const { contacts, process } = await startBrevo();
    const { processId } = await contacts.importContacts({
      jsonBody: [{ email: 'a@example.com', attributes: { EXT_ID: 'k1' } }, { email: 'broken@' }],
      listIds: [20],
      disableNotification: true,
    });
    let found = await process.getProcess({ processId: processId ?? 0 });
    for (let tries = 0; tries < 200 && found.status !== 'completed'; tries += 1) {
      await sleep(10);
      found = await process.getProcess({ processId: processId ?? 0 });
    }
    expect(found).toMatchObject({ status: 'completed', info: { import: { duplicate_ext_id: null } } });
    const { processes } = await process.getProcesses({ limit: 50 });
    expect(processes?.map(({ id }) => id)).toEqual([processId]);
    expect((await contacts.getContactsFromList({ listId: 20 })).count).toBe(1);
  });

  it('sends events and finds them again', async () => {
    const { contacts, event } = await startBrevo();
    const contact = await contacts.createContact({ email: 'a@example.com' });
    const sent = { event_name: 'order_completed', identifiers: { email_id: 'a@example.com' }, event_properties: { total: 3 } };
    await event.createEvent(sent);
    await event.createBatchEvents({ events: [sent, sent] });
    const { count, events } = await event.getEvents({ contact_id: [contact?.id ?? 0], event_name: 'order_completed' });
    expect([count, events?.[0]]).toMatchObject([3, { contact_id: contact?.id, event_properties: { total: 3 } }]);
    // 207 is a success to the SDK: only the body tells (brevo reference, trap 29).
    const partly = await event.createBatchEvents({ events: [sent, { ...sent, event_name: 'a b' }] });
    expect(partly).toMatchObject({ status: 'partiallyQueued', errors: [{ eventIndex: [1] }] });
  });

  it('fills a shop', async () => {
    const { ecommerce, coupons } = await startBrevo();
    await expect(ecommerce.getProducts()).rejects.toMatchObject({ statusCode: 403 });
    await ecommerce.activateTheECommerceApp();
    let categories = await ecommerce.getCategories().catch(() => undefined);
    for (let tries = 0; tries < 200 && categories === undefined; tries += 1) {
      await sleep(10);
      categories = await ecommerce.getCategories().catch(() => undefined);
    }
    expect(categories).toEqual({ categories: [], count: 0 });
    await ecommerce.createUpdateBatchProducts({ products: [{ id: 'p1', name: 'One', price: 3 }], updateEnabled: true });
    expect((await ecommerce.getProducts({ ids: 'p1' })).products).toMatchObject([{ id: 'p1', name: 'One', price: 3 }]);
    const collection = await coupons.createCouponCollection({ name: 'Summer', defaultCoupon: 'TEN' });
    await coupons.createCoupons({ collectionId: collection.id, coupons: ['A', 'B'] });
    expect(await coupons.getCouponCollection({ id: collection.id })).toMatchObject({ name: 'Summer' });
  });

  it('drafts campaigns and templates', async () => {
    const { emailCampaigns, transactionalEmails, senders } = await startBrevo();
    const [sender] = (await senders.getSenders()).senders ?? [];
    const html = '<p>Hello there</p>';
    const from = { id: sender?.id ?? 0 };
    await emailCampaigns.createEmailCampaign({ name: 'Spring', subject: 'Hello', sender: from, htmlContent: html });
    expect((await emailCampaigns.getEmailCampaigns({ status: 'draft' })).campaigns).toMatchObject([{ name: 'Spring' }]);
    await transactionalEmails.createSmtpTemplate({ templateName: 'T', subject: 'Hello', sender: from, htmlContent: html });
    expect((await transactionalEmails.getSmtpTemplates()).templates).toMatchObject([{ name: 'T', isActive: false }]);
  });
});
