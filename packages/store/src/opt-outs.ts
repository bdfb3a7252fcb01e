import { Schema, type Connection } from 'mongoose';
import { BULK } from './connection.js';
import type { CounterpartKey } from './counterparts.js';

/**
 * An opt-out that was seen at Brevo itself, by what a contact is found by. A run knows Brevo's blocklist from its planning on; this tells
 * of what was added since, and whose entry it is.
 */
export interface OptOut {
  _id: string;
  account: string;
  /** When it was seen; null for a channel that is not touched. */
  email: Date | null;
  sms: Date | null;
}

const schema = new Schema<OptOut>(
  { _id: String, account: String, email: { type: Date, default: null }, sms: { type: Date, default: null } },
  { versionKey: false },
);

const idOf = (account: string, key: CounterpartKey) => `${account}|${key}`;

export function createOptOuts(connection: Connection) {
  const model = connection.model('opt_out', schema, 'opt_outs');

  return {
    async note(
      account: string,
      keys: readonly CounterpartKey[],
      channels: { email: boolean; sms: boolean },
      at: Date,
    ): Promise<void> {
      const max = { ...(channels.email && { email: at }), ...(channels.sms && { sms: at }) };
      if (keys.length === 0 || Object.keys(max).length === 0) return;
      await model.bulkWrite(
        keys.map((key) => ({
          // The later one stands: an old delivery that comes late says nothing new.
          updateOne: { filter: { _id: idOf(account, key) }, update: { $set: { account }, $max: max }, upsert: true },
        })),
        BULK,
      );
    },

    async find(account: string, keys: readonly CounterpartKey[]): Promise<Map<CounterpartKey, OptOut>> {
      if (keys.length === 0) return new Map();
      const found = await model
        .find({ _id: { $in: keys.map((key) => idOf(account, key)) } })
        .lean()
        .exec();
      // The part of the id after the account is the key it was made from.
      return new Map(found.map((one) => [one._id.slice(account.length + 1) as CounterpartKey, one]));
    },

    async remove(account: string, keys: readonly CounterpartKey[]): Promise<void> {
      if (keys.length > 0) await model.deleteMany({ _id: { $in: keys.map((key) => idOf(account, key)) } }).exec();
    },
  };
}

export type OptOuts = ReturnType<typeof createOptOuts>;
