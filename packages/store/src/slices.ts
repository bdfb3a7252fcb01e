import { Bug } from '@tajo/errors';
import { Schema, type Connection } from 'mongoose';
import { isDuplicateKey } from './connection.js';
import { addCounts, decodeCounts, emptyCounts, incrementsOf, sumOf, type Counts } from './counts.js';

/**
 * waiting: to be fed to the queue (not before `notBefore`) · queued: its job is in the queue · reading: a worker follows it ·
 * settling: read to its end, batches open · done, failed, cancelled: terminal (a failed one can be retried).
 */
export type SliceState = 'waiting' | 'queued' | 'reading' | 'settling' | 'done' | 'failed' | 'cancelled';

export interface Slice {
  _id: string;
  account: string;
  run: string;
  resource: string;
  /** Inclusive lower and exclusive upper bound of the slice field; both null when the whole resource is one slice. */
  from: Date | null;
  to: Date | null;
  /** The time field of the bounds, where it is not the resource's slice field: incremental runs are cut by when records changed. */
  field?: string | null;
  /** The upper bound of the query that `cursor` belongs to: a cursor is bound to its query, while `to` shrinks in splits. */
  queryTo: Date | null;
  /** Records to read by id instead of a range. */
  ids: string[] | null;
  /** Id of the record it is read for, where the resource is read for each of another one. */
  parent: string | null;
  /** Name of the filter it is read with, where the resource has several. */
  pass: string | null;
  /** What an operator should know of how it ended, e.g. that its list is gone. */
  note: string | null;
  state: SliceState;
  /** Number of the job that may work on it; a job with another number is obsolete. */
  turn: number;
  /** The lease: every claim raises it, and a checkpoint with an old number is refused. */
  fence: number;
  cursor: string | null;
  /** The greatest slice field seen. */
  position: Date | null;
  notBefore: Date | null;
  /** Last sign of life. */
  touchedAt: Date;
  /** Batches prepared at or before the last checkpoint whose outcome is open. */
  batches: string[];
  counts: Counts;
  /** The second half, written together with the smaller `to`; until its own document exists it lives here. */
  child: { id: string; from: Date; to: Date } | null;
  splits: number;
  error: { code: string; message: string; at: Date } | null;
}

const schema = new Schema<Slice>(
  {
    _id: String,
    account: String,
    run: String,
    resource: String,
    from: { type: Date, default: null },
    to: { type: Date, default: null },
    field: { type: String, default: null },
    queryTo: { type: Date, default: null },
    ids: { type: [String], default: null },
    parent: { type: String, default: null },
    pass: { type: String, default: null },
    note: { type: String, default: null },
    state: String,
    turn: Number,
    fence: Number,
    cursor: { type: String, default: null },
    position: { type: Date, default: null },
    notBefore: { type: Date, default: null },
    touchedAt: Date,
    batches: [String],
    counts: { type: Object },
    child: { type: Object, default: null },
    splits: Number,
    error: { type: Object, default: null },
  },
  { versionKey: false, minimize: false },
);
schema.index({ run: 1, state: 1 });

const CLAIMABLE: ReadonlySet<SliceState> = new Set(['queued', 'reading', 'failed']);

export type NewSlice = Pick<Slice, '_id' | 'account' | 'run' | 'resource'> &
  Partial<Pick<Slice, 'from' | 'to' | 'field' | 'ids' | 'parent' | 'pass'>>;

export interface Checkpoint {
  cursor: string | null;
  queryTo: Date | null;
  position: Date | null;
  counts: Counts;
  /** Ids of the batches made durable before this checkpoint. */
  batches: string[];
  /** What follows: the next job, a pause until a time, or nothing more to read. */
  next: { kind: 'continue' } | { kind: 'park'; until: Date } | { kind: 'finished'; note?: string };
}

function fresh(slice: NewSlice, now: Date): Slice {
  return {
    from: null,
    to: null,
    field: null,
    ids: null,
    parent: null,
    pass: null,
    note: null,
    ...slice,
    queryTo: null,
    state: 'waiting',
    turn: 0,
    fence: 0,
    cursor: null,
    position: null,
    notBefore: null,
    touchedAt: now,
    batches: [],
    counts: emptyCounts(),
    child: null,
    splits: 0,
    error: null,
  };
}

