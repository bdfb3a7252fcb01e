import { Schema, type Connection } from 'mongoose';
import { isDuplicateKey } from './connection.js';

/** Up to when everything of a resource was read and settled; the next incremental run goes on there. */
export interface Watermark {
  _id: string;
  account: string;
  resource: string;
  at: Date;
  /** The run that moved it last. */
  run: string;
}

const schema = new Schema<Watermark>(
  { _id: String, account: String, resource: String, at: Date, run: String },
  { versionKey: false },
);
schema.index({ account: 1 });

export function createWatermarks(connection: Connection) {
  const model = connection.model('watermark', schema);

  return {
    async get(account: string, resource: string): Promise<Watermark | null> {
      return model.findById(`${account}|${resource}`).lean().exec();
    },

    ofAccount: (account: string): Promise<Watermark[]> => model.find({ account }).sort({ _id: 1 }).lean().exec(),

    /** Forwards only: a run that ends late, retried after a younger one, must not take the mark back. Harmless again. */
    async raise({ account, resource, run, at }: Omit<Watermark, '_id'>): Promise<void> {
      const id = `${account}|${resource}`;
      try {
        await model.create({ _id: id, account, resource, run, at });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        await model.updateOne({ _id: id, at: { $lt: at } }, { $set: { at, run } }).exec();
      }
    },
  };
}

export type Watermarks = ReturnType<typeof createWatermarks>;
