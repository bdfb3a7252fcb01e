import { afterEach, describe, expect, it } from '@jest/globals';
import { AccountStopped, BadInput, RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { closeAll, closing, countingLimiter, deepText, json, rejection, vendorServer } from '../../../test/support/vendor.js';
import { type BrevoClient, type BrevoClientOptions, createBrevoClient, duplicateIdentifiers } from './index.js';

const apiKey = 'xkeysib-plantedsecret';
const email = 'jane.doe+1@example.com';
const phone = '33612345678';

afterEach(closeAll);

function clientOf({ baseUrl }: { baseUrl: string }, options: Partial<BrevoClientOptions> = {}): BrevoClient {
  return closing(
    createBrevoClient({
      account: 'default',
      baseUrl: `${baseUrl}/v3`,
      apiKey,
      limiter: countingLimiter().limiter,
      ...options,
    }),
  );
}

/** The error of a call, once it is sure that nothing personal or secret is anywhere in it. */
async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await rejection(promise);
  for (const secret of ['plantedsecret', email, encodeURIComponent(email), 'jane.doe', phone, 'api-key']) {
    expect(deepText(error)).not.toContain(secret);
  }
  return error;
}

async function answering(status: number, body: unknown = {}, headers: Record<string, string> = {}): Promise<BrevoClient> {
  return clientOf(await vendorServer((_, response) => json(response, status, body, headers)));
}

const oneImport = { rows: [{ email, attributes: { SMS: phone } }], listIds: [20], emailBlacklist: true, smsBlacklist: false };
const stored = {
  id: 7,
  email,
  emailBlacklisted: false,
  smsBlacklisted: true,
  listIds: [20],
  attributes: { EXT_ID: 'k1' },
  createdAt: 'x',
  modifiedAt: 'y',
};

describe('a contact', () => {
  it('is looked up by an encoded identifier of a named type', async () => {
    const server = await vendorServer((_, response) => json(response, 200, stored));
    expect(await clientOf(server).contact(email, 'email_id')).toMatchObject({
      id: 7,
      smsBlacklisted: true,
      attributes: { EXT_ID: 'k1' },
    });
    const [{ url, headers } = { url: undefined, headers: {} }] = server.received;
    expect(url?.href).toContain('/v3/contacts/jane.doe%2B1%40example.com?identifierType=email_id');
    expect(headers).toMatchObject({ 'api-key': apiKey, accept: 'application/json' });
  });

  it('that is not there is undefined, and deleted already', async () => {
    const client = await answering(404, { code: 'document_not_found', message: 'Contact does not exist' });
    expect(await client.contact(email, 'email_id')).toBeUndefined();
    expect(await client.deleteContact(7, 'contact_id')).toBeUndefined();
    expect(await errorOf(client.updateContact('k1', 'ext_id', {}))).toMatchObject({ code: 'brevo_not_found', status: 404 });
  });

  it('is written by its external id and comes back with an id only when it is new', async () => {
    const statuses = [201, 204];
    const server = await vendorServer((_, response) =>
      statuses.shift() === 201 ? json(response, 201, { id: 7 }) : response.writeHead(204).end(),
    );
    const client = clientOf(server);
    const contact = { email, extId: 'k1', attributes: { CITY: 'Oslo' }, emailBlacklisted: true, listIds: [20] };
    expect(await client.upsertContact(contact)).toEqual({ id: 7 });
    expect(await client.upsertContact(contact)).toEqual({});
    expect(JSON.parse(server.received[0]?.body ?? '')).toEqual({
      email,
      ext_id: 'k1',
      attributes: { CITY: 'Oslo' },
      emailBlacklisted: true,
      listIds: [20],
      updateEnabled: true,
    });
  });

  it('changes its address as an attribute, with the blocklist flag', async () => {
    const server = await vendorServer((_, response) => response.writeHead(204).end());
    await clientOf(server).updateContact('k1', 'ext_id', {
      email,
      emailBlacklisted: true,
      attributes: { CITY: 'Oslo' },
      unlinkListIds: [3],
    });
    expect(JSON.parse(server.received[0]?.body ?? '')).toEqual({
      attributes: { CITY: 'Oslo', EMAIL: email },
      emailBlacklisted: true,
      unlinkListIds: [3],
    });
  });

  it('comes in pages since a moment', async () => {
    const server = await vendorServer((_, response) => json(response, 200, { contacts: [stored], count: 1 }));
    const page = await clientOf(server).contactsPage({
      limit: 1000,
      offset: 0,
      sort: 'asc',
      modifiedSince: new Date('2026-01-01'),
    });
    expect(page).toMatchObject({ contacts: [{ id: 7 }], count: 1 });
    expect(server.received[0]?.url.search).toBe('?limit=1000&offset=0&sort=asc&modifiedSince=2026-01-01T00%3A00%3A00.000Z');
  });

  it('of another shape than documented is an error that quotes no value', async () => {
    const client = await answering(200, { contacts: [{ ...stored, emailBlacklisted: 'no' }], count: 1 });
    const error = await errorOf(client.contactsPage({ limit: 1, offset: 0 }));
    expect(error).toBeInstanceOf(RetryLater);
    expect(error).toMatchObject({ code: 'brevo_unexpected', message: expect.stringContaining('contacts.0.emailBlacklisted') });
  });
});

