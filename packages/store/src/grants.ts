import { Schema, type Connection } from 'mongoose';

/**
 * An account's OAuth connection to Klaviyo. `version` counts the tokens it had: new ones are stored in the place of the version they were
 * got with or not at all. `fence` is raised by every lease, so that of several processes one refreshes.
 */
export interface Grant {
  _id: string;
  account: string;
  /** Tells this connection from an earlier one of the account. */
  grant: string;
  /** Both tokens, sealed. */
  sealed: string;
  version: number;
  expiresAt: Date;
  /** How long the access token was good when it was given. */
  lifeMs: number;
  refreshedAt: Date;
  fence: number;
  leaseUntil: Date | null;
  /** Klaviyo has ended it; only connecting again helps. */
  endedAt: Date | null;
}

export type NewTokens = Pick<Grant, 'sealed' | 'expiresAt' | 'lifeMs'>;

/** One attempt to connect. Single use: it is gone once it was taken. */
export interface OAuthState {
  /** Hash of the state that went through the browser. */
  _id: string;
  account: string;
  /** The PKCE verifier, and a Brevo key where one came along. */
  sealed: string;
  redirectUri: string;
  expiresAt: Date;
}

const grantSchema = new Schema<Grant>(
  {
    _id: String,
    account: String,
    grant: String,
    sealed: String,
    version: Number,
    expiresAt: Date,
    lifeMs: Number,
    refreshedAt: Date,
    fence: Number,
    leaseUntil: { type: Date, default: null },
    endedAt: { type: Date, default: null },
  },
  { versionKey: false },
);
grantSchema.index({ refreshedAt: 1 });

const stateSchema = new Schema<OAuthState>(
  { _id: String, account: String, sealed: String, redirectUri: String, expiresAt: Date },
  { versionKey: false },
);

export function createGrants(connection: Connection) {
  const model = connection.model('grant', grantSchema);
  const states = connection.model('oauth_state', stateSchema, 'oauth_states');

  return {
    /** A connection begins, in the place of any other. */
    async put(account: string, grant: string, tokens: NewTokens, now: Date): Promise<void> {
      const fresh = { account, grant, ...tokens, version: 1, refreshedAt: now, fence: 0, leaseUntil: null, endedAt: null };
      await model.replaceOne({ _id: account }, fresh, { upsert: true }).exec();
    },

    async get(account: string): Promise<Grant | null> {
      return model.findById(account).lean().exec();
    },

    /** Takes the right to refresh until `until`; the grant as it is held, or null when somebody else has it or the tokens are newer. */
    async lease(seen: Grant, until: Date, now: Date): Promise<Grant | null> {
      if (seen.leaseUntil !== null && seen.leaseUntil > now) return null;
      const lease = { fence: seen.fence + 1, leaseUntil: until };
      const { _id, grant, version, fence } = seen;
      const taken = await model.updateOne({ _id, grant, version, fence }, { $set: lease }).exec();
      return taken.matchedCount === 1 ? { ...seen, ...lease } : null;
    },

    /**
     * Stores the tokens that the held version was exchanged for. Also after the lease has passed: what Klaviyo gave last is then all there
     * is. False when newer ones stand there.
     */
    async renew(held: Grant, tokens: NewTokens, now: Date): Promise<boolean> {
      const { _id, grant, version } = held;
      const set = { ...tokens, version: version + 1, refreshedAt: now, leaseUntil: null, endedAt: null };
      return (await model.updateOne({ _id, grant, version }, { $set: set }).exec()).matchedCount === 1;
    },

    /** Gives the lease back, at once or at a time before which nobody should ask again. */
    async release({ _id, grant, fence }: Grant, until: Date | null): Promise<void> {
      await model.updateOne({ _id, grant, fence }, { $set: { leaseUntil: until } }).exec();
    },

    /** Klaviyo has ended the connection. False when that is old news: somebody else has newer tokens, or the lease by now. */
    async end({ _id, grant, version, fence }: Grant, now: Date): Promise<boolean> {
      const ended = await model.updateOne({ _id, grant, version, fence }, { $set: { endedAt: now, leaseUntil: null } }).exec();
      return ended.matchedCount === 1;
    },

    /** Connections that nobody has used since `before`. */
    async idle(before: Date): Promise<Grant[]> {
      return model
        .find({ refreshedAt: { $lt: before }, endedAt: null })
        .sort({ refreshedAt: 1 })
        .limit(100)
        .lean()
        .exec();
    },

    /** With a `grant`, only if it is still that one. */
    async remove(account: string, grant?: string): Promise<void> {
      await model.deleteOne({ _id: account, ...(grant !== undefined && { grant }) }).exec();
    },

    /** Also removes attempts that were left lying. */
    async begin(state: OAuthState, now: Date): Promise<void> {
      await states.deleteMany({ expiresAt: { $lte: now } }).exec();
      await states.create(state);
    },

    /** The attempt, for the first who asks; null for everybody else, and once it has expired. */
    async take(id: string, now: Date): Promise<OAuthState | null> {
      const found = await states.findById(id).lean().exec();
      // Not findOneAndDelete: of several at once, one deletes it on every server.
      if (!found || (await states.deleteOne({ _id: id }).exec()).deletedCount !== 1) return null;
      return found.expiresAt > now ? found : null;
    },
  };
}

export type Grants = ReturnType<typeof createGrants>;
