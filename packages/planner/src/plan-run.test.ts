import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Credentials, type OpenAccount, openClients } from '@tajo/accounts';
import { type Config, loadConfig } from '@tajo/config';
import { AccountStopped } from '@tajo/errors';
import { createOpenLimiter } from '@tajo/limiter';
import { resourceNames } from '@tajo/mapping';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { createStore, type Store, emptyCounts } from '@tajo/store';
import { OWN_LIST, type Plan, type PlanRequest, planRun, quick, readPlan } from './index.js';

const PROFILES = 1_500;
const EVENTS = 2_000;

let sandbox: Sandbox;
let store: Store;
const open: OpenAccount[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({
    klaviyo: {
      profiles: PROFILES,
      events: EVENTS,
      lists: 6,
      segments: 3,
      campaigns: 12,
      flows: 5,
      templates: 12,
      catalogItems: 230,
      coupons: 4,
      couponCodes: 90,
      limits: 'off',
    },
    brevo: { limits: 'off' },
  });
  const url = new URL(process.env['MONGO_URL'] ?? 'mongodb://127.0.0.1:27017');
  url.pathname = `/planner_${randomUUID().slice(0, 8)}`;
  store = createStore(url.href);
});

afterAll(async () => {
  for (const { klaviyo, brevo } of open) {
    klaviyo.close();
    brevo.close();
  }
  await store?.close();
  await sandbox?.stop();
});

const keys = () => ({ klaviyoPrivateKey: sandbox.keys.klaviyoPrivateKey, brevoApiKey: sandbox.keys.brevoApiKey });

/** `settings`: by their names under `connectors.klaviyo`. */
function configOf(settings: Record<string, unknown> = {}): Config {
  const env = {
    TAJO_API_KEY: 'a-key-of-the-test-0123456789',
    KLAVIYO_BASE_URL: sandbox.klaviyoUrl,
    BREVO_BASE_URL: sandbox.brevoUrl,
    KLAVIYO_PRIVATE_KEY: keys().klaviyoPrivateKey,
    BREVO_API_KEY: keys().brevoApiKey,
  };
  const flags = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`connectors.klaviyo.${name}`, value]));
  return loadConfig({ env, flags, cwd: '/' });
}

function plan(request: Partial<PlanRequest> = {}, credentials: Credentials = keys()): Promise<Plan> {
  const config = request.config ?? configOf();
  const clients = openClients({ config, limiter: createOpenLimiter(), account: 'default', credentials });
  open.push(clients);
  return planRun({ clients, config, store, account: 'default', resources: resourceNames, now: () => new Date(), ...request });
}

const of = ({ resources }: Plan, name: string) => {
  const found = resources.find(({ resource }) => resource === name);
  if (!found) throw new Error(`${name} is not in the plan`);
  return found;
};

