import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Plan, Run } from '@tajo/sdk';
import { createStore, FINAL_STATES, type Store } from '@tajo/store';
import { tajo } from '../support/run-to-end.js';
import { type Stack, startStack, until } from '../support/stack.js';

const PROFILES = 300;
const RESOURCES = ['profiles', 'lists', 'list-members', 'events'] as const;

let stack: Stack;
let store: Store;

beforeAll(async () => {
  stack = await startStack({
    sandbox: {
      klaviyo: { profiles: PROFILES, lists: 4, segments: 0, events: 200, limits: 'off' },
      // Long enough to look at a run whose profiles are not settled.
      brevo: { limits: 'off', importDelayMs: 2_500 },
    },
    connector: { limits: { enabled: false } },
  });
  store = createStore(stack.mongoUrl);
}, 60_000);

afterAll(async () => {
  await store?.close();
  await stack?.stop();
});

describe('tajo sync plan', () => {
  it('says what a run would do, and neither starts one nor writes anything', async () => {
    const json = await tajo(['sync', 'plan', '--resources', RESOURCES.join(','), '--format', 'json'], stack.env);
    expect([json.code, json.err]).toEqual([0, '']);
    // The command prints what the API answered, which the producer's tests hold against its schema.
    const plan = JSON.parse(json.out) as Plan;
    expect(plan.resources.map(({ resource, counted }) => [resource, counted])).toEqual([
      ['profiles', expect.any(String)],
      ['events', expect.any(String)],
      ['lists', 'exact'],
      ['list-members', expect.any(String)],
    ]);
    const table = await tajo(['sync', 'plan', '--resources', 'profiles,lists'], stack.env);
    expect(table.code).toBe(0);
    expect(table.out).toMatch(/^resource +records +to write/);
    expect(table.out).toContain('Nothing was started');

    expect((await stack.client.syncs.list()).runs).toEqual([]);
    expect((await stack.sandbox.brevo.state()).contacts).toBe(0);
    expect(Object.keys(await stack.sandbox.brevo.stats()).filter((endpoint) => !endpoint.startsWith('GET '))).toEqual([]);
  }, 60_000);

  it('names the resources there are when one is none', async () => {
    const { code, err } = await tajo(['sync', 'plan', '--resources', 'profils'], stack.env);
    expect(code).toBe(2);
    expect(err).toContain('Unknown resource; known are: profiles');
  });
});

describe('a run', () => {
  it('asks for nothing that waits for other resources until those are settled', async () => {
    const { id } = await stack.client.syncs.start({ resources: [...RESOURCES], mode: 'full' });
    await until(async () => (await stack.client.syncs.get(id)).state !== 'planning', 30_000, 'the run to be planned');
    // The plan has looked at all of them; from here on only the run asks.
    await stack.sandbox.klaviyo.resetStats();
    let seenUnsettled = 0;
    for (let run = await stack.client.syncs.get(id); !FINAL_STATES.includes(run.state); ) {
      // Asked for before the run is looked at: what was not settled then was not settled earlier either.
      const asked = await stack.sandbox.klaviyo.stats();
      run = await stack.client.syncs.get(id);
      if (isSettled(run, 'profiles') && isSettled(run, 'lists')) continue;
      seenUnsettled += 1;
      expect(asked['GET /api/lists/{id}/profiles']).toBeUndefined();
      if (!isSettled(run, 'profiles')) expect(asked['GET /api/events']).toBeUndefined();
    }
    expect(seenUnsettled).toBeGreaterThan(3);
    const asked = await stack.sandbox.klaviyo.stats();
    expect(asked['GET /api/lists/{id}/profiles']?.requests).toBeGreaterThan(3);
    expect(asked['GET /api/events']?.requests).toBeGreaterThan(0);
  }, 120_000);

  it('keeps what was planned beside what came', async () => {
    const [run] = (await stack.client.syncs.list()).runs;
    expect(run).toMatchObject({ state: 'completed', balanced: true });
    expect(run?.plan?.resources.find(({ resource }) => resource === 'lists')).toMatchObject({
      records: 4,
      counted: 'exact',
      toWrite: 4,
    });
    expect(run?.totals['lists']).toMatchObject({ read: 4 });
    const { out } = await tajo(['sync', 'status', run?.id ?? ''], stack.env);
    expect(out).toMatch(/planned +records +read +to write +written/);
    expect((await store.runs.get(run?.id ?? ''))?.forecast).toEqual(run?.plan);
  });
});

/** Begun, and every slice of it done. */
function isSettled({ slices }: Run, resource: string): boolean {
  const states = Object.entries(slices[resource] ?? {}).filter(([, count]) => count > 0);
  return states.length > 0 && states.every(([state]) => state === 'done');
}
