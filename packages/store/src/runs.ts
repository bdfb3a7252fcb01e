import { RetryLater } from '@tajo/errors';
import { Schema, type Connection } from 'mongoose';
import { ulid } from 'ulid';
import { isDuplicateKey } from './connection.js';
import type { Counts } from './counts.js';

export type RunMode = 'full' | 'incremental' | 'verify' | 'replay';
export type RunState = 'planning' | 'running' | 'reconciling' | 'paused' | 'stopped' | 'completed' | 'failed' | 'cancelled';
export const FINAL_STATES: readonly RunState[] = ['completed', 'failed', 'cancelled'];

export interface RunProblem {
  code: string;
  message: string;
  remedy?: string;
  at: Date;
}

/** Numbers of both sides after the last settlement, and every unexplained difference between them. */
export interface Comparison {
  klaviyo: Record<string, number>;
  brevo: Record<string, number>;
  /** Keys whose numbers differ, with the words for an operator. */
  differences: { key: string; klaviyo: number; brevo: number; explanation: string }[];
}

/** Consent on both sides. */
export interface Reconciliation extends Comparison {
  /** Contacts in Brevo that are mailable though Klaviyo does not allow it. Must be 0. */
  wronglyMailable: number;
  /** Contacts whose phone number Brevo dropped without refusing the row. */
  phonesNotTaken: number;
  /** Contacts in Brevo that did not come from this Klaviyo account. */
  foreign: number;
  /** Contacts linked by earlier runs that this run did not read. */
  notRead: number;
}

/** What became of profiles that are gone from Klaviyo, by a full run. */
export interface Deletions {
  /** `asked`: more are gone than `deletes.max_share` allows, so nothing happens until somebody confirms it. */
  state: 'asked' | 'confirmed' | 'done';
  /** Profiles we knew when the run looked, and those of them that are gone. */
  known: number;
  gone: number;
  maxShare: number;
  /** Contacts, by what was done to them. */
  outcomes: { merged: number; unlinked: number; blocklisted: number; deleted: number };
}

export interface StoredRun {
  _id: string;
  account: string;
  mode: RunMode;
  resources: string[];
  /** Write records again although the link says that they are unchanged. */
  force: boolean;
  state: RunState;
  /** The state to return to from `paused` or `stopped`. */
  resumeTo: RunState | null;
  /** When it last went on after standing still: what jobs gave up before that is begun anew at once. */
  resumedAt?: Date | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  problem: RunProblem | null;
  /** How far planning came: finished stages, and the offset of the contact sweep. */
  plan: {
    done: string[];
    sweepOffset: number;
    /** Resources that have their slices. */
    begun: string[];
  };
  /** By resource: what an incremental run asks for begins here. A resource that is not in it is read whole. */
  since?: Record<string, Date>;
  /** By resource, where it is read up to a later moment than the run's beginning. */
  until?: Record<string, Date>;
  /** How far the vendor's clock was seen behind ours, in milliseconds. */
  vendorBehindMs?: number;
  /** Resources that could not begin, and why; those that wait for them do not begin either. */
  stuck: Record<string, RunProblem>;
  /** What `map` needs, fixed when the run was planned, by resource. Opaque to the store. */
  rules: Record<string, unknown>;
  /** How far the final comparison came. */
  reconcileOffset: number;
  reconcileTally: Record<string, number>;
  reconciliation: Reconciliation | null;
  /** By resource, where both sides can be counted. */
  comparisons: Record<string, Comparison>;
  /** What was expected before the first write, by resource. Opaque to the store. */
  forecast: unknown;
  /** Final totals by resource, kept when the run ends. */
  totals: Record<string, Counts> | null;
  /** Null where nobody was gone, or nobody looked. */
  deletions?: Deletions | null;
  /** Records to read again, for `replay`. */
  replay: { resource: string; ids: string[] }[] | null;
  /** The verification whose differences it repairs; such a run also settles the profiles that were found gone. */
  repairs?: string | null;
}

/**
 * What is kept as JSON text: its keys are names of reasons, facts and customers' properties, and a field name of MongoDB may not be
 * just anything.
 */
const AS_TEXT = ['reconcileTally', 'reconciliation', 'comparisons', 'forecast', 'totals'] as const;
type AsText = (typeof AS_TEXT)[number];
/** Rules stand by resource, each as text, so that resources which begin at the same time do not overwrite each other's. */
type RunDocument = Omit<StoredRun, AsText | 'rules'> & Record<AsText, string> & { rules: Record<string, string> };

