import { createAccounts, type Accounts } from './accounts.js';
import { createArchive, type Archive } from './archive.js';
import { type Bases, createBases } from './bases.js';
import { createBatches, type Batches } from './batches.js';
import { openConnection } from './connection.js';
import { createCounterparts, type Counterparts } from './counterparts.js';
import { createErasures, type Erasures } from './erasures.js';
import { createEveryCollection, type EveryCollection } from './every-collection.js';
import { createForgetting, type Forgetting } from './forget.js';
import { createInbox, type Inbox } from './inbox.js';
import { createGrants, type Grants } from './grants.js';
import { createLedger, type Ledger } from './ledger.js';
import { createLinks, type Links } from './links.js';
import { createQueryResults, type QueryResults } from './query-results.js';
import { createOptOuts, type OptOuts } from './opt-outs.js';
import { createOrderStates, type OrderStates } from './order-states.js';
import { createRejections, type Rejections } from './rejections.js';
import { createRuns, type Runs } from './runs.js';
import { createScheduleStates, type ScheduleStates } from './schedule-states.js';
import { createSlices, type Slices } from './slices.js';
import { createWebhooks, type Webhooks } from './webhooks.js';
import { createTracked, type Tracked } from './tracked.js';
import { createVerifications, type Verifications } from './verifications.js';
import { createWatermarks, type Watermarks } from './watermarks.js';

export * from './accounts.js';
export * from './archive.js';
export type { StoredBase } from './bases.js';
export * from './batches.js';
export { isDuplicateKey, isStoreUnreachable } from './connection.js';
export * from './counterparts.js';
export * from './counts.js';
export * from './erasures.js';
export type { Person } from './forget.js';
export * from './inbox.js';
export type { SealedText } from './every-collection.js';
export * from './grants.js';
export * from './ledger.js';
export * from './links.js';
export type { QueryResult } from './query-results.js';
export type { OptOut } from './opt-outs.js';
export * from './order-states.js';
export * from './rejections.js';
export * from './run-view.js';
export * from './runs.js';
export * from './slices.js';
export * from './verifications.js';
export type { StoredWebhook } from './webhooks.js';
export type { Watermark } from './watermarks.js';
export type { ScheduleState } from './schedule-states.js';

/** Everything durable. All state is keyed by account. */
export interface Store {
  readonly accounts: Accounts;
  readonly grants: Grants;
  readonly everyCollection: EveryCollection;
  readonly runs: Runs;
  readonly slices: Slices;
  readonly batches: Batches;
  readonly links: Links;
  readonly bases: Bases;
  readonly ledger: Ledger;
  readonly orderStates: OrderStates;
  readonly counterparts: Counterparts;
  readonly rejections: Rejections;
  readonly archive: Archive;
  readonly tracked: Tracked;
  readonly watermarks: Watermarks;
  readonly scheduleStates: ScheduleStates;
  readonly queryResults: QueryResults;
  readonly inbox: Inbox;
  readonly webhooks: Webhooks;
  readonly verifications: Verifications;
  readonly optOuts: OptOuts;
  readonly erasures: Erasures;
  readonly forget: Forgetting;
  /** Creates collections and indexes. Needed once a deployment; harmless again. */
  migrate(): Promise<void>;
  /** Answers when the server does; throws otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export function createStore(url: string): Store {
  const { connection, close } = openConnection(url);
  const store = {
    accounts: createAccounts(connection),
    grants: createGrants(connection),
    everyCollection: createEveryCollection(connection),
    runs: createRuns(connection),
    slices: createSlices(connection),
    batches: createBatches(connection),
    links: createLinks(connection),
    bases: createBases(connection),
    ledger: createLedger(connection),
    orderStates: createOrderStates(connection),
    counterparts: createCounterparts(connection),
    rejections: createRejections(connection),
    archive: createArchive(connection),
    tracked: createTracked(connection),
    watermarks: createWatermarks(connection),
    scheduleStates: createScheduleStates(connection),
    queryResults: createQueryResults(connection),
    inbox: createInbox(connection),
    webhooks: createWebhooks(connection),
    verifications: createVerifications(connection),
    optOuts: createOptOuts(connection),
    erasures: createErasures(connection),
    forget: createForgetting(connection),
  };
  return {
    ...store,
    async migrate() {
      await connection.asPromise();
      for (const name of connection.modelNames()) await indexed(connection.model(name));
    },
    async ping() {
      await connection.asPromise();
      await connection.db?.command({ ping: 1 });
    },
    close,
  };
}

/** What of a Mongoose model is needed here, whatever it is of. */
interface AnyModel {
  readonly schema: { indexes(): readonly (readonly [key: unknown, options: unknown])[] };
  readonly collection: { indexes(): Promise<readonly { key?: unknown }[]> };
  createCollection(): Promise<unknown>;
  createIndexes(): Promise<unknown>;
}

/** Nothing is asked for that is there: every process of a deployment does this as it starts, and the embedded server takes two at once amiss. */
async function indexed(model: AnyModel): Promise<void> {
  const there = await indexKeysOf(model);
  if (!there) await model.createCollection();
  const wanted = model.schema.indexes().map(([key]) => JSON.stringify(key));
  if (wanted.some((key) => !there?.has(key))) await model.createIndexes();
}

/** Null when there is no such collection. */
async function indexKeysOf(model: AnyModel): Promise<ReadonlySet<string> | null> {
  try {
    return new Set((await model.collection.indexes()).map(({ key }) => JSON.stringify(key)));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === NO_COLLECTION) return null;
    throw error;
  }
}

/** NamespaceNotFound (mongodb.com/docs/manual/reference/error-codes). */
const NO_COLLECTION = 26;
