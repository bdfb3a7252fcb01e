import { Schema, type Connection } from 'mongoose';
import { BULK, isDuplicateKey } from './connection.js';

/**
 * How an order stands by the latest event about it, whatever order the events came in: the target keeps what was written last. `body` is the
 * target's own; it holds no personal data.
 */
export interface OrderState {
  _id: string;
  account: string;
  order: string;
  /** Of the first event about it. */
  createdAt: Date;
  /** Of the latest, which `body` is from; of two in the same moment the one with the greater id counts. */
  at: Date;
  event: string;
  body: Record<string, unknown>;
}

export type NewOrderState = Pick<OrderState, 'order' | 'at' | 'event' | 'body'>;

type OrderDocument = Omit<OrderState, 'body'> & { body: string };

const schema = new Schema<OrderDocument>(
  { _id: String, account: String, order: String, createdAt: Date, at: Date, event: String, body: String },
  { versionKey: false },
);

const idOf = (account: string, order: string) => `${account}|${order}`;
/** Two workers that make the same document at once: one of them finds it made. */
const TRIES = 3;

export function createOrderStates(connection: Connection) {
  const model = connection.model('order_state', schema, 'order_states');

  async function make(account: string, states: readonly NewOrderState[], tries = TRIES): Promise<void> {
    const writes = states.map(({ order, at, event, body }) => ({
      updateOne: {
        filter: { _id: idOf(account, order) },
        update: { $min: { createdAt: at }, $setOnInsert: { account, order, at, event, body: JSON.stringify(body) } },
        upsert: true,
      },
    }));
    try {
      await model.bulkWrite(writes, BULK);
    } catch (error) {
      if (!isDuplicateKey(error) || tries <= 1) throw error;
      await make(account, states, tries - 1);
    }
  }

  return {
    /** Takes what is later than what is known. The same again changes nothing. */
    async offer(account: string, states: readonly NewOrderState[]): Promise<void> {
      for (let start = 0; start < states.length; start += 1_000) {
        const part = states.slice(start, start + 1_000);
        await make(account, part);
        await model.bulkWrite(
          part.map(({ order, at, event, body }) => ({
            updateOne: {
              filter: { _id: idOf(account, order), $or: [{ at: { $lt: at } }, { at, event: { $lt: event } }] },
              update: { $set: { at, event, body: JSON.stringify(body) } },
            },
          })),
          BULK,
        );
      }
    },

    async find(account: string, orders: readonly string[]): Promise<Map<string, OrderState>> {
      if (orders.length === 0) return new Map();
      const found = await model
        .find({ _id: { $in: orders.map((order) => idOf(account, order)) } })
        .lean()
        .exec();
      // `offer` wrote the body.
      return new Map(found.map((one) => [one.order, { ...one, body: JSON.parse(one.body) as Record<string, unknown> }]));
    },
  };
}

export type OrderStates = ReturnType<typeof createOrderStates>;
