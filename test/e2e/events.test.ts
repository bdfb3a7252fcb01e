import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { finished, type Run } from '../support/ledger.js';
import { type Stack, startStack, until } from '../support/stack.js';

/**
 * The promise about events under what breaks it elsewhere: Brevo has no id for an event and drops no duplicate, so every one that is sent
 * twice is there twice. One product, many small runs; the seed of each decides what breaks and when.
 */
const SETTLE_SECONDS = 1;
/** One by one up to 60 events a run, together above that: see the lanes below. */
const COUNTS = [25, 90] as const;
const CUTS = 14;
const KILLS = 6;

let stack: Stack;
let contacts: string[] = [];
let metric = '';

beforeAll(async () => {
  stack = await startStack({
    workers: 1,
    sandbox: { klaviyo: { profiles: 60, limits: 'off' }, brevo: { limits: 'off', latencyMs: 5 } },
    connector: { limits: { brevo: { events: { per_second: 1_000, per_hour: 3_600_000 }, other: { per_hour: 60_000 } } } },
    env: { TAJO_EVENT_SETTLE_SECONDS: String(SETTLE_SECONDS), WORKER_LOCK_SECONDS: '2' },
  });
  await finished(stack, await stack.client.syncs.start({ resources: ['profiles'], mode: 'full' }));
  for await (const { attributes } of stack.sandbox.brevo.contacts()) contacts.push(String(attributes['EXT_ID']));
  for await (const { id, attributes } of stack.sandbox.klaviyo.records('metrics'))
    if (attributes['name'] === 'Placed Order') metric ||= id;
}, 60_000);
afterAll(() => stack?.stop());

/** The same numbers for the same seed (mulberry32, public domain). */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  };
}

/** New events in Klaviyo, over some days and some in the same second. Answers their ids. */
async function plant(count: number, roll: (sides: number) => number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    ids.push(
      await stack.sandbox.klaviyo.addEvent({
        metric,
        profile: contacts[roll(contacts.length)] ?? '',
        datetime: new Date(Date.UTC(2026, 0, 1 + roll(3), roll(24), roll(60))).toISOString(),
        properties: { $value: roll(100) },
      }),
    );
  }
  return ids;
}

const started = async () => stack.client.syncs.start({ resources: ['events'], mode: 'full' });

async function occurrences(): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const { sourceId, occurrences: times } of stack.sandbox.brevo.events()) if (sourceId) found.set(sourceId, times);
  return found;
}

/** Everything planted so far is in Brevo once, and the run says so. */
async function nothingLostNothingDoubled(run: Run, ids: readonly string[]): Promise<void> {
  expect({ state: run.state, balanced: run.balanced, problem: run.problem, rejected: run.totals['events']?.rejected }).toEqual({
    state: 'completed',
    balanced: true,
    problem: null,
    rejected: {},
  });
  const found = await occurrences();
  expect(ids.filter((id) => !found.has(id))).toEqual([]);
  expect([...found].filter(([, times]) => times !== 1)).toEqual([]);
}

const seeds = (number: number, first: number) => Array.from({ length: number / COUNTS.length }, (_, n) => first + n);

describe.each(COUNTS)('%d new events', (count) => {
  it.each(seeds(CUTS, 1))(
    'are all in Brevo once when it takes calls and cuts the connection, seed %d',
    async (seed) => {
      const roll = dice(seed * 1_000 + count);
      const ids = await plant(count, roll);
      const isTogether = count > 60;
      // Before or after the work, or in the middle of the answer: from outside they look alike.
      for (const kind of ['reset-after', 'truncate', 'reset-before'] as const) {
        if (kind === 'reset-after' || roll(2) === 0)
          await stack.sandbox.brevo.fault({
            kind,
            method: 'POST',
            path: '/events*',
            skip: isTogether ? 0 : roll(3),
            times: 1 + roll(2),
          });
      }
      const run = await finished(stack, await started());
      expect((await stack.sandbox.brevo.faults()).some(({ hits }) => hits > 0)).toBe(true);
      await stack.sandbox.brevo.clearFaults();
      await nothingLostNothingDoubled(run, ids);
    },
    60_000,
  );

  it.each(seeds(KILLS, 101))(
    'are all in Brevo once when a worker is killed between a call and its settlement, seed %d',
    async (seed) => {
      const roll = dice(seed * 1_000 + count);
      const ids = await plant(count, roll);
      const isTogether = count > 60;
      const calls = isTogether ? 1 : 1 + roll(20);
      await stack.sandbox.brevo.fault({ kind: 'slow', method: 'POST', path: '/events*', delayMs: 150 + roll(150), times: 0 });
      const run = await started();
      const hits = async () => (await stack.sandbox.brevo.faults()).reduce((sum, fault) => sum + fault.hits, 0);
      await until(async () => (await hits()) >= calls, 30_000, 'a call under way');
      await new Promise((resolve) => setTimeout(resolve, roll(400)));
      await stack.workers.shift()?.kill();
      await stack.sandbox.brevo.clearFaults();
      await stack.startWorker();
      await nothingLostNothingDoubled(await finished(stack, run), ids);
    },
    60_000,
  );
});

describe('a repeat of the whole', () => {
  it('sends nothing, also when it is forced', async () => {
    const before = await occurrences();
    for (const force of [false, true]) {
      const run = await finished(stack, await stack.client.syncs.start({ resources: ['events'], mode: 'full', force }));
      expect(run.totals['events']).toMatchObject({ written: 0, unchanged: before.size, rejected: {} });
    }
    expect(await occurrences()).toEqual(before);
  }, 60_000);
});
