import { Schema, type Connection } from 'mongoose';
import { BULK } from './connection.js';

/**
 * A record that is not in Brevo, and why: `rejected` (a vendor or our rules refused it; can be replayed) or `skipped` (rightly not
 * carried). Holds no personal data: the record itself is read again from Klaviyo when it is replayed.
 */
export interface Rejection {
  _id: string;
  account: string;
  resource: string;
  sourceId: string;
  run: string;
  outcome: 'rejected' | 'skipped';
  /** Short and stable, e.g. `duplicate_phone`; what totals count by. */
  reason: string;
  /** One sentence a marketer can read, with the vendor's words where it gave any. */
  message: string;
  /** Where it was refused. */
  stage: 'read' | 'map' | 'import';
  state: 'open' | 'replaying' | 'resolved';
  at: Date;
}

const schema = new Schema<Rejection>(
  {
    _id: String,
    account: String,
    resource: String,
    sourceId: String,
    run: String,
    outcome: String,
    reason: String,
    message: String,
    stage: String,
    state: String,
    at: Date,
  },
  { versionKey: false },
);
schema.index({ account: 1, state: 1, reason: 1 });
schema.index({ run: 1 });

export interface RejectionFilter {
  account: string;
  run?: string;
  resource?: string;
  reason?: string;
  outcome?: Rejection['outcome'];
  state?: Rejection['state'];
}

export type NewRejection = Pick<Rejection, 'sourceId' | 'outcome' | 'reason' | 'message' | 'stage'>;

const idOf = (account: string, resource: string, sourceId: string) => `${account}|${resource}|${sourceId}`;

export function createRejections(connection: Connection) {
  const model = connection.model('rejection', schema);

  return {
    async put(
      owner: { account: string; resource: string; run: string },
      rejections: readonly NewRejection[],
      now: Date,
    ): Promise<void> {
      for (let start = 0; start < rejections.length; start += 1_000) {
        await model.bulkWrite(
          rejections.slice(start, start + 1_000).map((rejection) => ({
            updateOne: {
              filter: { _id: idOf(owner.account, owner.resource, rejection.sourceId) },
              update: { $set: { ...owner, ...rejection, state: 'open', at: now } },
              upsert: true,
            },
          })),
          BULK,
        );
      }
    },

    get: (account: string, resource: string, sourceId: string): Promise<Rejection | null> =>
      model
        .findById(idOf(account, resource, sourceId))
        .lean()
        .exec(),

    /** Those of the records that were refused and have not made it since. */
    async findOpen(account: string, resource: string, sourceIds: readonly string[]): Promise<Map<string, Rejection>> {
      if (sourceIds.length === 0) return new Map();
      const ids = sourceIds.map((sourceId) => idOf(account, resource, sourceId));
      const found = await model
        .find({ _id: { $in: ids } })
        .lean()
        .exec();
      return new Map(found.filter(({ state }) => state !== 'resolved').map((one) => [one.sourceId, one]));
    },

    /** By `_id`, `after` excluded; `limit` at most 500. */
    list(filter: RejectionFilter, page: { after?: string; limit?: number } = {}): Promise<Rejection[]> {
      const query = { ...filter, ...(page.after === undefined ? {} : { _id: { $gt: page.after } }) };
      return model
        .find(query)
        .sort({ _id: 1 })
        .limit(Math.min(page.limit ?? 100, 500))
        .lean()
        .exec();
    },

    count: (filter: RejectionFilter): Promise<number> => model.countDocuments(filter).exec(),

    async markReplaying(account: string, resource: string, sourceIds: readonly string[]): Promise<void> {
      for (let start = 0; start < sourceIds.length; start += 1_000) {
        const ids = sourceIds.slice(start, start + 1_000).map((sourceId) => idOf(account, resource, sourceId));
        await model.updateMany({ _id: { $in: ids } }, { $set: { state: 'replaying' } }).exec();
      }
    },

    /** The records made it to Brevo after all. */
    async resolve(account: string, resource: string, sourceIds: readonly string[]): Promise<void> {
      for (let start = 0; start < sourceIds.length; start += 1_000) {
        const ids = sourceIds.slice(start, start + 1_000).map((sourceId) => idOf(account, resource, sourceId));
        await model.updateMany({ _id: { $in: ids } }, { $set: { state: 'resolved' } }).exec();
      }
    },

    /** Whether runs before that moment left records that are not in Brevo. */
    anyBefore: async (account: string, resource: string, before: Date): Promise<boolean> =>
      (await model.exists({ account, resource, state: { $in: ['open', 'replaying'] }, at: { $lt: before } })) !== null,
  };
}

export type Rejections = ReturnType<typeof createRejections>;
