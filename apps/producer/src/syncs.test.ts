import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RUNS_QUEUE } from '@tajo/contracts';
import { emptyCounts, type RunState } from '@tajo/store';
import { startProducer, type TestProducer } from '../../../test/support/producer.js';

let producer: TestProducer;
beforeAll(async () => {
  producer = await startProducer({ KLAVIYO_PRIVATE_KEY: 'pk_configured_1', BREVO_API_KEY: 'xkeysib-configured-1' });
});
afterAll(() => producer.close());

beforeEach(async () => {
  // The account may have one run at a time: what a test left is ended.
  for (const run of await producer.store.runs.list({ limit: 500 })) {
    await producer.store.runs.update(run._id, { state: 'cancelled', finishedAt: new Date() });
    await producer.store.runs.releaseAccount(run.account, run._id);
  }
});

const start = (body: unknown = { resources: ['profiles'], mode: 'full' }, headers: Record<string, string> = {}) =>
  producer.call('POST', '/v1/syncs', { body, headers });
const act = (id: string, verb: string) => producer.call('POST', `/v1/syncs/${id}/${verb}`);
async function aRun(state: RunState = 'planning', set: object = {}): Promise<string> {
  const { json } = await start();
  const id = String(json['id']);
  if (state !== 'planning') await producer.store.runs.update(id, { state, ...set });
  return id;
}
const planned = { plan: { done: ['checked'], sweepOffset: 0, begun: ['profiles'] } };

