import { Schema, type Connection } from 'mongoose';
import type { Vendor } from './inbox.js';

/** What an account's webhooks of one vendor are known by. */
export interface StoredWebhook {
  account: string;
  vendor: Vendor;
  /** Token and secret, and those of before a rotation, sealed. */
  sealed: string;
  /** The vendor's own ids of what we made there. */
  ids: string[];
  installedAt: Date;
  /** Since when nothing came though it should have: what happened since is to be read. */
  gapFrom: Date | null;
}

const schema = new Schema<StoredWebhook & { _id: string }>(
  {
    _id: String,
    account: String,
    vendor: String,
    sealed: String,
    ids: [String],
    installedAt: Date,
    gapFrom: { type: Date, default: null },
  },
  { versionKey: false },
);

const idOf = (account: string, vendor: Vendor) => `${account}|${vendor}`;

export function createWebhooks(connection: Connection) {
  const model = connection.model('webhook', schema, 'webhooks');

  return {
    async get(account: string, vendor: Vendor): Promise<StoredWebhook | null> {
      return model.findById(idOf(account, vendor)).lean().exec();
    },

    /** Keeps the first of two that are made at once, and answers what is kept. */
    async ensure(account: string, vendor: Vendor, sealed: string, now: Date): Promise<StoredWebhook> {
      return model
        .findOneAndUpdate(
          { _id: idOf(account, vendor) },
          { $setOnInsert: { account, vendor, sealed, ids: [], installedAt: now, gapFrom: null } },
          { upsert: true, returnDocument: 'after' },
        )
        .lean()
        .orFail()
        .exec();
    },

    async update(
      account: string,
      vendor: Vendor,
      changes: Partial<Pick<StoredWebhook, 'sealed' | 'ids' | 'gapFrom'>>,
    ): Promise<void> {
      await model.updateOne({ _id: idOf(account, vendor) }, { $set: changes }).exec();
    },

    /** Of every account, those of a vendor; with `gap` only where deliveries may be missing. */
    async every(vendor: Vendor, { gap = false }: { gap?: boolean } = {}): Promise<Pick<StoredWebhook, 'account' | 'gapFrom'>[]> {
      const filter = gap ? { vendor, gapFrom: { $ne: null } } : { vendor };
      return model.find(filter, { account: 1, gapFrom: 1 }).sort({ _id: 1 }).lean().exec();
    },

    /** The gap that began then is read. One that has begun since stays. */
    async gapRead(account: string, vendor: Vendor, gapFrom: Date): Promise<void> {
      await model.updateOne({ _id: idOf(account, vendor), gapFrom }, { $set: { gapFrom: null } }).exec();
    },

    async remove(account: string, vendor: Vendor): Promise<void> {
      await model.deleteOne({ _id: idOf(account, vendor) }).exec();
    },
  };
}

export type Webhooks = ReturnType<typeof createWebhooks>;
