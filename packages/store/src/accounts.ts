import { Schema, type Connection } from 'mongoose';
import { isDuplicateKey } from './connection.js';

/** How a contact carries its Klaviyo id: Brevo's `EXT_ID` column, or a text attribute where imports ignore that column. */
export type IdentityMode = 'unknown' | 'ext_id' | 'attribute';

export interface StoredAccount {
  _id: string;
  /** Credentials, sealed (see the producer's and worker's secret box); absent for the account of the configuration file. */
  sealed: string | null;
  identity: IdentityMode;
  /** Why the account stands still; an operator must act. */
  stopped: { code: string; message: string; remedy: string; at: Date } | null;
  /** Unguessable path part of the callbacks Brevo sends for this account. */
  callbackToken: string;
  connectedAt: Date | null;
  /** Since when nothing is started for the account, and the runs that were paused with it. */
  pausedAt?: Date | null;
  pausedRuns?: string[];
  /** Since when it is being deleted: nobody may work for it any more. */
  deletingAt?: Date | null;
  /** Brevo attribute by custom property, for properties that no mapping names. A name once given stays. */
  propertyNames: Record<string, string>;
  /** When this account's open imports were looked at, within the last hour or so; all workers share the hour's requests. */
  looks: Date[];
}

/** The names as JSON text: a property may be called anything, and a field name of MongoDB may not. */
type AccountDocument = Omit<StoredAccount, 'propertyNames'> & { propertyNames: string | null };

const schema = new Schema<AccountDocument>(
  {
    _id: String,
    sealed: { type: String, default: null },
    identity: { type: String, default: 'unknown' },
    stopped: { type: Object, default: null },
    callbackToken: String,
    connectedAt: { type: Date, default: null },
    pausedAt: { type: Date, default: null },
    pausedRuns: [String],
    deletingAt: { type: Date, default: null },
    propertyNames: { type: String, default: null },
    looks: [Date],
  },
  { versionKey: false, minimize: false },
);

export function createAccounts(connection: Connection) {
  const model = connection.model('account', schema);
  return {
    async get(id: string): Promise<StoredAccount | null> {
      return fromDocument(await model.findById(id).lean().exec());
    },

    async list(): Promise<StoredAccount[]> {
      return (await model.find().sort({ _id: 1 }).lean().exec()).map(fromDocument);
    },

    /** Makes the account known. Harmless when it is. */
    async ensure(id: string, callbackToken: string): Promise<StoredAccount> {
      const found = await model
        .findOneAndUpdate(
          { _id: id },
          {
            $setOnInsert: {
              sealed: null,
              identity: 'unknown',
              stopped: null,
              callbackToken,
              connectedAt: null,
              propertyNames: null,
              looks: [],
            },
          },
          { upsert: true, returnDocument: 'after' },
        )
        .lean()
        .exec();
      return fromDocument(found);
    },

    /** False when there is an account of this name. */
    async create(id: string, callbackToken: string, sealed: string | null): Promise<boolean> {
      try {
        await model.create({ _id: id, callbackToken, sealed });
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },

    async pause(id: string, now: Date): Promise<void> {
      await model.updateOne({ _id: id, pausedAt: null }, { $set: { pausedAt: now } }).exec();
    },

    /** The run stands still because the account does. */
    async notePausedRun(id: string, run: string): Promise<void> {
      await model.updateOne({ _id: id }, { $addToSet: { pausedRuns: run } }).exec();
    },

    async unpause(id: string): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { pausedAt: null, pausedRuns: [] } }).exec();
    },

    async startDeleting(id: string, now: Date): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { deletingAt: now } }).exec();
    },

    async connect(id: string, sealed: string, now: Date): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { sealed, stopped: null, connectedAt: now } }).exec();
    },

    /** Forgets how Klaviyo is reached; `sealed` is what stays. */
    async disconnect(id: string, sealed: string | null): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { sealed, connectedAt: null } }).exec();
    },

    async setIdentity(id: string, identity: IdentityMode): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { identity } }).exec();
    },

    async setPropertyNames(id: string, names: Readonly<Record<string, string>>): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { propertyNames: JSON.stringify(names) } }).exec();
    },

    async setLooks(id: string, looks: readonly Date[]): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { looks: [...looks] } }).exec();
    },

    async stop(id: string, why: NonNullable<StoredAccount['stopped']>): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { stopped: why } }).exec();
    },

    async clearStop(id: string): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { stopped: null } }).exec();
    },

    async byCallbackToken(token: string): Promise<StoredAccount | null> {
      return fromDocument(await model.findOne({ callbackToken: token }).lean().exec());
    },
  };
}

function fromDocument<Found extends AccountDocument | null>(found: Found): Found extends null ? null : StoredAccount;
function fromDocument(found: AccountDocument | null): StoredAccount | null {
  // setPropertyNames wrote it.
  return found && { ...found, propertyNames: JSON.parse(found.propertyNames ?? '{}') as Record<string, string> };
}

export type Accounts = ReturnType<typeof createAccounts>;
