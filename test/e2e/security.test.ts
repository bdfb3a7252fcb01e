import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openQueues, type Queues } from '@tajo/contracts';
import { topology } from '@tajo/mapping';
import type { Run } from '@tajo/sdk';
import { createStore, type Store } from '@tajo/store';
import type { Subscriptions } from '@tajo/sandbox';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { routes } from '../../apps/producer/src/routes.js';
import { plantedIn } from '../support/planted.js';
import { recordRedis, redisContents } from '../support/redis-contents.js';
import { tajo } from '../support/run-to-end.js';
import { type AppProcess, type Stack, startStack, until } from '../support/stack.js';

const oneOrMore = z.union([z.string(), z.array(z.string())]);

const KLAVIYO_KEY = 'pk_plantedklaviyokey0a1b2c3d4e5f6a7b8c';
const BREVO_KEY = 'xkeysib-plantedbrevokey0a1b2c3d4e5f';
const emailOf = (name: string) => `planted.${name}@shop-of-the-test.example.com`;

/** What each is found by. The names say what became of it, for whoever reads a failure. */
const planted = {
  'e-mail of a written contact': 'planted.written',
  'e-mail that Brevo refuses': 'planted.refused',
  'e-mail that our rules refuse': 'planted..twodots',
  'e-mail of an unreadable profile': 'planted.unreadable',
  'e-mail of the holder of a phone number': 'planted.holder',
  'e-mail of a second claimant of it': 'planted.claimant',
  'e-mail of a contact written one by one': 'planted.single',
  'e-mail in a property': 'planted.property',
  'e-mail in the name of a property': 'planted.named',
  'e-mail that a vendor quotes': 'planted.quoted',
  'e-mail in a request': 'planted.request',
  'phone of a written contact': '4155550141',
  'phone that two contacts claim': '4155550142',
  'phone that a vendor quotes': '4155550143',
  'phone in a property': '4155550144',
  'phone in a request': '4155550145',
  'key of Klaviyo': 'plantedklaviyokey',
  'key of Brevo': 'plantedbrevokey',
  'key that a vendor quotes': 'plantedquotedkey',
  'key in a request': 'plantedrequestkey',
};

/** A vendor that repeats what it was sent, in the shapes of both. */
const QUOTE = `Invalid value ${emailOf('quoted')}, planted.quoted%40shop.example.com, SMS +1 (415) 555-0143, 14155550143, sent with xkeysib-plantedquotedkey-1 and pk_plantedquotedkey1`;
const KLAVIYO_QUOTE = JSON.stringify({
  errors: [{ id: '1', code: 'invalid', title: QUOTE, detail: QUOTE, source: { pointer: emailOf('quoted') } }],
});
const BREVO_QUOTE = JSON.stringify({
  code: 'invalid_parameter',
  message: QUOTE,
  metadata: { duplicate_identifiers: [emailOf('quoted')] },
});

let stack: Stack;
let store: Store;
let redis: Redis;
let queues: Queues;
let secrets: Readonly<Record<string, string>>;

beforeAll(async () => {
  stack = await startStack({
    sandbox: {
      klaviyo: { profiles: 200, limits: 'off', privateKey: KLAVIYO_KEY },
      brevo: { limits: 'off', apiKey: BREVO_KEY },
    },
    board: true,
    // Faults count the requests that come before them.
    connector: { limits: { enabled: false }, forecast: false, unmapped_properties: 'create' },
    env: { LOG_LEVEL: 'debug' },
  });
  store = createStore(stack.mongoUrl);
  redis = new Redis(stack.redisUrl, { maxRetriesPerRequest: null });
  queues = openQueues({ connection: redis, prefix: stack.queuePrefix, ...topology });
  const account = await store.accounts.get('default');
  secrets = {
    ...planted,
    'key of the API': stack.apiKey,
    'password of the board': stack.boardPassword,
    'token of the callbacks': account?.callbackToken ?? 'there is none',
  };
}, 60_000);

