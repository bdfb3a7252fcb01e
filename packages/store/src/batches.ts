import { gunzip, gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { Schema, type Connection } from 'mongoose';
import type { IdentityMode } from './accounts.js';

const zip = promisify(gzip);
const unzip = promisify(gunzip);

/**
 * prepared: durable, to be sent · sent: the vendor took it, `processId` known · settled: every row has its outcome · void: not
 * counted any more. A batch is written before its slice's checkpoint, so a row is never only in a worker's memory.
 */
export type BatchState = 'prepared' | 'sent' | 'settled' | 'void';

export interface Batch {
  _id: string;
  account: string;
  run: string;
  slice: string;
  resource: string;
  /** What all rows share, e.g. blocklist flags and lists. Opaque to the store. */
  group: Record<string, unknown>;
  rowCount: number;
  state: BatchState;
  /** Deliveries begun. */
  attempt: number;
  /** Where the rows carried the Klaviyo id when they were sent. */
  identity: IdentityMode;
  /** The vendor's asynchronous work on it: a number at Brevo, a text at Klaviyo. */
  processId: number | string | null;
  createdAt: Date;
  touchedAt: Date;
  /** The vendor's last word on it, for operators. */
  note: string | null;
}

const schema = new Schema<Batch>(
  {
    _id: String,
    account: String,
    run: String,
    slice: String,
    resource: String,
    group: { type: Object },
    rowCount: Number,
    state: String,
    attempt: Number,
    identity: String,
    processId: { type: Schema.Types.Mixed, default: null },
    createdAt: Date,
    touchedAt: Date,
    note: { type: String, default: null },
  },
  { versionKey: false, minimize: false },
);
schema.index({ account: 1, state: 1 });
schema.index({ run: 1, state: 1 });

/** Rows live beside their batch, so that listing and moving batches never touches megabytes. Removed at settlement. */
interface BatchRows {
  _id: string;
  gzip: Buffer;
}

const rowsSchema = new Schema<BatchRows>({ _id: String, gzip: Buffer }, { versionKey: false });

export type NewBatch = Pick<Batch, '_id' | 'account' | 'run' | 'slice' | 'resource' | 'group'> &
  ({ rows: readonly unknown[] } | { /** Each row as JSON already. */ json: readonly string[] });

export function createBatches(connection: Connection) {
  const model = connection.model('batch', schema);
  const rowsModel = connection.model('batch_rows', rowsSchema, 'batch_rows');

  async function allRows(id: string): Promise<unknown[]> {
    const stored = await rowsModel.findById(id).lean().exec();
    if (!stored) return [];
    // A lean read answers the driver's Binary, whose `buffer` holds the bytes.
    const raw: unknown = stored.gzip;
    const bytes = Buffer.isBuffer(raw) ? raw : Buffer.from((raw as { buffer: Uint8Array }).buffer);
    const rows: unknown = JSON.parse((await unzip(bytes)).toString('utf8'));
    return Array.isArray(rows) ? rows : [];
  }

  async function open(id: string): Promise<{ rows: unknown[]; erased: number }> {
    const all = await allRows(id);
    const rows = all.filter((row) => row !== null);
    return { rows, erased: all.length - rows.length };
  }

  return {
    /** Makes the rows durable. The same id again replaces what a killed worker left. */
    async prepare(batch: NewBatch, now: Date): Promise<void> {
      const { _id, account, run, slice, resource, group } = batch;
      const json = 'json' in batch ? batch.json : batch.rows.map((row) => JSON.stringify(row));
      await rowsModel.replaceOne({ _id }, { _id, gzip: await zip(`[${json.join(',')}]`) }, { upsert: true }).exec();
      const document: Batch = {
        _id,
        account,
        run,
        slice,
        resource,
        group,
        rowCount: json.length,
        state: 'prepared',
        attempt: 0,
        identity: 'unknown',
        processId: null,
        createdAt: now,
        touchedAt: now,
        note: null,
      };
      await model.replaceOne({ _id }, document, { upsert: true }).exec();
    },

    get: (id: string): Promise<Batch | null> => model.findById(id).lean().exec(),

    /** The rows as prepared, but for those of people who were erased since. The caller knows their shape: it wrote them. */
    rows: async (id: string): Promise<unknown[]> => (await open(id)).rows,

    /** The same, with how many rows are no more because their person was erased. */
    open,

    /**
     * Takes the rows out that `isErased` recognises; they are counted as erased when the batch is settled. Answers how many there were.
     * Meets nobody else's write: rows are written once, when the batch is prepared.
     */
    async erase(id: string, isErased: (row: unknown) => boolean): Promise<number> {
      const rows = await allRows(id);
      const kept = rows.map((row) => (row !== null && isErased(row) ? null : row));
      const erased = kept.filter((row, i) => row !== rows[i]).length;
      // No upsert: a batch that was settled meanwhile has no rows any more.
      if (erased > 0) await rowsModel.updateOne({ _id: id }, { $set: { gzip: await zip(JSON.stringify(kept)) } }).exec();
      return erased;
    },

    /** Begins one delivery. Null when the batch is not to be sent (any more). */
    async begin(id: string, attempt: number, identity: IdentityMode, now: Date): Promise<Batch | null> {
      return model
        .findOneAndUpdate(
          { _id: id, state: 'prepared', attempt: { $lte: attempt } },
          { $set: { attempt, identity, touchedAt: now } },
          { returnDocument: 'after' },
        )
        .lean()
        .exec();
    },

    async sent(id: string, processId: number | string, now: Date): Promise<void> {
      await model.updateOne({ _id: id, state: 'prepared' }, { $set: { state: 'sent', processId, touchedAt: now } }).exec();
    },

    /** The import failed as a whole, or its rows must go again: back to be sent. */
    async sendAgain(id: string, note: string, now: Date): Promise<boolean> {
      const back = await model
        .updateOne(
          { _id: id, state: 'sent' },
          { $set: { state: 'prepared', processId: null, note, touchedAt: now }, $inc: { attempt: 1 } },
        )
        .exec();
      return back.modifiedCount === 1;
    },

    /** Ends the batch, once, and removes its rows. */
    async finish(id: string, state: 'settled' | 'void', note: string | null, now: Date): Promise<void> {
      // An outcome stands: a late job of a cancelled run must not void what was settled.
      await model.updateOne({ _id: id, state: { $in: ['prepared', 'sent'] } }, { $set: { state, note, touchedAt: now } }).exec();
      await rowsModel.deleteOne({ _id: id }).exec();
    },

    ofAccount: (account: string, states: readonly BatchState[]): Promise<Batch[]> =>
      model
        .find({ account, state: { $in: [...states] } })
        .sort({ _id: 1 })
        .lean()
        .exec(),

    ofRun: (run: string, states: readonly BatchState[]): Promise<Batch[]> =>
      model
        .find({ run, state: { $in: [...states] } })
        .lean()
        .exec(),

    countOpen: (run: string): Promise<number> => model.countDocuments({ run, state: { $in: ['prepared', 'sent'] } }).exec(),

    /** Of a run that is over: what was not sent is never sent, and its rows are forgotten. */
    async voidPrepared(run: string, now: Date): Promise<void> {
      const prepared = await model.find({ run, state: 'prepared' }, { _id: 1 }).lean().exec();
      for (const { _id } of prepared) await this.finish(_id, 'void', 'the run is over', now);
    },
  };
}

export type Batches = ReturnType<typeof createBatches>;
