import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { enqueue, jobIdOf, openQueues, type Queues, RUNS_QUEUE, SETTLEMENTS_QUEUE } from '@tajo/contracts';
import { AccountStopped, BadInput, Bug, RecordRejected, RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { createLogger } from '@tajo/logging';
import type { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { consume, type ConsumeOptions, type Consumers, type Handlers } from './consume.js';
import { GaveBack } from './settle.js';

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const EMAIL = 'planted.person@example.com';
const PHONE = '+33612345678';
const KLAVIYO_KEY = 'pk_0123456789abcdef0123456789abcdef01';
const BREVO_KEY = 'xkeysib-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef-abcdefghijklmnop';
const unused = async () => undefined;
const PLANTED = [EMAIL, PHONE, KLAVIYO_KEY, BREVO_KEY];

describe('a job that ends with', () => {
  let redis: Redis;
  let prefix: string;
  let queues: Queues;
  let queue: Queue;
  let consumers: Consumers | undefined;
  const payload = { account: 'default' };
  const jobId = jobIdOf('settle-imports', payload);
  const stopped: string[] = [];
  const givenUp: unknown[] = [];
  const observed: string[] = [];

  beforeEach(async () => {
    prefix = `test-consume-${randomUUID()}`;
    redis = new Redis(url, { maxRetriesPerRequest: null });
    queues = openQueues({ connection: redis, prefix, resources: [], targets: [] });
    queue = queueOf(SETTLEMENTS_QUEUE);
    for (const list of [stopped, givenUp, observed]) list.length = 0;
  });
  afterEach(async () => {
    await consumers?.close(1_000);
    consumers = undefined;
    for (const each of queues.values()) {
      await each.obliterate({ force: true });
      await each.close();
    }
    redis.disconnect();
  });

  const queueOf = (name: string): Queue => {
    const found = queues.get(name);
    if (!found) throw new Error(`no queue ${name}`);
    return found;
  };

  function start(handlers: Partial<Handlers>, options: Partial<ConsumeOptions> = {}): void {
    consumers = consume({
      connection: redis,
      prefix,
      resources: [],
      targets: [],
      concurrency: 1,
      lockMs: 5_000,
      logger: createLogger({ name: 'test', level: 'silent' }),
      handlers: {
        'plan-run': unused,
        'start-run': unused,
        'begin-resource': unused,
        'sync-page': unused,
        'deliver-batch': unused,
        'settle-imports': unused,
        'reconcile-run': unused,
        'erase-person': unused,
        'settle-deletions': unused,
        'verify-account': unused,
        'process-inbox': unused,
        ...handlers,
      },
      onAccountStopped: async (account) => void stopped.push(account),
      onGivenUp: async (_name, _payload, error) => void givenUp.push(error),
      observe: (name, outcome) => observed.push(`${name} ${outcome}`),
      ...options,
    });
  }

  const jobNow = () => queue.getJob(jobId);
  const stateIs = (state: string) => until(async () => (await (await jobNow())?.getState()) === state);

  it('nothing wrong is done', async () => {
    const { calls, handler } = throwing();
    start({ 'settle-imports': handler });
    await enqueue(queue, 'settle-imports', payload);
    await stateIs('completed');
    expect(calls).toHaveLength(1);
    expect(observed).toEqual(['settle-imports done']);
  });

  it.each([
    ['RetryLater', new RetryLater('klaviyo_unavailable', 'Klaviyo answered 502.')],
    ['MongoDB away', Object.assign(new Error('connection closed'), { name: 'MongoNetworkError' })],
    ['something nobody thought of', new TypeError('x is undefined')],
  ])('%s is tried again, after a pause', async (_, fault) => {
    const { calls, handler } = throwing(fault, fault);
    start({ 'settle-imports': handler });
    await enqueue(queue, 'settle-imports', payload);
    await stateIs('delayed');
    expect(await jobNow()).toMatchObject({ attemptsMade: 1 });
    await stateIs('completed');
    expect(calls).toHaveLength(3);
    const [first = 0, second = 0, third = 0] = calls;
    expect(second - first).toBeGreaterThanOrEqual(690);
    // The pause doubles.
    expect(third - second).toBeGreaterThanOrEqual(1_390);
    expect([stopped, givenUp]).toEqual([[], []]);
  });

  it('RetryLater every time is given up after its last attempt, and says so once', async () => {
    const fault = new RetryLater('klaviyo_unavailable', 'Klaviyo answered 502.');
    const { calls, handler } = throwing(fault, fault, fault);
    start({ 'settle-imports': handler });
    await enqueue(queue, 'settle-imports', payload, { attempts: 2, backoff: 1 });
    await stateIs('failed');
    expect(calls).toHaveLength(2);
    expect(givenUp).toEqual([fault]);
  });

  it('WaitUntil burns no attempt and comes back after its time', async () => {
    const startedAt = Date.now();
    const wait = (ms: number) => new WaitUntil('klaviyo_rate_limited', 'too early', { at: new Date(startedAt + ms) });
    const { calls, handler } = throwing(wait(300), wait(600), wait(0));
    start({ 'settle-imports': handler });
    await enqueue(queue, 'settle-imports', payload, { attempts: 1 });
    await stateIs('completed');
    expect(calls).toHaveLength(4);
    expect(calls[1]).toBeGreaterThanOrEqual(startedAt + 300);
    expect(calls[2]).toBeGreaterThanOrEqual(startedAt + 600);
    // Made by the run that ended well.
    expect(await jobNow()).toMatchObject({ attemptsMade: 1 });
    expect(observed).toEqual([...Array.from({ length: 3 }, () => 'settle-imports given-back'), 'settle-imports done']);
    expect(givenUp).toEqual([]);
  });

  it.each([
    ['Bug', new Bug('slice_unclaimed', 'A slice was followed without a claim.')],
    ['BadInput', new BadInput('run_rules_unreadable', 'Start a new run.', { field: 'rules' })],
    ['RecordRejected', new RecordRejected('email_invalid', 'No address.')],
    ['RequestRefused', new RequestRefused('brevo_refused', 'Brevo refused it.', { status: 400 })],
  ])('%s is not tried again', async (_, fault) => {
    const { calls, handler } = throwing(fault, fault);
    start({ 'settle-imports': handler });
    await enqueue(queue, 'settle-imports', payload);
    await stateIs('failed');
    expect(await jobNow()).toMatchObject({ attemptsMade: 1, failedReason: `${fault.code}: ${fault.message}` });
    expect(calls).toHaveLength(1);
    expect(givenUp).toEqual([fault]);
    expect(stopped).toEqual([]);
  });

  it('AccountStopped stops the account once and says who must do what', async () => {
    const { calls, handler } = throwing(
      ...Array.from(
        { length: 3 },
        () => new AccountStopped('klaviyo_key_refused', 'Klaviyo refused the key.', { remedy: 'Replace it and resume.' }),
      ),
    );
    start({ 'settle-imports': handler });
    await enqueue(queue, 'settle-imports', payload);
    await stateIs('failed');
    expect(calls).toHaveLength(1);
    expect(stopped).toEqual(['default']);
    expect(givenUp).toEqual([]);
    expect((await jobNow())?.failedReason).toBe('Klaviyo refused the key. Replace it and resume.');
  });

  it.each([
    ['stops its account', new AccountStopped('klaviyo_key_refused', 'refused', { remedy: 'Replace it.' })],
    ['is given up', new Bug('x', 'x')],
  ])('what %s, while that cannot be written down, is tried again until it can', async (_, fault) => {
    let away = true;
    const tell = async () => {
      if (!away) return void stopped.push('told');
      away = false;
      throw Object.assign(new Error(`connect ECONNREFUSED mongodb://user:${KLAVIYO_KEY}@db for ${EMAIL}`), {
        name: 'MongoServerSelectionError',
      });
    };
    const { calls, handler } = throwing(fault, fault);
    start({ 'settle-imports': handler }, { onAccountStopped: tell, onGivenUp: tell });
    await enqueue(queue, 'settle-imports', payload);
    await stateIs('delayed');
    expectNothingPlanted(await everythingInRedis());
    await stateIs('failed');
    expect(calls).toHaveLength(2);
    expect(stopped).toEqual(['told']);
  });

  it('GaveBack goes back to the head of its queue and burns no attempt', async () => {
    const order: string[] = [];
    for (const account of ['a', 'b', 'c']) await enqueue(queue, 'settle-imports', { account }, { attempts: 1 });
    start({
      'settle-imports': async ({ account }) => {
        order.push(account);
        if (order.filter((seen) => seen === account).length < 2) throw new GaveBack();
      },
    });
    await until(async () => (await queue.getCompletedCount()) === 3);
    expect(order).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
    expect(givenUp).toEqual([]);
  });

  it('a payload of another release, or a name nobody knows, fails at once', async () => {
    start({});
    await queue.add('settle-imports', { account: 7 }, { jobId: 'odd-payload' });
    await queue.add('brew-coffee', payload, { jobId: 'odd-name' });
    await until(async () => (await queue.getFailedCount()) === 2);
    expect((await queue.getJob('odd-payload'))?.failedReason).toContain('job_payload_invalid');
    expect((await queue.getJob('odd-name'))?.failedReason).toContain('job_unknown');
    expect(givenUp).toHaveLength(2);
  });

  it('anything at all leaves no address, number or key in Redis', async () => {
    const words = `${EMAIL} has ${PHONE}, keys ${KLAVIYO_KEY} and ${BREVO_KEY}`;
    const nested = new Error(words, { cause: new Error(words) });
    const faults = [
      new RetryLater('x', words, { cause: nested }),
      new Bug('x', words, { cause: nested }),
      new AccountStopped('x', words, { remedy: words, cause: nested }),
      new RequestRefused('x', words, { status: 400, details: [{ detail: words }], cause: nested }),
      new RecordRejected('x', words),
      Object.assign(new TypeError(words), { name: `Type ${EMAIL}` }),
      new AggregateError([nested], words),
      words,
      { message: words },
    ];
    for (const [i] of faults.entries()) await enqueue(queue, 'settle-imports', { account: `a${i}` }, { attempts: 1 });
    start({
      'settle-imports': async ({ account }) => {
        throw faults[Number(account.slice(1))];
      },
    });
    await until(async () => (await queue.getFailedCount()) === faults.length);
    for (const job of await queue.getFailed()) {
      expect(job.stacktrace).not.toEqual([]);
      expect(job.failedReason).not.toBe('');
    }
    const everything = await everythingInRedis();
    expect(everything).toContain('[email]');
    expectNothingPlanted(everything);
  });

  it('its worker stopping is asked to stop and given back', async () => {
    let running = false;
    start({
      'settle-imports': async (_job, signal) => {
        running = true;
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
        throw new GaveBack();
      },
    });
    await enqueue(queue, 'settle-imports', payload, { attempts: 1 });
    await until(async () => running);
    await consumers?.close(10_000);
    expect(consumers?.isRunning()).toBe(false);
    expect(await (await jobNow())?.getState()).toBe('waiting');
  });

  it('nothing, because its handler hangs, does not keep the worker from stopping', async () => {
    let running = false;
    const release = new AbortController();
    const hung = new Promise<void>((resolve) => {
      release.signal.addEventListener('abort', () => resolve());
    });
    start({
      'plan-run': async () => {
        running = true;
        await hung;
      },
    });
    await enqueue(queueOf(RUNS_QUEUE), 'plan-run', { account: 'a', run: 'r' });
    await until(async () => running);
    const startedAt = performance.now();
    await consumers?.close(200);
    expect(performance.now() - startedAt).toBeLessThan(25_000);
    release.abort();
    await until(async () => (await queueOf(RUNS_QUEUE).getActiveCount()) === 0);
  });

  /** Every value of every key of the queues: jobs, events, whatever. */
  async function everythingInRedis(): Promise<string> {
    const keys = await redis.keys(`${prefix}*`);
    const values = await Promise.all(
      keys.map(async (key) => {
        const type = await redis.type(key);
        if (type === 'hash') return redis.hgetall(key);
        if (type === 'stream') return redis.xrange(key, '-', '+');
        if (type === 'list') return redis.lrange(key, 0, -1);
        if (type === 'zset') return redis.zrange(key, '0', '-1');
        if (type === 'set') return redis.smembers(key);
        return redis.get(key);
      }),
    );
    return JSON.stringify([keys, values]);
  }
});

/** A handler that throws these, one a call, and then is done. */
function throwing(...faults: unknown[]) {
  const calls: number[] = [];
  const handler = async () => {
    const fault = faults[calls.length];
    calls.push(Date.now());
    if (fault !== undefined) throw fault;
  };
  return { calls, handler };
}

function expectNothingPlanted(text: string): void {
  for (const planted of PLANTED) {
    const at = text.indexOf(planted);
    expect(at < 0 ? 'nothing' : text.slice(Math.max(0, at - 100), at + 100)).toBe('nothing');
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 25_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not come true within 25 s');
    await new Promise((done) => setTimeout(done, 10));
  }
}
