import { afterEach, describe, expect, it } from '@jest/globals';
import { AccountStopped, RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { closeAll, closing, countingLimiter, deepText, json, rejection, vendorServer } from '../../../test/support/vendor.js';
import {
  and,
  any,
  createKlaviyoClient,
  greaterThan,
  type KlaviyoClient,
  type KlaviyoClientOptions,
  lessThan,
  type TokenSource,
} from './index.js';

const key = 'pk_plantedsecret';
const email = 'jane.doe+1@example.com';
const phone = '+33612345678';

afterEach(closeAll);

function clientOf(baseUrl: string, options: Partial<KlaviyoClientOptions> = {}): KlaviyoClient {
  const auth = { kind: 'private', key } as const;
  return closing(createKlaviyoClient({ account: 'default', baseUrl, auth, limiter: countingLimiter().limiter, ...options }));
}

/** The error of a call, once it is sure that nothing personal or secret is anywhere in it. */
async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await rejection(promise);
  for (const secret of [key, 'plantedsecret', email, 'jane.doe', '612345678', 'Authorization'])
    expect(deepText(error)).not.toContain(secret);
  return error;
}

/** A client of a Klaviyo that always answers like this. */
async function refusedWith(
  status: number,
  body: unknown = { errors: [] },
  headers: Record<string, string> = {},
): Promise<KlaviyoClient> {
  const { baseUrl } = await vendorServer((_, response) => json(response, status, body, headers));
  return clientOf(baseUrl);
}

const profiles = { method: 'GET', path: '/api/profiles', query: { filter: any('email', [email]) } } as const;

describe('a request', () => {
  it('names the revision, the format and the key', async () => {
    const { baseUrl, received } = await vendorServer((_, response) => json(response, 200, { data: [] }));
    await clientOf(baseUrl).request({ method: 'POST', path: '/api/profile-import', body: { data: {} } });
    expect(received[0]?.headers).toMatchObject({
      authorization: `Klaviyo-API-Key ${key}`,
      revision: '2026-01-15',
      accept: 'application/vnd.api+json',
      'content-type': 'application/vnd.api+json',
      'x-klaviyo-revision-fall-forward-opt-out': '1',
    });
    expect(received[0]?.body).toBe('{"data":{}}');
  });

  it('with the public key names the company and has no authorization', async () => {
    const { baseUrl, received } = await vendorServer((_, response) => json(response, 202, {}));
    const client = clientOf(baseUrl, { auth: { kind: 'public', companyId: 'AbC123' } });
    await client.request({ method: 'POST', path: '/client/events', body: {} });
    expect(received[0]?.url.search).toBe('?company_id=AbC123');
    expect(received[0]?.headers.authorization).toBeUndefined();
  });

  it('goes again with another access token when one is refused, through the limiter each time, until there is no other', async () => {
    const { limiter, acquired } = countingLimiter();
    const { baseUrl, received } = await vendorServer((request, response) =>
      json(response, request.headers.authorization === 'Bearer good' ? 200 : 401, {}),
    );
    const signedIn = (...tokens: string[]) => {
      let place = 0;
      const token: TokenSource = async (refused) => {
        if (refused && refused.access === tokens[place] && place < tokens.length - 1) place += 1;
        return { access: tokens[place] ?? '', isFresh: refused !== undefined };
      };
      return clientOf(baseUrl, { auth: { kind: 'oauth', token }, limiter });
    };
    expect((await signedIn('old', 'older', 'good').request(profiles)).status).toBe(200);
    expect([received.length, acquired.length]).toEqual([3, 3]);
    expect(await errorOf(signedIn('old', 'new').request(profiles))).toMatchObject({ code: 'klaviyo_token_refused' });
    expect(received).toHaveLength(5);
    const unlucky = await errorOf(signedIn('a', 'b', 'c', 'd', 'good').request(profiles));
    expect(unlucky).toBeInstanceOf(RetryLater);
    expect(unlucky).toMatchObject({ code: 'klaviyo_token_outlived' });
    expect(received).toHaveLength(8);
  });

  it('takes the priority of its client unless it has its own', async () => {
    const { limiter, acquired } = countingLimiter();
    const { baseUrl } = await vendorServer((_, response) => json(response, 200, {}));
    const client = clientOf(baseUrl, { limiter, priority: 'backfill' });
    await client.request(profiles);
    await client.withPriority('live').request(profiles);
    await client.request({ ...profiles, priority: 'live', maxWaitMs: 5 });
    expect(acquired.map(({ options }) => options)).toEqual([
      { priority: 'backfill' },
      { priority: 'live' },
      { priority: 'live', maxWaitMs: 5 },
    ]);
  });
});

