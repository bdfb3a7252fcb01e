import { Schema, type Connection } from 'mongoose';
import { BULK, isDuplicateKey } from './connection.js';

/**
 * What an erasure does next, in this order; each may be repeated. `find`: who it is at both vendors · `mark`: nobody brings them back from
 * now on · `drain`: what is on its way ends · `forget-records`: what we know of their events · `ask-klaviyo` · `delete-brevo` · `look`: both
 * vendors are asked until neither has them, then our own store forgets the rest.
 */
export const ERASURE_STEPS = ['find', 'mark', 'drain', 'forget-records', 'ask-klaviyo', 'delete-brevo', 'look'] as const;
export type ErasureStep = (typeof ERASURE_STEPS)[number];

/** What was done and when, without personal data. */
export interface ErasureEvidence {
  at: Date;
  /** E.g. `klaviyo_deletion_requested`. */
  what: string;
  /** HTTP status of the vendor's answer, where one was asked. */
  status: number | null;
  count: number;
}

/** A request to erase a person. Who it is stands in `sealed` alone, and nowhere once it is done. */
export interface Erasure {
  _id: string;
  account: string;
  /** What the person was named by. */
  by: 'email' | 'phone' | 'klaviyo_id';
  state: 'open' | 'done';
  step: ErasureStep;
  sealed: string | null;
  /** Marks of the person (keyed hashes), by which they are recognised for ever. */
  marks: string[];
  /** When they were marked, how many profiles they were, and how many records Klaviyo had of them: by as many may both sides differ. */
  markedAt: Date | null;
  profiles: number;
  records: number | null;
  /** Batches that held the person when they were last looked through. */
  batches: string[];
  evidence: ErasureEvidence[];
  /** Looks at both vendors since the deletions, and those in a row that found nobody. */
  looks: number;
  clean: number;
  /** Not looked at again before. */
  notBefore: Date;
  problem: { code: string; message: string; at: Date } | null;
  requestedAt: Date;
  doneAt: Date | null;
}

const schema = new Schema<Erasure>(
  {
    _id: String,
    account: String,
    by: String,
    state: String,
    step: String,
    sealed: { type: String, default: null },
    marks: [String],
    markedAt: { type: Date, default: null },
    profiles: { type: Number, default: 0 },
    records: { type: Number, default: null },
    batches: [String],
    evidence: { type: [Object], default: [] },
    looks: Number,
    clean: Number,
    notBefore: Date,
    problem: { type: Object, default: null },
    requestedAt: Date,
    doneAt: { type: Date, default: null },
  },
  { versionKey: false },
);
schema.index({ account: 1, _id: 1 });
schema.index({ state: 1 });

/** One mark of an erased person. Kept for ever, since it is what keeps the person out. */
interface Tombstone {
  _id: string;
  account: string;
  erasure: string;
  at: Date;
}

const tombstoneSchema = new Schema<Tombstone>({ _id: String, account: String, erasure: String, at: Date }, { versionKey: false });

/** A key that marks were made with, sealed: marks outlive the encryption key, whose change must not bring anybody back. */
export interface MarkKey {
  _id: string;
  account: string;
  name: string;
  sealed: string;
}

const keySchema = new Schema<MarkKey>({ _id: String, account: String, name: String, sealed: String }, { versionKey: false });
keySchema.index({ account: 1 });

/** Grows with every person marked, so that work begun before can tell that it may hold somebody who is erased by now. */
interface Version {
  _id: string;
  account: string;
  version: number;
}

const versionSchema = new Schema<Version>({ _id: String, account: String, version: Number }, { versionKey: false });

export const markKeyId = (account: string, name: string) => `${account}|${name}`;
const markId = (account: string, mark: string) => `${account}|${mark}`;

export type NewErasure = Pick<Erasure, '_id' | 'account' | 'by' | 'sealed' | 'marks'>;

