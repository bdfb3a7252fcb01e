import { messageOf, RetryLater, TajoError } from '@tajo/errors';
import { Redis } from 'ioredis';

/**
 * A connection whose commands fail at once while Redis is away, so that an HTTP caller gets its 503 instead of a request that hangs.
 * `name` shows in `CLIENT LIST`.
 */
export function openRedis(url: string, name: string): Redis {
  return new Redis(url, {
    connectionName: name,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    connectTimeout: 5_000,
    commandTimeout: 5_000,
    lazyConnect: true,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
  });
}

/** Resolves once commands can be sent. Says which address does not answer and why, without its password. */
export async function redisReady(redis: Redis): Promise<void> {
  // What `connect` throws only says that the connection is closed.
  let reason: unknown;
  const note = (error: Error) => {
    reason = error;
  };
  redis.on('error', note);
  try {
    await redis.connect();
  } catch (error) {
    const cause = reason ?? error;
    const { host, port } = redis.options;
    // No fault of the configuration: whoever supervises the process is to start it again.
    throw new RetryLater(
      'redis_unreachable',
      `Redis at ${host}:${port} cannot be reached (${messageOf(cause)}); check REDIS_URL and that it runs.`,
      { cause },
    );
  } finally {
    redis.off('error', note);
  }
}

const SIGNS =
  /enableOfflineQueue|Connection is closed|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|Command timed out|LOADING|READONLY/;

/** Whether an error means that Redis is away for now. ioredis mostly throws plain errors, so their words must do. */
export function isRedisUnreachable(thrown: unknown): boolean {
  // A vendor that refuses connections sounds the same.
  if (thrown instanceof TajoError && /^(klaviyo|brevo)_/.test(thrown.code)) return false;
  for (let error: unknown = thrown; error instanceof Error; error = error.cause) {
    if (error.name === 'MaxRetriesPerRequestError' || SIGNS.test(error.message)) return true;
  }
  return false;
}