describe('a page', () => {
  it('leads to the next by its cursor only, with our own host and query', async () => {
    const foreign = await vendorServer((_, response) => json(response, 200, { data: [] }));
    const cursor = 'a+b/c=%';
    const { baseUrl, received } = await vendorServer(({ url }, response) => {
      const next = `${foreign.baseUrl}/elsewhere?evil=1&page%5Bcursor%5D=${encodeURIComponent(cursor)}`;
      json(response, 200, {
        data: [{ id: '1' }],
        included: [{ id: 'i' }],
        links: { next: url.searchParams.has('page[cursor]') ? null : next },
      });
    });
    const client = clientOf(`${baseUrl}/prefix/`);
    const query = {
      'page[size]': 100,
      filter: and(greaterThan('created', new Date('2026-01-01')), lessThan('created', new Date('2026-01-02T03:04:05.678Z'))),
    };
    const first = await client.readPage({ path: '/api/profiles', query });
    expect(first).toEqual({ items: [{ id: '1' }], included: [{ id: 'i' }], nextCursor: cursor, answeredAt: expect.any(Date) });
    const second = await client.readPage({ path: '/api/profiles', query, cursor: first.nextCursor });
    expect(second.nextCursor).toBeUndefined();
    expect(received.map(({ url }) => url.pathname)).toEqual(['/prefix/api/profiles', '/prefix/api/profiles']);
    expect(Object.fromEntries(received[1]?.url.searchParams ?? [])).toEqual({
      'page[size]': '100',
      filter: 'and(greater-than(created,2026-01-01T00:00:00Z),less-than(created,2026-01-02T03:04:05.678Z))',
      'page[cursor]': cursor,
    });
    expect(foreign.received).toEqual([]);
  });

  it.each([
    ['has no items', { data: 'none' }],
    ['links to a next page without a cursor', { data: [], links: { next: 'https://a.klaviyo.com/api/profiles?page=2' } }],
    ['links to itself', { data: [], links: { next: 'https://a.klaviyo.com/api/profiles?page%5Bcursor%5D=here' } }],
  ])('that %s is tried again, never taken for the end', async (_, body) => {
    const client = await refusedWith(200, body);
    const error = await errorOf(client.readPage({ path: '/api/profiles', query: {}, cursor: 'here' }));
    expect(error).toBeInstanceOf(RetryLater);
    expect(error).toMatchObject({ code: 'klaviyo_unexpected' });
  });

  it('of an invalid cursor has a code of its own, so that the slice can start over', async () => {
    const body = { errors: [{ code: 'invalid', detail: 'Invalid cursor provided', source: { parameter: 'page[cursor]' } }] };
    const client = await refusedWith(400, body);
    expect(await errorOf(client.readPage({ path: '/api/profiles', query: {}, cursor: 'old' }))).toMatchObject({
      code: 'klaviyo_cursor_invalid',
    });
    expect(await errorOf(client.readPage({ path: '/api/profiles', query: {} }))).toMatchObject({
      code: 'klaviyo_request_refused',
    });
  });
});

