import { messageOf } from '@tajo/errors';
import { Redis } from 'ioredis';
import type { Finding } from './check.js';

const name = 'Redis';

/** Reaches Redis and looks at what would lose jobs: keys evicted under memory pressure, or nothing kept on disk. */
export async function checkRedis(url: string): Promise<Finding[]> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 3_000,
    commandTimeout: 3_000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // connect() says only that the connection is closed; the event says why.
  let cause: Error | undefined;
  redis.on('error', (error: Error) => {
    cause = error;
  });
  try {
    await redis.connect();
    const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? 'unknown version';
    return [
      { name, verdict: 'good', detail: `${version} answers` },
      evictionOf(await setting(redis, 'maxmemory-policy')),
      persistenceOf(await setting(redis, 'appendonly')),
    ];
  } catch (error) {
    return [
      {
        name,
        verdict: 'bad',
        detail: `cannot be reached (${messageOf(cause ?? error)})`,
        remedy: 'Start it, or mend REDIS_URL (host, port, password, rediss:// for TLS).',
      },
    ];
  } finally {
    redis.disconnect();
  }
}

function evictionOf(policy: string | undefined): Finding {
  const item = `${name} eviction`;
  if (policy === undefined)
    return { name: item, verdict: 'unknown', detail: 'CONFIG is not allowed here; see that maxmemory-policy is noeviction' };
  if (policy === 'noeviction') return { name: item, verdict: 'good', detail: 'maxmemory-policy is noeviction' };
  return {
    name: item,
    verdict: 'bad',
    detail: `maxmemory-policy is ${policy}: under memory pressure Redis would throw jobs away`,
    remedy: 'CONFIG SET maxmemory-policy noeviction, and the same in redis.conf.',
  };
}

function persistenceOf(appendonly: string | undefined): Finding {
  const item = `${name} persistence`;
  if (appendonly === undefined)
    return { name: item, verdict: 'unknown', detail: 'CONFIG is not allowed here; see that appendonly is yes' };
  if (appendonly === 'yes') return { name: item, verdict: 'good', detail: 'appendonly is on' };
  return {
    name: item,
    verdict: 'doubtful',
    detail: 'appendonly is off: after a crash of Redis queues are built anew from MongoDB, which takes a moment',
    remedy: 'CONFIG SET appendonly yes in production.',
  };
}

/** Managed Redis often forbids CONFIG. */
async function setting(redis: Redis, key: string): Promise<string | undefined> {
  try {
    const answer = await redis.config('GET', key);
    const value: unknown = Array.isArray(answer) ? answer[1] : undefined;
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