const schema = new Schema<RunDocument>(
  {
    _id: String,
    account: String,
    mode: String,
    resources: [String],
    force: Boolean,
    state: String,
    resumeTo: { type: String, default: null },
    resumedAt: { type: Date, default: null },
    createdAt: Date,
    startedAt: { type: Date, default: null },
    finishedAt: { type: Date, default: null },
    problem: { type: Object, default: null },
    plan: { type: Object },
    since: { type: Object },
    until: { type: Object },
    vendorBehindMs: Number,
    rules: { type: Object },
    stuck: { type: Object },
    reconcileOffset: { type: Number, default: 0 },
    reconcileTally: String,
    reconciliation: String,
    comparisons: String,
    forecast: String,
    totals: String,
    deletions: { type: Object, default: null },
    replay: { type: Array, default: null },
    repairs: { type: String, default: null },
  },
  { versionKey: false, minimize: false },
);
schema.index({ account: 1, createdAt: -1 });
schema.index({ state: 1 });
schema.index({ 'deletions.state': 1 });

/** A name that one run holds: `full:<account>`, or an idempotency key. Atomic by its `_id`. */
interface Claim {
  _id: string;
  run: string;
  fingerprint: string;
  at: Date;
}

const claimSchema = new Schema<Claim>({ _id: String, run: String, fingerprint: String, at: Date }, { versionKey: false });

/** Each try lost means that somebody else got the name and gave it up within two calls. */
const CLAIM_TRIES = 10;
/** How long making a run may take between its claim and its document. */
const MAKING_MS = 30_000;

export type NewRun = Pick<StoredRun, 'account' | 'mode' | 'resources'> &
  Partial<Pick<StoredRun, 'force' | 'replay' | 'repairs'>> & { idempotencyKey?: string };

export type CreateOutcome =
  | { kind: 'created'; run: StoredRun }
  /** The same idempotency key and the same request: the run it made the first time. */
  | { kind: 'repeated'; run: StoredRun }
  /** The same idempotency key with another request. */
  | { kind: 'key-reused'; runId: string }
  /** Another run of the account is not finished; or is just being made, then there is no document of it yet. */
  | { kind: 'busy'; runId: string };

