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
  /** The record is gone from its source; null while it is there. */
  gone?: Departure | null;
  run: string;
  at: Date;
}

/** `asked`: found gone, and nothing has happened to its contact yet. */
export const DEPARTURES = ['asked', 'unlink', 'blocklist', 'delete', 'merged'] as const;

/** How a record left, and what became of its contact. */
export interface Departure {
  how: (typeof DEPARTURES)[number];
  /** The record it was merged into. */
  into: string | null;
  /** Decided and not carried out yet: carrying it out again decides nothing anew. */
  done: boolean;
  /** Whose finding it is: a run or a verification. */
  by: string;
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
    gone: { type: Object, default: null },
    run: String,
    at: Date,
  },
  { versionKey: false, minimize: false },
);
schema.index({ account: 1, resource: 1 });

/** Only contacts have more than the id and the hash. */
export type NewLink = Pick<Link, 'sourceId' | 'hash'> &
  Partial<Pick<Link, 'targetId' | 'blockedByUs' | 'lists' | 'hasPhone' | 'mailable'>>;

const NO_CONTACT: Pick<Link, 'blockedByUs' | 'lists' | 'hasPhone' | 'mailable' | 'gone'> = {
  gone: null,
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
        await model.updateMany({ _id: { $in: ids } }, { $set: { run: owner.run, gone: null } }).exec();
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

    /**
     * Links that `run` did not see, by what stands before `separator` in their source ids: the lists that somebody left. Of each group at most
     * `most` and one more, which says that there are others. One pass over the resource's links.
     */
    async unseenByGroup(
      owner: { account: string; resource: string; run: string },
      separator: string,
      most: number,
    ): Promise<Map<string, Link[]>> {
      const groups = new Map<string, Link[]>();
      const unseen = model.find({ account: owner.account, resource: owner.resource, run: { $ne: owner.run } });
      for await (const link of unseen.lean().cursor()) {
        const group = link.sourceId.slice(0, link.sourceId.indexOf(separator));
        const links = groups.get(group) ?? [];
        if (links.length <= most) links.push(link);
        groups.set(group, links);
      }
      return groups;
    },

    /** Those of earlier runs that `run` did not see and that nobody has settled as gone, a part at a time. One pass over the resource's links. */
    async *unseenParts(owner: { account: string; resource: string; run: string }, size: number): AsyncGenerator<string[]> {
      const { account, resource, run } = owner;
      const unseen = model
        .find({ account, resource, run: { $ne: run } }, { sourceId: 1, gone: 1 })
        .lean()
        .cursor();
      let part: string[] = [];
      for await (const { sourceId, gone } of unseen) {
        if (gone && (gone.done || gone.by === run)) continue;
        part.push(sourceId);
        if (part.length < size) continue;
        yield part;
        part = [];
      }
      if (part.length > 0) yield part;
    },

    /** Notes that these are gone from the source, as far as `by` found. */
    async markGone(
      owner: { account: string; resource: string },
      sourceIds: readonly string[],
      gone: Omit<Departure, 'into' | 'done' | 'how'>,
    ): Promise<void> {
      const departure: Departure = { how: 'asked', into: null, done: false, ...gone };
      const ids = sourceIds.map((sourceId) => idOf(owner.account, owner.resource, sourceId));
      await model.updateMany({ _id: { $in: ids } }, { $set: { gone: departure } }).exec();
    },

    /** What `by` found gone: the links it has to settle, and how many it has settled how. */
    async goneBy(
      owner: { account: string; resource: string },
      by: string,
    ): Promise<{ open: string[]; done: Departure['how'][] }> {
      const found = await model
        .find({ ...owner, 'gone.by': by }, { sourceId: 1, gone: 1 })
        .sort({ _id: 1 })
        .lean()
        .exec();
      return {
        open: found.flatMap(({ sourceId, gone }) => (gone && !gone.done ? [sourceId] : [])),
        done: found.flatMap(({ gone }) => (gone?.done ? [gone.how] : [])),
      };
    },

    /** Decides about one that is gone, or says that it is carried out. What was last written counts no more. */
    async depart(
      owner: { account: string; resource: string },
      sourceId: string,
      gone: Departure,
      set: Partial<Pick<Link, 'blockedByUs' | 'mailable'>> = {},
    ): Promise<void> {
      const _id = idOf(owner.account, owner.resource, sourceId);
      await model.updateOne({ _id }, { $set: { gone, hash: '', ...set } }).exec();
    },

    /** So that the next run writes it, whatever it wrote before. */
    async forgetWritten(account: string, resource: string, sourceId: string): Promise<void> {
      await model.updateOne({ _id: idOf(account, resource, sourceId) }, { $set: { hash: '' } }).exec();
    },

    /** Ids of links, some of them at random. One pass over the resource's links. */
    async sample(account: string, resource: string, size: number, random: () => number = Math.random): Promise<string[]> {
      const kept: string[] = [];
      let seen = 0;
      for await (const { sourceId, gone } of model.find({ account, resource }, { sourceId: 1, gone: 1 }).lean().cursor()) {
        if (gone) continue;
        seen += 1;
        // Each has the same chance, whatever their number turns out to be (reservoir sampling).
        if (kept.length < size) kept.push(sourceId);
        else {
          const place = Math.floor(random() * seen);
          if (place < size) kept[place] = sourceId;
        }
      }
      return kept;
    },

    /** How many there are by what stands before `separator` in their source ids, e.g. members by list. One pass. */
    async groupSizes(account: string, resource: string, separator: string): Promise<Map<string, number>> {
      const sizes = new Map<string, number>();
      for await (const { sourceId } of model.find({ account, resource }, { sourceId: 1 }).lean().cursor()) {
        const group = sourceId.slice(0, sourceId.indexOf(separator));
        sizes.set(group, (sizes.get(group) ?? 0) + 1);
      }
      return sizes;
    },

    /** Those whose records are at the source, as far as anybody knows. */
    countPresent: (account: string, resource: string): Promise<number> =>
      model.countDocuments({ account, resource, $or: [{ gone: null }, { 'gone.done': false }] }).exec(),

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
