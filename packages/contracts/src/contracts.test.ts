import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Bug } from '@tajo/errors';
import { type Queue, UnrecoverableError, Worker } from 'bullmq';
import * as fc from 'fast-check';
import { Redis } from 'ioredis';
import {
  callbackUrl,
  notifyUrlFor,
  enqueue,
  JOB_NAMES,
  jobIdOf,
  openQueues,
  parseJob,
  type Queues,
  queueNames,
  SETTLEMENTS_QUEUE,
  wake,
} from './index.js';

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const prefix = `test-contracts-${randomUUID()}`;

describe('payloads', () => {
  const page = { account: 'default', run: 'run_1', slice: 'run_1.profiles.0', turn: 3 };

  it('are what the handler may rely on, without keys of other releases', () => {
    expect(parseJob('sync-page', { ...page, email: 'left out' })).toEqual(page);
  });

  it.each([
    ['nothing', undefined],
    ['no object', 'run_1'],
    ['a missing key', { ...page, slice: undefined }],
    ['an empty id', { ...page, slice: '' }],
    ['an endless id', { ...page, slice: 'x'.repeat(201) }],
    ['a turn below zero', { ...page, turn: -1 }],
    ['half a turn', { ...page, turn: 0.5 }],
    ['a turn as text', { ...page, turn: '3' }],
  ])('are a bug when there is %s', (_, data) => {
    expect(() => parseJob('sync-page', data)).toThrow(Bug);
  });

  it('do not show in the error', () => {
    const planted = 'someone@example.com';
    const fault = (() => {
      try {
        return parseJob('sync-page', { ...page, slice: [planted], turn: planted, [planted]: 1 });
      } catch (error) {
        return error;
      }
    })();
    expect(fault).toMatchObject({ code: 'job_payload_invalid', message: expect.stringContaining('turn') });
    expect(String(fault)).not.toContain(planted);
  });
});

describe('job ids', () => {
  const anyId = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((id) => id.length <= 200);
  const awkward = fc.string({ unit: fc.constantFrom(':', '~', '.', '_', '-', '0', 'a'), minLength: 1, maxLength: 8 });
  const id = fc.oneof(anyId, awkward, fc.constantFrom('0', '0:', '42', ':', 'wait', 'meta', 'completed'));
  const run = fc.stringMatching(/^run_[0-9a-z]{4}$/);
  const job = fc.oneof(
    fc.record({ name: fc.constantFrom('plan-run' as const, 'reconcile-run' as const), payload: fc.record({ account: id, run }) }),
    fc.record({ name: fc.constant('start-run' as const), payload: fc.record({ account: fc.constant('a'), group: id }) }),
    fc.record({
      name: fc.constant('sync-page' as const),
      payload: fc.record({ account: fc.constant('a'), run: fc.constant('run_1'), slice: id, turn: fc.nat() }),
    }),
    fc.record({
      name: fc.constant('deliver-batch' as const),
      payload: fc.record({ account: fc.constant('a'), run: fc.constant('run_1'), batch: id, attempt: fc.nat() }),
    }),
    fc.record({ name: fc.constant('settle-deletions' as const), payload: fc.record({ account: fc.constant('a'), run: id }) }),
    fc.record({
      name: fc.constant('verify-account' as const),
      payload: fc.record({ account: fc.constant('a'), verification: id }),
    }),
    fc.record({ name: fc.constant('erase-person' as const), payload: fc.record({ account: fc.constant('a'), erasure: id }) }),
    fc.record({ name: fc.constant('settle-imports' as const), payload: fc.record({ account: id }) }),
  );
  it('are the same for the same work and others for other work', () => {
    fc.assert(
      fc.property(job, job, (one, two) => {
        expect(jobIdOf(one.name, one.payload as never) === jobIdOf(two.name, two.payload as never)).toBe(
          workOf(one) === workOf(two),
        );
      }),
      { numRuns: 2_000 },
    );
    expect(jobIdOf('settle-imports', { account: 'a:b' })).not.toBe(jobIdOf('settle-imports', { account: 'a~.b' }));
    expect(jobIdOf('settle-imports', { account: 'a:b' })).not.toBe(jobIdOf('settle-imports', { account: 'a_b' }));
  });

  it('are taken by BullMQ, whatever an account or a slice is called', async () => {
    const redis = new Redis(url, { maxRetriesPerRequest: null });
    const queue = queueOf(
      openQueues({ connection: redis, prefix: `${prefix}-ids`, resources: [], targets: [] }),
      SETTLEMENTS_QUEUE,
    );
    await fc.assert(
      fc.asyncProperty(job, async ({ name, payload }) => {
        await enqueue(queue, name, payload as never);
        const found = await queue.getJob(jobIdOf(name, payload as never));
        expect(found).toMatchObject({ name, data: payload });
      }),
      { numRuns: 150 },
    );
    await queue.obliterate({ force: true });
    await queue.close();
    redis.disconnect();
  });

  it('exist for every job', () => {
    expect([...JOB_NAMES].sort()).toEqual([
      'begin-resource',
      'deliver-batch',
      'erase-person',
      'plan-run',
      'process-inbox',
      'reconcile-run',
      'settle-deletions',
      'settle-imports',
      'start-run',
      'sync-page',
      'verify-account',
    ]);
  });
});