describe('an answer', () => {
  it('401 stops the account and says what to do', async () => {
    const error = await errorOf((await refusedWith(401)).request(profiles));
    expect(error).toBeInstanceOf(AccountStopped);
    expect(error).toMatchObject({
      code: 'klaviyo_key_refused',
      message: 'Klaviyo refused the key of account default (401); replace it and resume.',
    });
  });

  it('403 names the missing scope: the one Klaviyo names, else the one the path needs', async () => {
    const named = await refusedWith(403, { errors: [{ detail: 'Missing required scopes: lists:read, profiles:read' }] });
    expect(await errorOf(named.request(profiles))).toMatchObject({
      message: expect.stringContaining('lacks lists:read, profiles:read'),
    });
    const silent = await refusedWith(403);
    const error = await errorOf(silent.request(profiles));
    expect(error).toBeInstanceOf(AccountStopped);
    expect(error).toMatchObject({ code: 'klaviyo_scope_missing', remedy: expect.stringContaining('profiles:read') });
    const writing = await errorOf(
      silent.request({ method: 'POST', path: '/api/profile-suppression-bulk-create-jobs', body: {} }),
    );
    expect(writing).toMatchObject({ remedy: expect.stringContaining('subscriptions:write') });
  });

  it('410 stops the account, its revision being retired', async () => {
    const error = await errorOf((await refusedWith(410)).request(profiles));
    expect(error).toBeInstanceOf(AccountStopped);
    expect(error).toMatchObject({ code: 'klaviyo_revision_retired' });
  });

  it.each([
    [307, 'klaviyo_redirected'],
    [400, 'klaviyo_request_refused'],
    [404, 'klaviyo_not_found'],
    [409, 'klaviyo_conflict'],
    [413, 'klaviyo_body_too_large'],
    [415, 'klaviyo_request_refused'],
    [422, 'klaviyo_request_refused'],
  ])('%i refuses the request, with where and why but nobody named', async (status, code) => {
    const body = {
      errors: [
        { code: 'invalid', detail: `${email} is no address`, source: { pointer: '/data/17/email' } },
        { code: 'invalid', title: `Bad phone ${phone}`, source: { parameter: 'filter' } },
      ],
    };
    const error = await errorOf((await refusedWith(status, body)).request(profiles));
    expect(error).toBeInstanceOf(RequestRefused);
    expect(error).toMatchObject({
      code,
      status,
      message: `Klaviyo refused GET /api/profiles (${status}): <e-mail> is no address (at /data/17/email); Bad phone <number> (at filter)`,
      details: [
        { pointer: '/data/17/email', code: 'invalid', detail: '<e-mail> is no address' },
        { pointer: 'filter', code: 'invalid', detail: 'Bad phone <number>' },
      ],
    });
  });

  it('429 waits as long as Klaviyo says and rests the lane for everybody', async () => {
    const { limiter, penalties, observations } = countingLimiter();
    const { baseUrl } = await vendorServer((_, response) => json(response, 429, {}, { 'retry-after': '30' }));
    const before = Date.now();
    const error = await errorOf(clientOf(baseUrl, { limiter }).request(profiles));
    if (!(error instanceof WaitUntil)) throw error;
    expect(error.code).toBe('klaviyo_rate_limited');
    expect(error.at.getTime() - before).toBeGreaterThanOrEqual(30_000);
    expect(error.at.getTime() - before).toBeLessThan(35_000);
    expect(penalties).toEqual([{ key: expect.stringContaining('default'), forMs: 30_000 }]);
    expect(observations).toEqual([]);
  });

  it.each([
    [
      { 'ratelimit-limit': '700', 'ratelimit-remaining': '12', 'ratelimit-reset': '5' },
      { windowMs: 60_000, limit: 700, remaining: 12, resetMs: 5000 },
    ],
    [
      { 'ratelimit-limit': '75, 75;w=1, 700;w=60', 'ratelimit-remaining': '3' },
      { windowMs: 1000, limit: 75, remaining: 3 },
    ],
    [
      { 'ratelimit-limit': '700, 75;w=1, 700;w=60', 'ratelimit-remaining': '3' },
      { windowMs: 60_000, limit: 700, remaining: 3 },
    ],
  ])('tells the limiter what is left: %j', async (headers, observation) => {
    const { limiter, observations } = countingLimiter();
    const { baseUrl } = await vendorServer((_, response) => json(response, 200, {}, headers));
    await clientOf(baseUrl, { limiter }).request(profiles);
    expect(observations).toEqual([{ key: expect.stringContaining('default'), observation }]);
  });

  it.each([500, 502, 503, 504, 524])('%i is tried again later', async (status) => {
    const error = await errorOf((await refusedWith(status)).request(profiles));
    expect(error).toBeInstanceOf(RetryLater);
    expect(error).toMatchObject({ code: 'klaviyo_unavailable' });
  });

  it('that breaks off, is cut short or never comes is tried again later', async () => {
    const { baseUrl } = await vendorServer(({ url }, response) => {
      if (url.pathname === '/api/reset') response.socket?.destroy();
      if (url.pathname === '/api/short') response.writeHead(200).end('{"data":[{"id"');
    });
    const client = clientOf(baseUrl, { timeoutMs: 150 });
    for (const [path, code] of Object.entries({
      '/api/reset': 'klaviyo_network',
      '/api/short': 'klaviyo_unreadable',
      '/api/hang': 'klaviyo_timeout',
    })) {
      const error = await errorOf(client.request({ method: 'GET', path }));
      expect(error).toBeInstanceOf(RetryLater);
      expect(error).toMatchObject({ code });
    }
  });

  it('over the cap is refused: the same again would be as large', async () => {
    const { baseUrl } = await vendorServer((_, response) => json(response, 200, { data: 'x'.repeat(5000) }));
    const error = await errorOf(clientOf(baseUrl, { maxBodyBytes: 1000 }).request(profiles));
    expect(error).toBeInstanceOf(RequestRefused);
    expect(error).toMatchObject({ code: 'klaviyo_too_large', message: expect.stringContaining('1000 bytes') });
  });
});

