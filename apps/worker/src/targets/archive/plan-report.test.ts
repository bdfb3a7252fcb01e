import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createStore, type Store } from '@tajo/store';
import { withDatabase } from '../../../../../test/support/stack.js';
import { openTargetWorld, type TargetWorld } from '../../../../../test/support/target-world.js';
import type { RunContext } from '../target.js';
import { planReport } from './plan-report.js';

let store: Store;
let world: TargetWorld;
beforeAll(async () => {
  store = createStore(withDatabase(process.env['MONGO_URL'] ?? '', `report_${randomUUID().slice(0, 8)}`));
  await store.migrate();
});
afterAll(() => store.close());
afterEach(() => world.close());

async function planned(metrics: Record<string, [name: string, category: string | null]>, resource = 'campaign-values') {
  world = await openTargetWorld(store, { resources: [resource] });
  for (const [id, [name, category]] of Object.entries(metrics))
    await world.keep('metrics', id, { name, integration: category === null ? null : { name: 'x', category } });
  return planReport(world.context as unknown as RunContext, resource); // As much of it as planning uses.
}

describe('the plan of a report', () => {
  it('takes the shop’s own of the metrics that share the name', async () => {
    const rules = await planned({
      A1: ['Placed Order', 'API'],
      B2: ['Placed Order', 'eCommerce'],
      C3: ['Placed Order', 'eCommerce'],
    });
    expect(rules).toEqual({
      timeframe: 'last_12_months',
      conversionMetric: 'Placed Order',
      conversionMetricId: 'B2',
      conversions: true,
    });
  });

  it('takes the first by id where none is the shop’s', async () => {
    expect(await planned({ B2: ['Placed Order', 'API'], A1: ['Placed Order', null] })).toMatchObject({
      conversionMetricId: 'A1',
      conversions: true,
    });
  });

  it('goes without conversions where no metric has the name', async () => {
    expect(await planned({ A1: ['Opened Email', 'Internal'] })).toMatchObject({ conversionMetricId: 'A1', conversions: false });
  });

  it('asks Klaviyo where metrics were never synced', async () => {
    expect(await planned({})).toMatchObject({ conversionMetricId: 'METR01', conversions: true });
  });

  it('needs nothing for what is no report', async () => {
    expect(await planned({}, 'flows')).toEqual({});
  });
});