afterAll(async () => {
  await Promise.all([...(queues?.values() ?? [])].map((queue) => queue.close()));
  redis?.disconnect();
  await store?.close();
  await stack?.stop();
}, 30_000);

describe('nobody without a key', () => {
  let before: Awaited<ReturnType<typeof everything>>;
  beforeAll(async () => {
    before = await everything();
  });

  const strangers: Record<string, Record<string, string>> = {
    'no key': {},
    'a wrong key': { authorization: 'Bearer wrong-key-0123456789' },
    'an empty key': { authorization: 'Bearer ' },
    'a wrong password': { authorization: `Basic ${Buffer.from('tajo:wrong-key-0123456789').toString('base64')}` },
    'a cookie': { cookie: 'tajo_board=admin.9999999999999.AAAA' },
  };
  const bodies: Record<string, object> = {
    connectKlaviyo: { privateApiKey: KLAVIYO_KEY, brevoApiKey: BREVO_KEY },
    startSync: { mode: 'full' },
    replayRejections: { resource: 'profiles' },
  };

  it.each(routes.filter(({ access }) => access === 'key'))('$method $path of the producer', async ({ id, method, path }) => {
    const url = `${stack.apiUrl}${path.replace('{resource}', 'profiles').replaceAll(/\{\w+\}/g, 'run_1')}`;
    for (const [who, headers] of Object.entries(strangers)) {
      const answer = await fetch(url, {
        method,
        headers: { ...headers, 'content-type': 'application/json' },
        ...(method === 'post' && { body: JSON.stringify(bodies[id] ?? {}) }),
      });
      expect({ who, status: answer.status, code: await codeOf(answer) }).toEqual({ who, status: 401, code: 'unauthenticated' });
    }
  });

  it.each([
    ['GET', '/docs'],
    ['GET', '/docs/'],
    ['GET', '/v1/openapi.json'],
    ['GET', '/'],
    ['GET', '/v1/nothing'],
    ['HEAD', '/v1/syncs'],
    ['OPTIONS', '/v1/syncs'],
    ['PUT', '/v1/syncs/run_1'],
    ['PATCH', '/v1/connectors/klaviyo'],
    ['DELETE', '/v1/syncs/run_1'],
    ['GET', '//v1/syncs'],
    ['GET', '/v1/%73yncs'],
    ['GET', '/callbacks/brevo/../../v1/syncs'],
    ['POST', '/health/live'],
  ])('%s %s of the producer', async (method, path) => {
    expect((await fetch(`${stack.apiUrl}${path}`, { method, redirect: 'manual' })).status).toBe(401);
  });

  it('a key in the address does not count', async () => {
    for (const query of [`api_key=${stack.apiKey}`, `key=${stack.apiKey}`, `token=${stack.apiKey}`])
      expect((await fetch(`${stack.apiUrl}/v1/syncs?${query}`)).status).toBe(401);
  });

  it('the metrics of a worker', async () => {
    for (const headers of Object.values(strangers)) {
      const answer = await fetch(`${urlOf(worker())}/metrics`, { headers });
      expect(answer.status).toBe(401);
      expect(await answer.text()).not.toContain('tajo_');
    }
    expect((await fetch(`${urlOf(worker())}/metrics`, asUs())).status).toBe(200);
  });

  it('finds nothing but health on the port of a worker', async () => {
    for (const path of ['/', '/health', '/jobs', '/debug', '/v1/syncs']) {
      expect((await fetch(urlOf(worker()) + path)).status).toBe(404);
      expect((await fetch(urlOf(worker()) + path, { method: 'POST' })).status).toBe(404);
    }
  });

  it.each(['/', '/runs/run_1', '/queues', '/queues/queue/klaviyo-profiles', '/queues/static/js/main.js', '/metrics'])(
    '%s of the board',
    async (path) => {
      for (const headers of Object.values(strangers)) {
        const asBrowser = await fetch(urlOf(board()) + path, {
          headers: { ...headers, accept: 'text/html' },
          redirect: 'manual',
        });
        expect(asBrowser.headers.get('location')).toBe(`/sign-in?next=${encodeURIComponent(path)}`);
        expect(await asBrowser.text()).not.toContain('klaviyo-profiles"');
        const asProgram = await fetch(urlOf(board()) + path, { headers: { ...headers, accept: 'application/json' } });
        expect(asProgram.status).toBe(401);
      }
    },
  );

  it.each(bullBoardApi())('$method $path of the board', async ({ method, path }) => {
    for (const headers of Object.values(strangers)) {
      const answer = await fetch(`${urlOf(board())}/queues${filled(path)}`, {
        method,
        headers: { ...headers, 'content-type': 'application/json' },
        redirect: 'manual',
        ...(method !== 'GET' && { body: '{}' }),
      });
      expect(answer.status).toBe(401);
    }
  });

  it('learns more from a health check than that the process is well', async () => {
    for (const app of [stack.producer, worker(), board()]) {
      for (const check of ['live', 'ready']) {
        const answer = await fetch(`${urlOf(app)}/health/${check}`);
        expect({ app: app.app, status: answer.status, text: await answer.text() }).toEqual({
          app: app.app,
          status: 200,
          text: '{"status":"ok"}',
        });
      }
    }
  });

  it('calls back with a token that is not ours', async () => {
    const { callbackToken } = (await store.accounts.get('default')) ?? { callbackToken: '' };
    const settlements = () => redisContents(stack.redisUrl, `${stack.queuePrefix}:settlements`);
    const quiet = await settlements();
    for (const token of [
      'default',
      callbackToken.slice(1),
      `${callbackToken}x`,
      `${callbackToken}%00`,
      'null',
      '[object Object]',
    ]) {
      const answer = await fetch(`${stack.apiUrl}/callbacks/brevo/${token}`, { method: 'POST' });
      expect({ token: token.length, status: answer.status }).toEqual({ token: token.length, status: 404 });
    }
    expect(await settlements()).toBe(quiet);
    expect((await fetch(`${stack.apiUrl}/callbacks/brevo/${callbackToken}`, { method: 'POST' })).status).toBe(204);
    await until(async () => (await settlements()) !== quiet, 10_000, 'the right token to wake the settlement');
  });

  it('has changed anything by all this', async () => {
    const after = await everything();
    expect({ ...after, jobs: [] }).toEqual({ ...before, jobs: [] });
    const queued = after.jobs.flatMap((queue) => Object.entries(queue)).filter(([name]) => name !== 'settlements');
    expect(queued).toEqual(before.jobs.flatMap((queue) => Object.entries(queue)).filter(([name]) => name !== 'settlements'));
    expect(await stack.sandbox.klaviyo.stats()).toEqual({});
    expect(await stack.sandbox.brevo.stats()).toEqual({});
  });

  // Linux says which process listens where; elsewhere the test has nothing to read.
  (existsSync('/proc/net/tcp') ? it : it.skip)('finds another port, or one that is open to the network', () => {
    for (const { app, port, child } of [stack.producer, worker(), board()])
      expect({ app, listens: listeningOf(child.pid) }).toEqual({ app, listens: [`127.0.0.1:${port}`] });
  });
});