const decoded = (slice: Slice): Slice => ({ ...slice, counts: decodeCounts(slice.counts) });

export function createSlices(connection: Connection) {
  const model = connection.model('slice', schema);

  /** Inserts what is not there yet; a slice that exists is left as it is, so that planning can be repeated. */
  async function insertMissing(slices: readonly NewSlice[], now: Date): Promise<void> {
    for (const slice of slices) {
      try {
        await model.create(fresh(slice, now));
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    }
  }

  /** Gives a split's second half its own document. Anyone may finish what a killed worker began. */
  async function materialiseChild(
    parent: Pick<Slice, '_id' | 'account' | 'run' | 'resource' | 'field' | 'parent' | 'pass' | 'child'>,
    now: Date,
  ): Promise<void> {
    if (!parent.child) return;
    const { id, from, to } = parent.child;
    const { account, run, resource, field = null, pass } = parent;
    await insertMissing([{ _id: id, account, run, resource, field, parent: parent.parent, pass, from, to }], now);
    await model.updateOne({ _id: parent._id, 'child.id': id }, { $set: { child: null } }).exec();
  }

  return {
    insertMissing,
    materialiseChild,

    async get(id: string): Promise<Slice | null> {
      const slice = await model.findById(id).lean().exec();
      return slice && decoded(slice);
    },

    async ofRun(run: string, states?: readonly SliceState[]): Promise<Slice[]> {
      const found = await model
        .find({ run, ...(states ? { state: { $in: [...states] } } : {}) })
        .lean()
        .exec();
      return found.map(decoded);
    },

    /** The slices without their counts: what feeding and watching a run needs. */
    async outlineOfRun(run: string, states: readonly SliceState[]): Promise<SliceOutline[]> {
      return model
        .find({ run, state: { $in: [...states] } }, { counts: 0 })
        .sort({ _id: 1 })
        .lean()
        .exec();
    },

    /**
     * Takes the slice for one job and raises the fence. Null when the job is obsolete, or when another claim came first: of several
     * at once one gets it. A failed slice may be taken again (retry).
     */
    async claim(id: string, turn: number, now: Date): Promise<Slice | null> {
      const seen = await model.findById(id).lean().exec();
      if (seen?.turn !== turn || !CLAIMABLE.has(seen.state)) return null;
      // Not findOneAndUpdate: mongo-java-server may answer it with what a later one made of the document, the same fence for two.
      const lease = { fence: seen.fence + 1, state: 'reading', touchedAt: now, error: null } as const;
      const taken = await model.updateOne({ _id: id, turn, fence: seen.fence, state: seen.state }, { $set: lease }).exec();
      return taken.matchedCount === 1 ? decoded({ ...seen, ...lease }) : null;
    },

    /** Sign of life between checkpoints. False when the lease is lost. */
    async touch(slice: Pick<Slice, '_id' | 'fence'>, now: Date): Promise<boolean> {
      const touched = await model.updateOne({ _id: slice._id, fence: slice.fence }, { $set: { touchedAt: now } }).exec();
      return touched.matchedCount === 1;
    },

    /** One atomic write of progress, counts and open batches. False when the lease is lost: nothing was changed then. */
    async checkpoint(slice: Pick<Slice, '_id' | 'fence' | 'turn'>, point: Checkpoint, now: Date): Promise<boolean> {
      const state: Partial<Slice> =
        point.next.kind === 'continue'
          ? { state: 'queued', turn: slice.turn + 1, notBefore: null }
          : point.next.kind === 'park'
            ? { state: 'waiting', turn: slice.turn + 1, notBefore: point.next.until }
            : {
                state: 'settling',
                turn: slice.turn + 1,
                notBefore: null,
                ...(point.next.note === undefined ? {} : { note: point.next.note }),
              };
      const written = await model
        .updateOne(
          { _id: slice._id, fence: slice.fence, state: 'reading' },
          {
            $set: { ...state, cursor: point.cursor, queryTo: point.queryTo, position: point.position, touchedAt: now },
            $inc: { ...incrementsOf(point.counts), fence: 1 },
            ...(point.batches.length > 0 ? { $push: { batches: { $each: point.batches } } } : {}),
          },
        )
        .exec();
      return written.matchedCount === 1;
    },

    /**
     * Hands `[at, to)` to a new slice: one atomic change of the parent, then the child's own document. False when the lease is lost,
     * or when the slice is not (any more) what the caller thinks it is.
     */
    async split(slice: Slice, at: Date, now: Date): Promise<boolean> {
      if (slice.from === null || slice.to === null || slice.child !== null) return false;
      if (at <= slice.from || at >= slice.to)
        throw new Bug('split_outside_slice', `Slice ${slice._id} cannot be split at ${at.toISOString()}.`);
      const child = { id: `${slice._id}.${slice.splits + 1}`, from: at, to: slice.to };
      const shrunk = await model
        .updateOne(
          // `to` and `splits` too: a caller with an old copy would hand out a range a second time.
          { _id: slice._id, fence: slice.fence, state: 'reading', child: null, to: slice.to, splits: slice.splits },
          { $set: { to: at, child }, $inc: { splits: 1 } },
        )
        .exec();
      if (shrunk.matchedCount !== 1) return false;
      await materialiseChild({ ...slice, child }, now);
      return true;
    },

    /** The vendor no longer knows the cursor: the window starts anew, with counts at zero and earlier batches no longer counted. */
    async restart(slice: Pick<Slice, '_id' | 'fence'>, now: Date): Promise<boolean> {
      const restarted = await model
        .updateOne(
          { _id: slice._id, fence: slice.fence, state: 'reading' },
          { $set: { cursor: null, queryTo: null, position: null, batches: [], counts: emptyCounts(), touchedAt: now } },
        )
        .exec();
      return restarted.matchedCount === 1;
    },

    /** Gives the slice back unread (run paused, account stopped, shutting down). */
    async release(slice: Pick<Slice, '_id' | 'fence'>, notBefore: Date | null, now: Date): Promise<void> {
      await model
        .updateOne(
          { _id: slice._id, fence: slice.fence, state: 'reading' },
          { $set: { state: 'waiting', notBefore, touchedAt: now }, $inc: { turn: 1, fence: 1 } },
        )
        .exec();
    },

    async fail(slice: Pick<Slice, '_id' | 'turn'>, error: NonNullable<Slice['error']>, now: Date): Promise<void> {
      await model
        .updateOne(
          { _id: slice._id, turn: slice.turn, state: { $in: ['queued', 'reading'] } },
          { $set: { state: 'failed', error, touchedAt: now } },
        )
        .exec();
    },

    /** waiting -> queued. False when somebody else was faster. */
    async markQueued(slice: Pick<Slice, '_id' | 'turn'>, now: Date): Promise<boolean> {
      const marked = await model
        .updateOne({ _id: slice._id, turn: slice.turn, state: 'waiting' }, { $set: { state: 'queued', touchedAt: now } })
        .exec();
      return marked.matchedCount === 1;
    },

    /** A slice whose job is lost (Redis data loss, removed job) goes back to be fed under a new number. False when it has moved on meanwhile. */
    async requeueLost(slice: Pick<Slice, '_id' | 'turn' | 'fence'>, now: Date): Promise<boolean> {
      const requeued = await model
        .updateOne(
          { _id: slice._id, turn: slice.turn, fence: slice.fence, state: { $in: ['queued', 'reading'] } },
          { $set: { state: 'waiting', notBefore: null, touchedAt: now }, $inc: { turn: 1, fence: 1 } },
        )
        .exec();
      return requeued.matchedCount === 1;
    },

    /** Failed slices of a run are fed again. */
    async retryFailed(run: string, now: Date): Promise<number> {
      const retried = await model
        .updateMany(
          { run, state: 'failed' },
          { $set: { state: 'waiting', error: null, notBefore: null, touchedAt: now }, $inc: { turn: 1, fence: 1 } },
        )
        .exec();
      return retried.modifiedCount;
    },

    async cancelOfRun(run: string, now: Date): Promise<void> {
      await model
        .updateMany(
          { run, state: { $nin: ['done', 'cancelled'] } },
          { $set: { state: 'cancelled', touchedAt: now }, $inc: { turn: 1, fence: 1 } },
        )
        .exec();
    },

    /** Whether a batch is still counted as on its way. */
    hasBatch: async (id: string, batch: string): Promise<boolean> => (await model.exists({ _id: id, batches: batch })) !== null,

    /**
     * Moves a batch's rows from `submitted` to their outcomes; `followers` are the batches that deliver the rest of them once more. The
     * filter asks for the batch among the open ones, and the same update puts the followers in its place: done twice it counts once, a
     * slice is never without an open batch while rows are on their way, and of two settlements that differ only one stands.
     */
    async settleBatch(id: string, batch: string, outcome: BatchOutcome, followers: readonly string[] = []): Promise<boolean> {
      const gone = sumOf(outcome.rejected) + sumOf(outcome.skipped ?? {});
      const $inc = incrementsOf({ ...outcome, submitted: -(outcome.written + gone) });
      const counted = Object.keys($inc).length > 0 ? { $inc } : {};
      if (followers.length === 0) {
        const settled = await model.updateOne({ _id: id, batches: batch }, { $pull: { batches: batch }, ...counted }).exec();
        return settled.matchedCount === 1;
      }
      for (;;) {
        const open = (await model.findById(id, { batches: 1 }).lean().exec())?.batches ?? [];
        if (!open.includes(batch)) return false;
        const batches = open.flatMap((one) => (one === batch ? followers : [one]));
        // No update can take from an array and add to it; another batch settled meanwhile makes this one look again.
        const settled = await model.updateOne({ _id: id, batches: open }, { $set: { batches }, ...counted }).exec();
        if (settled.matchedCount === 1) return true;
      }
    },

    /** settling -> done for slices without open batches. */
    async finishSettled(run: string, now: Date): Promise<void> {
      await model
        .updateMany({ run, state: 'settling', batches: { $size: 0 }, child: null }, { $set: { state: 'done', touchedAt: now } })
        .exec();
    },

    /** Slices with a split that was not finished, wherever their worker died. */
    async withUnfinishedSplit(run: string): Promise<Slice[]> {
      return (
        await model
          .find({ run, child: { $ne: null } })
          .lean()
          .exec()
      ).map(decoded);
    },

    /** Slices of a resource that are read or about to be. Parked ones count: they come back by themselves. */
    countBusy: (run: string, resource: string): Promise<number> =>
      model.countDocuments({ run, resource, state: { $in: ['waiting', 'queued', 'reading'] } }).exec(),

    /** Per resource: totals, and how many slices stand in which state. */
    async totals(run: string): Promise<Record<string, ResourceTotals>> {
      return (await this.overview(run)).byResource;
    },

    /** The totals, what single slices have to say, and when the first goes on if all that are left wait for a time. */
    async overview(
      run: string,
    ): Promise<{ byResource: Record<string, ResourceTotals>; notes: string[]; resumesAt: Date | null }> {
      const byResource: Record<string, ResourceTotals> = {};
      const notes: string[] = [];
      const waits: (Date | null)[] = [];
      for (const slice of await model.find({ run }).lean().exec()) {
        if (slice.note) notes.push(`${slice.resource}: ${slice.note}`);
        if (slice.state === 'waiting') waits.push(slice.notBefore);
        else if (slice.state === 'queued' || slice.state === 'reading') waits.push(null);
        const totals = (byResource[slice.resource] ??= { counts: emptyCounts(), slices: {} });
        addCounts(totals.counts, decodeCounts(slice.counts));
        totals.slices[slice.state] = (totals.slices[slice.state] ?? 0) + 1;
      }
      const times = waits.flatMap((at) => at?.getTime() ?? []);
      const allWait = times.length > 0 && times.length === waits.length;
      return { byResource, notes, resumesAt: allWait ? new Date(Math.min(...times)) : null };
    },
  };
}

/** What became of the rows of a batch that are not delivered once more. */
export type BatchOutcome = Pick<Counts, 'written' | 'rejected' | 'tally' | 'fields'> & Partial<Pick<Counts, 'skipped'>>;

export type SliceOutline = Omit<Slice, 'counts'>;

export interface ResourceTotals {
  counts: Counts;
  slices: Partial<Record<SliceState, number>>;
}

export type Slices = ReturnType<typeof createSlices>;
