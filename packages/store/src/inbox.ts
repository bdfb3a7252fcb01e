import { Schema, type Connection } from 'mongoose';
import { isDuplicateKey } from './connection.js';

export type Vendor = 'klaviyo' | 'brevo';

/**
 * `received`: stored and not worked off yet · `done`: worked off · `kept`: nothing acts on it yet · `failed`: could not be
 * worked off; the note says why.
 */
export type DeliveryState = 'received' | 'done' | 'kept' | 'failed';

/** A vendor's webhook delivery, by the hash of what was delivered: the same again is the same document. */
export interface Delivery {
  _id: string;
  account: string;
  vendor: Vendor;
  state: DeliveryState;
  receivedAt: Date;
  touchedAt: Date;
  /** The body, sealed, since it holds personal data; gone once nothing needs it. */
  sealed: string | null;
  /** Keyed hashes of whom it names, so that a person can be forgotten though the body is sealed. Known once it was looked into. */
  people: string[];
  /** How many of its profiles are worked off, in the order of their ids. */
  profilesDone: number;
  /** What became of what it named, e.g. `profiles.written`; by counted word. */
  outcome: Record<string, number>;
  /** Why it was given up, or why nothing acts on it. */
  note: string | null;
}

/** The outcome as JSON text: reasons are words of any kind, and a field name of MongoDB may not be. */
type DeliveryDocument = Omit<Delivery, 'outcome'> & { outcome: string };

const schema = new Schema<DeliveryDocument>(
  {
    _id: String,
    account: String,
    vendor: String,
    state: String,
    receivedAt: Date,
    touchedAt: Date,
    sealed: { type: String, default: null },
    people: [String],
    profilesDone: Number,
    outcome: String,
    note: { type: String, default: null },
  },
  { versionKey: false },
);
schema.index({ state: 1, account: 1, receivedAt: 1 });
schema.index({ state: 1, touchedAt: 1 });
schema.index({ account: 1, vendor: 1, receivedAt: -1 });

export function createInbox(connection: Connection) {
  const model = connection.model('delivery', schema, 'inbox');

  return {
    /** Makes the delivery durable. False when it was there already: then there is nothing to do. */
    async receive(
      delivery: Pick<Delivery, 'account' | 'vendor'> & { hash: string; sealed: string },
      now: Date,
    ): Promise<{ id: string; fresh: boolean }> {
      const { account, vendor, hash, sealed } = delivery;
      const id = `${account}|${vendor}|${hash}`;
      try {
        await model.create({
          _id: id,
          account,
          vendor,
          state: 'received',
          receivedAt: now,
          touchedAt: now,
          sealed,
          people: [],
          profilesDone: 0,
          outcome: '{}',
          note: null,
        });
        return { id, fresh: true };
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return { id, fresh: false };
      }
    },

    async get(id: string): Promise<Delivery | null> {
      const found = await model.findById(id).lean().exec();
      return found && fromDocument(found);
    },

    /** How far the work came. A delivery that is over stays as it is. */
    async progress(id: string, at: Pick<Delivery, 'profilesDone' | 'outcome' | 'people'>, now: Date): Promise<void> {
      const set = { profilesDone: at.profilesDone, outcome: JSON.stringify(at.outcome), people: at.people, touchedAt: now };
      await model.updateOne({ _id: id, state: 'received' }, { $set: set }).exec();
    },

    /** Ends it. The body goes with it unless something will need it (`kept`). */
    async finish(
      id: string,
      state: Exclude<DeliveryState, 'received'>,
      { outcome, note = null }: { outcome?: Delivery['outcome']; note?: string | null },
      now: Date,
    ): Promise<void> {
      const set = {
        state,
        note,
        touchedAt: now,
        ...(outcome && { outcome: JSON.stringify(outcome) }),
        ...(state !== 'kept' && { sealed: null }),
      };
      await model.updateOne({ _id: id, state: 'received' }, { $set: set }).exec();
    },

    /** The next to be worked on, the oldest first. */
    async next(account: string, except: readonly string[] = []): Promise<Delivery | null> {
      const found = await model
        .findOne({ account, state: 'received', _id: { $nin: [...except] } })
        .sort({ receivedAt: 1, _id: 1 })
        .lean()
        .exec();
      return found && fromDocument(found);
    },

    /** Accounts with something to be worked on. */
    waiting: async (): Promise<string[]> => model.distinct('account', { state: 'received' }).exec(),

    /** Forgets bodies that nothing acted on by then, and everything that is over for longer: until then a repeat is known. */
    async clean(before: { bodies: Date; deliveries: Date }): Promise<{ bodies: number; deliveries: number }> {
      const over = { state: { $in: ['done', 'kept', 'failed'] satisfies DeliveryState[] } };
      const gone = await model.deleteMany({ ...over, touchedAt: { $lt: before.deliveries } }).exec();
      const emptied = await model
        .updateMany({ ...over, touchedAt: { $lt: before.bodies }, sealed: { $ne: null } }, { $set: { sealed: null } })
        .exec();
      return { bodies: emptied.modifiedCount, deliveries: gone.deletedCount };
    },

    /** Of a person who is erased: bodies that name them go. Those not looked into yet are not known to. */
    async forget(account: string, people: readonly string[]): Promise<number> {
      const named = { account, people: { $in: [...people] } };
      const gone = await model.updateMany(named, { $set: { sealed: null, people: [] } }).exec();
      return gone.modifiedCount;
    },

    async counts(account: string, vendor: Vendor): Promise<Record<DeliveryState, number>> {
      const states: readonly DeliveryState[] = ['received', 'done', 'kept', 'failed'];
      const counted = await Promise.all(states.map((state) => model.countDocuments({ account, vendor, state }).exec()));
      // One number for each of the states.
      return Object.fromEntries(states.map((state, at) => [state, counted[at] ?? 0])) as Record<DeliveryState, number>;
    },

    async lastReceived(account: string, vendor: Vendor): Promise<Date | null> {
      const last = await model.findOne({ account, vendor }, { receivedAt: 1 }).sort({ receivedAt: -1 }).lean().exec();
      return last?.receivedAt ?? null;
    },
  };
}

function fromDocument({ outcome, ...delivery }: DeliveryDocument): Delivery {
  // `progress` or `finish` wrote it.
  return { ...delivery, outcome: JSON.parse(outcome) as Record<string, number> };
}

export type Inbox = ReturnType<typeof createInbox>;
