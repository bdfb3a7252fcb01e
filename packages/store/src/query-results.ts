import { Schema, type Connection } from 'mongoose';

/** An answer of a vendor that is worth keeping for a while. No personal data. */
export interface QueryResult {
  data: unknown;
  /** When the vendor gave it. */
  readAt: Date;
}

interface StoredResult {
  _id: string;
  account: string;
  /** JSON text: its keys are names of the vendor's, and a field name of MongoDB may not be just anything. */
  data: string;
  readAt: Date;
  expiresAt: Date;
}

const schema = new Schema<StoredResult>(
  { _id: String, account: String, data: String, readAt: Date, expiresAt: Date },
  { versionKey: false },
);
schema.index({ expiresAt: 1 });

/** A document takes 16 MB. Larger answers are asked for anew each time. */
const MAX_CHARACTERS = 8_000_000;

const idOf = (account: string, key: string) => `${account}|${key}`;

export function createQueryResults(connection: Connection) {
  const model = connection.model('query_result', schema, 'query_results');

  return {
    async get(account: string, key: string, now: Date): Promise<QueryResult | null> {
      const found = await model
        .findOne({ _id: idOf(account, key), expiresAt: { $gt: now } })
        .lean()
        .exec();
      // `put` wrote it.
      return found ? { data: JSON.parse(found.data) as unknown, readAt: found.readAt } : null;
    },

    /** Also removes what has expired, so that nothing is kept for ever. */
    async put(account: string, key: string, result: QueryResult & { expiresAt: Date }): Promise<void> {
      await model.deleteMany({ expiresAt: { $lte: result.readAt } }).exec();
      const data = JSON.stringify(result.data);
      if (data.length > MAX_CHARACTERS) return;
      const { readAt, expiresAt } = result;
      await model.replaceOne({ _id: idOf(account, key) }, { account, data, readAt, expiresAt }, { upsert: true }).exec();
    },
  };
}

export type QueryResults = ReturnType<typeof createQueryResults>;
