import { type BrevoOrder, MOST_ORDERS_AT_ONCE, MOST_ORDERS_BYTES } from '@tajo/brevo';
import { RequestRefused } from '@tajo/errors';
import { redact } from '@tajo/logging';
import type { OrderRow } from '@tajo/mapping';
import type { Batch, NewRejection, OrderState } from '@tajo/store';
import { partsOf } from '../../page-buffer.js';
import { GaveBack } from '../../settle.js';
import type { HashedRow } from '../by-hash.js';
import { profileUnknown, refusedRow } from '../events/batch-rows.js';
import type { Delivery, RunContext } from '../target.js';
import { tallyOf } from './admit.js';

const MAX_LANE_WAIT_MS = 10_000;
/** Another worker may be writing what a later event says of the same order; each looks again after it has written. */
const MOST_ROUNDS = 5;

/** What of an order its latest event says. */
type OrderBody = Pick<OrderRow, 'status' | 'amount' | 'lines' | 'coupons' | 'facts'>;

/** How an order stands by all events about it; and as it was placed, since a refund or a shipment need not repeat value and lines. */
const stateKey = (order: string) => `order|${order}`;
const placedKey = (order: string) => `placed|${order}`;

interface KnownOrder {
  readonly id: string;
  readonly latest: OrderState;
  readonly placed: OrderState | undefined;
}

/**
 * Writes each order as it was placed with the status its latest event gives it, whatever order the events come in and whoever delivers
 * them: what an event says is offered to the store first, then what the store has is written, and again for as long as that has changed
 * meanwhile.
 */
export async function deliver(context: RunContext, batch: Batch, stored: readonly unknown[]): Promise<Delivery> {
  const rows = stored as readonly HashedRow<OrderRow>[]; // Made by `admit` of this target.
  const { store } = context.work;
  const { account } = batch;
  const rejections = new Map<string, NewRejection>();
  const owners = new Map<string, BrevoOrder['identifiers']>();
  const events: OrderRow[] = [];
  for (const { row } of rows) {
    const identifiers = identifiersOf(context, row);
    if (identifiers) {
      owners.set(row.order, identifiers);
      events.push(row);
    } else rejections.set(row.sourceId, profileUnknown(row.sourceId, 'import'));
  }
  await store.orderStates.offer(
    account,
    events.flatMap(({ order, sourceId, date, status, amount, lines, coupons, facts }) => {
      const body: OrderBody = { status, amount, lines, coupons, facts };
      const state = { event: sourceId, at: new Date(date), body: { ...body } };
      const placed = status === 'completed' ? [{ order: placedKey(order), ...state }] : [];
      return [{ order: stateKey(order), ...state }, ...placed];
    }),
  );

  const refused = new Map<string, string>();
  const written = new Map<string, string>();
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const known = await knownOrders(context, account, [...owners.keys()]);
    const changed = known.filter((one) => written.get(one.id) !== versionOf(one) && !refused.has(one.id));
    if (changed.length === 0) break;
    const sized = changed.map((one) => {
      const order = orderOf(one, owners.get(one.id) ?? {});
      return { order, bytes: Buffer.byteLength(JSON.stringify(order)) + 1 };
    });
    for (const part of partsOf(sized, MOST_ORDERS_AT_ONCE, MOST_ORDERS_BYTES)) {
      if (context.work.stopping.aborted) throw new GaveBack(); // Nothing is lost: an order may be written twice.
      for (const [id, words] of await send(
        context,
        part.map(({ order }) => order),
      ))
        refused.set(id, words);
    }
    for (const one of changed) written.set(one.id, versionOf(one));
  }

  for (const { order, sourceId } of events) {
    const words = refused.get(order);
    if (words !== undefined) rejections.set(sourceId, refusedRow(sourceId, 'brevo_order_refused', words, 'import'));
  }
  const settled = rows.filter(({ row }) => !rejections.has(row.sourceId));
  return {
    kind: 'settled',
    settled: {
      written: settled.map(({ row, hash }) => ({
        link: { sourceId: row.sourceId, hash, targetId: row.order },
        tally: tallyOf(row),
        fields: row.notes.map(({ field, reason }) => redact(`${field}: ${reason}`)),
      })),
      rejected: [...rejections.values()],
      again: [],
      note: null,
    },
  };
}

/** Ids of orders that Brevo refused, with its words. A batch is taken whole or not at all, so halves find whose fault it is. */
async function send(context: RunContext, orders: readonly BrevoOrder[]): Promise<Map<string, string>> {
  try {
    await context.account.brevo.sendOrders(orders, { maxWaitMs: MAX_LANE_WAIT_MS });
    return new Map();
  } catch (error) {
    if (!(error instanceof RequestRefused) || ![400, 413, 422].includes(error.status)) throw error;
    const [only, ...more] = orders;
    if (only && more.length === 0) return new Map([[only.id, error.message]]);
    const middle = Math.ceil(orders.length / 2);
    return new Map([...(await send(context, orders.slice(0, middle))), ...(await send(context, orders.slice(middle)))]);
  }
}

async function knownOrders({ work }: RunContext, account: string, ids: readonly string[]): Promise<KnownOrder[]> {
  const states = await work.store.orderStates.find(
    account,
    ids.flatMap((id) => [stateKey(id), placedKey(id)]),
  );
  return ids.flatMap((id) => {
    const latest = states.get(stateKey(id));
    return latest ? [{ id, latest, placed: states.get(placedKey(id)) }] : [];
  });
}

function versionOf({ latest, placed }: KnownOrder): string {
  return [latest.event, placed?.event, latest.createdAt.toISOString()].join(' ');
}

function orderOf({ id, latest, placed }: KnownOrder, identifiers: BrevoOrder['identifiers']): BrevoOrder {
  // Offered by this target.
  const { status } = latest.body as unknown as OrderBody;
  const { amount, lines, coupons, facts } = (placed ?? latest).body as unknown as OrderBody;
  return {
    id,
    createdAt: latest.createdAt.toISOString(),
    updatedAt: latest.at.toISOString(),
    status,
    amount,
    products: lines.map(({ quantity, ...line }) =>
      Number.isInteger(quantity) ? { ...line, quantity } : { ...line, quantityFloat: quantity },
    ),
    identifiers,
    ...(coupons.length > 0 && { coupons }),
    metaInfo: facts,
  };
}

function identifiersOf({ stored }: RunContext, { profile, email, phone }: OrderRow): BrevoOrder['identifiers'] | undefined {
  if (stored.identity !== 'attribute') return { ext_id: profile };
  if (email !== undefined) return { email_id: email };
  return phone === undefined ? undefined : { phone_id: phone };
}