describe('an import', () => {
  it('carries its rows and never mails the owner', async () => {
    const server = await vendorServer((_, response) => json(response, 202, { processId: 5 }));
    expect(await clientOf(server).importContacts({ ...oneImport, notifyUrl: 'https://me.example/hook' })).toMatchObject({
      processId: 5,
    });
    expect(JSON.parse(server.received[0]?.body ?? '')).toEqual({
      jsonBody: oneImport.rows,
      listIds: [20],
      emailBlacklist: true,
      smsBlacklist: false,
      notifyUrl: 'https://me.example/hook',
      updateExistingContacts: true,
      emptyContactsAttributes: false,
      disableNotification: true,
    });
  });

  it('without an answer may have begun, and says so', async () => {
    const server = await vendorServer(({ url }, response) => {
      if (url.pathname.startsWith('/cut')) response.writeHead(202).end('{"proc');
      else if (url.pathname.startsWith('/gateway')) response.writeHead(502).end('<html>');
      else if (url.pathname.startsWith('/nothing')) json(response, 202, {});
      else if (!url.pathname.startsWith('/hang')) response.socket?.destroy();
    });
    for (const path of ['/reset', '/cut', '/gateway', '/nothing', '/hang']) {
      const error = await errorOf(clientOf({ baseUrl: server.baseUrl + path }, { timeoutMs: 150 }).importContacts(oneImport));
      expect(error).toBeInstanceOf(RetryLater);
      expect(error).toMatchObject({ code: 'brevo_outcome_unknown' });
    }
  });

  it('that never reached Brevo is simply sent again', async () => {
    const server = await vendorServer(() => {});
    await server.close();
    expect(await errorOf(clientOf(server).importContacts(oneImport))).toMatchObject({ code: 'brevo_network' });
  });

  it('is followed by its process, which names the reports of refused rows', async () => {
    const server = await vendorServer(({ url }, response) => {
      const info = { import: { invalid_emails: null, duplicate_phone_id: 'https://files.example/a.csv' } };
      const completed = { id: 5, name: 'IMPORTUSER', status: 'completed', info };
      if (url.pathname.endsWith('/5')) return json(response, 200, completed);
      if (url.pathname.endsWith('/6')) return json(response, 404, { message: 'unknown' });
      return json(response, 200, { processes: [completed, { id: 4, name: 'NEW_KIND', status: 'in_process' }], count: 2 });
    });
    const client = clientOf(server);
    const reports = [{ kind: 'duplicate_phone_id', url: 'https://files.example/a.csv' }];
    expect(await client.process(5)).toEqual({ id: 5, name: 'IMPORTUSER', status: 'completed', reports });
    expect(await client.process(6)).toBeUndefined();
    expect(await client.processes({ limit: 50, offset: 0, sort: 'desc' })).toMatchObject({
      processes: [{ id: 5 }, { id: 4, status: 'processing', reports: [] }],
      count: 2,
    });
  });
});

