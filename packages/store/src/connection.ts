import { setTimeout as sleep } from 'node:timers/promises';
import { types } from 'node:util';
import mongoose from 'mongoose';

/**
 * One connection a process. No sessions, transactions or retryable writes: everything here must run the same on MongoDB and on
 * servers that only speak its protocol.
 */
export function openConnection(url: string): OpenConnection {
  const connection = mongoose.createConnection();
  const closing = new AbortController();
  const connected = connect(connection, url, closing.signal);
  return {
    connection,
    close: async () => {
      closing.abort();
      await connected;
      await connection.close();
    },
  };
}

export interface OpenConnection {
  readonly connection: mongoose.Connection;
  readonly close: () => Promise<void>;
}

/**
 * Once connected the driver reconnects by itself, but Mongoose gives up after the first failure to connect: a process that starts
 * while the server is away would never find it. Never rejects: a failure reaches every caller through its operation.
 */
async function connect(connection: mongoose.Connection, url: string, closing: AbortSignal): Promise<void> {
  while (!closing.aborted) {
    try {
      await connection.openUri(url, OPTIONS);
      return;
    } catch (error) {
      if (!isStoreUnreachable(error)) return;
      await sleep(RECONNECT_MS, undefined, { signal: closing }).catch(() => undefined);
    }
  }
}

/** An operation waits at most about this long for a server that is away. */
const WAIT_MS = 5_000;
const RECONNECT_MS = 500;

const OPTIONS = {
  retryWrites: false,
  serverSelectionTimeoutMS: WAIT_MS,
  bufferTimeoutMS: WAIT_MS,
  socketTimeoutMS: 60_000,
  maxPoolSize: 30,
  autoIndex: false,
  // `migrate` makes the collections. Made by every process as it connects, the embedded server may lose the index of one.
  autoCreate: false,
};

/** Unordered: one write does not hold up the others. Mongoose would otherwise leave out in silence what does not fit its schema. */
export const BULK = { ordered: false, throwOnValidationError: true } as const;

const UNREACHABLE = new Set([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongoPoolClearedError',
  'MongoTopologyClosedError',
  'MongoNotConnectedError',
  'MongooseServerSelectionError',
  'MongoExpiredSessionError',
  'PoolClearedOnNetworkError',
  'MongoPoolClosedError',
  'MongoOperationTimeoutError',
  'MongoWaitQueueTimeoutError',
]);

/** A replica set that elects its primary, or a server that shuts down (error_codes.yml of mongodb/mongo, category RetriableError). */
const PASSING_CODES: ReadonlySet<unknown> = new Set([6, 7, 89, 91, 189, 262, 9_001, 10_107, 11_600, 11_602, 13_435, 13_436]);

/** Whether an error means that MongoDB is away for now, so that trying again later is right. */
export function isStoreUnreachable(thrown: unknown): boolean {
  // Not `instanceof`: Node's own socket errors are of another realm where a test runs in one of its own.
  for (let error: unknown = thrown; types.isNativeError(error); error = beneath(error)) {
    if (UNREACHABLE.has(error.name)) return true;
    if (isSocketErrorOfDriver(error)) return true;
    if (error.name.startsWith('Mongo') && 'code' in error && PASSING_CODES.has(error.code)) return true;
    if (error.name === 'MongooseError' && /buffering timed out|not connected/i.test(error.message)) return true;
  }
  return false;
}

/** A write to a socket that the server has just closed: the driver (7.8) lets Node's own error through, known only by where it arose. */
function isSocketErrorOfDriver(error: Error): boolean {
  if (!('code' in error) || (error.code !== 'EPIPE' && error.code !== 'ECONNRESET')) return false;
  return /[\\/]mongodb[\\/]/.test(error.stack ?? '');
}

/** What a bulk write was interrupted by stands in its `errorResponse`, not in its `cause`. */
function beneath(error: Error): unknown {
  return error.cause ?? ('errorResponse' in error ? error.errorResponse : undefined);
}

export function isDuplicateKey(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 11000;
}
