import { afterEach, expect, it } from '@jest/globals';
import { finished } from '../support/ledger.js';
import { type Stack, startStack } from '../support/stack.js';

let open: Stack | undefined;
afterEach(async () => {
  await open?.stop();
  open = undefined;
});

it('orders of every metric become Brevo orders once, as history, and a second run writes nothing', async () => {
  const stack = await startStack({
    sandbox: { klaviyo: { profiles: 100, events: 1_000, limits: 'off' }, brevo: { limits: 'off' } },
    connector: { events: { orders: true } },
    env: { TAJO_LIMITS_ENABLED: 'false' },
  });
  open = stack;
  const run = await finished(stack, await stack.client.syncs.start({ resources: ['profiles', 'orders'], mode: 'full' }));
  expect({ state: run.state, balanced: run.balanced, problem: run.problem }).toEqual({
    state: 'completed',
    balanced: true,
    problem: null,
  });
  const counts = run.totals['orders'];
  expect(counts?.written).toBeGreaterThan(100);

  const orders = new Map<string, string>();
  for await (const { id, liveWrites, contact_id: contact, ...order } of stack.sandbox.brevo.orders()) {
    expect([liveWrites, typeof contact]).toEqual([0, 'number']);
    orders.set(id, String(Reflect.get(order, 'status')));
  }
  expect(new Set(orders.keys())).toEqual(await ordersAtKlaviyo(stack));
  expect(new Set(orders.values())).toEqual(new Set(['completed', 'cancelled', 'refunded']));

  const again = await finished(stack, await stack.client.syncs.start({ resources: ['profiles', 'orders'], mode: 'full' }));
  expect(again.totals['orders']).toMatchObject({ written: 0, unchanged: counts?.written });
}, 120_000);

/** Ids of the orders that events tell of whose profile is a contact at Brevo; read straight from the sandbox, without the product's mapping. */
async function ordersAtKlaviyo({ sandbox: { klaviyo, brevo } }: Stack): Promise<Set<string>> {
  const contacts = new Set<unknown>();
  for await (const { attributes } of brevo.contacts()) contacts.add(attributes['EXT_ID']);
  const metrics = new Set<string>();
  for await (const { id, attributes } of klaviyo.records('metrics'))
    if (/^(Placed|Cancelled|Refunded) Order$/.test(String(attributes['name']))) metrics.add(id);
  const ids = new Set<string>();
  for await (const { attributes, relationships } of klaviyo.records('events')) {
    const { metric, profile } = Object(relationships);
    const properties = Object(attributes['event_properties']);
    const id: unknown = properties.OrderId ?? properties.$event_id;
    if (typeof id !== 'string' && typeof id !== 'number') continue;
    const isPast = Number(attributes['timestamp']) * 1_000 < Date.now();
    if (isPast && metrics.has(metric.id) && contacts.has(profile?.id)) ids.add(String(id));
  }
  return ids;
}