describe('queues', () => {
  let redis: Redis;
  let queues: Queues;
  let queue: Queue;
  const workers: Worker[] = [];
  const gates: (() => void)[] = [];
  /** Holds a handler; a test that ends early holds nobody. */
  const closedGate = () => {
    const gate = new AbortController();
    const open = () => gate.abort();
    gates.push(open);
    return { open, passed: new Promise<void>((pass) => gate.signal.addEventListener('abort', () => pass())) };
  };
  const stopWorkers = async () => {
    for (const open of gates.splice(0)) open();
    await Promise.all(workers.splice(0).map((worker) => worker.close()));
  };
  const payload = { account: 'default' };
  const jobId = jobIdOf('settle-imports', payload);

  beforeAll(() => {
    redis = new Redis(url, { maxRetriesPerRequest: null });
    queues = openQueues({ connection: redis, prefix, resources: ['profiles'], targets: ['import'] });
    queue = queueOf(queues, SETTLEMENTS_QUEUE);
  });
  beforeEach(async () => {
    await stopWorkers();
    await queue.obliterate({ force: true });
  });
  afterAll(async () => {
    await stopWorkers();
    for (const each of queues.values()) {
      await each.obliterate({ force: true });
      await each.close();
    }
    redis.disconnect();
  });

  const work = async (handler: () => Promise<void>): Promise<void> => {
    const worker = new Worker(queue.name, handler, { connection: redis, prefix, concurrency: 4 });
    workers.push(worker);
    await worker.waitUntilReady();
  };
  const stateOf = async () => (await queue.getJob(jobId))?.getState();
  const jobsInAll = async () => Object.values(await queue.getJobCounts()).reduce((sum, n) => sum + n, 0);

  it('are one for each resource, and four of their own', () => {
    expect([...queues.keys()]).toEqual(queueNames({ resources: ['profiles'], targets: ['import'] }));
    expect([...queues.keys()]).toEqual(['runs', 'klaviyo-profiles', 'brevo-import', 'settlements', 'inbox']);
  });

  describe('enqueueing', () => {
    it('the same work many times at once is one job', async () => {
      await Promise.all(Array.from({ length: 16 }, () => enqueue(queue, 'settle-imports', payload)));
      expect(await jobsInAll()).toBe(1);
    });

    it('is one job also after it has been done, while it is retained', async () => {
      let done = 0;
      await work(async () => {
        done += 1;
      });
      await enqueue(queue, 'settle-imports', payload);
      await until(async () => (await stateOf()) === 'completed');
      await enqueue(queue, 'settle-imports', payload);
      await enqueue(queue, 'settle-imports', { account: 'other' });
      await until(async () => done === 2);
      expect(await stateOf()).toBe('completed');
    });

    it('refuses a payload that does not fit, and adds nothing', async () => {
      await expect(enqueue(queue, 'settle-imports', { account: '' })).rejects.toThrow(Bug);
      await expect(wake(queue, 'settle-imports', { account: '' })).rejects.toThrow(Bug);
      expect(await jobsInAll()).toBe(0);
    });

    it('leaves out what is not in the contract', async () => {
      await enqueue(queue, 'settle-imports', { account: 'default', email: 'someone@example.com' } as { account: string });
      expect((await queue.getJob(jobId))?.data).toEqual({ account: 'default' });
    });
  });

  describe('waking', () => {
    it('adds the job when there is none, once, however many do so', async () => {
      await Promise.all(Array.from({ length: 16 }, () => wake(queue, 'settle-imports', payload)));
      expect(await jobsInAll()).toBe(1);
      expect(await stateOf()).toBe('waiting');
    });

    it('promotes a sleeping job, however many do so', async () => {
      await enqueue(queue, 'settle-imports', payload, { delay: 600_000 });
      expect(await stateOf()).toBe('delayed');
      await Promise.all(Array.from({ length: 16 }, () => wake(queue, 'settle-imports', payload)));
      expect(await stateOf()).toBe('waiting');
      expect(await jobsInAll()).toBe(1);
    });

    it('lets a sleeping job sleep when it is only to exist', async () => {
      await enqueue(queue, 'settle-imports', payload, { delay: 600_000 });
      await wake(queue, 'settle-imports', payload, { promote: false });
      expect(await stateOf()).toBe('delayed');
    });

    it('leaves a running job alone', async () => {
      const gate = closedGate();
      let done = 0;
      await work(async () => {
        await gate.passed;
        done += 1;
      });
      await enqueue(queue, 'settle-imports', payload);
      await until(async () => (await stateOf()) === 'active');
      await Promise.all(Array.from({ length: 8 }, () => wake(queue, 'settle-imports', payload)));
      gate.open();
      await until(async () => done === 1 && (await queue.getActiveCount()) === 0);
      expect(await jobsInAll()).toBe(1);
    });

    it.each(['completed', 'failed'] as const)('replaces a job that is %s, which then runs, however many do so', async (state) => {
      let runs = 0;
      await work(async () => {
        runs += 1;
        if (state === 'failed' && runs === 1) throw new Error('broken');
      });
      await enqueue(queue, 'settle-imports', payload, { attempts: 1 });
      await until(async () => (await stateOf()) === state);
      await Promise.all(Array.from({ length: 16 }, () => wake(queue, 'settle-imports', payload)));
      await until(async () => runs >= 2 && (await queue.getActiveCount()) === 0 && (await queue.getWaitingCount()) === 0);
      expect(runs).toBeLessThanOrEqual(17);
      // It is removed when it is done, so that the next wake finds none.
      expect(await jobsInAll()).toBe(0);
    });

    it('lets what has just failed for good rest when it is only to exist', async () => {
      await work(async () => {
        throw new Error('broken');
      });
      await enqueue(queue, 'settle-imports', payload, { attempts: 1 });
      await until(async () => (await stateOf()) === 'failed');
      await wake(queue, 'settle-imports', payload, { promote: false });
      expect(await stateOf()).toBe('failed');
    });

    describe('a job that changes while it is looked at', () => {
      it('is left alone when somebody else has replaced it and it runs', async () => {
        const gate = closedGate();
        let runs = 0;
        await work(async () => {
          runs += 1;
          if (runs === 1) throw new UnrecoverableError('broken');
          await gate.passed;
        });
        await enqueue(queue, 'settle-imports', payload);
        await until(async () => (await stateOf()) === 'failed');
        const meanwhile = async () => {
          await wake(queue, 'settle-imports', payload);
          await until(async () => (await stateOf()) === 'active');
        };
        await wake(slowly(queue, 'after', meanwhile), 'settle-imports', payload);
        gate.open();
        await until(async () => (await jobsInAll()) === 0);
        expect(runs).toBe(2);
      });

      it('has run soon enough when somebody else promoted it and it is over', async () => {
        let runs = 0;
        await enqueue(queue, 'settle-imports', payload, { delay: 600_000, removeOnComplete: true });
        const meanwhile = async () => {
          await wake(queue, 'settle-imports', payload);
          await work(async () => {
            runs += 1;
          });
          await until(async () => (await jobsInAll()) === 0);
        };
        await wake(slowly(queue, 'after', meanwhile), 'settle-imports', payload);
        expect(runs).toBe(1);
      });

      it('is added anew when it ended and was removed in between', async () => {
        await enqueue(queue, 'settle-imports', payload);
        await wake(
          slowly(queue, 'before', async () => (await queue.getJob(jobId))?.remove()),
          'settle-imports',
          payload,
        );
        expect(await stateOf()).toBe('waiting');
      });
    });

    it('is never lost beside a job that runs, sleeps and ends all the time', async () => {
      let wanted = 0;
      let seen = 0;
      await work(async () => {
        seen = wanted;
      });
      for (let i = 0; i < 200; i += 1) {
        wanted += 1;
        await Promise.all([
          wake(queue, 'settle-imports', payload),
          wake(queue, 'settle-imports', payload),
          wake(queue, 'settle-imports', payload, { promote: false }),
        ]);
      }
      await until(async () => (await jobsInAll()) === 0);
      // The last wakes may have met the running job; the tender's regular wake is for these.
      await wake(queue, 'settle-imports', payload, { promote: false });
      await until(async () => seen === wanted);
    });
  });
});

