import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createSecretBox, type Credentials } from '@tajo/accounts';
import type { BrevoControl } from '@tajo/sandbox';
import type { Run } from '@tajo/sdk';
import { freePort } from '@tajo/servers';
import { createStore, FINAL_STATES, type Store } from '@tajo/store';
import { ProblemDocument } from '../../apps/producer/src/schemas.js';
import { appEnding, type Ended, tajo } from '../support/run-to-end.js';
import { type App, type Stack, startStack, until } from '../support/stack.js';

const PROFILES = 250;
const apps: readonly App[] = ['producer', 'worker', 'board'];

let stack: Stack;
let store: Store;

beforeAll(async () => {
  stack = await startStack({
    sandbox: { klaviyo: { profiles: PROFILES, limits: 'off' }, brevo: { limits: 'off' } },
    // Faults count the requests that come before them.
    connector: { limits: { enabled: false }, forecast: false },
  });
  store = createStore(stack.mongoUrl);
}, 60_000);

afterAll(async () => {
  await store?.close();
  await stack?.stop();
});

// What one case leaves behind when it fails is not the next one's trouble.
afterEach(async () => {
  if (!stack) return;
  await Promise.all([stack.sandbox.klaviyo.clearFaults(), stack.sandbox.brevo.clearFaults()]);
  const run = await latestRun();
  if (run && !FINAL_STATES.includes(run.state)) await stack.client.syncs.cancel(run.id);
});

describe('a key that a vendor refuses', () => {
  it("of Brevo's stops the account before anything is written, says what to do, and the run goes on once that is done", async () => {
    await keysBecome({ brevoApiKey: 'xkeysib-revoked-0123456789' });
    const stopped = await tajo(['sync', 'run', '--resources', 'profiles', '--mode', 'full', '--wait'], stack.env);
    expect(stopped.code).toBe(4);
    expectOneMessage(stopped, /Brevo refused the key of account default \(401\)/);
    expect(stopped.out).toContain('Check the Brevo API key of account default');
    const run = await latestRun();
    expect(run).toMatchObject({
      state: 'stopped',
      balanced: false,
      problem: { code: 'brevo_key_refused', remedy: expect.any(String) },
    });
    expect(await stack.client.connectors.status()).toMatchObject({ stopped: { code: 'brevo_key_refused' } });
    expect(await writesTo(stack.sandbox.brevo)).toEqual([]);

    await done(['connectors', 'connect', 'klaviyo']);
    const id = run?.id ?? '';
    await done(['sync', 'resume', id]);
    expect(JSON.parse(await done(['sync', 'status', id, '--wait', '--json']))).toMatchObject({
      state: 'completed',
      balanced: true,
      resources: { profiles: { read: PROFILES } },
      problem: null,
    });
    expect(await stack.client.connectors.status()).toMatchObject({ stopped: null, credentials: 'stored' });
  }, 60_000);

  it("of Klaviyo's, revoked half way, stops the run where it stands; another bad key changes nothing, a good one lets it end balanced", async () => {
    const contacts = (await stack.sandbox.brevo.state()).contacts;
    // Checking asks three times, beginning four times, so the reading has begun.
    await stack.sandbox.klaviyo.fault({ kind: 'status', path: '/api/*', status: 401, body: KEY_REFUSED, skip: 9, times: 0 });
    const { id } = await stack.client.syncs.start({ resources: ['profiles'], mode: 'full', force: true });
    const stopped = await over(id);
    expect(stopped).toMatchObject({
      state: 'stopped',
      problem: {
        code: 'klaviyo_key_refused',
        message: expect.stringContaining('401'),
        remedy: expect.stringContaining('Replace the Klaviyo API key'),
      },
    });
    expect(stopped.totals['profiles']?.read).toBeLessThan(PROFILES);

    const refused = await tajo(['connectors', 'connect', 'klaviyo'], {
      ...stack.env,
      KLAVIYO_PRIVATE_KEY: 'pk_anotherbadkey0123456789',
    });
    expect(refused.code).toBe(2);
    expectOneMessage(refused, /Klaviyo refused the key of account default \(401\)[^]*Nothing was stored/);
    expect(await stack.client.syncs.get(id)).toMatchObject({ state: 'stopped' });
    expect(await stack.client.connectors.status()).toMatchObject({ stopped: { code: 'klaviyo_key_refused' } });

    await stack.sandbox.klaviyo.clearFaults();
    await connectWithGoodKeys();
    await stack.client.syncs.resume(id);
    expectComplete(await over(id));
    expect((await stack.sandbox.brevo.state()).contacts).toBe(contacts);
  }, 60_000);

  it('for lack of a scope stops the run with the scope named, before anything is written', async () => {
    await stack.sandbox.brevo.resetStats();
    await stack.sandbox.klaviyo.fault({ kind: 'status', path: '/api/profiles', status: 403, body: SCOPE_MISSING, times: 0 });
    const { id } = await stack.client.syncs.start({ resources: ['profiles'], mode: 'full', force: true });
    expect(await over(id)).toMatchObject({
      state: 'stopped',
      problem: {
        code: 'klaviyo_scope_missing',
        message: expect.stringContaining('profiles:read'),
        remedy: expect.stringContaining('with the scope profiles:read'),
      },
    });
    expect(await writesTo(stack.sandbox.brevo)).toEqual([]);

    await stack.sandbox.klaviyo.clearFaults();
    await stack.client.syncs.resume(id);
    expectComplete(await over(id));
  }, 60_000);

  it('while imports are under way leaves none behind', async () => {
    await stack.sandbox.brevo.fault({ kind: 'status', path: '/processes*', status: 401, body: BREVO_KEY_REFUSED, times: 0 });
    const { id } = await stack.client.syncs.start({ resources: ['profiles'], mode: 'full', force: true });
    expect(await over(id)).toMatchObject({ state: 'stopped', problem: { code: 'brevo_key_refused' } });
    await stack.sandbox.brevo.clearFaults();
    await stack.client.syncs.resume(id);
    expectComplete(await over(id));
  }, 60_000);
});