describe('starting a run', () => {
  it('accepts it, says where it is, and hands it to the workers', async () => {
    const { status, headers, json } = await start();
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/syncs/${String(json['id'])}`);
    expect(json).toMatchObject({ account: 'default', mode: 'full', resources: ['profiles'], state: 'planning', balanced: false });
    const jobs = await producer.queues.get(RUNS_QUEUE)?.getJobs(['waiting']);
    expect(jobs?.map(({ name, data }) => [name, data])).toContainEqual(['plan-run', { account: 'default', run: json['id'] }]);
    expect((await producer.call('GET', `/v1/syncs/${String(json['id'])}`)).json).toMatchObject({ id: json['id'] });
  });

  it('takes the resources switched on in the configuration when none are named', async () => {
    expect((await start({ mode: 'full' })).json).toMatchObject({
      resources: ['profiles', 'events', 'lists', 'list-members', 'segments', 'segment-members'],
    });
  });

  it('takes a switch of the configuration for all that it turns on', async () => {
    expect((await start({ mode: 'full', resources: ['lists'] })).json).toMatchObject({ resources: ['lists', 'list-members'] });
  });

  it('refuses a second run of the account and names the first', async () => {
    const first = await start();
    const second = await start();
    expect(second.status).toBe(409);
    expect(second.json).toMatchObject({ code: 'run_active', runId: first.json['id'] });
  });

  it('answers the same idempotency key with the same run', async () => {
    const headers = { 'Idempotency-Key': 'nightly-1' };
    const first = await start(undefined, headers);
    const again = await start(undefined, headers);
    expect([first.status, again.status]).toEqual([202, 200]);
    expect(again.json['id']).toBe(first.json['id']);
  });

  it('answers the same key sent many times at once with one run', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => start(undefined, { 'Idempotency-Key': 'at-once' })));
    expect(new Set(answers.map(({ json }) => json['id'])).size).toBe(1);
    expect(statusesOf(answers)).toEqual([200, 200, 200, 200, 202]);
  });

  it('starts one of many runs asked for at once', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => start()));
    const [started] = answers.filter(({ status }) => status === 202);
    expect(statusesOf(answers)).toEqual([202, 409, 409, 409, 409]);
    for (const { status, json } of answers) if (status === 409) expect(json['runId']).toBe(started?.json['id']);
  });

  it('refuses a key that stood for another request', async () => {
    const headers = { 'Idempotency-Key': 'nightly-2' };
    const first = await start(undefined, headers);
    const other = await start({ resources: ['profiles'], mode: 'full', force: true }, headers);
    expect(other.status).toBe(422);
    expect(other.json).toMatchObject({ code: 'idempotency_key_reused', runId: first.json['id'] });
  });

  it.each([
    ['an unknown resource', { resources: ['profile'], mode: 'full' }, 422, /profiles/],
    ['no resource', { resources: [], mode: 'full' }, 422, /resources/],
    [
      'an unknown field',
      { resources: ['profiles'], mode: 'full', dryRun: true },
      422,
      /dryRun.*known are: account, resources, mode, force/,
    ],
    ['a missing mode', { resources: ['profiles'] }, 422, /mode/],
    ['a mode that is no run', { resources: ['profiles'], mode: 'verify' }, 422, /verifications/],
    ['an account name with other letters', { mode: 'full', account: '../x' }, 422, /account/],
    ['something that is no object', [1], 422, /./],
    ['what is no JSON', '{"mode": "full"', 400, /no valid JSON/],
    ['more than a megabyte', `{"mode":"${'x'.repeat(1_100_000)}"}`, 413, /1 MB/],
  ])('refuses %s with one clear message and starts nothing', async (_what, body, status, words) => {
    const answer = await start(body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(String(answer.json['detail'])).toMatch(words);
    expect(await producer.store.runs.unfinished()).toEqual([]);
  });

  it('refuses a body that does not say it is JSON', async () => {
    const answer = await start('mode=full', { 'content-type': 'application/x-www-form-urlencoded' });
    expect([answer.status, answer.json['code']]).toEqual([415, 'body_not_json']);
  });

  it('refuses a bad idempotency key and unknown query parameters by name', async () => {
    expect((await start(undefined, { 'Idempotency-Key': 'a b' })).json).toMatchObject({ status: 400, field: 'idempotency-key' });
    const listed = await producer.call('GET', '/v1/syncs?states=running');
    expect(listed.json).toMatchObject({ status: 400, field: 'states' });
    expect(listed.json['detail']).toContain('known are: account, state, limit, before');
  });

  it('refuses an account that is not connected', async () => {
    const { status, json } = await start({ mode: 'full', account: 'unknown' });
    expect([status, json['code']]).toEqual([409, 'account_not_connected']);
  });

  it('takes starting as the word that what stopped the account is mended', async () => {
    await producer.store.accounts.ensure('default', 'token');
    await producer.store.accounts.stop('default', {
      code: 'klaviyo_key_refused',
      message: 'Refused.',
      remedy: 'Replace it.',
      at: new Date(),
    });
    await start();
    expect((await producer.store.accounts.get('default'))?.stopped).toBeNull();
  });

  it('answers a path that is not there with a problem, too', async () => {
    expect((await producer.call('GET', '/v1/nothing')).json).toMatchObject({ status: 404, code: 'not_found' });
    expect((await producer.call('GET', '/v1/syncs/run_none')).json).toMatchObject({
      status: 404,
      detail: 'There is no run run_none.',
    });
  });
});

describe('steering a run', () => {
  it.each(['planning', 'running', 'reconciling'] as const)('pauses a run that is %s and resumes it there', async (state) => {
    const id = await aRun(state, planned);
    expect((await act(id, 'pause')).json).toMatchObject({ state: 'paused' });
    expect((await act(id, 'pause')).status).toBe(200);
    expect((await act(id, 'resume')).json).toMatchObject({ state });
    expect((await producer.store.runs.get(id))?.resumeTo).toBeNull();
  });

  it('resumes a stopped run and clears what stopped its account', async () => {
    const problem = { code: 'klaviyo_key_refused', message: 'Refused.', remedy: 'Replace it.', at: new Date() };
    const id = await aRun('stopped', { ...planned, resumeTo: 'running', problem });
    await producer.store.accounts.ensure('default', 'token');
    await producer.store.accounts.stop('default', problem);
    expect((await act(id, 'resume')).json).toMatchObject({ state: 'running', problem: null });
    expect((await producer.store.accounts.get('default'))?.stopped).toBeNull();
  });

  it('retries a failed run where it stood, and reads its failed slices again', async () => {
    const id = await aRun('failed', {
      ...planned,
      finishedAt: new Date(),
      problem: { code: 'slices_failed', message: 'x', at: new Date() },
    });
    await producer.store.runs.releaseAccount('default', id);
    const now = new Date();
    await producer.store.slices.insertMissing([{ _id: `${id}.0`, account: 'default', run: id, resource: 'profiles' }], now);
    await producer.store.slices.markQueued({ _id: `${id}.0`, turn: 0 }, now);
    await producer.store.slices.fail({ _id: `${id}.0`, turn: 0 }, { code: 'x', message: 'x', at: now }, now);
    const retried = await act(id, 'retry');
    expect(retried.json).toMatchObject({
      state: 'running',
      finishedAt: null,
      problem: null,
      slices: { profiles: { waiting: 1 } },
    });
    expect((await start()).json).toMatchObject({ status: 409, runId: id });
  });

  it('plans again what failed while it was planned', async () => {
    const id = await aRun('failed', { finishedAt: new Date() });
    await producer.store.runs.releaseAccount('default', id);
    expect((await act(id, 'retry')).json).toMatchObject({ state: 'planning' });
  });

  it('does not retry beside another run', async () => {
    const failed = await aRun('failed', { finishedAt: new Date() });
    await producer.store.runs.releaseAccount('default', failed);
    const { json } = await start();
    expect((await act(failed, 'retry')).json).toMatchObject({ status: 409, code: 'run_active', runId: json['id'] });
  });

  it('cancels for good: nothing prepared is sent, and another run may start', async () => {
    const id = await aRun('running', planned);
    const now = new Date();
    const slice = { _id: `${id}.0`, account: 'default', run: id, resource: 'profiles' };
    await producer.store.slices.insertMissing([slice], now);
    await producer.store.slices.markQueued({ _id: slice._id, turn: 0 }, now);
    const claimed = await producer.store.slices.claim(slice._id, 0, now);
    await producer.store.batches.prepare(
      { _id: 'b1', account: 'default', run: id, slice: slice._id, resource: 'profiles', group: {}, rows: [{}] },
      now,
    );
    const counts = { ...emptyCounts(), read: 3, pages: 1, submitted: 1, unchanged: 2 };
    await producer.store.slices.checkpoint(
      claimed!,
      { cursor: null, queryTo: null, position: null, counts, batches: ['b1'], next: { kind: 'finished' } },
      now,
    );
    const { json } = await act(id, 'cancel');
    expect(json).toMatchObject({
      state: 'cancelled',
      totals: { profiles: { read: 3, unchanged: 2 } },
      slices: { profiles: { cancelled: 1 } },
    });
    expect(json['finishedAt']).toEqual(expect.any(String));
    expect((await producer.store.batches.get('b1'))?.state).toBe('void');
    expect((await producer.store.runs.get(id))?.totals).toMatchObject({ profiles: { read: 3 } });
    expect((await act(id, 'cancel')).status).toBe(200);
    expect((await start()).status).toBe(202);
  });

  it.each([
    ['paused', 'retry'],
    ['running', 'resume'],
    ['running', 'retry'],
    ['completed', 'pause'],
    ['completed', 'cancel'],
    ['completed', 'resume'],
    ['failed', 'cancel'],
    ['failed', 'resume'],
    ['stopped', 'pause'],
    ['cancelled', 'resume'],
  ] as const)('says that a run that is %s cannot %s', async (state, verb) => {
    const id = await aRun(state);
    const { status, json } = await act(id, verb);
    expect(status).toBe(409);
    expect(json).toMatchObject({ code: 'run_state', state });
    expect((await producer.store.runs.get(id))?.state).toBe(state);
  });

  it('knows no run by another id', async () => {
    for (const verb of ['pause', 'resume', 'retry', 'cancel']) expect((await act('run_none', verb)).status).toBe(404);
  });
});

describe('listing runs', () => {
  it('shows the latest first, page by page, and by state', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      // Ids are ordered by the millisecond they were made in.
      await new Promise((resolve) => {
        setTimeout(resolve, 2);
      });
      ids.unshift(await aRun('completed'));
      await producer.store.runs.releaseAccount('default', ids[0] ?? '');
    }
    const first = await producer.call('GET', '/v1/syncs?state=completed&limit=2');
    expect(idsOf(first.json)).toEqual(ids.slice(0, 2));
    const second = await producer.call('GET', `/v1/syncs?state=completed&limit=2&before=${String(first.json['next'])}`);
    expect(idsOf(second.json)[0]).toBe(ids[2]);
    expect(idsOf((await producer.call('GET', '/v1/syncs?account=other')).json)).toEqual([]);
  });
});

function statusesOf(answers: readonly { status: number }[]): number[] {
  return answers.map(({ status }) => status).toSorted((a, b) => a - b);
}

function idsOf(json: Record<string, unknown>): unknown[] {
  const { runs } = json;
  return Array.isArray(runs) ? runs.map((run: { id: unknown }) => run.id) : [];
}