describe('the callback address', () => {
  it.each([
    [{ publicUrl: undefined, apiUrl: 'http://127.0.0.1:3000' }, 'http://127.0.0.1:3000/callbacks/brevo/t%2Fk'],
    [
      { publicUrl: 'https://tajo.example/api//', apiUrl: 'http://127.0.0.1:3000' },
      'https://tajo.example/api/callbacks/brevo/t%2Fk',
    ],
  ])('is the public one where there is one: %o', (address, expected) => {
    expect(callbackUrl(address, 't/k')).toBe(expected);
  });

  it('on this machine is told to a sandbox here, and never to a vendor elsewhere', () => {
    const here = { publicUrl: undefined, apiUrl: 'http://127.0.0.1:3000' };
    expect(notifyUrlFor('http://127.0.0.1:4000/v3', here, 't')).toBe('http://127.0.0.1:3000/callbacks/brevo/t');
    expect(notifyUrlFor('https://api.brevo.com/v3', here, 't')).toBeUndefined();
    const reachable = { ...here, publicUrl: 'https://tajo.example' };
    expect(notifyUrlFor('https://api.brevo.com/v3', reachable, 't')).toBe('https://tajo.example/callbacks/brevo/t');
  });
});

function workOf({ name, payload }: { name: string; payload: object }): string {
  return JSON.stringify([name, Object.entries(payload)]);
}

/** The queue as somebody slow sees it: `meanwhile` happens before or after the state of the job is read. */
function slowly(queue: Queue, when: 'before' | 'after', meanwhile: () => Promise<void>): Queue {
  const getJob = async (id: string) => {
    const job = await queue.getJob(id);
    if (job === undefined) return job;
    const getState = job.getState.bind(job);
    job.getState = async () => {
      if (when === 'before') await meanwhile();
      const state = await getState();
      if (when === 'after') await meanwhile();
      return state;
    };
    return job;
  };
  return new Proxy(queue, { get: (target, key) => (key === 'getJob' ? getJob : Reflect.get(target, key, target)) });
}

function queueOf(queues: Queues, name: string): Queue {
  const queue = queues.get(name);
  if (!queue) throw new Error(`no queue ${name}`);
  return queue;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not come true within 20 s');
    await new Promise((done) => setTimeout(done, 10));
  }
}