export function createErasures(connection: Connection) {
  const model = connection.model('erasure', schema);
  const tombstones = connection.model('tombstone', tombstoneSchema);
  const versions = connection.model('erasure_version', versionSchema);
  const keys = connection.model('mark_key', keySchema);

  return {
    /** The same person again is the same erasure: one that is open goes on, one that is done is done anew, its evidence kept. */
    async request(erasure: NewErasure, now: Date): Promise<Erasure> {
      const fresh: Pick<Erasure, 'state' | 'step' | 'looks' | 'clean' | 'notBefore' | 'problem' | 'doneAt' | 'batches'> = {
        state: 'open',
        step: 'find',
        looks: 0,
        clean: 0,
        notBefore: now,
        problem: null,
        doneAt: null,
        batches: [],
      };
      try {
        await model.create({ ...erasure, ...fresh, evidence: [], requestedAt: now });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        const { _id, ...rest } = erasure;
        await model.updateOne({ _id, state: 'done' }, { $set: { ...rest, ...fresh, requestedAt: now } }).exec();
        // Somebody has mended what held it up, perhaps.
        await model.updateOne({ _id, state: 'open' }, { $min: { notBefore: now } }).exec();
      }
      // Just written, and erasures are never removed.
      return (await model.findById(erasure._id).lean().exec()) as Erasure;
    },

    get: (id: string): Promise<Erasure | null> => model.findById(id).lean().exec(),

    /** By id, `after` excluded; `limit` at most 500. */
    list(
      filter: { account: string; state?: Erasure['state'] },
      page: { after?: string; limit?: number } = {},
    ): Promise<Erasure[]> {
      return model
        .find({ ...filter, ...(page.after === undefined ? {} : { _id: { $gt: page.after } }) })
        .sort({ _id: 1 })
        .limit(Math.min(page.limit ?? 100, 500))
        .lean()
        .exec();
    },

    /** Open ones whose time has come. */
    due: (now: Date): Promise<Pick<Erasure, '_id' | 'account'>[]> =>
      model
        .find({ state: 'open', notBefore: { $lte: now } }, { account: 1 })
        .lean()
        .exec(),

    async update(
      id: string,
      changes: Partial<Omit<Erasure, '_id' | 'evidence'>>,
      evidence: readonly ErasureEvidence[] = [],
    ): Promise<void> {
      await model
        .updateOne(
          { _id: id, state: 'open' },
          {
            ...(Object.keys(changes).length > 0 && { $set: changes }),
            ...(evidence.length > 0 && { $push: { evidence: { $each: [...evidence], $slice: -MOST_EVIDENCE } } }),
          },
        )
        .exec();
    },

    /** Of people who were marked since or are not erased yet: their profiles and records, by which both sides may differ. */
    async since(account: string, since: Date): Promise<{ profiles: number; records: number }> {
      const sum = { profiles: 0, records: 0 };
      const marked = await model
        .find(
          { account, $or: [{ markedAt: { $gte: since } }, { state: 'open', markedAt: { $ne: null } }] },
          { profiles: 1, records: 1 },
        )
        .lean()
        .exec();
      for (const { profiles, records } of marked) {
        sum.profiles += profiles;
        // Not counted yet: any number may be explained.
        sum.records += records ?? Number.POSITIVE_INFINITY;
      }
      return sum;
    },

    /** From the moment this returns, nothing that begins lets the person through, and what began before can tell. */
    async mark(
      owner: { account: string; erasure: string; key: Pick<MarkKey, 'name' | 'sealed'> },
      marks: readonly string[],
      now: Date,
    ): Promise<void> {
      const { account, erasure, key } = owner;
      // Before the marks: without their key they would recognise nobody.
      await keys.updateOne({ _id: markKeyId(account, key.name) }, { $setOnInsert: { account, ...key } }, { upsert: true }).exec();
      if (marks.length > 0) {
        await tombstones.bulkWrite(
          marks.map((mark) => ({
            updateOne: {
              filter: { _id: markId(account, mark) },
              update: { $setOnInsert: { account, erasure, at: now } },
              upsert: true,
            },
          })),
          BULK,
        );
      }
      await versions.updateOne({ _id: account }, { $inc: { version: 1 }, $setOnInsert: { account } }, { upsert: true }).exec();
    },

    /** 0 where nobody was ever erased. */
    async version(account: string): Promise<number> {
      return (await versions.findById(account).lean().exec())?.version ?? 0;
    },

    keys: (account: string): Promise<MarkKey[]> => keys.find({ account }).lean().exec(),

    /** Those of the marks that are of somebody who was erased. */
    async marked(account: string, marks: readonly string[]): Promise<Set<string>> {
      const found = new Set<string>();
      for (let start = 0; start < marks.length; start += 2_000) {
        const ids = marks.slice(start, start + 2_000).map((mark) => markId(account, mark));
        for (const { _id } of await tombstones
          .find({ _id: { $in: ids } }, { _id: 1 })
          .lean()
          .exec())
          found.add(_id.slice(account.length + 1));
      }
      return found;
    },
  };
}

/** The last are kept; an erasure that stays open for weeks looks every hour. */
const MOST_EVIDENCE = 200;

export type Erasures = ReturnType<typeof createErasures>;
