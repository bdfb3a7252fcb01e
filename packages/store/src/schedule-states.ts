import { Schema, type Connection } from 'mongoose';

/** What became of the schedule of a group of resources (a `sync` switch). */
export interface ScheduleState {
  _id: string;
  account: string;
  group: string;
  /** Since when a run is due; null when none is. Times that come meanwhile are this one. */
  dueAt: Date | null;
  /** The run it waits for. */
  waitsFor: string | null;
  /** The run that carried it last, and when it began. */
  lastRun: string | null;
  lastAt: Date | null;
  /** Why the last time came to nothing. */
  note: string | null;
}

const schema = new Schema<ScheduleState>(
  {
    _id: String,
    account: String,
    group: String,
    dueAt: { type: Date, default: null },
    waitsFor: { type: String, default: null },
    lastRun: { type: String, default: null },
    lastAt: { type: Date, default: null },
    note: { type: String, default: null },
  },
  { versionKey: false },
);
schema.index({ dueAt: 1 });
schema.index({ account: 1 });

const idOf = (account: string, group: string) => `${account}|${group}`;

export function createScheduleStates(connection: Connection) {
  const model = connection.model('schedulestate', schema);

  return {
    /** A time of the schedule has come. One that is due already stays due since then, and runs once. Answers whether it was. */
    async markDue(account: string, group: string, now: Date): Promise<boolean> {
      const _id = idOf(account, group);
      await model
        .updateOne(
          { _id },
          { $setOnInsert: { account, group, waitsFor: null, lastRun: null, lastAt: null, note: null, dueAt: null } },
          { upsert: true },
        )
        .exec();
      const marked = await model.updateOne({ _id, dueAt: null }, { $set: { dueAt: now } }).exec();
      return marked.matchedCount === 0;
    },

    /** Whatever is due since before `before`. */
    due: (before: Date): Promise<ScheduleState[]> =>
      model
        .find({ dueAt: { $ne: null, $lte: before } })
        .sort({ _id: 1 })
        .lean()
        .exec(),

    /** Answers those that did not wait for this run before. */
    async waiting(states: readonly ScheduleState[], run: string): Promise<ScheduleState[]> {
      const fresh = states.filter(({ waitsFor }) => waitsFor !== run);
      if (fresh.length > 0)
        await model.updateMany({ _id: { $in: fresh.map(({ _id }) => _id) } }, { $set: { waitsFor: run } }).exec();
      return fresh;
    },

    /** No longer due: carried by a run, or for the reason given by none. One that came due again meanwhile stays so. */
    async settled(states: readonly ScheduleState[], how: { run: string; at: Date } | { note: string }): Promise<void> {
      const outcome = 'run' in how ? { lastRun: how.run, lastAt: how.at, note: null } : { note: how.note };
      for (const { _id, dueAt } of states)
        await model.updateOne({ _id, dueAt }, { $set: { ...outcome, dueAt: null, waitsFor: null } }).exec();
    },

    ofAccount: (account: string): Promise<ScheduleState[]> => model.find({ account }).sort({ _id: 1 }).lean().exec(),

    async remove(account: string, group: string): Promise<void> {
      await model.deleteOne({ _id: idOf(account, group) }).exec();
    },
  };
}

export type ScheduleStates = ReturnType<typeof createScheduleStates>;
