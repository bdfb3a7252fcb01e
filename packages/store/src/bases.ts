import { Schema, type Connection } from 'mongoose';
import { BULK } from './connection.js';

/**
 * What both sides last agreed on of a contact and its profile, by which a later look tells who has changed what. No personal data: values
 * stand as short keyed hashes, and whose they are is told by Brevo's id alone.
 */
export interface StoredBase {
  readonly brevoId: number;
  /** Name of the key the hashes were made with; under another key they say nothing. */
  readonly key: string;
  /** Opaque to the store. */
  readonly agreed: unknown;
}

/** As JSON text: an attribute may be called anything, and a field name of MongoDB may not. */
interface BaseDocument extends Omit<StoredBase, 'agreed'> {
  _id: string;
  account: string;
  agreed: string;
  at: Date;
}

const schema = new Schema<BaseDocument>(
  { _id: String, account: String, brevoId: Number, key: String, agreed: String, at: Date },
  { versionKey: false },
);
schema.index({ account: 1 });

/** One an account: the key of its hashes, sealed, and the contacts of which Klaviyo does not show yet what it was asked for. */
interface BaseBook {
  _id: string;
  account: string;
  sealed: string | null;
  awaited: number[];
}

const bookSchema = new Schema<BaseBook>(
  { _id: String, account: String, sealed: { type: String, default: null }, awaited: [Number] },
  { versionKey: false },
);

const idOf = (account: string, brevoId: number) => `${account}|${brevoId}`;

export function createBases(connection: Connection) {
  const model = connection.model('base', schema);
  const books = connection.model('base_book', bookSchema);

  return {
    async find(account: string, brevoIds: readonly number[]): Promise<Map<number, StoredBase>> {
      if (brevoIds.length === 0) return new Map();
      const found = await model
        .find({ _id: { $in: brevoIds.map((id) => idOf(account, id)) } })
        .lean()
        .exec();
      return new Map(found.map((one) => [one.brevoId, fromDocument(one)]));
    },

    async put(account: string, bases: readonly StoredBase[], now: Date): Promise<void> {
      for (let start = 0; start < bases.length; start += 1_000) {
        await model.bulkWrite(
          bases.slice(start, start + 1_000).map(({ agreed, ...base }) => ({
            updateOne: {
              filter: { _id: idOf(account, base.brevoId) },
              update: { $set: { account, ...base, agreed: JSON.stringify(agreed), at: now } },
              upsert: true,
            },
          })),
          BULK,
        );
      }
    },

    async remove(account: string, brevoIds: readonly number[]): Promise<void> {
      if (brevoIds.length > 0) await model.deleteMany({ _id: { $in: brevoIds.map((id) => idOf(account, id)) } }).exec();
    },

    /** The sealed key of the account's hashes. `fresh` becomes it where there is none; whoever comes second gets the first one's. */
    async key(account: string, fresh: string): Promise<string> {
      const known = (await books.findById(account).lean().exec())?.sealed;
      if (known) return known;
      await books.updateOne({ _id: account }, { $setOnInsert: { account } }, { upsert: true }).exec();
      await books.updateOne({ _id: account, sealed: null }, { $set: { sealed: fresh } }).exec();
      return (await books.findById(account).lean().exec())?.sealed ?? fresh;
    },

    /** Contacts to look at again although they have not changed. */
    awaited: async (account: string): Promise<number[]> => (await books.findById(account).lean().exec())?.awaited ?? [],

    async await(account: string, brevoIds: readonly number[]): Promise<void> {
      if (brevoIds.length === 0) return;
      const update = { $set: { account }, $addToSet: { awaited: { $each: [...brevoIds] } } };
      await books.updateOne({ _id: account }, update, { upsert: true }).exec();
    },

    async shown(account: string, brevoIds: readonly number[]): Promise<void> {
      if (brevoIds.length > 0) await books.updateOne({ _id: account }, { $pull: { awaited: { $in: [...brevoIds] } } }).exec();
    },
  };
}

function fromDocument({ brevoId, key, agreed }: BaseDocument): StoredBase {
  return { brevoId, key, agreed: JSON.parse(agreed) };
}

export type Bases = ReturnType<typeof createBases>;
