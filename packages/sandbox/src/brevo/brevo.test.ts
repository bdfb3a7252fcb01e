import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type ContactRecord, type Sandbox, type SandboxOptions, startSandbox } from '../index.js';

let sandbox: Sandbox;
afterEach(() => sandbox.stop());

async function start(brevo: SandboxOptions['brevo'] = {}): Promise<void> {
  sandbox = await startSandbox({ brevo: { limits: 'off', importDelayMs: 10, ...brevo } });
}

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(sandbox.brevoUrl + path, {
    method,
    headers: {
      'api-key': sandbox.keys.brevoApiKey,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  // The tests look at the parts they expect; a missing one fails them.
  return {
    status: response.status,
    headers: response.headers,
    body: (text ? JSON.parse(text) : undefined) as Record<string, unknown>,
  };
}

interface Settled {
  readonly id: number;
  readonly status: string;
  readonly info?: { readonly import: Readonly<Record<string, string | null>> };
}

async function settled(processId: unknown): Promise<Settled> {
  for (let tries = 0; tries < 400; tries += 1) {
    // The shape of GET /processes/{id}; the expectations check what is in it.
    const process = (await call('GET', `/processes/${String(processId)}`)).body as unknown as Settled;
    if (process.status === 'completed' || process.status === 'failed') return process;
    await sleep(10);
  }
  throw new Error(`Process ${String(processId)} did not end.`);
}

async function importRows(
  rows: readonly { email?: string; attributes?: Record<string, unknown> }[],
  terms: Record<string, unknown> = {},
): Promise<Settled> {
  const { status, body } = await call('POST', '/contacts/import', { jsonBody: rows, listIds: [20], ...terms });
  expect([status, body['message']]).toEqual([202, undefined]);
  return settled(body['processId']);
}

async function contacts(): Promise<ContactRecord[]> {
  const all: ContactRecord[] = [];
  for await (const contact of sandbox.brevo.contacts()) all.push(contact);
  return all;
}

describe('single contacts', () => {
  it('creates, refuses a second time, and updates when told to', async () => {
    await start();
    const created = await call('POST', '/contacts', {
      email: 'Ada@Example.com',
      ext_id: 'k1',
      attributes: { FIRSTNAME: 'Ada', SMS: '+33612345678' },
      listIds: [20],
    });
    expect(created).toMatchObject({ status: 201, body: { id: 1 } });
    const again = await call('POST', '/contacts', { email: 'ada@example.com', attributes: { FIRSTNAME: 'Eve' } });
    expect(again).toMatchObject({
      status: 400,
      body: { code: 'invalid_parameter', metadata: { duplicate_identifiers: ['email'] } },
    });
    expect(
      (
        await call('POST', '/contacts', {
          email: 'ada@example.com',
          attributes: { FIRSTNAME: '' },
          updateEnabled: true,
          listIds: [21],
        })
      ).status,
    ).toBe(204);
    for (const [identifier, type] of [
      ['ada@example.com', 'email_id'],
      ['k1', 'ext_id'],
      ['33612345678', 'phone_id'],
      ['1', 'contact_id'],
    ]) {
      const { body } = await call('GET', `/contacts/${identifier}?identifierType=${type}`);
      expect(body).toMatchObject({
        id: 1,
        email: 'ada@example.com',
        listIds: [20, 21],
        attributes: { SMS: '33612345678', EXT_ID: 'k1' },
      });
      expect(body['attributes']).not.toHaveProperty('FIRSTNAME');
    }
    expect((await call('GET', '/contacts/k1')).status).toBe(404);
  });

  it('names the identifiers that another contact holds', async () => {
    await start();
    await call('POST', '/contacts', { email: 'a@example.com', ext_id: 'k1', attributes: { SMS: '33612345678' } });
    const clash = await call('POST', '/contacts', {
      email: 'b@example.com',
      ext_id: 'k1',
      attributes: { SMS: '0033612345678' },
      updateEnabled: true,
    });
    expect(clash.status).toBe(204);
    const other = await call('POST', '/contacts', { email: 'c@example.com' });
    expect(other.status).toBe(201);
    const refused = await call('PUT', '/contacts/c%40example.com', { ext_id: 'k1', attributes: { SMS: '33612345678' } });
    expect(refused).toMatchObject({ status: 400, body: { metadata: { duplicate_identifiers: ['ext_id', 'SMS'] } } });
    expect((await call('PUT', '/contacts/nobody%40example.com', {})).status).toBe(404);
  });

  it('drops unknown and mistyped attributes and still succeeds', async () => {
    await start();
    for (const [name, type] of [
      ['VIP', 'boolean'],
      ['LTV', 'float'],
      ['LAST_ORDER', 'date'],
    ]) {
      expect((await call('POST', `/contacts/attributes/normal/${name}`, { type })).status).toBe(201);
    }
    expect((await call('POST', '/contacts/attributes/normal/ltv', { type: 'text' })).status).toBe(400);
    await call('POST', '/contacts', {
      email: 'a@example.com',
      attributes: { VIP: 'true', LTV: '12', LAST_ORDER: '2025-02-30', NOPE: 'x', FIRSTNAME: 7 },
    });
    await call('POST', '/contacts', {
      email: 'b@example.com',
      attributes: { VIP: true, LTV: 12, LAST_ORDER: '2025-02-28', FIRSTNAME: 'B' },
    });
    expect((await contacts()).map(({ attributes }) => attributes)).toEqual([
      {},
      { VIP: true, LTV: 12, LAST_ORDER: '2025-02-28', FIRSTNAME: 'B' },
    ]);
  });

  it('loses the block of a contact whose address changes without saying so again', async () => {
    await start();
    await call('POST', '/contacts', { email: 'a@example.com', emailBlacklisted: true });
    await call('PUT', '/contacts/a%40example.com', { attributes: { EMAIL: 'b@example.com' } });
    expect(await contacts()).toMatchObject([{ email: 'b@example.com', emailBlacklisted: false, everMailable: { email: true } }]);
    expect((await call('PUT', '/contacts/b%40example.com', { attributes: { EMAIL: 'B@example.com' } })).status).toBe(400);
  });

  it('merges on request by deleting the one that was changed earlier', async () => {
    await start();
    await call('POST', '/contacts', { email: 'a@example.com' });
    await call('POST', '/contacts', { ext_id: 'k1', listIds: [20] });
    const both = { email: 'a@example.com', ext_id: 'k1', updateEnabled: true };
    expect(await call('POST', '/contacts', both)).toMatchObject({
      status: 400,
      body: { metadata: { duplicate_identifiers: ['ext_id'] } },
    });
    await sleep(5);
    await call('PUT', '/contacts/k1?identifierType=ext_id', { unlinkListIds: [20], listIds: [21] });
    expect(await call('POST', '/contacts', { ...both, forceMerge: true, getId: true })).toMatchObject({
      status: 201,
      body: { id: 2 },
    });
    expect(await contacts()).toMatchObject([{ id: 2, email: 'a@example.com', listIds: [21], attributes: { EXT_ID: 'k1' } }]);
  });

  it('sweeps contacts by creation in pages', async () => {
    await start();
    await importRows(Array.from({ length: 25 }, (_, n) => ({ email: `n${n}@example.com` })));
    const page = await call('GET', '/contacts?limit=10&offset=20&sort=asc');
    expect(page.body).toMatchObject({ count: 25 });
    expect(page.body['contacts']).toMatchObject([{ email: 'n20@example.com' }, {}, {}, {}, { email: 'n24@example.com' }]);
    expect((await call('GET', '/contacts?limit=1')).body['contacts']).toMatchObject([{ email: 'n24@example.com' }]);
    const later = new Date(Date.now() + 60_000).toISOString();
    expect((await call('GET', `/contacts?modifiedSince=${encodeURIComponent(later)}`)).body).toEqual({ contacts: [], count: 0 });
    expect((await call('GET', '/contacts?limit=1001')).status).toBe(400);
  });
});

describe('imports', () => {
  it('happen later, by every row, into the lists', async () => {
    await start({ importDelayMs: 200 });
    const accepted = Date.now();
    const { body } = await call('POST', '/contacts/import', {
      jsonBody: [{ email: 'a@example.com', attributes: { FIRSTNAME: 'A', EXT_ID: 'k1' } }],
      listIds: [20, 21],
    });
    expect(await contacts()).toEqual([]);
    expect((await call('GET', `/processes/${String(body['processId'])}`)).body).toEqual({
      id: 1,
      name: 'IMPORTUSER',
      status: 'queued',
    });
    const process = await settled(body['processId']);
    expect(Date.now() - accepted).toBeGreaterThanOrEqual(190);
    expect(Object.values(process.info?.import ?? {})).toEqual([null, null, null, null, null, null, null]);
    expect(await contacts()).toMatchObject([
      { email: 'a@example.com', listIds: [20, 21], attributes: { FIRSTNAME: 'A', EXT_ID: 'k1' }, writes: 1 },
    ]);
    expect((await call('GET', '/contacts/lists/21')).body).toMatchObject({ uniqueSubscribers: 1 });
  });

  it('set a block for every row and never lift one', async () => {
    await start();
    await importRows([{ email: 'a@example.com' }], { emailBlacklist: true });
    await importRows([{ email: 'a@example.com' }, { email: 'b@example.com' }], { emailBlacklist: false, smsBlacklist: true });
    expect(await contacts()).toMatchObject([
      { email: 'a@example.com', emailBlacklisted: true, smsBlacklisted: true, everMailable: { email: false } },
      { email: 'b@example.com', emailBlacklisted: false },
    ]);
    const mailable: string[] = [];
    for await (const email of sandbox.brevo.mailableEmails()) mailable.push(email);
    expect(mailable).toEqual(['b@example.com']);
  });

  it('lift a block where the sandbox is told that they do', async () => {
    await start({ importUnblocks: true });
    await importRows([{ email: 'a@example.com' }], { emailBlacklist: true });
    await importRows([{ email: 'a@example.com' }]);
    expect(await contacts()).toMatchObject([{ emailBlacklisted: false }]);
  });

  it('list refused rows in reports and apply the others', async () => {
    await start();
    await importRows([{ email: 'old@example.com', attributes: { EXT_ID: 'k1', SMS: '33612345678' } }]);
    const { info } = await importRows([
      { email: 'not an address', attributes: { EXT_ID: 'k2' } },
      { email: 'phone@example.com', attributes: { SMS: '+33612345678', LASTNAME: 'a;b "c"\nd' } },
      { email: 'ext@example.com', attributes: { EXT_ID: 'k1' } },
      { email: 'twice@example.com' },
      { email: 'TWICE@example.com' },
      { email: 'fine@example.com', attributes: { SMS: '0612', LASTNAME: 'Fine' } },
    ]);
    const report = async (name: string) => (await fetch(info?.import[name] ?? '')).text();
    expect(await report('invalid_emails')).toBe('EMAIL;EXT_ID\r\nnot an address;k2');
    expect(await report('duplicate_phone_id')).toBe('EMAIL;SMS;LASTNAME\r\nphone@example.com;+33612345678;"a;b ""c""\nd"');
    expect(await report('duplicate_ext_id')).toContain('ext@example.com');
    expect(await report('duplicate_email_id')).toContain('TWICE@example.com');
    expect((await contacts()).map(({ email }) => email)).toEqual(['old@example.com', 'twice@example.com', 'fine@example.com']);
  });

  it('read CSV, where empty cells erase only on request', async () => {
    await start();
    await importRows([{ email: 'a@example.com', attributes: { FIRSTNAME: 'A', LASTNAME: 'B' } }]);
    const csv = { fileBody: 'EMAIL;FIRSTNAME;LASTNAME\na@example.com;"X; Y";\n', listIds: [20] };
    await settled((await call('POST', '/contacts/import', csv)).body['processId']);
    expect((await contacts())[0]?.attributes).toEqual({ FIRSTNAME: 'X; Y', LASTNAME: 'B' });
    await settled((await call('POST', '/contacts/import', { ...csv, emptyContactsAttributes: true })).body['processId']);
    expect((await contacts())[0]?.attributes).toEqual({ FIRSTNAME: 'X; Y' });
  });

  it('do not write booleans, as the open bug reports say', async () => {
    await start();
    await call('POST', '/contacts/attributes/normal/VIP', { type: 'boolean' });
    await importRows([{ email: 'a@example.com', attributes: { VIP: true } }]);
    expect((await contacts())[0]?.attributes).toEqual({});
    await sandbox.stop();
    await start({ importBooleans: 'written' });
    await call('POST', '/contacts/attributes/normal/VIP', { type: 'boolean' });
    await importRows([{ email: 'a@example.com', attributes: { VIP: true } }]);
    expect((await contacts())[0]?.attributes).toEqual({ VIP: true });
  });

  it('ignore an EXT_ID column where the sandbox is told to', async () => {
    await start({ extIdColumn: 'ignored' });
    await importRows([{ email: 'a@example.com', attributes: { EXT_ID: 'k1' } }]);
    expect((await call('GET', '/contacts/k1?identifierType=ext_id')).status).toBe(404);
    expect((await contacts())[0]?.attributes).toEqual({});
  });

  it('fail on request, after as many rows as asked', async () => {
    await start();
    await sandbox.brevo.failImports(1, 1);
    const rows = [{ email: 'a@example.com' }, { email: 'b@example.com' }];
    const failed = await importRows(rows);
    expect([failed.status, failed.info]).toEqual(['failed', undefined]);
    expect(await contacts()).toHaveLength(1);
    expect((await importRows(rows)).status).toBe('completed');
    expect(await sandbox.brevo.state()).toMatchObject({ contacts: 2, imports: { accepted: 2, failed: 1, rows: 4 } });
  });

  it('call back once, with nothing in the body', async () => {
    await start();
    const bodies: string[] = [];
    const receiver = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        bodies.push(`${request.method} ${request.url} ${body}`);
        response.end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    // A server on a host and port has an AddressInfo.
    const { port } = receiver.address() as AddressInfo;
    await importRows([{ email: 'a@example.com' }], { notifyUrl: `http://127.0.0.1:${port}/done/token` });
    for (let tries = 0; tries < 200 && bodies.length === 0; tries += 1) await sleep(10);
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
    expect(bodies).toEqual(['POST /done/token ']);
    expect((await sandbox.brevo.state()).imports.callbacks).toBe(1);
  });

  it.each([
    ['no destination', { jsonBody: [{ email: 'a@example.com' }] }],
    ['an unknown list', { jsonBody: [{ email: 'a@example.com' }], listIds: [99] }],
    ['two sources', { jsonBody: [{ email: 'a@example.com' }], fileBody: 'EMAIL\na@example.com', listIds: [20] }],
    ['no rows', { jsonBody: [], listIds: [20] }],
  ])('are refused with %s', async (_, body) => {
    await start();
    expect((await call('POST', '/contacts/import', body)).status).toBe(400);
    expect((await call('GET', '/processes')).body).toEqual({ processes: [], count: 0 });
  });

  it('are refused above 10 MB', async () => {
    await start();
    const jsonBody = [{ email: 'a@example.com', attributes: { LASTNAME: 'x'.repeat(11 * 1024 * 1024) } }];
    expect((await call('POST', '/contacts/import', { jsonBody, listIds: [20] })).status).toBe(413);
  });
});

describe('lists', () => {
  it('take and give up to 150 existing contacts, and refuse when nothing changes', async () => {
    await start();
    await importRows([{ email: 'a@example.com', attributes: { EXT_ID: 'k1' } }]);
    const added = await call('POST', '/contacts/lists/22/contacts/add', { extIds: ['k1', 'k2'] });
    expect(added).toMatchObject({ status: 201, body: { contacts: { success: ['k1'], failure: ['k2'] } } });
    expect((await call('POST', '/contacts/lists/22/contacts/add', { extIds: ['k1'] })).status).toBe(400);
    expect(
      (await call('POST', '/contacts/lists/22/contacts/add', { extIds: Array.from({ length: 151 }, () => 'k1') })).status,
    ).toBe(400);
    expect((await call('POST', '/contacts/lists/22/contacts/remove', { emails: ['A@example.com'] })).status).toBe(201);
    expect((await call('GET', '/contacts/lists/22/contacts')).body).toEqual({ contacts: [], count: 0 });
    expect((await call('POST', '/contacts/lists/99/contacts/add', { ids: [1] })).status).toBe(404);
  });

  it('are made in folders that exist', async () => {
    await start();
    expect((await call('POST', '/contacts/folders', { name: 'F' })).body).toEqual({ id: 2 });
    expect((await call('POST', '/contacts/lists', { name: 'L', folderId: 2 })).body).toEqual({ id: 23 });
    expect((await call('PUT', '/contacts/lists/23', { name: 'M' })).status).toBe(204);
    expect((await call('GET', '/contacts/lists/23')).body).toMatchObject({ name: 'M', folderId: 2 });
    expect((await call('POST', '/contacts/lists', { name: 'L', folderId: 9 })).status).toBe(400);
    expect((await call('GET', '/contacts/lists?limit=50')).body).toMatchObject({ count: 4 });
    expect((await call('GET', '/contacts/lists?limit=51')).status).toBe(400);
    expect((await call('DELETE', '/contacts/lists/23')).status).toBe(204);
    expect((await call('PUT', '/contacts/lists/23', { name: 'M' })).status).toBe(404);
  });
});

describe('limits and keys', () => {
  it('wants its key', async () => {
    await start();
    expect(await call('GET', '/account', undefined, { 'api-key': 'wrong' })).toMatchObject({
      status: 401,
      body: { code: 'unauthorized' },
    });
    expect((await call('GET', '/account')).body).toHaveProperty('organization_id');
  });

  it('gives contacts ten a second and everything else a hundred an hour, with headers on every answer', async () => {
    await start({ limits: 'strict' });
    const account = await Promise.all(Array.from({ length: 110 }, () => call('GET', '/account')));
    expect(account.filter(({ status }) => status === 200)).toHaveLength(100);
    const refused = account.find(({ status }) => status === 429);
    expect(refused?.headers.get('x-sib-ratelimit-remaining')).toBe('0');
    expect(refused?.headers.get('retry-after')).toBeNull();
    expect(Number(refused?.headers.get('x-sib-ratelimit-reset'))).toBeLessThanOrEqual(3_600);
    // The hour is spent for /processes as well, and not for contacts.
    expect((await call('GET', '/processes')).status).toBe(429);
    const sweep = await call('GET', '/contacts');
    expect(sweep.status).toBe(200);
    expect(sweep.headers.get('x-sib-ratelimit-limit')).toBe('10');
    expect(sweep.headers.get('x-sib-ratelimit-reset')).toBe('1');
  });
});
