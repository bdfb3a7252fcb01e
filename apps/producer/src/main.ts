import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createAccountOpener, DEFAULT_ACCOUNT } from '@tajo/accounts';
import { loadConfig, type Config } from '@tajo/config';
import { openQueues, RUNS_QUEUE } from '@tajo/contracts';
import { BadInput, messageOf, RetryLater } from '@tajo/errors';
import { createRedisLimiter } from '@tajo/limiter';
import { createLogger, type Logger, redact } from '@tajo/logging';
import { topology } from '@tajo/mapping';
import { createStore, isStoreUnreachable } from '@tajo/store';
import { openRedis, redisReady } from './redis.js';
import { startKeeping } from './schedules/keep.js';
import { wantedSchedules } from './schedules/wanted.js';
import { apiKeyOf, createProducer } from './server.js';

/** What SIGTERM may take, with room for the supervisor's 20 s. */
const END_WITHIN_MS = 15_000;

type Closer = () => unknown;

async function main(): Promise<void> {
  const config = loadConfig({ env: process.env });
  const logger = createLogger({ name: 'producer', level: config.logLevel });
  // Before anything is opened: it is the message a first start most likely needs.
  apiKeyOf(config);
  const closers: Closer[] = [];
  const ending = new AbortController();
  let ended: Promise<void> | undefined;
  const end = () => (ended ??= closeAll(closers, ending, logger));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      logger.info({ signal }, 'producer ending');
      void end();
    });
  }
  try {
    await open(config, logger, closers, ending.signal);
  } catch (error) {
    await end();
    throw error;
  }
}

async function open(config: Config, logger: Logger, closers: Closer[], ending: AbortSignal): Promise<void> {
  const redis = openRedis(required(config.redisUrl, 'redis_url', 'REDIS_URL'), 'tajo-producer');
  // Without a listener every failed reconnect would end the process.
  redis.on('error', (error: Error) => logger.debug({ reason: error.message }, 'redis connection'));
  closers.push(() => redis.disconnect());
  await redisReady(redis);

  const store = createStore(required(config.mongoUrl, 'mongo_url', 'MONGO_URL'));
  closers.push(() => store.close());
  await migrated(store);
  if (config.account.configured) await store.accounts.ensure(DEFAULT_ACCOUNT, randomBytes(24).toString('base64url'));

  const queues = openQueues({ connection: redis, prefix: config.queuePrefix, ...topology });
  for (const queue of queues.values()) {
    queue.on('error', (error) => logger.debug({ queue: queue.name, reason: error.message }, 'queue connection'));
    closers.push(() => queue.close());
  }
  const runs = queues.get(RUNS_QUEUE);
  if (runs) closers.push(startKeeping({ queue: runs, store, logger, wanted: wantedSchedules(config) }));
  const { marginMs, quotaShare } = config.account.limits;
  const limiter = createRedisLimiter({ redis, prefix: `${config.queuePrefix}:lane`, marginMs, quotaShare });
  closers.push(() => limiter.close());

  const accounts = createAccountOpener({ config, store, limiter });
  const server = createServer(createProducer({ config, store, queues, limiter, accounts, logger, ending }));
  // Idle sockets of clients that keep them open would hold the end back; what is being answered may finish.
  closers.push(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    await closed;
  });
  server.listen(config.producer.port, config.host);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.producer.port;
  logger.info({ port, host: config.host }, 'producer ready');
}

function required(value: string | undefined, field: string, env: string): string {
  if (value !== undefined) return value;
  throw new BadInput('config_invalid', `${field} is not set; give ${env}.`, { field: env });
}

async function migrated(store: ReturnType<typeof createStore>): Promise<void> {
  try {
    await store.migrate();
  } catch (cause) {
    if (!isStoreUnreachable(cause)) throw cause;
    throw new RetryLater(
      'mongo_unreachable',
      `MongoDB cannot be reached (${redact(messageOf(cause))}); check MONGO_URL and that it runs.`,
      { cause },
    );
  }
}

/** In reverse: what was opened last uses what was opened before. One that fails keeps none from closing. */
async function closeAll(closers: Closer[], ending: AbortController, logger: Logger): Promise<void> {
  ending.abort();
  setTimeout(() => {
    logger.warn({ withinMs: END_WITHIN_MS }, 'producer did not end in time');
    process.exit(1);
  }, END_WITHIN_MS).unref();
  for (let close = closers.pop(); close; close = closers.pop()) {
    try {
      await close();
    } catch (error) {
      logger.warn({ err: error }, 'closing failed');
    }
  }
}

main().catch((error: unknown) => {
  // One line for people; the rest is in the log of whoever asks for it.
  process.stderr.write(`${redact(messageOf(error))}\n`);
  process.exitCode = error instanceof BadInput ? 2 : 1;
});
