import { Schema, type Connection } from 'mongoose';
import { BULK } from './connection.js';

/** What was last written for a record, by its id at the source. Recognises "unchanged" and tells which blocklist entries are ours. */
export interface Link {
  _id: string;
  account: string;
  resource: string;
  sourceId: string;
  /** Hash of the row as written. */
  hash: string;
  /** Id of the record at Brevo, where known. */
  targetId: number | null;
  /** Blocklist entries that this product set; only these may it ever clear. */
  blockedByUs: { email: boolean; sms: boolean };
  /** Brevo lists it was put on by our last write. */
  lists: number[];
  /** Whether our last write gave it a phone number; Brevo drops numbers it does not like without a word. */
  hasPhone: boolean;
  /** Mailable by our last write, so that a later comparison can tell a wrong one. */
  mailable: { email: boolean; sms: boolean };
  run: string;
  at: Date;
}

const schema = new Schema<Link>(
  {
    _id: String,
    account: String,
    resource: String,
    sourceId: String,
    hash: String,
    targetId: { type: Number, default: null },
    blockedByUs: { type: Object },
    lists: [Number],
    hasPhone: Boolean,
    mailable: { type: Object },
    run: String,
    at: Date,
  },
  { versionKey: false, minimize: false },
);
schema.index({ account: 1, resource: 1 });

export type NewLink = Pick<Link, 'sourceId' | 'hash' | 'blockedByUs' | 'lists' | 'hasPhone' | 'mailable'>;

const idOf = (account: string, resource: string, sourceId: string) => `${account}|${resource}|${sourceId}`;

export function createLinks(connection: Connection) {
  const model = connection.model('link', schema);

  return {
    async find(account: string, resource: string, sourceIds: readonly string[]): Promise<Map<string, Link>> {
      if (sourceIds.length === 0) return new Map();
      const ids = sourceIds.map((sourceId) => idOf(account, resource, sourceId));
      const links = await model
        .find({ _id: { $in: ids } })
        .lean()
        .exec();
      return new Map(links.map((link) => [link.sourceId, link]));
    },

    async put(owner: { account: string; resource: string; run: string }, links: readonly NewLink[], now: Date): Promise<void> {
      for (let start = 0; start < links.length; start += 1_000) {
        const part = links.slice(start, start + 1_000);
        await model.bulkWrite(
          part.map((link) => ({
            updateOne: {
              filter: { _id: idOf(owner.account, owner.resource, link.sourceId) },
              update: { $set: { ...owner, ...link, at: now } },
              upsert: true,
            },
          })),
          BULK,
        );
      }
    },

    any: async (account: string, resource: string): Promise<boolean> => (await model.exists({ account, resource })) !== null,
    count: (account: string, resource: string): Promise<number> => model.countDocuments({ account, resource }).exec(),
  };
}

export type Links = ReturnType<typeof createLinks>;