const json = { 'content-type': 'application/json' };

function post(path: string, body: unknown, headers: Record<string, string> = json) {
  return { method: 'POST', path, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

function get(path: string) {
  return { method: 'GET', path, headers: {} };
}

describe('what the API refuses changes nothing', () => {
  it.each([
    ['a body that is no JSON', post('/v1/syncs', '{"mode": "full"'), 400, 'body_not_json', 'no valid JSON'],
    ['a body that is no object', post('/v1/syncs', '[]'), 422, 'invalid_request', 'expected object'],
    [
      'a body of another type',
      post('/v1/syncs', 'mode=full', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'body_not_json',
      'application/json',
    ],
    [
      'a body without a type',
      post('/v1/syncs', '{"mode":"full"}', { 'content-type': '' }),
      415,
      'body_not_json',
      'application/json',
    ],
    [
      'a body that is too large',
      post('/v1/syncs', { mode: 'full', account: 'a'.repeat(1_100_000) }),
      413,
      'body_too_large',
      '1 MB',
    ],
    [
      'an encoding we cannot read',
      post('/v1/syncs', '{}', { ...json, 'content-encoding': 'zip' }),
      415,
      'encoding_unsupported',
      'UTF-8',
    ],
    ['a missing field', post('/v1/syncs', {}), 422, 'invalid_request', 'mode'],
    ['a wrong value', post('/v1/syncs', { mode: 'fast' }), 422, 'invalid_request', 'mode'],
    ['a mode to come', post('/v1/syncs', { mode: 'verify' }), 422, 'mode_not_yet', 'mode'],
    ['an unknown field', post('/v1/syncs', { mode: 'full', resource: 'profiles' }), 422, 'invalid_request', 'resource'],
    ['an unknown resource', post('/v1/syncs', { mode: 'full', resources: ['profils'] }), 422, 'invalid_request', 'resources.0'],
    ['no resource at all', post('/v1/syncs', { mode: 'full', resources: [] }), 422, 'invalid_request', 'resources'],
    ['a flag that is text', post('/v1/syncs', { mode: 'full', force: 'yes' }), 422, 'invalid_request', 'force'],
    ['a name no account can have', post('/v1/syncs', { mode: 'full', account: '../x' }), 422, 'invalid_request', 'account'],
    [
      'an account that is not connected',
      post('/v1/syncs', { mode: 'full', account: 'nobody' }),
      409,
      'account_not_connected',
      'tajo connectors connect',
    ],
    [
      'an idempotency key with a space',
      post('/v1/syncs', { mode: 'full' }, { ...json, 'idempotency-key': 'a b' }),
      400,
      'invalid_request',
      'idempotency-key',
    ],
    ['a connection without a key', post('/v1/connectors/klaviyo/connect', {}), 422, 'invalid_request', 'privateApiKey'],
    [
      'a key that is a number',
      post('/v1/connectors/klaviyo/connect', { privateApiKey: 5 }),
      422,
      'invalid_request',
      'privateApiKey',
    ],
    [
      'a replay of nothing',
      post('/v1/rejections/replay', { resource: 'profiles', sourceIds: ['NOBODY'] }),
      422,
      'nothing_to_replay',
      'No rejected record fits',
    ],
    [
      'a replay of what is no list',
      post('/v1/rejections/replay', { resource: 'profiles', sourceIds: 'A' }),
      422,
      'invalid_request',
      'sourceIds',
    ],
    ['an unknown parameter', get('/v1/syncs?sate=running'), 400, 'invalid_request', 'sate'],
    ['a limit out of bounds', get('/v1/syncs?limit=1000'), 400, 'invalid_request', 'limit'],
    ['a run that is not there', get('/v1/syncs/run_nope'), 404, 'not_found', 'run_nope'],
    ['the change of a run that is not there', post('/v1/syncs/run_nope/resume', ''), 404, 'not_found', 'run_nope'],
    ['a route that is not there', get('/v1/sync'), 404, 'not_found', '/v1/sync'],
  ])('%s', async (_what, { path, ...init }, status, code, words) => {
    const before = await everything();
    const answer = await fetch(stack.apiUrl + path, {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${stack.apiKey}` },
    });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    const problem = ProblemDocument.parse(await answer.json());
    expect({ status: answer.status, inside: problem.status, code: problem.code }).toEqual({ status, inside: status, code });
    expect(`${problem.detail} ${problem.remedy ?? ''}`).toContain(words);
    if (code === 'invalid_request' && status === 422 && words !== 'expected object') expect(problem.field).toBe(words);
    expect(await everything()).toEqual(before);
  });

  it('a second run: 409 with the id of the first, also while that one is paused; and the first goes on as if nothing had been', async () => {
    const first = await stack.client.syncs.start({ resources: ['profiles'], mode: 'full', force: true });
    const second = stack.client.syncs.start({ resources: ['profiles'], mode: 'full' });
    await expect(second).rejects.toMatchObject({ status: 409, code: 'run_active', runId: first.id });
    await stack.client.syncs.pause(first.id);
    const third = await tajo(['sync', 'run', '--resources', 'profiles'], stack.env);
    expect(third.code).toBe(3);
    expectOneMessage(third, new RegExp(`Run ${first.id} of account default is not finished`));
    expect(third.err).toContain(`tajo sync status ${first.id} --wait`);
    expect((await latestRun())?.id).toBe(first.id);
    await stack.client.syncs.resume(first.id);
    expectComplete(await over(first.id));
    await expect(stack.client.syncs.resume(first.id)).rejects.toMatchObject({ status: 409, code: 'run_state' });
  }, 60_000);

  it('an unknown resource on the command line ends with 2 and names those there are', async () => {
    const refused = await tajo(['sync', 'run', '--resources', 'profils'], stack.env);
    expect(refused.code).toBe(2);
    expectOneMessage(refused, /Unknown resource; known are: profiles/);
  });
});

describe('a configuration that cannot work', () => {
  let wrong: Stack;
  beforeAll(async () => {
    wrong = await startStack({
      sandbox: { klaviyo: { profiles: 20, limits: 'off', scopes: ['accounts:read'] }, brevo: { limits: 'off' } },
      connector: {
        limits: { enabled: false },
        sync: { events: false, lists: false, segments: false },
        lists: { all_contacts: 20, subscribers: 99 },
      },
    });
  }, 60_000);
  afterAll(() => wrong?.stop());

  it('names the list that Brevo has not and those it has, fails the run before anything is written, and does not block the next one', async () => {
    const failed = await tajo(['sync', 'run', '--resources', 'profiles', '--wait'], wrong.env);
    expect(failed.code).toBe(3);
    expectOneMessage(
      failed,
      /connectors\.klaviyo\.lists\.subscribers: Brevo has no list 99\. It has 22 \(High value\), 21 \(Subscribers\), 20 \(All contacts\)/,
    );
    const [run] = (await wrong.client.syncs.list()).runs;
    expect(run).toMatchObject({ state: 'failed', problem: { code: 'brevo_list_unknown' }, totals: { profiles: { read: 0 } } });
    expect(await writesTo(wrong.sandbox.brevo)).toEqual([]);
    expect(await wrong.sandbox.brevo.state()).toMatchObject({ contacts: 0, imports: { accepted: 0 } });
    expect(await wrong.client.syncs.start({ mode: 'full' })).toMatchObject({ state: 'planning' });
  }, 60_000);

  it('names the scope the key lacks when it is connected, and stores nothing', async () => {
    const refused = await tajo(['connectors', 'connect', 'klaviyo'], wrong.env);
    expect(refused.code).toBe(2);
    expectOneMessage(refused, /The Klaviyo key lacks profiles:read\. Nothing was stored/);
    expect(refused.err).toContain('Create a Klaviyo private key with profiles:read');
    expect(await wrong.client.connectors.status()).toMatchObject({ credentials: 'configuration', connectedAt: null });
  }, 30_000);
});

describe('a start that cannot work ends at once with one message', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tajo-refusals-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('an unknown key in the file: 2, and the nearest known one is named', async () => {
    const file = join(folder, 'tajo.yaml');
    await writeFile(file, 'connectors:\n  klaviyo:\n    profile_maping: { email: email }\n');
    const env = { ...stack.env, TAJO_CONFIG: file };
    const ends = await Promise.all([
      tajo(['config', 'check'], env),
      tajo(['up'], env),
      ...apps.map((app) => appEnding(app, env)),
    ]);
    for (const end of ends) {
      expect(end).toMatchObject({ code: 2 });
      expectOneMessage(
        end,
        /connectors\.klaviyo\.profile_maping is not a key of the configuration.*connectors\.klaviyo\.profile_mapping/,
      );
    }
  }, 30_000);

  it.each([
    ['Redis', 'REDIS_URL', (port: number) => `redis://127.0.0.1:${port}`],
    ['MongoDB', 'MONGO_URL', (port: number) => `mongodb://127.0.0.1:${port}/tajo`],
  ])(
    'a %s that does not answer',
    async (server, variable, urlOf) => {
      const env = { ...stack.env, [variable]: urlOf(await freePort()), PRODUCER_PORT: '0', WORKER_PORT: '0', BOARD_PORT: '0' };
      const ends = await Promise.all(apps.map((app) => appEnding(app, env)));
      for (const [index, end] of ends.entries()) {
        // Not 2: the configuration may be right, so whoever supervises the app is to start it again.
        expect({ app: apps[index], code: end.code }).toEqual({ app: apps[index], code: 1 });
        expectOneMessage(
          end,
          new RegExp(`${server}.* cannot be reached \\(.*ECONNREFUSED.*\\); check ${variable} and that it runs\\.`),
        );
        expect(end.ms).toBeLessThan(30_000);
      }
    },
    60_000,
  );
});

const KEY_REFUSED = JSON.stringify({
  errors: [
    {
      id: '1',
      status: 401,
      code: 'authentication_failed',
      title: 'Authentication failed.',
      detail: 'Incorrect authentication credentials.',
    },
  ],
});
const SCOPE_MISSING = JSON.stringify({
  errors: [
    {
      id: '1',
      status: 403,
      code: 'permission_denied',
      title: 'Forbidden',
      detail: 'API key is missing required scopes: profiles:read',
    },
  ],
});
const BREVO_KEY_REFUSED = JSON.stringify({ code: 'unauthorized', message: 'Key not found' });

/** What a request could have changed. */
async function everything() {
  return { runs: await store.runs.list({}), accounts: await store.accounts.list() };
}

/** What was connected is not accepted any more, as when somebody deletes the key at the vendor. */
async function keysBecome(keys: Partial<Credentials>): Promise<void> {
  const { klaviyoPrivateKey, brevoApiKey } = stack.sandbox.keys;
  const sealed = createSecretBox(stack.apiKey).seal('default', JSON.stringify({ klaviyoPrivateKey, brevoApiKey, ...keys }));
  await store.accounts.connect('default', sealed, new Date());
}

async function connectWithGoodKeys(): Promise<void> {
  const { klaviyoPrivateKey: privateApiKey, brevoApiKey } = stack.sandbox.keys;
  await stack.client.connectors.connect('klaviyo', { privateApiKey, brevoApiKey });
}

async function latestRun(): Promise<Run | undefined> {
  return (await stack.client.syncs.list({ limit: 1 })).runs[0];
}

/** The run as it stands when nothing happens any more. */
async function over(id: string): Promise<Run> {
  let run: Run | undefined;
  await until(
    async () => {
      run = await stack.client.syncs.get(id);
      return ['completed', 'failed', 'cancelled', 'stopped'].includes(run.state);
    },
    40_000,
    `run ${id} to end or stop`,
  );
  // `until` has just read it.
  return run as Run;
}

function expectComplete(run: Run): void {
  expect({ state: run.state, problem: run.problem, balanced: run.balanced, read: run.totals['profiles']?.read }).toEqual({
    state: 'completed',
    problem: null,
    balanced: true,
    read: PROFILES,
  });
}

/** What the command printed; fails with its words when it did not succeed. */
async function done(args: readonly string[]): Promise<string> {
  const { code, out, err } = await tajo(args, stack.env);
  if (code !== 0) throw new Error(`tajo ${args.join(' ')} ended with ${code}: ${out}${err}`);
  return out;
}

/** Said once, in one line, and no stack trace beside it. */
function expectOneMessage({ out, err }: Ended, message: RegExp): void {
  const said = out + err;
  expect(said).toMatch(message);
  expect(said.split('\n').filter((line) => message.test(line))).toHaveLength(1);
  expect(said).not.toMatch(/\n\s+at |\\n\s+at /);
}

/** Requests that could have changed something at Brevo and were not refused. */
async function writesTo(brevo: BrevoControl): Promise<string[]> {
  return Object.entries(await brevo.stats())
    .filter(
      ([endpoint, { statuses }]) => !endpoint.startsWith('GET ') && Object.keys(statuses).some((status) => Number(status) < 400),
    )
    .map(([endpoint]) => endpoint);
}
