import { types } from 'node:util';
import { Schema, type Connection } from 'mongoose';
import { BULK, isDuplicateKey } from './connection.js';

/**
 * What was sent of writes that would be done twice by a repeat, by the record's id at the source. `sending` is written before the call and
 * stays when nobody learns how it ended: then the vendor has to be asked before anybody sends it again. Holds no personal data.
 */
export interface LedgerEntry {
  _id: string;
  account: string;
  resource: string;
  sourceId: string;
  state: 'sending' | 'sent';
  /** Who is sending, made anew for each call: of two workers with the same rows one gets it. */
  token: string;
  batch: string;
  /** Under which name and date it was sent, by which the vendor is asked for it. */
  name: string;
  date: Date;
  /** When it was claimed; the call came after. */
  at: Date;
}

const schema = new Schema<LedgerEntry>(
  {
    _id: String,
    account: String,
    resource: String,
    sourceId: String,
    state: String,
    token: String,
    batch: String,
    name: String,
    date: Date,
    at: Date,
  },
  { versionKey: false },
);

export interface LedgerOwner {
  readonly account: string;
  readonly resource: string;
}

export type NewLedgerEntry = Pick<LedgerEntry, 'sourceId' | 'name' | 'date'>;

const idOf = ({ account, resource }: LedgerOwner, sourceId: string) => `${account}|${resource}|${sourceId}`;
const idsOf = (owner: LedgerOwner, sourceIds: readonly string[]) => sourceIds.map((sourceId) => idOf(owner, sourceId));

export function createLedger(connection: Connection) {
  const model = connection.model('ledger', schema, 'ledger');

  return {
    async find(owner: LedgerOwner, sourceIds: readonly string[]): Promise<Map<string, LedgerEntry>> {
      if (sourceIds.length === 0) return new Map();
      const entries = await model
        .find({ _id: { $in: idsOf(owner, sourceIds) } })
        .lean()
        .exec();
      return new Map(entries.map((entry) => [entry.sourceId, entry]));
    },

    /** Answers the ids that nobody had claimed before: only these may be sent, and only by who claimed them. */
    async claim(
      owner: LedgerOwner,
      call: { token: string; batch: string },
      entries: readonly NewLedgerEntry[],
      now: Date,
    ): Promise<Set<string>> {
      const { account, resource } = owner;
      const writes = entries.map(({ sourceId, name, date }) => ({
        insertOne: {
          document: {
            _id: idOf(owner, sourceId),
            account,
            resource,
            sourceId,
            state: 'sending' as const,
            ...call,
            name,
            date,
            at: now,
          },
        },
      }));
      const ours = new Set(entries.map(({ sourceId }) => sourceId));
      if (writes.length === 0) return ours;
      try {
        await model.bulkWrite(writes, BULK);
      } catch (error) {
        for (const index of takenIn(error)) ours.delete(entries[index]?.sourceId ?? '');
      }
      return ours;
    },

    /** Takes over what is still as `entries` say, for another call. Answers the ids that were. */
    async reclaim(
      owner: LedgerOwner,
      call: { token: string; batch: string },
      entries: readonly (NewLedgerEntry & Pick<LedgerEntry, 'token'>)[],
      now: Date,
    ): Promise<Set<string>> {
      if (entries.length === 0) return new Set();
      await model.bulkWrite(
        entries.map(({ sourceId, token, name, date }) => ({
          updateOne: {
            filter: { _id: idOf(owner, sourceId), state: 'sending', token },
            update: { $set: { ...call, name, date, at: now } },
          },
        })),
        BULK,
      );
      const ids = idsOf(
        owner,
        entries.map(({ sourceId }) => sourceId),
      );
      const ours = await model
        .find({ _id: { $in: ids }, token: call.token }, { sourceId: 1 })
        .lean()
        .exec();
      return new Set(ours.map(({ sourceId }) => sourceId));
    },

    /** The vendor has them. */
    async sent(owner: LedgerOwner, sourceIds: readonly string[]): Promise<void> {
      if (sourceIds.length === 0) return;
      await model.updateMany({ _id: { $in: idsOf(owner, sourceIds) } }, { $set: { state: 'sent' } }).exec();
    },

    /** The vendor does not have them, for certain: they were refused, or never left. */
    async release(owner: LedgerOwner, token: string, sourceIds: readonly string[]): Promise<void> {
      if (sourceIds.length === 0) return;
      await model.deleteMany({ _id: { $in: idsOf(owner, sourceIds) }, state: 'sending', token }).exec();
    },
  };
}

export type Ledger = ReturnType<typeof createLedger>;

/** Places of the writes that found their id taken. Anything else that went wrong is thrown. */
function takenIn(error: unknown): number[] {
  const failures = failuresOf(error);
  if (!isDuplicateKey(error) || failures.length === 0 || failures.some(({ code }) => code !== 11_000)) throw error;
  return failures.map(({ index }) => index);
}

/** The driver answers one failure or a list of them (MongoBulkWriteError.writeErrors). */
function failuresOf(error: unknown): { index: number; code: unknown }[] {
  // Not `instanceof`: the error may be of another realm where a test runs in one of its own.
  if (!types.isNativeError(error) || !('writeErrors' in error)) return [];
  return [error.writeErrors].flat().flatMap((one: unknown) => {
    if (typeof one !== 'object' || one === null || !('index' in one) || typeof one.index !== 'number') return [];
    return [{ index: one.index, code: 'code' in one ? one.code : undefined }];
  });
}