describe('an import report', () => {
  it('is read without the key, through the limiter', async () => {
    const { limiter, acquired } = countingLimiter();
    const server = await vendorServer((_, response) => {
      response
        .writeHead(200, { 'content-type': 'text/csv' })
        .end(`\uFEFFEMAIL;SMS;"FIRST;NAME"\r\n${email};${phone};"O;""B"\r\n\r\nx@y.z;;`);
    });
    const rows = await clientOf(server, { limiter }).importReport(`${server.baseUrl}/reports/1.csv?sig=1`);
    expect(rows).toEqual([
      { EMAIL: email, SMS: phone, 'FIRST;NAME': 'O;"B' },
      { EMAIL: 'x@y.z', SMS: '', 'FIRST;NAME': '' },
    ]);
    expect(JSON.stringify(server.received[0]?.headers)).not.toContain('plantedsecret');
    expect(acquired).toHaveLength(1);
  });

  it('is read over https or from the very host we talk to, nowhere else', async () => {
    const foreign = await vendorServer((_, response) => response.end('EMAIL'));
    const server = await vendorServer((_, response) => response.end('EMAIL'));
    for (const address of [`${foreign.baseUrl}/r.csv`, 'file:///etc/passwd', 'ftp://x.example/r.csv', 'nonsense']) {
      expect(await errorOf(clientOf(server).importReport(address))).toBeInstanceOf(BadInput);
    }
    expect(await errorOf(clientOf({ baseUrl: 'https://127.0.0.1:1' }).importReport(`${foreign.baseUrl}/r.csv`))).toBeInstanceOf(
      BadInput,
    );
    expect(foreign.received).toEqual([]);
  });

  it('that is gone, too large or late says which', async () => {
    const server = await vendorServer(({ url }, response) => {
      if (url.pathname === '/gone') return response.writeHead(403).end();
      if (url.pathname === '/late') return response.writeHead(503).end();
      return response.end('EMAIL\n'.repeat(1000));
    });
    const client = clientOf(server, { maxBodyBytes: 100 });
    expect(await errorOf(client.importReport(`${server.baseUrl}/gone`))).toMatchObject({
      code: 'brevo_report_gone',
      status: 403,
    });
    expect(await errorOf(client.importReport(`${server.baseUrl}/late`))).toBeInstanceOf(RetryLater);
    expect(await errorOf(client.importReport(`${server.baseUrl}/large`))).toMatchObject({ code: 'brevo_too_large' });
  });
});