describe('no secret, e-mail address or phone number', () => {
  /** Everything that could leak, by where it was found. */
  const seen = new Map<string, string>();
  let ended: Run[];

  beforeAll(async () => {
    const recording = await recordRedis(stack.redisUrl, stack.queuePrefix);
    try {
      await plantProfiles();
      ended = await runsThatMeetQuotes();
      seen.set('the keys in Redis', await redisContents(stack.redisUrl, stack.queuePrefix));
      seen.set('everything that was ever sent to Redis', recording.text());
    } finally {
      recording.stop();
    }
    await plantJob();
    seen.set('answers of the API', await answersOfTheApi(ended));
    seen.set('refusals of the API', await refusalsOfTheApi());
    seen.set('pages and answers of the board', await answersOfTheBoard(ended));
    seen.set('output of the command line', await outputOfTheCommandLine(ended));
    seen.set('metrics of the producer', await textOf(`${stack.apiUrl}/metrics`, asUs()));
    seen.set('metrics of the worker', await textOf(`${urlOf(worker())}/metrics`, asUs()));
    seen.set('output of the producer', stack.producer.output());
    seen.set('output of the worker', worker().output());
    seen.set('output of the board', board().output());
  }, 240_000);

  it.each([
    // Where, and words that show that the place was reached and the trouble came by.
    ['the keys in Redis', /"failedReason":"(?=.*<e-mail>)/],
    ['everything that was ever sent to Redis', /sync-page/],
    ['answers of the API', /brevo_batch_refused[^]*invalid_emails/],
    ['refusals of the API', /not_found/],
    ['pages and answers of the board', /failedReason[^]*\[email\]/],
    ['output of the command line', /invalid_emails/],
    ['metrics of the producer', /tajo_runs/],
    ['metrics of the worker', /tajo_job_seconds/],
    ['output of the producer', /"level":"debug"/],
    ['output of the worker', /job failed for good[^]*run ended/],
    ['output of the board', /signed in/],
  ])('is in %s', (place, proof) => {
    const text = seen.get(place) ?? '';
    expect(plantedIn(text, secrets)).toEqual([]);
    // Not toMatch: it would print the whole of it.
    expect(proof.test(text)).toBe(true);
  });

  it('escapes this search: it finds what was planted where it belongs', async () => {
    const contacts: unknown[] = [];
    for await (const contact of stack.sandbox.brevo.contacts()) contacts.push(contact);
    expect(plantedIn(JSON.stringify(contacts), secrets)).toEqual(
      expect.arrayContaining(['e-mail of a written contact', 'phone of a written contact', 'e-mail in a property']),
    );
    expect(plantedIn(Buffer.from(`a:${stack.apiKey}`).toString('base64'), secrets)).toEqual(['key of the API']);
    expect(plantedIn('call +1 (415) 555-0141', secrets)).toEqual(['phone of a written contact']);
  });

  it('is what the runs fell over: all ended balanced', () => {
    expect(ended.map(({ state, balanced, totals }) => ({ state, balanced, read: totals['profiles']?.read }))).toEqual(
      ended.map(() => ({ state: 'completed', balanced: true, read: 207 })),
    );
  });

  it('lies open in MongoDB: credentials are sealed', async () => {
    const { sealed } = (await store.accounts.get('default')) ?? { sealed: null };
    expect(sealed).toMatch(/^v1\.[\w-]+\.[\w-]+\.[\w-]+$/);
    const keys = Object.fromEntries(Object.entries(secrets).filter(([name]) => name.startsWith('key of')));
    expect(Object.keys(keys)).toHaveLength(3);
    expect(plantedIn(JSON.stringify(await store.accounts.list()), keys)).toEqual([]);
  });
});

/** What a request could have changed. */
async function everything() {
  return {
    runs: await store.runs.list({ limit: 100 }),
    accounts: await store.accounts.list(),
    rejections: await store.rejections.list({ account: 'default' }, { limit: 100 }),
    jobs: await Promise.all([...queues.values()].map(async (queue) => ({ [queue.name]: await queue.getJobCounts() }))),
    paused: await Promise.all([...queues.values()].map((queue) => queue.isPaused())),
  };
}

/** People of whom something is awkward, each in a way that ends somewhere else. */
async function plantProfiles(): Promise<void> {
  const { klaviyo } = stack.sandbox;
  await klaviyo.add({
    attributes: {
      email: emailOf('written'),
      phone_number: '+14155550141',
      first_name: emailOf('property'),
      properties: {
        lifetime_value: `${emailOf('property')} or +1 415 555 0144`,
        last_order_date: '+14155550144',
        note: `write to ${emailOf('property')}`,
        // Too deep to be written, so that its name stands among the fields left out.
        [emailOf('named')]: nested(30),
      },
    },
    subscriptions: subscribed,
  });
  // An address as the standards allow it, with an international domain, which Brevo does not take.
  await klaviyo.add({ attributes: { email: 'planted.refused@shop.xn--p1ai' }, subscriptions: subscribed });
  await klaviyo.add({ attributes: { email: emailOf('.twodots') }, subscriptions: subscribed });
  // No Klaviyo sends this: a place is an object.
  await klaviyo.add({ attributes: { email: emailOf('unreadable'), location: emailOf('unreadable') as never } });
  await klaviyo.add({ attributes: { email: emailOf('holder'), phone_number: '+14155550142' }, subscriptions: subscribed });
  await klaviyo.add({ attributes: { email: emailOf('claimant'), phone_number: '+14155550142' }, subscriptions: subscribed });
  single = await klaviyo.add({ attributes: { email: emailOf('single') }, subscriptions: unsubscribed });
}

function nested(depth: number): unknown {
  return depth === 0 ? 'the end' : [nested(depth - 1)];
}

let single: string;
const subscribed = consent('SUBSCRIBED', true);
const unsubscribed = consent('UNSUBSCRIBED', false);

function consent(state: string, can: boolean): Subscriptions {
  const since = '2026-01-02T03:04:05+00:00';
  const common = {
    consent: state,
    consent_timestamp: since,
    last_updated: since,
    method: 'API',
    method_detail: emailOf('property'),
  };
  return {
    email: {
      marketing: {
        ...common,
        can_receive_email_marketing: can,
        custom_method_detail: null,
        double_optin: null,
        suppression: [],
        list_suppressions: [],
      },
    },
    sms: { marketing: { ...common, can_receive_sms_marketing: can } },
  };
}

/** Two runs, each brought down by a vendor that quotes what it was sent and set going again, looked at where they stand still. */
async function runsThatMeetQuotes(): Promise<Run[]> {
  const { client, sandbox } = stack;
  await client.connectors.connect('klaviyo', { privateApiKey: KLAVIYO_KEY, publicApiKey: 'SaNdBx', brevoApiKey: BREVO_KEY });

  await sandbox.klaviyo.fault({ kind: 'status', path: '/api/profiles', status: 500, body: KLAVIYO_QUOTE, skip: 8 });
  await sandbox.brevo.fault({ kind: 'status', path: '/contacts', status: 500, body: BREVO_QUOTE });
  await sandbox.brevo.fault({ kind: 'status', path: '/contacts/import', status: 400, body: BREVO_QUOTE });
  const first = await client.syncs.start({ resources: ['profiles'], mode: 'full' });
  await runIs('stopped', first.id);
  looks.push(await standstill(first.id));
  await client.syncs.resume(first.id);
  await runIs('completed', first.id);

  await sandbox.klaviyo.edit(single, { subscriptions: subscribed });
  await sandbox.klaviyo.fault({ kind: 'status', path: '/api/profiles', status: 400, body: KLAVIYO_QUOTE, skip: 7 });
  await sandbox.brevo.fault({ kind: 'status', method: 'POST', path: '/contacts', status: 400, body: BREVO_QUOTE });
  const second = await client.syncs.start({ resources: ['profiles'], mode: 'full' });
  await runIs('failed', second.id);
  looks.push(await standstill(second.id));
  await client.syncs.retry(second.id);
  await runIs('completed', second.id);

  const faults = [...(await sandbox.klaviyo.faults()), ...(await sandbox.brevo.faults())];
  expect(faults.map(({ path, status, hits }) => ({ path, status, hits }))).toEqual(
    faults.map(({ path, status }) => ({ path, status, hits: 1 })),
  );
  return Promise.all([first.id, second.id].map((id) => client.syncs.get(id)));
}

async function runIs(state: Run['state'], id: string): Promise<void> {
  await until(
    async () => {
      const run = await stack.client.syncs.get(id);
      const over = run.state !== state && ['completed', 'failed', 'stopped'].includes(run.state);
      if (over) throw new Error(`run ${id} is ${run.state} instead of ${state}: ${JSON.stringify(run.problem)}`);
      return run.state === state;
    },
    60_000,
    `run ${id} to be ${state}`,
  );
}

/** What operators saw while a run stood still; its problem is forgotten when it goes on. */
const looks: { api: string; board: string; line: string }[] = [];

async function standstill(id: string): Promise<(typeof looks)[number]> {
  const [api, page, line] = await Promise.all([
    Promise.all(
      ['/v1/connectors/klaviyo', `/v1/syncs/${id}`, `/v1/syncs/${id}/progress?once=true`].map((path) =>
        textOf(stack.apiUrl + path, asUs()),
      ),
    ),
    textOf(`${urlOf(board())}/runs/${id}`, await asOperator()),
    tajo(['sync', 'status', id], stack.env),
  ]);
  return { api: api.join('\n'), board: page, line: line.out + line.err };
}

/** Jobs as nobody's release would write them, with a log. They never end well. */
async function plantJob(): Promise<void> {
  const queue = queues.get('klaviyo-profiles');
  const quote = QUOTE.replaceAll('quoted', 'request').replaceAll('0143', '0145');
  const jobs = await Promise.all([
    queue?.add('sync-page', {
      account: 'default',
      run: 'run_1',
      slice: 'slice_1',
      turn: quote,
      email: emailOf('request'),
      SMS: '14155550145',
    }),
    queue?.add(emailOf('request'), { account: 'default', note: quote }),
  ]);
  for (const job of jobs) {
    await until(async () => (await job?.isFailed()) ?? false, 20_000, 'the planted job to fail');
    await job?.log(`asked for ${quote}`);
  }
}

async function answersOfTheApi(runs: readonly Run[]): Promise<string> {
  const records: string[] = [];
  for await (const { id, attributes } of stack.sandbox.klaviyo.profiles())
    if (attributes.email?.startsWith('planted')) records.push(id);
  expect(records).toHaveLength(7);
  const paths = routes
    .filter(({ access, method }) => access === 'key' && method === 'get')
    .flatMap(({ path }) => {
      if (path.includes('{sourceId}'))
        return records.map((id) => path.replace('{resource}', 'profiles').replace('{sourceId}', id));
      return path.includes('{id}') ? runs.map(({ id }) => path.replace('{id}', id)) : [path];
    });
  const more = [
    '/v1/rejections?limit=500',
    '/v1/rejections?outcome=skipped',
    '/v1/openapi.json',
    ...runs.map(({ id }) => `/v1/syncs/${id}/progress?once=true`),
  ];
  const texts = await Promise.all([...paths, ...more].map((path) => textOf(stack.apiUrl + path, asUs())));
  const tested = await stack.client.connectors.test('klaviyo');
  return [...looks.map(({ api }) => api), ...texts, JSON.stringify(tested)].join('\n');
}

/** Whatever is sent, nothing of it comes back. */
async function refusalsOfTheApi(): Promise<string> {
  const email = emailOf('request');
  const json = { 'content-type': 'application/json' };
  const keys = { privateApiKey: 'pk_plantedrequestkey1', brevoApiKey: 'xkeysib-plantedrequestkey-1' };
  const requests: [string, string, (Omit<RequestInit, 'headers'> & { headers?: Record<string, string> })?][] = [
    ['GET', `/v1/syncs/${email}`],
    ['GET', `/v1/syncs/%2B14155550145`],
    ['GET', `/v1/${encodeURIComponent(email)}/+14155550145`],
    ['GET', `/v1/syncs?account=${email}`],
    ['GET', `/v1/syncs?${encodeURIComponent(email)}=1`],
    ['GET', `/v1/rejections?state=${email}`],
    ['GET', `/v1/records/${email}/x`],
    ['POST', `/callbacks/brevo/${email}`],
    ['POST', '/v1/syncs', { headers: json, body: JSON.stringify({ mode: email, [email]: '+14155550145', resources: [email] }) }],
    ['POST', '/v1/syncs', { headers: json, body: `{"mode": "full", "account": ${email}` }],
    ['POST', '/v1/syncs', { headers: { 'content-type': 'text/plain' }, body: email }],
    ['POST', '/v1/syncs', { headers: json, body: JSON.stringify({ mode: 'full', account: email.repeat(50_000) }) }],
    ['POST', '/v1/syncs', { headers: { ...json, 'idempotency-key': `${email} +14155550145` }, body: '{"mode":"full"}' }],
    [
      'POST',
      '/v1/rejections/replay',
      { headers: json, body: JSON.stringify({ resource: 'profiles', sourceIds: [email], reason: email }) },
    ],
    ['POST', '/v1/connectors/klaviyo/connect', { headers: json, body: JSON.stringify(keys) }],
    [
      'POST',
      '/v1/connectors/klaviyo/connect',
      { headers: json, body: JSON.stringify({ ...keys, brevoApiKey: undefined, account: 'other' }) },
    ],
    ['POST', '/v1/connectors/klaviyo/connect', { headers: json, body: JSON.stringify({ ...keys, brevoKey: keys.brevoApiKey }) }],
    ['GET', '/v1/syncs', { headers: { authorization: 'Bearer plantedrequestkey-0123456789' } }],
  ];
  const texts: string[] = [];
  for (const [method, path, { headers, ...init } = {}] of requests) {
    const answer = await fetch(stack.apiUrl + path, { method, ...init, headers: { ...asUs().headers, ...headers } });
    const text = await answer.text();
    expect({ method, path, status: answer.status, type: answer.headers.get('content-type') }).toEqual({
      method,
      path,
      status: expect.any(Number),
      type: 'application/problem+json; charset=utf-8',
    });
    texts.push(`${method} ${answer.status} ${JSON.stringify([...answer.headers])} ${text}`);
  }
  return texts.join('\n');
}

async function answersOfTheBoard(runs: readonly Run[]): Promise<string> {
  const session = await asOperator();
  const paths = ['/', '/queues', `/runs/${emailOf('request')}`, ...runs.map(({ id }) => `/runs/${id}`)];
  for (const [name, queue] of queues) {
    const jobs = await queue.getJobs();
    const [some] = jobs;
    const reads = bullBoardApi().filter(({ method }) => method === 'GET');
    paths.push(...reads.map(({ path }) => `/queues${filled(path, name, some?.id)}`));
    paths.push(
      ...['failed', 'completed', 'delayed', 'latest'].map(
        (status) => `/queues/api/queues?activeQueue=${name}&status=${status}&jobsPerPage=100`,
      ),
    );
    paths.push(
      ...jobs.flatMap(({ id }) => [
        `/queues/api/queues/${name}/${id}`,
        `/queues/api/queues/${name}/${id}/logs`,
        `/queues/queue/${name}/${id}`,
      ]),
    );
  }
  const texts = looks.map((look) => look.board);
  for (const path of new Set(paths)) texts.push(await textOf(urlOf(board()) + path, session));
  const [failed] = (await queues.get('klaviyo-profiles')?.getFailed()) ?? [];
  const changes: [string, string][] = [
    ['PUT', `/queues/api/queues/klaviyo-profiles/${failed?.id}/retry`],
    ['PUT', `/queues/api/queues/klaviyo-profiles/${encodeURIComponent(emailOf('request'))}/retry`],
    ['PUT', `/queues/api/queues/${encodeURIComponent(emailOf('request'))}/pause`],
  ];
  for (const [method, path] of changes) texts.push(await textOf(urlOf(board()) + path, { ...session, method }));
  const wrong = new URLSearchParams({ password: 'plantedrequestkey', next: '/' });
  texts.push(await textOf(`${urlOf(board())}/sign-in`, { method: 'POST', body: wrong }));
  return texts.join('\n');
}

async function outputOfTheCommandLine(runs: readonly Run[]): Promise<string> {
  const [run] = runs;
  const commands = [
    ['config', 'check'],
    ['config', 'check', '--json'],
    ['doctor'],
    ['rejections', 'list'],
    ['sync', 'status', run?.id ?? ''],
    ['sync', 'status', emailOf('request'), '--verbose'],
  ];
  const ends = [];
  for (const command of commands) ends.push(await tajo(command, stack.env));
  return [...looks.map(({ line }) => line), ...ends.map(({ out, err }) => out + err)].join('\n');
}

function worker(): AppProcess {
  const [only] = stack.workers;
  if (!only) throw new Error('The stack has no worker.');
  return only;
}

function board(): AppProcess {
  if (!stack.board) throw new Error('The stack has no board.');
  return stack.board;
}

function urlOf({ port }: AppProcess): string {
  return `http://127.0.0.1:${port}`;
}

function asUs() {
  return { headers: { authorization: `Bearer ${stack.apiKey}` } };
}

let cookie: string | undefined;

async function asOperator() {
  if (cookie === undefined) {
    const body = new URLSearchParams({ password: stack.boardPassword });
    const answer = await fetch(`${urlOf(board())}/sign-in`, { method: 'POST', body, redirect: 'manual' });
    cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(cookie).toMatch(/^tajo_board=admin/);
  }
  return { headers: { cookie } };
}

async function textOf(url: string, init: RequestInit): Promise<string> {
  return (await fetch(url, init)).text();
}

async function codeOf(answer: Response): Promise<unknown> {
  const document: unknown = await answer.json();
  return typeof document === 'object' && document !== null && 'code' in document ? document.code : undefined;
}

/** Bull Board's own table, so that a route of a later release is asked for too. */
function bullBoardApi(): { method: string; path: string }[] {
  const ofBoard = createRequire(new URL('../../apps/board/package.json', import.meta.url));
  const { appRoutes } = z
    .object({ appRoutes: z.object({ api: z.array(z.object({ method: oneOrMore, route: oneOrMore })) }) })
    .parse(ofBoard('@bull-board/api/dist/routes.js'));
  return appRoutes.api.flatMap(({ method, route }) =>
    [method].flat().flatMap((verb) => [route].flat().map((path) => ({ method: verb.toUpperCase(), path }))),
  );
}

function filled(path: string, queue = 'klaviyo-profiles', job = 'page-1'): string {
  return path
    .replace(':queueName', queue)
    .replace(':jobId', job)
    .replace(':queueStatus', 'failed')
    .replace(':schedulerId', 'hourly');
}

/** Addresses a process listens on, as the kernel has them. */
function listeningOf(pid: number | undefined): string[] {
  const folder = `/proc/${pid}`;
  const sockets = readdirSync(`${folder}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // Closed since it was listed.
    }
  });
  const lines = ['tcp', 'tcp6'].flatMap((kind) => readFileSync(`${folder}/net/${kind}`, 'utf8').trim().split('\n').slice(1));
  const LISTEN = '0A';
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== LISTEN || !sockets.includes(inode)) return [];
    // IPv4 stands in hexadecimal, the last byte first.
    const bytes = address.match(/../g) ?? [];
    return [
      `${
        bytes.length === 4
          ? bytes
              .toReversed()
              .map((byte) => Number.parseInt(byte, 16))
              .join('.')
          : address
      }:${Number.parseInt(port, 16)}`,
    ];
  });
}
