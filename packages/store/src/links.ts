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
  /** Id of the record at Brevo, where known: a number, or for coupon collections a UUID. */
  targetId: number | string | null;
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
    targetId: { type: Schema.Types.Mixed, default: null },
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

/** Only contacts have more than the id and the hash. */
export type NewLink = Pick<Link, 'sourceId' | 'hash'> &
  Partial<Pick<Link, 'targetId' | 'blockedByUs' | 'lists' | 'hasPhone' | 'mailable'>>;

const NO_CONTACT: Pick<Link, 'blockedByUs' | 'lists' | 'hasPhone' | 'mailable'> = {
  blockedByUs: { email: false, sms: false },
  lists: [],
  hasPhone: false,
  mailable: { email: false, sms: false },
};

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
              update: { $set: { ...owner, ...NO_CONTACT, ...link, at: now } },
              upsert: true,
            },
          })),
          BULK,
        );
      }
    },

    /** Still at the source, as written: so that those which were not seen by this run can be told. */
    async see(owner: { account: string; resource: string; run: string }, sourceIds: readonly string[]): Promise<void> {
      for (let start = 0; start < sourceIds.length; start += 1_000) {
        const ids = sourceIds.slice(start, start + 1_000).map((sourceId) => idOf(owner.account, owner.resource, sourceId));
        await model.updateMany({ _id: { $in: ids } }, { $set: { run: owner.run } }).exec();
      }
    },

    /** Those of earlier runs that `run` did not see, whose source id begins with `prefix`; by source id, `after` excluded. */
    unseen(
      owner: { account: string; resource: string; run: string },
      prefix: string,
      page: { after?: string; limit: number },
    ): Promise<Link[]> {
      const start = idOf(owner.account, owner.resource, page.after ?? prefix);
      const end = `${idOf(owner.account, owner.resource, prefix)}\uffff`;
      return model
        .find({ _id: { [page.after === undefined ? '$gte' : '$gt']: start, $lt: end }, run: { $ne: owner.run } })
        .sort({ _id: 1 })
        .limit(page.limit)
        .lean()
        .exec();
    },

    /** What stands before `separator` in the source ids of links that `run` did not see: the lists that somebody left. One pass over the resource's links. */
    async unseenGroups(owner: { account: string; resource: string; run: string }, separator: string): Promise<Set<string>> {
      const groups = new Set<string>();
      const unseen = model.find({ account: owner.account, resource: owner.resource, run: { $ne: owner.run } }, { sourceId: 1 });
      for await (const { sourceId } of unseen.lean().cursor()) groups.add(sourceId.slice(0, sourceId.indexOf(separator)));
      return groups;
    },

    /** A blocklist entry that somebody else has a part in: it is not ours to clear, whoever set it. */
    async disown(account: string, resource: string, sourceId: string, channel: 'email' | 'sms'): Promise<void> {
      const update = { $set: { [`blockedByUs.${channel}`]: false } };
      await model.updateOne({ _id: idOf(account, resource, sourceId) }, update).exec();
    },

    async remove(account: string, resource: string, sourceIds: readonly string[]): Promise<void> {
      for (let start = 0; start < sourceIds.length; start += 1_000) {
        const ids = sourceIds.slice(start, start + 1_000).map((sourceId) => idOf(account, resource, sourceId));
        await model.deleteMany({ _id: { $in: ids } }).exec();
      }
    },

    any: async (account: string, resource: string): Promise<boolean> => (await model.exists({ account, resource })) !== null,
    count: (account: string, resource: string): Promise<number> => model.countDocuments({ account, resource }).exec(),
  };
}

export type Links = ReturnType<typeof createLinks>;
