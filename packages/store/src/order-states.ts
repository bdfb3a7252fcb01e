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

/**
 * `latest` is time, event and body as one text, which sorts as the first two do: so that the later of two wins in one update by `_id`
 * alone, whoever comes first.
 */
type OrderDocument = Pick<OrderState, '_id' | 'account' | 'order' | 'createdAt'> & { latest: string };

const schema = new Schema<OrderDocument>(
  { _id: String, account: String, order: String, createdAt: Date, latest: String },
  { versionKey: false },
);

const idOf = (account: string, order: string) => `${account}|${order}`;
/** Two workers that make the same document at once: one of them finds it made. */
const TRIES = 3;

export function createOrderStates(connection: Connection) {
  const model = connection.model('order_state', schema, 'order_states');

  async function put(account: string, states: readonly NewOrderState[], tries = TRIES): Promise<void> {
    const writes = states.map(({ order, at, event, body }) => ({
      updateOne: {
        filter: { _id: idOf(account, order) },
        update: { $min: { createdAt: at }, $max: { latest: textOf({ at, event, body }) }, $setOnInsert: { account, order } },
        upsert: true,
      },
    }));
    try {
      await model.bulkWrite(writes, BULK);
    } catch (error) {
      if (!isDuplicateKey(error) || tries <= 1) throw error;
      await put(account, states, tries - 1);
    }
  }

  return {
    /** Takes what is later than what is known. The same again changes nothing. */
    async offer(account: string, states: readonly NewOrderState[]): Promise<void> {
      for (let start = 0; start < states.length; start += 1_000) {
        await put(account, states.slice(start, start + 1_000));
      }
    },

    async find(account: string, orders: readonly string[]): Promise<Map<string, OrderState>> {
      if (orders.length === 0) return new Map();
      const found = await model
        .find({ _id: { $in: orders.map((order) => idOf(account, order)) } })
        .lean()
        .exec();
      return new Map(found.map((document) => [document.order, fromDocument(document)]));
    },
  };
}

/** The length of a time as `toISOString` writes it, of any year that orders are from. */
const TIME_LENGTH = 24;
/** Sorts before everything that an id is made of. */
const END = '\n';

function textOf({ at, event, body }: Pick<OrderState, 'at' | 'event' | 'body'>): string {
  return `${at.toISOString()}${event}${END}${JSON.stringify(body)}`;
}

function fromDocument({ latest, ...rest }: OrderDocument): OrderState {
  const end = latest.indexOf(END);
  return {
    ...rest,
    at: new Date(latest.slice(0, TIME_LENGTH)),
    event: latest.slice(TIME_LENGTH, end),
    // `textOf` wrote it.
    body: JSON.parse(latest.slice(end + 1)) as Record<string, unknown>,
  };
}

export type OrderStates = ReturnType<typeof createOrderStates>;
