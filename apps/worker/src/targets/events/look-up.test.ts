import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type BrevoClient, createBrevoClient } from '@tajo/brevo';
import { createOpenLimiter } from '@tajo/limiter';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { lookUp, type Sought } from './look-up.js';

let sandbox: Sandbox;
let brevo: BrevoClient;
const start = Date.parse('2025-06-01T00:00:00Z');
const at = (minutes: number) => new Date(start + minutes * 60_000);

beforeAll(async () => {
  sandbox = await startSandbox({ klaviyo: { profiles: 1 }, brevo: { limits: 'off' } });
  const { brevoUrl, keys } = sandbox;
  brevo = createBrevoClient({ account: 'a', baseUrl: brevoUrl, apiKey: keys.brevoApiKey, limiter: createOpenLimiter() });
  await sandbox.brevo.add({ email: 'a@example.com', ext_id: 'k1' });
  // One a minute for two days, under two names, and a crowded minute at the end.
  await put(Array.from({ length: 2_880 }, (_, n) => ({ sourceId: `e${n}`, name: n % 2 ? 'odd' : 'even', date: at(n) })));
  await put(Array.from({ length: 1_000 }, (_, n) => ({ sourceId: `c${n}`, name: 'crowd', date: at(3_000) })));
});
afterAll(async () => {
  brevo.close();
  await sandbox.stop();
});
beforeEach(() => sandbox.brevo.resetStats());

async function put(events: readonly Sought[]): Promise<void> {
  for (let from = 0; from < events.length; from += 200) {
    await brevo.sendEvents(
      events.slice(from, from + 200).map(({ sourceId, name, date }) => ({
        name,
        date: date.toISOString(),
        identifiers: { ext_id: 'k1' },
        properties: { klaviyo_event_id: sourceId },
      })),
    );
  }
}

const requests = async () => (await sandbox.brevo.stats())['GET /events']?.requests;
const sought = (n: number, part: Partial<Sought> = {}): Sought => ({
  sourceId: `e${n}`,
  name: n % 2 ? 'odd' : 'even',
  date: at(n),
  ...part,
});

describe('a look at Brevo', () => {
  it('finds what is there and only that, in one request for a whole call', async () => {
    const call = Array.from({ length: 200 }, (_, n) => sought(100 + n));
    expect(await lookUp(brevo, call)).toEqual(new Set(call.map(({ sourceId }) => sourceId)));
    expect(await requests()).toBe(1);
    for (const absent of [sought(150, { sourceId: 'lost' }), sought(150, { name: 'odd' }), sought(150, { date: at(100) })])
      expect(await lookUp(brevo, [absent])).toEqual(new Set());
  });

  it('asks for shorter times where much else happened between', async () => {
    const far = [sought(0), sought(1_440), sought(2_878, { sourceId: 'lost' }), sought(2_879)];
    expect(await lookUp(brevo, far)).toEqual(new Set(['e0', 'e1440', 'e2879']));
    expect(await requests()).toBeLessThan(10);
  });

  it('pages through a moment that holds more than a page', async () => {
    const crowd = [0, 500, 999].map((n) => ({ sourceId: `c${n}`, name: 'crowd', date: at(3_000) }));
    expect(await lookUp(brevo, [...crowd, { sourceId: 'lost', name: 'crowd', date: at(3_000) }])).toEqual(
      new Set(['c0', 'c500', 'c999']),
    );
  });

  it('that is refused answers nothing, and one that fails is tried again later', async () => {
    await sandbox.brevo.fault({ kind: 'status', status: 403, path: '/events' });
    expect(await lookUp(brevo, [sought(1)])).toBeNull();
    await sandbox.brevo.fault({ kind: 'status', status: 503, path: '/events' });
    await expect(lookUp(brevo, [sought(1)])).rejects.toMatchObject({ name: 'RetryLater' });
  });
});
