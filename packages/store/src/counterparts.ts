import { Schema, type Connection } from 'mongoose';
import { BULK } from './connection.js';

/**
 * What Brevo had when the run was planned: one row for each contact, found by e-mail, phone or our id. It tells which blocklist
 * entries are Brevo's own, which a sync must never clear.
 */
export interface Counterpart {
  _id: string;
  account: string;
  brevoId: number;
  sourceId: string | null;
  emailBlocked: boolean;
  smsBlocked: boolean;
  /** The run whose sweep saw it last. */
  run: string;
}

const schema = new Schema<Counterpart>(
  {
    _id: String,
    account: String,
    brevoId: Number,
    sourceId: { type: String, default: null },
    emailBlocked: Boolean,
    smsBlocked: Boolean,
    run: String,
  },
  { versionKey: false },
);

/** One lookup key of a contact: `e` e-mail (lower case), `p` phone (E.164 without +), `x` our id. */
export type CounterpartKey = `e:${string}` | `p:${string}` | `x:${string}`;

export type NewCounterpart = Pick<Counterpart, 'brevoId' | 'sourceId' | 'emailBlocked' | 'smsBlocked'> & {
  keys: readonly CounterpartKey[];
};

const idOf = (account: string, key: CounterpartKey) => `${account}|${key}`;

export function createCounterparts(connection: Connection) {
  const model = connection.model('counterpart', schema);

  return {
    async put(owner: { account: string; run: string }, contacts: readonly NewCounterpart[]): Promise<void> {
      const writes = contacts.flatMap(({ keys, ...contact }) =>
        keys.map((key) => ({
          updateOne: { filter: { _id: idOf(owner.account, key) }, update: { $set: { ...owner, ...contact } }, upsert: true },
        })),
      );
      for (let start = 0; start < writes.length; start += 1_000) {
        await model.bulkWrite(writes.slice(start, start + 1_000), BULK);
      }
    },

    /** Those of the keys that the sweep of `run` saw. Older rows are of contacts that are gone or moved. */
    async find(
      owner: { account: string; run: string },
      keys: readonly CounterpartKey[],
    ): Promise<Map<CounterpartKey, Counterpart>> {
      if (keys.length === 0) return new Map();
      const found = await model
        .find({ _id: { $in: keys.map((key) => idOf(owner.account, key)) } })
        .lean()
        .exec();
      const prefix = owner.account.length + 1;
      // The part of the id after the account is the key it was made from.
      return new Map(found.filter((c) => c.run === owner.run).map((c) => [c._id.slice(prefix) as CounterpartKey, c]));
    },
  };
}

export type Counterparts = ReturnType<typeof createCounterparts>;
