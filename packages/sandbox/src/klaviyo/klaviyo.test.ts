import { afterEach, describe, expect, it } from '@jest/globals';
import { type Profile, type Sandbox, type SandboxOptions, startSandbox, type WindowRecord } from '../index.js';

let sandbox: Sandbox;
afterEach(() => sandbox.stop());

/** Limits off unless a test is about them. */
async function start(klaviyo: SandboxOptions['klaviyo'] = {}): Promise<void> {
  sandbox = await startSandbox({ klaviyo: { profiles: 500, limits: 'off', ...klaviyo } });
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    data: { id: string; attributes: Record<string, unknown> }[];
    links: { next: string | null; self: string };
    errors: { status: number; code: string; detail: string; source: unknown; meta: Record<string, unknown> }[];
  };
}

async function call(
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: unknown } = {},
): Promise<Answer> {
  const response = await fetch(new URL(path, sandbox.klaviyoUrl), {
    method: init.method ?? 'GET',
    headers: {
      authorization: `Klaviyo-API-Key ${sandbox.keys.klaviyoPrivateKey}`,
      revision: '2026-01-15',
      ...(init.body === undefined ? {} : { 'content-type': 'application/vnd.api+json' }),
      ...init.headers,
    },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  });
  const text = await response.text();
  // The tests look at the parts they expect; a missing one fails them.
  return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : {}) as Answer['body'] };
}

function profilesPath(query: Record<string, string>): string {
  return `/api/profiles?${new URLSearchParams(query)}`;
}

/** Every profile of a query, by following the links. */
async function readAll(query: Record<string, string>): Promise<Answer['body']['data']> {
  const all: Answer['body']['data'] = [];
  for (let next: string | null = profilesPath({ 'page[size]': '100', ...query }); next; ) {
    const { status, body }: Answer = await call(next);
    expect(status).toBe(200);
    all.push(...body.data);
    next = body.links.next;
  }
  return all;
}

async function truth(): Promise<Profile[]> {
  const profiles: Profile[] = [];
  for await (const profile of sandbox.klaviyo.profiles()) profiles.push(profile);
  return profiles;
}