export function createRuns(connection: Connection) {
  const model = connection.model('run', schema);
  const claims = connection.model('claim', claimSchema);

  /** Null when `run` holds the name from now on, else who holds it. */
  async function claim(name: string, run: string, fingerprint: string, now: Date): Promise<Claim | null> {
    for (let tries = 0; tries < CLAIM_TRIES; tries += 1) {
      try {
        await claims.create({ _id: name, run, fingerprint, at: now });
        return null;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      const holder = await claims.findById(name).lean().exec();
      // None: it was given up between the two calls, so the name is free again.
      if (holder) return holder;
    }
    throw new RetryLater('claim_contended', `The claim ${name} changed hands ${CLAIM_TRIES} times in a row; try again.`);
  }

  /** Only one unfinished run of an account may write at a time; a claim whose run is gone or final is taken over. */
  async function claimAccount(account: string, run: string, now: Date): Promise<string | null> {
    const name = `active:${account}`;
    const holder = await claim(name, run, '', now);
    if (!holder || holder.run === run) return null;
    const held = await model.findById(holder.run).lean().exec();
    // A fresh claim without its run is a producer between the two writes: give it time before taking over.
    const abandoned = held ? FINAL_STATES.includes(held.state) : now.getTime() - holder.at.getTime() > MAKING_MS;
    if (!abandoned) return holder.run;
    if (await takeOver(holder, run, now)) return null;
    return (await claims.findById(name).lean().exec())?.run ?? holder.run;
  }

  async function takeOver(abandoned: Claim, run: string, now: Date): Promise<boolean> {
    const taken = await claims.updateOne({ _id: abandoned._id, run: abandoned.run }, { $set: { run, at: now } }).exec();
    return taken.matchedCount === 1;
  }

  /**
   * Who has taken the account over while this run was being made, which then is not made after all: a producer that stood still for
   * longer than `MAKING_MS` between the two writes. Null nearly always.
   */
  async function overtaken(run: StoredRun): Promise<string | null> {
    const holder = await claims.findById(`active:${run.account}`).lean().exec();
    if (!holder || holder.run === run._id) return null;
    const removed = await model.deleteOne({ _id: run._id, state: 'planning', startedAt: null }).exec();
    return removed.deletedCount === 1 ? holder.run : null;
  }

  async function find(id: string): Promise<StoredRun | null> {
    const found = await model.findById(id).lean().exec();
    return found && fromDocument(found);
  }

  return {
    async create(request: NewRun, now: Date): Promise<CreateOutcome> {
      const id = `run_${ulid(now.getTime()).toLowerCase()}`;
      const { idempotencyKey } = request;
      const fingerprint = JSON.stringify([
        request.mode,
        [...request.resources].sort(),
        request.force ?? false,
        request.replay ?? null,
      ]);
      const keyName = idempotencyKey ? `key:${request.account}:${idempotencyKey}` : null;
      if (keyName) {
        const earlier = await claim(keyName, id, fingerprint, now);
        if (earlier && earlier.fingerprint !== fingerprint) return { kind: 'key-reused', runId: earlier.run };
        const run = earlier && (await find(earlier.run));
        if (run) return { kind: 'repeated', run };
        // The key's first request is between its two writes, at the same time as this one: let it finish.
        if (earlier && now.getTime() - earlier.at.getTime() < MAKING_MS) return { kind: 'busy', runId: earlier.run };
        // Else it died before it made its run: one of those that ask again takes the key over.
        if (earlier && !(await takeOver(earlier, id, now))) return { kind: 'busy', runId: earlier.run };
      }
      const busyWith = await claimAccount(request.account, id, now);
      if (busyWith) {
        if (keyName) await claims.deleteOne({ _id: keyName, run: id }).exec();
        return { kind: 'busy', runId: busyWith };
      }
      const run: StoredRun = {
        _id: id,
        account: request.account,
        mode: request.mode,
        resources: [...request.resources],
        force: request.force ?? false,
        state: 'planning',
        resumeTo: null,
        resumedAt: null,
        createdAt: now,
        startedAt: null,
        finishedAt: null,
        problem: null,
        plan: { done: [], sweepOffset: 0, begun: [] },
        since: {},
        vendorBehindMs: 0,
        stuck: {},
        rules: {},
        reconcileOffset: 0,
        reconcileTally: {},
        reconciliation: null,
        comparisons: {},
        forecast: null,
        totals: null,
        deletions: null,
        replay: request.replay ?? null,
        repairs: request.repairs ?? null,
      };
      await model.create(toDocument(run));
      const overtakenBy = await overtaken(run);
      if (overtakenBy === null) return { kind: 'created', run };
      if (keyName) await claims.deleteOne({ _id: keyName, run: id }).exec();
      return { kind: 'busy', runId: overtakenBy };
    },

    get: find,

    async list(filter: {
      account?: string;
      states?: readonly RunState[];
      limit?: number;
      before?: string;
    }): Promise<StoredRun[]> {
      const query = {
        ...(filter.account === undefined ? {} : { account: filter.account }),
        ...(filter.states === undefined ? {} : { state: { $in: [...filter.states] } }),
        ...(filter.before === undefined ? {} : { _id: { $lt: filter.before } }),
      };
      return (
        await model
          .find(query)
          .sort({ _id: -1 })
          .limit(filter.limit ?? 50)
          .lean()
          .exec()
      ).map(fromDocument);
    },

    /** Every run that somebody still has to work on. */
    async unfinished(): Promise<StoredRun[]> {
      const found = await model
        .find({ state: { $in: ['planning', 'running', 'reconciling'] } })
        .sort({ _id: 1 })
        .lean()
        .exec();
      return found.map(fromDocument);
    },

    /** Ended ones whose deletions were confirmed and not carried out yet. */
    async withConfirmedDeletions(): Promise<Pick<StoredRun, '_id' | 'account'>[]> {
      return model.find({ 'deletions.state': 'confirmed' }, { account: 1 }).lean().exec();
    },

    /** False when nothing of the run waits to be confirmed. */
    async confirmDeletions(id: string): Promise<boolean> {
      const confirmed = await model
        .updateOne({ _id: id, 'deletions.state': 'asked' }, { $set: { 'deletions.state': 'confirmed' } })
        .exec();
      return confirmed.matchedCount === 1;
    },

    /** How many runs stand in each state, for metrics. */
    async countByState(): Promise<Record<RunState, number>> {
      const states: readonly RunState[] = ['planning', 'running', 'reconciling', 'paused', 'stopped', ...FINAL_STATES];
      const counts = await Promise.all(
        states.map(async (state) => [state, await model.countDocuments({ state }).exec()] as const),
      );
      // Every state is in the list.
      return Object.fromEntries(counts) as Record<RunState, number>;
    },

    /** Moves the run on only if it is in one of `from`; answers whether it was. */
    async move(id: string, from: readonly RunState[], to: RunState, set: Partial<StoredRun> = {}): Promise<boolean> {
      const moved = await model
        .updateOne({ _id: id, state: { $in: [...from] } }, { $set: { ...toDocument(set), state: to } })
        .exec();
      return moved.matchedCount === 1;
    },

    async update(id: string, set: Partial<StoredRun>): Promise<void> {
      await model.updateOne({ _id: id }, { $set: toDocument(set) }).exec();
    },

    /** The resource has its rules; from now on `map` may rely on them. */
    async setRules(id: string, resource: string, rules: unknown): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { [`rules.${resource}`]: JSON.stringify(rules ?? null) } }).exec();
    },

    /** What of the resource is asked for begins at `since`: fixed before its slices are made, so that making them again makes the same. */
    async setSince(id: string, resource: string, since: Date): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { [`since.${resource}`]: since } }).exec();
    },

    /** What of the resource is read ends at `until`; fixed like `since`. */
    async setUntil(id: string, resource: string, until: Date): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { [`until.${resource}`]: until } }).exec();
    },

    /** Kept is the farthest behind that was seen. */
    async vendorBehind(id: string, ms: number): Promise<void> {
      await model.updateOne({ _id: id, vendorBehindMs: { $lt: ms } }, { $set: { vendorBehindMs: ms } }).exec();
    },

    /** The resource has its slices. */
    async begun(id: string, resource: string): Promise<void> {
      await model.updateOne({ _id: id }, { $addToSet: { 'plan.begun': resource }, $unset: { [`stuck.${resource}`]: 1 } }).exec();
    },

    /** The resource cannot begin until somebody acts. */
    async stuck(id: string, resource: string, problem: RunProblem): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { [`stuck.${resource}`]: problem } }).exec();
    },

    /** Lets another full run of the account start. */
    async releaseAccount(account: string, run: string): Promise<void> {
      await claims.deleteOne({ _id: `active:${account}`, run }).exec();
    },

    claimAccount,

    /** One process at a time holds a named duty until `forMs` from now; answers whether it is this one. */
    async holdDuty(name: string, holder: string, forMs: number, now: Date): Promise<boolean> {
      const id = `duty:${name}`;
      const current = await claims.findById(id).lean().exec();
      if (!current) return (await claim(id, holder, '', new Date(now.getTime() + forMs))) === null;
      if (current.run !== holder && current.at > now) return false;
      const taken = await claims
        .updateOne({ _id: id, run: current.run, at: current.at }, { $set: { run: holder, at: new Date(now.getTime() + forMs) } })
        .exec();
      return taken.matchedCount === 1;
    },
  };
}

function toDocument(set: StoredRun): RunDocument;
function toDocument(set: Partial<StoredRun>): Partial<RunDocument>;
function toDocument(set: Partial<StoredRun>): object {
  return {
    ...set,
    ...(set.rules && { rules: mapValues(set.rules, (rules) => JSON.stringify(rules ?? null)) }),
    ...Object.fromEntries(AS_TEXT.filter((name) => name in set).map((name) => [name, JSON.stringify(set[name])])),
  };
}

function fromDocument(stored: RunDocument): StoredRun {
  const values = Object.fromEntries(AS_TEXT.map((name) => [name, JSON.parse(stored[name])]));
  // toDocument made each text from a value of its type.
  return {
    ...stored,
    ...(values as Pick<StoredRun, AsText>),
    rules: mapValues(stored.rules, (rules) => JSON.parse(rules) as unknown),
  };
}

function mapValues<From, To>(map: Readonly<Record<string, From>>, to: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, to(value)]));
}

export type Runs = ReturnType<typeof createRuns>;
