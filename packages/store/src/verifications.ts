import { Schema, type Connection } from 'mongoose';
import { ulid } from 'ulid';
import { BULK } from './connection.js';

/**
 * What a verification does next, in this order. `brevo`: reads every contact · `klaviyo`: reads every profile and lays it beside its contact ·
 * `gone`: contacts whose profiles did not come · `records`: single records, of a sample or after a repair · `numbers`: what can only be
 * counted · `repair`: writes anew what differs without an explanation · `repairing`: waits for that run · `tidy`: forgets what it compared with.
 */
export const VERIFICATION_STEPS = [
  'begin',
  'brevo',
  'klaviyo',
  'gone',
  'records',
  'numbers',
  'repair',
  'repairing',
  'tidy',
] as const;
export type VerificationStep = (typeof VERIFICATION_STEPS)[number];

export const DIFFERENCE_KINDS = [
  'consent',
  'missing_in_brevo',
  'missing_in_klaviyo',
  'field',
  'list',
  'not_carried',
  'numbers',
] as const;

/** One thing in which both sides differ. Names and reasons, never values. */
export interface Difference {
  kind: (typeof DIFFERENCE_KINDS)[number];
  /** Of Brevo's attributes, or of Klaviyo's where the value is not carried; null where it is about the whole record. */
  field: string | null;
  reason: string;
  /** The reason is known and in order; what is not explained has to be looked at. */
  explained: boolean;
}

/** A difference of one record. */
export interface FoundDifference extends Difference {
  sourceId: string | null;
  brevoId: number | null;
}

export interface CountedDifference extends Difference {
  count: number;
}

export interface VerificationCounts {
  profiles: number;
  contacts: number;
  /** Contacts that carry no id of ours. */
  brevosOwn: number;
  /** Profiles laid beside a contact, and those of them in which nothing differs. */
  compared: number;
  alike: number;
}

/** Numbers of both sides, e.g. members by list: Klaviyo's as our books have them. */
export interface ComparedNumbers {
  resource: string;
  name: string;
  klaviyo: number;
  brevo: number;
  /** Where the numbers are from. */
  from: string;
}

export interface Verification {
  _id: string;
  account: string;
  state: 'open' | 'done' | 'failed';
  /** As many records at random; null for all. */
  sample: number | null;
  repair: boolean;
  step: VerificationStep;
  /** Raised by every step: of two workers that follow it only one gets on. */
  turn: number;
  offset: number;
  lastId: number;
  cursor: string | null;
  /** Records to be looked at by themselves; `offset` says how far that is. */
  ids: string[];
  counts: VerificationCounts;
  differences: CountedDifference[];
  numbers: ComparedNumbers[];
  /** The run whose rules say how a profile is mapped, and up to when Klaviyo's changes were carried. */
  rules: { run: string; plannedAt: Date } | null;
  watermark: Date | null;
  /** A run was under way while both sides were read. */
  besideRun: string | null;
  repairRun: string | null;
  /** Differences without an explanation before the repair. */
  beforeRepair: number | null;
  notBefore: Date;
  problem: { code: string; message: string; at: Date } | null;
  requestedAt: Date;
  startedAt: Date | null;
  doneAt: Date | null;
}

/** Reasons are free text, so they stand as values, and the lists as JSON text. */
const AS_TEXT = ['differences', 'numbers'] as const;
type AsText = (typeof AS_TEXT)[number];
type Document = Omit<Verification, AsText> & Record<AsText, string>;

const schema = new Schema<Document>(
  {
    _id: String,
    account: String,
    state: String,
    sample: { type: Number, default: null },
    repair: Boolean,
    step: String,
    turn: Number,
    offset: Number,
    lastId: Number,
    cursor: { type: String, default: null },
    ids: [String],
    counts: { type: Object },
    differences: String,
    numbers: String,
    rules: { type: Object, default: null },
    watermark: { type: Date, default: null },
    besideRun: { type: String, default: null },
    repairRun: { type: String, default: null },
    beforeRepair: { type: Number, default: null },
    notBefore: Date,
    problem: { type: Object, default: null },
    requestedAt: Date,
    startedAt: { type: Date, default: null },
    doneAt: { type: Date, default: null },
  },
  { versionKey: false, minimize: false },
);
schema.index({ account: 1, _id: 1 });
schema.index({ state: 1 });

interface StoredDifference extends FoundDifference {
  _id: string;
  account: string;
  verification: string;
}

const differenceSchema = new Schema<StoredDifference>(
  {
    _id: String,
    account: String,
    verification: String,
    kind: String,
    field: { type: String, default: null },
    reason: String,
    explained: Boolean,
    sourceId: { type: String, default: null },
    brevoId: { type: Number, default: null },
  },
  { versionKey: false },
);
differenceSchema.index({ verification: 1, _id: 1 });
differenceSchema.index({ account: 1 });

