import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { emptyCounts } from '@tajo/store';
import { API_KEY, startProducer, type TestProducer } from '../../../test/support/producer.js';
import { MAX_WATCHERS } from './handlers/watch-sync.js';

let producer: TestProducer;
beforeAll(async () => {
  producer = await startProducer({ KLAVIYO_PRIVATE_KEY: 'pk_configured_1', BREVO_API_KEY: 'xkeysib-configured-1' });
});
afterAll(() => producer.close());

const HOUR = 3_600_000;

/** A run in the middle of its only slice: half of the time range, 500 records. */
async function aRunningRun(): Promise<string> {
  const { json } = await producer.call('POST', '/v1/syncs', { body: { mode: 'full' } });
  const id = String(json['id']);
  const now = new Date();
  const slice = { _id: `${id}.0`, account: 'default', run: id, resource: 'profiles', from: new Date(0), to: new Date(2 * HOUR) };
  await producer.store.runs.update(id, { state: 'running', startedAt: new Date(now.getTime() - 10_000) });
  await producer.store.slices.insertMissing([slice], now);
  await read(id, 500);
  return id;
}

async function read(id: string, records: number): Promise<void> {
  const now = new Date();
  const slice = await producer.store.slices.get(`${id}.0`);
  if (!slice) throw new Error('no slice');
  if (slice.state === 'waiting') await producer.store.slices.markQueued(slice, now);
  const claimed = await producer.store.slices.claim(slice._id, slice.turn, now);
  if (!claimed) throw new Error('not claimed');
  const counts = { ...emptyCounts(), read: records, pages: records / 100, unchanged: records };
  await producer.store.slices.checkpoint(
    claimed,
    { cursor: 'c', queryTo: slice.to, position: new Date(HOUR), counts, batches: [], next: { kind: 'continue' } },
    now,
  );
}

async function complete(id: string): Promise<void> {
  await producer.store.runs.move(id, ['running'], 'completed', { finishedAt: new Date() });
  await producer.store.runs.releaseAccount('default', id);
}

const open = (id: string, signal?: AbortSignal) =>
  fetch(`${producer.url}/v1/syncs/${id}/progress`, {
    headers: { authorization: `Bearer ${API_KEY}` },
    ...(signal && { signal }),
  });

describe('the progress of a run', () => {
  it('is one snapshot for pollers, with rates, lanes and an estimate', async () => {
    const id = await aRunningRun();
    const { status, json } = await producer.call('GET', `/v1/syncs/${id}/progress?once=true`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      run: id,
      state: 'running',
      final: false,
      read: 500,
      pages: 5,
      openBatches: 0,
      slices: { profiles: { queued: 1 } },
    });
    // 500 records in about 10 seconds, and as much time again is left.
    expect(json['recordsPerSecond']).toBeGreaterThan(20);
    expect(json['recordsPerSecond']).toBeLessThanOrEqual(50);
    expect(json['etaSeconds']).toBeGreaterThanOrEqual(10);
    expect(json['etaSeconds']).toBeLessThan(25);
    const lanes = Array.isArray(json['rate']) ? json['rate'].map(({ lane }: { lane: string }) => lane.split(':')[0]) : [];
    expect(new Set(lanes)).toEqual(new Set(['klaviyo', 'brevo']));
    await complete(id);
  });

  it('streams a snapshot each second, and ends with the run', async () => {
    const id = await aRunningRun();
    const answer = await open(id);
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const events: string[] = [];
    for await (const chunk of answer.body ?? []) {
      const text = Buffer.from(chunk).toString();
      if (text.includes('"read":500') && events.length === 0) await read(id, 100);
      if (text.includes('"read":600')) await complete(id);
      events.push(text);
    }
    const all = events.join('');
    expect(all.startsWith('retry: 2000\n\n')).toBe(true);
    expect(all).toContain('"final":true');
    expect(all.endsWith('event: end\ndata: {}\n\n')).toBe(true);
  });

  it('knows no run by another id before it begins to stream', async () => {
    expect((await producer.call('GET', '/v1/syncs/run_none/progress')).json).toMatchObject({ status: 404 });
  });

  it('is streamed to a bounded number of watchers, and to others again once they have gone', async () => {
    const id = await aRunningRun();
    const leave = new AbortController();
    const streams = await Promise.all(Array.from({ length: MAX_WATCHERS }, () => open(id, leave.signal)));
    expect(streams.every(({ status }) => status === 200)).toBe(true);
    const refused = await producer.call('GET', `/v1/syncs/${id}/progress`);
    expect(refused.json).toMatchObject({ status: 503, code: 'too_many_watchers' });
    expect((await producer.call('GET', `/v1/syncs/${id}/progress?once=true`)).status).toBe(200);
    leave.abort();
    let status = 503;
    while (status !== 200) {
      const again = new AbortController();
      ({ status } = await open(id, again.signal));
      again.abort();
    }
    await complete(id);
  });
});

describe('metrics', () => {
  it('count queues, runs and requests, by names alone', async () => {
    await producer.call('GET', '/v1/records/profiles/01HSECRETPROFILEID');
    const { text, headers } = await producer.call('GET', '/metrics');
    expect(headers.get('content-type')).toMatch(/^text\/plain/);
    expect(text).toMatch(/tajo_queue_jobs\{queue="runs",state="waiting"\} \d/);
    expect(text).toMatch(/tajo_runs\{state="completed"\} [1-9]/);
    expect(text).toMatch(
      /tajo_http_request_duration_seconds_count\{method="GET",route="\/v1\/records\/\{resource\}\/\{sourceId\}",status="200"\} 1/,
    );
    expect(text).toContain('tajo_reachable{server="mongodb"} 1');
    expect(text).not.toContain('01HSECRETPROFILEID');
  });
});