describe('attributes and lists', () => {
  it('an attribute that is there already exists; a name that is refused does not', async () => {
    const server = await vendorServer(({ method, url }, response) => {
      if (method === 'GET') return json(response, 200, { attributes: [{ name: 'CITY', category: 'normal', type: 'text' }] });
      const status = url.pathname.endsWith('/LTV') ? 201 : 400;
      return json(response, status, { code: 'invalid_parameter', message: 'no' });
    });
    const client = clientOf(server);
    expect(await client.createAttribute({ name: 'LTV', type: 'float' })).toBe('created');
    expect(await client.createAttribute({ name: 'city', type: 'text' })).toBe('exists');
    expect(await errorOf(client.createAttribute({ name: 'BAD NAME', type: 'text' }))).toBeInstanceOf(RequestRefused);
    expect(server.received[0]?.url.pathname).toBe('/v3/contacts/attributes/normal/LTV');
    expect(server.received[0]?.body).toBe('{"type":"float"}');
  });

  it('lists and folders are read to the last page', async () => {
    const server = await vendorServer(({ url }, response) => {
      const [offset, limit] = [Number(url.searchParams.get('offset')), Number(url.searchParams.get('limit'))];
      const all = Array.from({ length: 70 }, (_, id) => ({ id, name: `L${id}`, folderId: 1 }));
      json(response, 200, { [url.pathname.split('/').at(-1) ?? '']: all.slice(offset, offset + limit), count: 70 });
    });
    expect(await clientOf(server).lists()).toHaveLength(70);
    expect(await clientOf(server).folders()).toHaveLength(70);
    expect(server.received).toHaveLength(4);
  });

  it('no lists at all is an empty list, an unknown one undefined', async () => {
    expect(await (await answering(200, { count: 0 })).lists()).toEqual([]);
    expect(
      await (await answering(404, { code: 'document_not_found', message: 'List ID does not exist' })).list(9),
    ).toBeUndefined();
  });

  it('a list that may or may not have been made is not made twice', async () => {
    expect(await errorOf((await answering(500)).createList({ name: 'a', folderId: 1 }))).toMatchObject({
      code: 'brevo_outcome_unknown',
    });
    expect(await (await answering(201, { id: 3 })).createList({ name: 'a', folderId: 1 })).toEqual({ id: 3 });
  });

  it('members are added 150 at most, and those already on the list are no error', async () => {
    const server = await vendorServer((_, response) => json(response, 201, { contacts: { success: ['k1'], failure: ['k2'] } }));
    expect(await clientOf(server).addToList(3, { extIds: ['k1', 'k2'] })).toEqual({ success: ['k1'], failure: ['k2'] });
    expect([server.received[0]?.url.pathname, server.received[0]?.body]).toEqual([
      '/v3/contacts/lists/3/contacts/add',
      '{"extIds":["k1","k2"]}',
    ]);
    for (const ids of [[], Array.from({ length: 151 }, (_, id) => id)]) {
      expect(await errorOf(clientOf(server).addToList(3, { ids }))).toBeInstanceOf(BadInput);
    }
    expect(server.received).toHaveLength(1);
    const all = await answering(400, { code: 'invalid_parameter', message: 'Contact already in list and/or does not exist' });
    expect(await all.addToList(3, { ids: [1, 2] })).toEqual({ success: [], failure: [1, 2] });
    const bare = await answering(201, { success: [1], failure: [] });
    expect(await bare.removeFromList(3, { ids: [1] })).toEqual({ success: [1], failure: [] });
  });
});