/** A contact as it is compared: kept under each key it may be found by, for as long as the verification lasts. Values are keyed hashes. */
interface Side {
  _id: string;
  account: string;
  verification: string;
  brevoId: number;
  /** The Klaviyo id the contact carries; only on the document that stands under it. */
  sourceId: string | null;
  met: boolean;
  /** The comparison form, as JSON. */
  print: string;
}

const sideSchema = new Schema<Side>(
  {
    _id: String,
    account: String,
    verification: String,
    brevoId: Number,
    sourceId: { type: String, default: null },
    met: { type: Boolean, default: false },
    print: String,
  },
  { versionKey: false },
);
sideSchema.index({ verification: 1 });
sideSchema.index({ account: 1 });

/** Kept of differences that are explained, each reason by itself, and of those that are not, all together. */
const MOST_EXPLAINED = 100;
export const MOST_UNEXPLAINED = 10_000;

export function createVerifications(connection: Connection) {
  const model = connection.model('verification', schema);
  const differences = connection.model('verification_difference', differenceSchema);
  const sides = connection.model('verification_side', sideSchema);

  async function get(id: string): Promise<Verification | null> {
    const found = await model.findById(id).lean().exec();
    return found && fromDocument(found);
  }

  return {
    /** Null when one of the account is not done yet: that is the one to look at. */
    async request(
      request: Pick<Verification, 'account' | 'sample' | 'repair'>,
      now: Date,
    ): Promise<{ verification: Verification } | { busy: string }> {
      const open = await model.findOne({ account: request.account, state: 'open' }, { _id: 1 }).lean().exec();
      if (open) return { busy: open._id };
      const verification: Verification = {
        _id: `ver_${ulid(now.getTime()).toLowerCase()}`,
        ...request,
        state: 'open',
        step: 'begin',
        turn: 0,
        offset: 0,
        lastId: 0,
        cursor: null,
        ids: [],
        counts: { profiles: 0, contacts: 0, brevosOwn: 0, compared: 0, alike: 0 },
        differences: [],
        numbers: [],
        rules: null,
        watermark: null,
        besideRun: null,
        repairRun: null,
        beforeRepair: null,
        notBefore: now,
        problem: null,
        requestedAt: now,
        startedAt: null,
        doneAt: null,
      };
      await model.create(toDocument(verification));
      return { verification };
    },

    get,

    /** The latest first, `before` excluded. */
    async list(filter: { account: string; before?: string; limit: number }): Promise<Verification[]> {
      const { account, before, limit } = filter;
      const query = { account, ...(before === undefined ? {} : { _id: { $lt: before } }) };
      return (await model.find(query).sort({ _id: -1 }).limit(limit).lean().exec()).map(fromDocument);
    },

    /** Open ones whose time has come. */
    due: (now: Date): Promise<Pick<Verification, '_id' | 'account'>[]> =>
      model
        .find({ state: 'open', notBefore: { $lte: now } }, { account: 1 })
        .lean()
        .exec(),

    /** One step further. False when another worker was there first: nothing was changed then. */
    async advance({ _id, turn }: Pick<Verification, '_id' | 'turn'>, set: Partial<Verification>): Promise<boolean> {
      const update = { $set: { ...toDocument(set), turn: turn + 1 } };
      return (await model.updateOne({ _id, turn, state: 'open' }, update).exec()).matchedCount === 1;
    },

    /** What holds it up, and when it is tried again. */
    async putOff(id: string, notBefore: Date, problem: Verification['problem']): Promise<void> {
      await model.updateOne({ _id: id, state: 'open' }, { $set: { notBefore, problem } }).exec();
    },

    /**
     * Keeps differences of records beside their counts, as many as serve. Harmless again: `before` are the counts of before these, and a
     * record's difference has one name.
     */
    async keep(
      { _id, account }: Pick<Verification, '_id' | 'account'>,
      before: readonly CountedDifference[],
      found: readonly FoundDifference[],
    ): Promise<void> {
      const room = new Map(before.map((one) => [keyOf(one), MOST_EXPLAINED - one.count]));
      let unexplained = MOST_UNEXPLAINED - sum(before.filter(({ explained }) => !explained));
      const kept = found.filter((one) => {
        if (!one.explained) return (unexplained -= 1) >= 0;
        const left = room.get(keyOf(one)) ?? MOST_EXPLAINED;
        room.set(keyOf(one), left - 1);
        return left > 0;
      });
      if (kept.length === 0) return;
      await differences.bulkWrite(
        kept.map((one) => {
          const { kind, field, reason, explained, sourceId, brevoId } = one;
          const name = [_id, explained ? 'x' : 'u', sourceId ?? `b${brevoId}`, kind, field ?? ''].join('|');
          const $set = { account, verification: _id, kind, field, reason, explained, sourceId, brevoId };
          return { updateOne: { filter: { _id: name }, update: { $set }, upsert: true } };
        }),
        BULK,
      );
    },

    /** One page, those without an explanation first. */
    async differences(
      verification: string,
      page: { after?: string; limit: number; explained?: boolean },
    ): Promise<(FoundDifference & { _id: string })[]> {
      const query = {
        verification,
        ...(page.after === undefined ? {} : { _id: { $gt: page.after } }),
        ...(page.explained === undefined ? {} : { explained: page.explained }),
      };
      return differences.find(query).sort({ _id: 1 }).limit(page.limit).lean().exec();
    },

    /** Forgets those without an explanation: they were repaired and are looked at again. */
    async dropUnexplained(verification: string): Promise<void> {
      await differences.deleteMany({ verification, explained: false }).exec();
    },

    /** Contacts as they are compared. */
    async putSides(
      { _id: verification, account }: Pick<Verification, '_id' | 'account'>,
      contacts: readonly { keys: readonly string[]; brevoId: number; sourceId: string | null; print: unknown }[],
    ): Promise<void> {
      const writes = contacts.flatMap(({ keys, brevoId, sourceId, print }) =>
        keys.map((key) => {
          const own = sourceId !== null && key === `x:${sourceId}` ? sourceId : null;
          const $set = { account, verification, brevoId, sourceId: own, print: JSON.stringify(print) };
          return {
            updateOne: {
              filter: { _id: `${verification}|${key}` },
              update: { $set, $setOnInsert: { met: false } },
              upsert: true,
            },
          };
        }),
      );
      for (let start = 0; start < writes.length; start += 1_000) await sides.bulkWrite(writes.slice(start, start + 1_000), BULK);
    },

    /** By key; `print` as it was put. */
    async sides(verification: string, keys: readonly string[]): Promise<Map<string, { brevoId: number; print: unknown }>> {
      if (keys.length === 0) return new Map();
      const found = await sides
        .find({ _id: { $in: keys.map((key) => `${verification}|${key}`) } })
        .lean()
        .exec();
      return new Map(
        found.map(({ _id, brevoId, print }) => [
          _id.slice(verification.length + 1),
          { brevoId, print: JSON.parse(print) as unknown },
        ]),
      );
    },

    /** Their profiles are there. */
    async meet(verification: string, sourceIds: readonly string[]): Promise<void> {
      if (sourceIds.length === 0) return;
      await sides.updateMany({ _id: { $in: sourceIds.map((id) => `${verification}|x:${id}`) } }, { $set: { met: true } }).exec();
    },

    /** Contacts that carry an id of a profile which did not come. One pass. */
    async unmet(verification: string): Promise<{ sourceId: string; brevoId: number; print: unknown }[]> {
      const found: { sourceId: string; brevoId: number; print: unknown }[] = [];
      for await (const { sourceId, brevoId, met, print } of sides.find({ verification, met: false }).lean().cursor())
        if (!met && sourceId !== null) found.push({ sourceId, brevoId, print: JSON.parse(print) as unknown });
      return found;
    },

    async dropSides(verification: string): Promise<void> {
      await sides.deleteMany({ verification }).exec();
    },
  };
}

