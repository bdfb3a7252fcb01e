import { Schema, type Connection } from 'mongoose';
import { isDuplicateKey } from './connection.js';

/** What an id of an event that came through the API stands for, so that a repeat is known from another event. No personal data. */
export interface TrackedEvent {
  _id: string;
  account: string;
  /** Hash of what was asked for. */
  fingerprint: string;
  /** When it happened; fixed by the first request, which a repeat that names no time must share. */
  time: Date;
  /** When Klaviyo took it; null until it has. */
  acceptedAt: Date | null;
  at: Date;
}

const schema = new Schema<TrackedEvent>(
  {
    _id: String,
    account: String,
    fingerprint: String,
    time: Date,
    acceptedAt: { type: Date, default: null },
    at: Date,
  },
  { versionKey: false },
);

const idOf = (account: string, id: string) => `${account}|${id}`;

export function createTracked(connection: Connection) {
  const model = connection.model('tracked_event', schema, 'tracked_events');

  return {
    /** What the id stands for: this event, if nobody has claimed it before. `null` when it stands for another. */
    async claim(
      account: string,
      id: string,
      event: Pick<TrackedEvent, 'fingerprint' | 'time'>,
      now: Date,
    ): Promise<Pick<TrackedEvent, 'time' | 'acceptedAt'> | null> {
      const _id = idOf(account, id);
      try {
        await model.create({ _id, account, ...event, acceptedAt: null, at: now });
        return { time: event.time, acceptedAt: null };
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      const known = await model.findById(_id).lean().exec();
      return known?.fingerprint === event.fingerprint ? { time: known.time, acceptedAt: known.acceptedAt } : null;
    },

    async accept(account: string, id: string, now: Date): Promise<void> {
      await model.updateOne({ _id: idOf(account, id), acceptedAt: null }, { $set: { acceptedAt: now } }).exec();
    },

    /** Klaviyo refused it, so that the id may come to stand for a mended one. */
    async release(account: string, id: string): Promise<void> {
      await model.deleteOne({ _id: idOf(account, id), acceptedAt: null }).exec();
    },
  };
}

export type Tracked = ReturnType<typeof createTracked>;