describe('reading profiles', () => {
  it.each(['created', '-created', 'updated', '-updated', 'id', '-id', 'email', '-email'])(
    'gives every profile once in the order %s',
    async (sort) => {
      await start();
      const read = await readAll({ sort });
      expect(read).toHaveLength(500);
      expect(new Set(read.map(({ id }) => id))).toEqual(new Set((await truth()).map(({ id }) => id)));
      const field = sort.replace('-', '');
      const keys = read.map(({ id, attributes }) => {
        const value = field === 'id' ? id : attributes[field];
        return typeof value === 'string' ? value : '';
      });
      const sorted = [...keys].sort();
      expect(keys).toEqual(sort.startsWith('-') ? sorted.toReversed() : sorted);
    },
  );

  it('answers the same account for the same seed and another one for another seed', async () => {
    await start({ seed: 7 });
    const first = await truth();
    await sandbox.stop();
    await start({ seed: 7 });
    expect(await truth()).toEqual(first);
    await sandbox.stop();
    await start({ seed: 8 });
    expect(await truth()).not.toEqual(first);
  });

  it('has created and updated filters that leave out their own bounds', async () => {
    await start({ profiles: 2_000 });
    const all = await truth();
    const crowded = '2025-01-15T00:00:00Z';
    const inThatSecond = all.filter(({ attributes }) => Date.parse(attributes.created) === Date.parse(crowded));
    expect(inThatSecond.length).toBeGreaterThan(10);
    const later = all.filter(({ attributes }) => Date.parse(attributes.created) > Date.parse(crowded));
    // In its own order a filter decides where the walk starts, in another one each profile is looked at.
    for (const sort of ['created', '-created', 'updated']) {
      const after = await readAll({ filter: `greater-than(created,${crowded})`, sort });
      expect(new Set(after.map(({ id }) => id))).toEqual(new Set(later.map(({ id }) => id)));
    }
    const only = await readAll({
      filter: 'and(greater-than(created,2025-01-14T23:59:59Z),less-than(created,2025-01-15T00:00:01Z))',
      sort: '-created',
    });
    expect(new Set(only.map(({ id }) => id))).toEqual(new Set(inThatSecond.map(({ id }) => id)));
  });

  it('finds profiles by identifier and by suppression', async () => {
    await start();
    const all = await truth();
    const [one, two] = all.filter(({ attributes }) => attributes.email?.includes('+'));
    const found = await readAll({
      filter: `any(email,["${one?.attributes.email}","${two?.attributes.email}","nobody@example.com"])`,
    });
    expect(found.map(({ id }) => id).sort()).toEqual([one?.id, two?.id].sort());
    for (const reason of ['HARD_BOUNCE', 'INVALID_EMAIL', 'SPAM_COMPLAINT', 'UNSUBSCRIBE', 'USER_SUPPRESSED']) {
      const suppressed = await readAll({
        filter: `equals(subscriptions.email.marketing.suppression.reason,"${reason}")`,
        'page[size]': '2',
      });
      const expected = all.filter(({ subscriptions }) =>
        subscriptions?.email?.marketing?.suppression.some((entry) => entry.reason === reason),
      );
      expect(expected.length).toBeGreaterThan(0);
      expect(suppressed.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort());
    }
  });

  it('shows subscriptions only when they are asked for', async () => {
    await start();
    const plain = await readAll({});
    expect(plain.some(({ attributes }) => 'subscriptions' in attributes)).toBe(false);
    const asked = await readAll({ 'additional-fields[profile]': 'subscriptions' });
    const known = (await truth()).filter(({ subscriptions }) => subscriptions !== null);
    expect(asked.filter(({ attributes }) => attributes['subscriptions'] !== undefined)).toHaveLength(known.length);
    expect(known.length).toBeLessThan(500);
  });

  it('keeps to a sparse fieldset, nested fields included', async () => {
    await start();
    const { body } = await call(profilesPath({ 'fields[profile]': 'email,location.city,location.zip' }));
    for (const { attributes } of body.data) {
      expect(Object.keys(attributes)).toEqual(['email', 'location']);
      expect(Object.keys(attributes['location'] ?? {})).toEqual(['city', 'zip']);
    }
  });

  it('shows edits, additions and removals made while somebody reads', async () => {
    await start();
    const [first, second] = await truth();
    await sandbox.klaviyo.edit(first?.id ?? '', { attributes: { first_name: 'Changed' } });
    await sandbox.klaviyo.remove(second?.id ?? '');
    const added = await sandbox.klaviyo.add({ attributes: { email: 'new@example.com' } });
    const newest = await readAll({ sort: '-updated', filter: 'greater-than(updated,2026-01-01T00:00:00Z)' });
    expect(newest.map(({ id }) => id).sort()).toEqual([added, first?.id].sort());
    const all = await readAll({ sort: 'created', 'page[size]': '7' });
    expect(all).toHaveLength(500);
    expect(all.at(-1)?.id).toBe(added);
    expect(all.some(({ id }) => id === second?.id)).toBe(false);
  });

  it('has the awkward cases in any hundred profiles', async () => {
    await start({ profiles: 200 });
    const all = await truth();
    const phone = (test: RegExp) => all.filter(({ attributes }) => test.test(attributes.phone_number ?? ''));
    expect(all.some(({ attributes: a }) => !a.email && !a.phone_number)).toBe(true);
    expect(all.some(({ attributes: a }) => !a.email && a.phone_number)).toBe(true);
    expect(all.some(({ attributes: a }) => a.email && a.email === a.email.toUpperCase())).toBe(true);
    expect(phone(/[^+\d]|^\d/).length).toBeGreaterThan(0);
    const digits = all.flatMap(({ attributes: a }) =>
      a.phone_number?.startsWith('+') ? [a.phone_number.replaceAll(/\D/g, '')] : [],
    );
    expect(new Set(digits).size).toBeLessThan(digits.length);
    for (const field of ['email', 'phone_number', 'external_id'] as const) {
      const values = all.flatMap(({ attributes }) => attributes[field] ?? []);
      expect(new Set(values).size).toBe(values.length);
    }
    const consents = new Set(all.map(({ subscriptions }) => subscriptions?.email?.marketing?.consent));
    expect(consents).toEqual(
      new Set([
        'SUBSCRIBED',
        'UNSUBSCRIBED',
        'NEVER_SUBSCRIBED',
        'NEVER SUBSCRIBED',
        'PENDING_CONFIRMATION',
        'subscribed',
        '',
        undefined,
      ]),
    );
  });
});

