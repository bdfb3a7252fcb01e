import { Schema, type Connection } from 'mongoose';
import { BULK } from './connection.js';

/**
 * A source record kept whole, by its id at the source: what Brevo has no place for, and the parents that other resources are read
 * for each of. Holds no customer's personal data.
 */
export interface ArchivedRecord {
  account: string;
  resource: string;
  sourceId: string;
  data: Record<string, unknown>;
  /** The last run that saw it at the source. */
  run: string;
  /** When `data` last changed. */
  at: Date;
}

/** `data` as JSON text: its keys are the customer's, and a field name of MongoDB may not be just anything. */
type ArchiveDocument = Omit<ArchivedRecord, 'data'> & { _id: string; data: string };

const schema = new Schema<ArchiveDocument>(
  { _id: String, account: String, resource: String, sourceId: String, data: String, run: String, at: Date },
  { versionKey: false },
);
schema.index({ account: 1, resource: 1, sourceId: 1 });

const idOf = (account: string, resource: string, sourceId: string) => `${account}|${resource}|${sourceId}`;

/** Records written or looked up in one call. */
const PART = 500;

export function createArchive(connection: Connection) {
  const model = connection.model('archived_record', schema, 'archive');

  return {
    async put(
      owner: { account: string; resource: string; run: string },
      records: readonly { sourceId: string; data: Readonly<Record<string, unknown>> }[],
      now: Date,
    ): Promise<void> {
      for (let start = 0; start < records.length; start += PART) {
        await model.bulkWrite(
          records.slice(start, start + PART).map(({ sourceId, data }) => ({
            updateOne: {
              filter: { _id: idOf(owner.account, owner.resource, sourceId) },
              update: { $set: { ...owner, sourceId, data: JSON.stringify(data), at: now } },
              upsert: true,
            },
          })),
          BULK,
        );
      }
    },

    /** The source still has them, as they were. */
    async see(owner: { account: string; resource: string; run: string }, sourceIds: readonly string[]): Promise<void> {
      for (let start = 0; start < sourceIds.length; start += PART) {
        const ids = sourceIds.slice(start, start + PART).map((sourceId) => idOf(owner.account, owner.resource, sourceId));
        await model.updateMany({ _id: { $in: ids } }, { $set: { run: owner.run } }).exec();
      }
    },

    async find(account: string, resource: string, sourceIds: readonly string[]): Promise<Map<string, ArchivedRecord>> {
      const ids = sourceIds.map((sourceId) => idOf(account, resource, sourceId));
      const found =
        ids.length === 0
          ? []
          : await model
              .find({ _id: { $in: ids } })
              .lean()
              .exec();
      return new Map(found.map((document) => [document.sourceId, fromDocument(document)]));
    },

    /** By id, `after` excluded; at most `limit` (500). With `run`: only what that run saw. */
    async page(
      filter: { account: string; resource: string; run?: string },
      page: { after?: string; limit?: number } = {},
    ): Promise<ArchivedRecord[]> {
      const found = await model
        .find({ ...filter, ...(page.after === undefined ? {} : { sourceId: { $gt: page.after } }) })
        .sort({ sourceId: 1 })
        .limit(Math.min(page.limit ?? 100, 500))
        .lean()
        .exec();
      return found.map(fromDocument);
    },

    count: (filter: { account: string; resource: string; run?: string }): Promise<number> => model.countDocuments(filter).exec(),
  };
}

function fromDocument({ _id, data, ...rest }: ArchiveDocument): ArchivedRecord {
  // `put` wrote it.
  return { ...rest, data: JSON.parse(data) as Record<string, unknown> };
}

export type Archive = ReturnType<typeof createArchive>;