describe('a plan', () => {
  it('names what a run would read and write, without writing anything', async () => {
    await sandbox.klaviyo.resetStats();
    await sandbox.brevo.resetStats();
    const made = await plan();
    expect(readPlan(JSON.parse(JSON.stringify(made)))).toEqual(made);
    expect(made.resources.map(({ resource }) => resource)).toEqual([...resourceNames]);
    expect(made.notes).toEqual([]);

    expect(of(made, 'lists')).toMatchObject({ records: 6, counted: 'exact', toWrite: 6 });
    expect(of(made, 'segments')).toMatchObject({ records: 3, counted: 'exact' });
    expect(of(made, 'campaigns')).toMatchObject({ records: 12, counted: 'exact' });
    expect(of(made, 'catalog-items')).toMatchObject({ records: 230, counted: 'exact' });
    expect(of(made, 'coupon-codes')).toMatchObject({ records: 90, counted: 'exact' });
    expect(of(made, 'flow-definitions')).toMatchObject({ records: 5, counted: 'exact' });
    expect(of(made, 'campaign-values')).toMatchObject({ records: null, counted: 'unknown' });
    expect(of(made, 'list-members')).toMatchObject({
      records: (await all(sandbox.klaviyo.members('list'))).length,
      counted: 'exact',
    });
    expect(of(made, 'profiles').counted).toBe('sampled');
    near(of(made, 'profiles').records, PROFILES, 0.5);
    near(of(made, 'events').records, EVENTS, 0.1);

    const asked = [...Object.keys(await sandbox.klaviyo.stats()), ...Object.keys(await sandbox.brevo.stats())];
    expect(asked.filter((endpoint) => !endpoint.startsWith('GET '))).toEqual(['POST /api/metric-aggregates']);
    expect(await store.runs.list({})).toEqual([]);
  });

  it('says what shall be made in Brevo, what it may hold, and what becomes of old events', async () => {
    const made = await plan({ resources: ['profiles', 'events', 'lists'] });
    expect(made.attributes).toEqual(expect.arrayContaining(['KLAVIYO_EMAIL_CONSENT', 'KLAVIYO_SUPPRESSED', 'LTV']));
    expect(made.lists).toHaveLength(1 + 6);
    expect(made.lists).toContain(OWN_LIST);
    expect(made.quotas).toEqual([]);
    expect(made.history).toMatch(/^Events older than 24 hours \(about \d+ % of them\) are sent as hist_<name>/);
    const consent = made.consent ?? {};
    const states = Object.keys(consent).filter((key) => key.startsWith('email.'));
    expect(states).toContain('email.subscribed');
    near(
      states.reduce((sum, key) => sum + (consent[key] ?? 0), 0),
      of(made, 'profiles').toWrite ?? 0,
      0.02,
    );
  });

  it('leaves out what earlier runs wrote, unless it is forced', async () => {
    const outcome = await store.runs.create({ account: 'default', mode: 'full', resources: ['coupons'] }, new Date());
    if (outcome.kind !== 'created') throw new Error(`the earlier run is ${outcome.kind}`);
    const { run } = outcome;
    await store.runs.move(run._id, ['planning'], 'completed', { totals: { coupons: { ...emptyCounts(), read: 1, written: 1 } } });
    await store.runs.releaseAccount('default', run._id);
    expect(of(await plan({ resources: ['coupons'] }), 'coupons')).toMatchObject({ records: 4, linked: 1, toWrite: 3 });
    expect(of(await plan({ resources: ['coupons'], force: true }), 'coupons')).toMatchObject({ toWrite: 4 });
  });

  it('reads members of lists that an earlier run kept', async () => {
    expect(of(await plan({ resources: ['list-members'] }), 'list-members')).toMatchObject({ records: 0 });
    const owner = { account: 'default', resource: 'lists', run: 'run_before' };
    const [first] = await all(sandbox.klaviyo.records('lists'));
    await store.archive.put(owner, [{ sourceId: first?.id ?? '', data: { name: 'x' } }], new Date());
    const members = (await all(sandbox.klaviyo.members('list'))).filter(({ list }) => list === first?.id).length;
    expect(of(await plan({ resources: ['list-members'] }), 'list-members')).toMatchObject({ records: members, counted: 'exact' });
  });

  it('made on the way into a run costs little and leaves the slowest endpoints alone', async () => {
    await sandbox.klaviyo.resetStats();
    const made = await plan({ effort: quick });
    const asked = await sandbox.klaviyo.stats();
    for (const endpoint of ['GET /api/lists/{id}', 'GET /api/segments/{id}', 'GET /api/accounts', 'POST /api/metric-aggregates'])
      expect(asked[endpoint]).toBeUndefined();
    expect(made.requests).toBe(Object.values(asked).reduce((sum, { requests }) => sum + requests, 0));
    for (const [endpoint, { requests }] of Object.entries(asked)) expect([endpoint, requests <= 30]).toEqual([endpoint, true]);
  });

  it('does without what cannot be looked at, and says so', async () => {
    await sandbox.klaviyo.fault({ kind: 'status', path: '/api/flows*', status: 503, times: 0 });
    await sandbox.brevo.fault({ kind: 'status', path: '/contacts/lists*', status: 500, times: 0 });
    try {
      const made = await plan({ resources: ['lists', 'flows', 'flow-actions', 'coupons'] });
      expect(of(made, 'flows')).toMatchObject({ records: null, counted: 'unknown', toWrite: null });
      expect(of(made, 'flow-actions')).toMatchObject({ records: null, counted: 'unknown' });
      expect(of(made, 'coupons').records).toBe(4);
      expect(made.notes.toSorted()).toEqual([
        expect.stringMatching(/^Flows could not be looked at: /),
        expect.stringMatching(/^Lists in Brevo could not be looked at: /),
      ]);
      expect(made.quotas).toEqual([]);
    } finally {
      await sandbox.klaviyo.clearFaults();
      await sandbox.brevo.clearFaults();
    }
  });

  it('ends in time where a vendor does not answer', async () => {
    await sandbox.klaviyo.pause('hang');
    try {
      const made = await plan({ resources: ['coupons'], withinMs: 300 });
      expect(made.notes).toEqual(['Coupons could not be looked at: it took too long']);
    } finally {
      await sandbox.klaviyo.resume();
    }
  });

  it('is not made with a key that is refused', async () => {
    await expect(plan({}, { ...keys(), klaviyoPrivateKey: 'pk_wrong' })).rejects.toThrow(AccountStopped);
  });
});

async function all<Item>(records: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const record of records) found.push(record);
  return found;
}

function near(actual: number | null, expected: number, by: number): void {
  expect(Math.abs((actual ?? 0) - expected) / expected).toBeLessThan(by);
}