describe('an account', () => {
  it('is read with its name and time zone', async () => {
    const attributes = {
      contact_information: { organization_name: 'Shop' },
      timezone: 'US/Eastern',
      preferred_currency: 'USD',
      public_api_key: 'AbC123',
      test_account: true,
    };
    const { baseUrl } = await vendorServer((_, response) =>
      json(response, 200, { data: [{ type: 'account', id: 'AbC123', attributes }] }),
    );
    const account = { id: 'AbC123', name: 'Shop', timezone: 'US/Eastern', currency: 'USD', publicApiKey: 'AbC123', isTest: true };
    expect(await clientOf(baseUrl).account()).toEqual(account);
  });

  it('says which of the wanted scopes its key lacks', async () => {
    const { limiter, acquired } = countingLimiter();
    const { baseUrl, received } = await vendorServer(({ url }, response) => {
      const status =
        { '/api/events': 403, '/api/profile-suppression-bulk-create-jobs': 403, '/api/coupon-codes': 400 }[url.pathname] ?? 200;
      json(response, status, status === 200 ? { data: [] } : { errors: [] });
    });
    const client = clientOf(baseUrl, { limiter });
    expect(await client.checkScopes(['profiles:read', 'events:read', 'subscriptions:read', 'coupon-codes:read'])).toEqual([
      'events:read',
      'subscriptions:read',
    ]);
    expect(acquired).toHaveLength(4);
    expect(received).toHaveLength(4);
  });

  it('does not take a wrong key or an outage for missing scopes', async () => {
    expect(await errorOf((await refusedWith(401)).checkScopes(['profiles:read']))).toMatchObject({ code: 'klaviyo_key_refused' });
    expect(await errorOf((await refusedWith(503)).checkScopes(['profiles:read']))).toBeInstanceOf(RetryLater);
  });
});

describe('a filter', () => {
  it('quotes and escapes strings', () => {
    expect(any('id', ['a"b', 'c\\d', "e'f"])).toBe(String.raw`any(id,["a\"b","c\\d","e'f"])`);
    expect(and('x')).toBe('x');
  });
});