describe('refusals', () => {
  it.each([
    ['page[size]', { 'page[size]': '101' }],
    ['page', { page: '2' }],
    ['sort', { sort: 'first_name' }],
    ['filter', { filter: 'equals(email,ada@example.com)' }],
    ['filter', { filter: 'greater-or-equal(created,2024-01-01T00:00:00Z)' }],
    ['filter', { filter: 'greater-than(created,2024-01-01T00:00:00 00:00)' }],
    ['filter', { filter: 'and(greater-than(created,2024-01-02T00:00:00Z),less-than(created,2024-01-01T00:00:00Z))' }],
    ['filter', { filter: 'less-than(created,2999-01-01T00:00:00Z)' }],
    ['filter', { filter: 'equals(subscriptions.email.marketing.list_suppressions.reason,"UNSUBSCRIBE")' }],
    ['filter', { filter: '' }],
    ['fields[profile]', { 'fields[profile]': 'mail' }],
    ['include', { include: 'lists' }],
  ])('names %s as the parameter of %j', async (parameter, query) => {
    await start();
    const { status, headers, body } = await call(profilesPath(query));
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/vnd.api+json');
    expect(body.errors[0]).toMatchObject({ status: 400, code: 'invalid', source: { parameter } });
  });

  it('binds a cursor to the query it was made for', async () => {
    await start();
    const { body } = await call(profilesPath({ sort: 'created' }));
    const cursor = new URL(body.links.next ?? '').searchParams.get('page[cursor]') ?? '';
    expect((await call(profilesPath({ sort: 'created', 'page[cursor]': cursor, 'page[size]': '5' }))).status).toBe(200);
    for (const query of [{ sort: 'updated' }, { sort: 'created', filter: 'greater-than(created,2024-01-01T00:00:00Z)' }, {}]) {
      const { status, body: refusal } = await call(profilesPath({ ...query, 'page[cursor]': cursor }));
      expect([status, refusal.errors[0]?.source]).toEqual([400, { parameter: 'page[cursor]' }]);
    }
    expect((await call(profilesPath({ 'page[cursor]': 'garbage' }))).status).toBe(400);
  });

  it('wants a key, a revision and a type it can answer', async () => {
    await start();
    expect((await call('/api/profiles', { headers: { authorization: '' } })).body.errors[0]).toMatchObject({
      status: 401,
      code: 'not_authenticated',
    });
    expect((await call('/api/profiles', { headers: { authorization: 'Klaviyo-API-Key pk_wrong' } })).status).toBe(401);
    expect((await call('/api/profiles', { headers: { authorization: 'Bearer sandbox-oauth-token' } })).status).toBe(200);
    expect((await call('/api/profiles', { headers: { revision: '' } })).status).toBe(400);
    expect((await call('/api/profiles', { headers: { accept: 'text/html' } })).status).toBe(406);
    expect((await call('/api/profiles', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: {} })).status).toBe(
      415,
    );
    expect((await call('/api/nothing')).status).toBe(404);
    expect((await call('/api/accounts', { method: 'DELETE' })).status).toBe(405);
  });

  it('names the scope a key lacks', async () => {
    await start({ scopes: ['accounts:read'] });
    expect((await call('/api/accounts')).body.data[0]?.id).toBe(sandbox.keys.klaviyoPublicKey);
    const { status, body } = await call('/api/lists');
    expect(status).toBe(403);
    expect(body.errors[0]?.detail).toContain('lists:read');
  });

  it('pages lists by ten and refuses a page size there', async () => {
    await start();
    const { body } = await call('/api/lists');
    expect(body.data).toHaveLength(10);
    expect((await call(body.links.next ?? '')).body.data[0]?.id).toBe('LIST11');
    expect((await call('/api/lists?page[size]=100')).status).toBe(400);
  });
});