/** Adds differences to their counts. */
export function addDifferences(counted: readonly CountedDifference[], found: readonly Difference[]): CountedDifference[] {
  const sums = new Map(counted.map((one) => [keyOf(one), { ...one }]));
  for (const one of found) {
    const { kind, field, reason, explained } = one;
    const known = sums.get(keyOf(one));
    if (known) known.count += 1;
    else sums.set(keyOf(one), { kind, field, reason, explained, count: 1 });
  }
  return [...sums.values()];
}

function keyOf({ kind, field, reason, explained }: Difference): string {
  return JSON.stringify([kind, field, reason, explained]);
}

function sum(counted: readonly CountedDifference[]): number {
  return counted.reduce((all, { count }) => all + count, 0);
}

function toDocument(set: Verification): Document;
function toDocument(set: Partial<Verification>): Partial<Document>;
function toDocument(set: Partial<Verification>): object {
  return {
    ...set,
    ...Object.fromEntries(AS_TEXT.filter((name) => name in set).map((name) => [name, JSON.stringify(set[name])])),
  };
}

function fromDocument(stored: Document): Verification {
  // toDocument made each text from a value of its type.
  const values = Object.fromEntries(AS_TEXT.map((name) => [name, JSON.parse(stored[name])])) as Pick<Verification, AsText>;
  return { ...stored, ...values };
}

export type Verifications = ReturnType<typeof createVerifications>;