describe('an answer', () => {
  it('401 stops the account and names the list of authorised addresses beside the key', async () => {
    const error = await errorOf((await answering(401, { code: 'unauthorized', message: 'Key not found' })).account());
    expect(error).toBeInstanceOf(AccountStopped);
    expect(error).toMatchObject({
      code: 'brevo_key_refused',
      message: expect.stringContaining('authorised IPs'),
      remedy: expect.stringContaining('IPs'),
    });
  });

  it.each([
    [402, {}, 'brevo_credits_exhausted'],
    [400, { code: 'not_enough_credits', message: 'no' }, 'brevo_credits_exhausted'],
    [403, { code: 'permission_denied', message: 'no' }, 'brevo_feature_inactive'],
    [400, { code: 'account_under_validation', message: 'no' }, 'brevo_account_under_validation'],
  ])('%i %j stops the account', async (status, body, code) => {
    const error = await errorOf((await answering(status, body)).lists());
    expect(error).toBeInstanceOf(AccountStopped);
    expect(error).toMatchObject({ code });
  });

  it.each([
    [425, {}, 'brevo_contact_busy'],
    [400, { code: 'account_in_process', message: 'busy' }, 'brevo_contact_busy'],
    [500, {}, 'brevo_unavailable'],
    [504, {}, 'brevo_unavailable'],
  ])('%i %j is tried again later', async (status, body, code) => {
    const error = await errorOf((await answering(status, body)).upsertContact({ email }));
    expect(error).toBeInstanceOf(RetryLater);
    expect(error).toMatchObject({ code });
  });

  it('400 refuses the request, with the identifiers another contact holds but nobody named', async () => {
    const body = {
      code: 'invalid_parameter',
      message: `${email} or ${phone} is taken`,
      metadata: { duplicate_identifiers: ['SMS', 'ext_id'] },
    };
    const error = await errorOf((await answering(400, body)).upsertContact({ email }));
    if (!(error instanceof RequestRefused)) throw error;
    expect(error.message).toBe('Brevo refused POST /contacts (400): <e-mail> or <number> is taken, SMS, ext_id');
    expect(error.details[0]).toEqual({ code: 'invalid_parameter', detail: '<e-mail> or <number> is taken' });
    expect(duplicateIdentifiers(error)).toEqual(['SMS', 'ext_id']);
  });

  it.each([307, 405, 406, 409, 413, 422, 424])('%i refuses the request', async (status) => {
    expect(await errorOf((await answering(status, { message: 'no' })).upsertContact({ email }))).toMatchObject({
      status,
      details: [{ detail: 'no' }],
    });
  });

  it('429 waits for the time that remains and rests the lane for everybody', async () => {
    const { limiter, penalties } = countingLimiter();
    const server = await vendorServer((_, response) =>
      json(response, 429, { message: 'slow down' }, { 'x-sib-ratelimit-reset': '7' }),
    );
    const before = Date.now();
    const error = await errorOf(clientOf(server, { limiter }).importContacts(oneImport));
    if (!(error instanceof WaitUntil)) throw error;
    expect(error.at.getTime() - before).toBeGreaterThanOrEqual(7000);
    expect(error.at.getTime() - before).toBeLessThan(12_000);
    expect(penalties).toEqual([{ key: expect.stringContaining('default'), forMs: 7000 }]);
  });

  it('429 without a reset waits a minute', async () => {
    const { limiter, penalties } = countingLimiter();
    await errorOf(clientOf(await vendorServer((_, response) => json(response, 429, {})), { limiter }).lists());
    expect(penalties).toMatchObject([{ forMs: 60_000 }]);
  });

  it.each([
    [
      { 'x-sib-ratelimit-limit': '10', 'x-sib-ratelimit-remaining': '4', 'x-sib-ratelimit-reset': '1' },
      { windowMs: 1000, limit: 10, remaining: 4, resetMs: 1000 },
    ],
    [
      { 'x-sib-ratelimit-limit': '36000', 'x-sib-ratelimit-remaining': '99' },
      { windowMs: 3_600_000, limit: 36_000, remaining: 99 },
    ],
    [
      { 'x-sib-ratelimit-limit': '500', 'x-sib-ratelimit-remaining': '9', 'x-sib-ratelimit-reset': '600' },
      { windowMs: 3_600_000, limit: 500, remaining: 9, resetMs: 600_000 },
    ],
  ])('tells the limiter what is left in which window: %j', async (headers, observation) => {
    const { limiter, observations } = countingLimiter();
    await clientOf(await vendorServer((_, response) => json(response, 200, {}, headers)), { limiter }).lists();
    expect(observations).toEqual([{ key: expect.stringContaining('default'), observation }]);
  });

  it('is not waited for once the signal of its client has fired', async () => {
    const client = clientOf(await vendorServer(() => {})).withCallOptions({ signal: AbortSignal.timeout(50), maxWaitMs: 3 });
    const error = await errorOf(client.process(1));
    expect(error).toBeInstanceOf(RetryLater);
    expect(error).toMatchObject({ code: 'brevo_aborted' });
  });

  it('of any kind has passed the limiter, under a key that names nobody', async () => {
    const { limiter, acquired } = countingLimiter();
    const server = await vendorServer((_, response) => json(response, 404, {}));
    const client = clientOf(server, { limiter, priority: 'backfill' }).withPriority('live');
    await client.contact(email, 'email_id');
    await client.process(1);
    await client.list(1);
    expect(acquired).toHaveLength(3);
    expect(acquired.every(({ options }) => options.priority === 'live')).toBe(true);
    expect(JSON.stringify(acquired)).not.toContain('jane');
  });
});

describe('an account', () => {
  it('is read without the names and addresses of its owner', async () => {
    const body = {
      organization_id: 'o1',
      companyName: 'Shop',
      enterprise: false,
      email,
      firstName: 'Jane',
      plan: [{ type: 'free', credits: 3 }],
    };
    expect(await (await answering(200, body)).account()).toEqual({
      organizationId: 'o1',
      companyName: 'Shop',
      isEnterprise: false,
      plans: ['free'],
    });
  });
});