function send(method: string, path: string, attributes: Record<string, unknown>): Promise<Answer> {
  return call(path, { method, body: { data: { type: 'profile', attributes } } });
}

describe('writing profiles', () => {
  it('creates, updates by identifier, clears with null, and names the other profile of a clash', async () => {
    await start();
    const created = await send('POST', '/api/profiles', { email: 'new@example.com', first_name: 'New', properties: { a: 1 } });
    expect(created.status).toBe(201);
    expect(
      (await send('POST', '/api/profile-import', { email: 'new@example.com', first_name: null, properties: { b: 2 } })).status,
    ).toBe(200);
    const [found] = await readAll({ filter: 'equals(email,"new@example.com")' });
    expect(found?.attributes).toMatchObject({ first_name: null, properties: { a: 1, b: 2 } });
    const taken = (await truth()).find(({ attributes }) => attributes.phone_number?.match(/^\+\d+$/));
    const clash = await send('PATCH', `/api/profiles/${found?.id}`, { phone_number: taken?.attributes.phone_number });
    expect(clash.status).toBe(409);
    expect(clash.body.errors[0]?.meta).toEqual({ duplicate_profile_id: taken?.id });
    expect((await send('POST', '/api/profiles', { phone_number: '0612345678' })).status).toBe(400);
  });
});

async function windows(): Promise<readonly WindowRecord[]> {
  return (await sandbox.klaviyo.stats())['GET /api/profiles']?.windows ?? [];
}

async function fullWindows(): Promise<readonly WindowRecord[]> {
  return (await windows()).filter(({ accepted, limit }) => accepted === limit);
}

describe('rate windows', () => {
  it('refuses what is over the burst, says when to come back, and counts no refusal', async () => {
    await start({
      limits: 'strict',
      limitOverrides: {
        'GET /api/profiles': [
          { limit: 3, windowMs: 1_000 },
          { limit: 5, windowMs: 60_000 },
        ],
      },
    });
    const answers = await Promise.all(Array.from({ length: 12 }, () => call('/api/profiles')));
    const accepted = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    expect(accepted.length + refused.length).toBe(12);
    expect(accepted.length).toBeGreaterThanOrEqual(3);
    expect(accepted.length).toBeLessThanOrEqual(5);
    for (const { headers } of accepted) {
      expect(headers.get('ratelimit-limit')).toBe('5');
      expect(headers.get('retry-after')).toBeNull();
    }
    for (const { headers, body } of refused) {
      expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect(headers.get('ratelimit-limit')).toBeNull();
      expect(body.errors[0]?.code).toBe('throttled');
    }
    expect(accepted.map(({ headers }) => headers.get('ratelimit-remaining'))).toContain('2');
    const stats = (await sandbox.klaviyo.stats())['GET /api/profiles'];
    expect(stats).toMatchObject({ requests: 12, throttled: refused.length });
    expect(stats?.windows.reduce((sum, window) => sum + window.accepted, 0)).toBe(accepted.length);
  });

  it('opens the next window when one is over, and never lets more through than it permits', async () => {
    // A minute lasts 300 ms here.
    await start({
      limits: 'strict',
      windowScale: 0.005,
      limitOverrides: { 'GET /api/profiles': [{ limit: 20, windowMs: 60_000 }] },
    });
    while ((await fullWindows()).length < 3)
      await Promise.all(Array.from({ length: 30 }, () => call('/api/profiles?page[size]=1')));
    for (const { accepted, limit, startMs, endMs } of await windows()) {
      expect([limit, Math.round(endMs - startMs)]).toEqual([20, 300]);
      expect(accepted).toBeLessThanOrEqual(20);
    }
  });

  it('has a budget for each endpoint', async () => {
    await start({ limits: 'strict', limitOverrides: { 'GET /api/profiles': [{ limit: 1, windowMs: 60_000 }] } });
    await call('/api/profiles');
    expect((await call('/api/profiles')).status).toBe(429);
    expect((await call('/api/lists')).status).toBe(200);
  });
});
