import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type Config, loadConfig } from '@tajo/config';
import { queueNames } from '@tajo/contracts';
import { BadInput, messageOf, RetryLater, TajoError } from '@tajo/errors';
import { createLogger, type Logger } from '@tajo/logging';
import { topology } from '@tajo/mapping';
import { createStore } from '@tajo/store';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createBoardServer } from './server.js';

/** Requests under way when SIGTERM comes get this long to finish. */
const DRAIN_MS = 5_000;

type Closer = () => Promise<unknown>;

/** Opens everything, pushing the closer of each thing as it is opened; they run in reverse. */
async function start(config: Config, logger: Logger, closers: Closer[]): Promise<void> {
  const { adminPassword, viewerPassword, redisUrl, mongoUrl } = checked(config);

  // Fails fast: an operator waiting for a page is better off with an error than with a spinner.
  const redis = new Redis(redisUrl, {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    connectTimeout: 5_000,
    commandTimeout: 10_000,
  });
  closers.push(async () => redis.disconnect());
  await once(redis, 'ready').catch((error: unknown) => {
    // The client goes on trying until it is closed, and an error nobody listens to ends the process.
    redis.on('error', () => undefined);
    throw new RetryLater(
      'redis_unreachable',
      `Redis cannot be reached (${messageOf(error)}); check REDIS_URL and that it runs.`,
      { cause: error },
    );
  });
  redis.on('error', (error) => logger.warn({ err: error }, 'Redis is away'));

  const queues = queueNames(topology).map((name) => new Queue(name, { connection: redis, prefix: config.queuePrefix }));
  for (const queue of queues) queue.on('error', (error) => logger.warn({ err: error, queue: queue.name }, 'queue error'));
  closers.push(() => Promise.all(queues.map((queue) => queue.close())));

  const store = createStore(mongoUrl);
  closers.push(() => store.close());
  await store.ping().catch((error: unknown) => {
    throw new RetryLater(
      'mongo_unreachable',
      `MongoDB cannot be reached (${messageOf(error)}); check MONGO_URL and that it runs.`,
      { cause: error },
    );
  });

  const app = createBoardServer({
    queues,
    store,
    adminPassword,
    viewerPassword,
    apiUrl: config.apiUrl,
    ready: () => Promise.all([redis.ping(), store.ping()]),
    logger,
  });
  const server = createServer(app);
  await listen(server, config);
  closers.push(() => close(server));
  logger.info({ host: config.host, port: config.board.port }, 'ready');
}

function checked({ board, redisUrl, mongoUrl }: Config) {
  const { adminPassword, viewerPassword } = board;
  if (!adminPassword) {
    const message =
      'The board needs a password for admins: set BOARD_ADMIN_PASSWORD, or board.admin_password in the configuration file.';
    throw new BadInput('board_password_missing', message, { field: 'board.admin_password' });
  }
  if (viewerPassword === adminPassword) {
    const message =
      'BOARD_VIEWER_PASSWORD (board.viewer_password) is the admin password: every viewer would be an admin. Choose another.';
    throw new BadInput('board_passwords_equal', message, { field: 'board.viewer_password' });
  }
  if (!redisUrl)
    throw new BadInput('redis_url_missing', 'The board needs Redis: set REDIS_URL, or redis_url in the configuration file.', {
      field: 'redis_url',
    });
  if (!mongoUrl)
    throw new BadInput('mongo_url_missing', 'The board needs MongoDB: set MONGO_URL, or mongo_url in the configuration file.', {
      field: 'mongo_url',
    });
  return { adminPassword, viewerPassword, redisUrl, mongoUrl };
}

function listen(server: Server, { host, board }: Config): Promise<void> {
  return new Promise((done, refuse) => {
    server.once('error', (error) => {
      const message = `The board cannot listen on ${host}:${board.port} (${error.message}); set HOST or BOARD_PORT.`;
      refuse(new BadInput('board_address_unusable', message, { field: 'board.port', cause: error }));
    });
    server.listen(board.port, host, done);
  });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((done) => server.close(done));
  const late = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  server.closeIdleConnections();
  await closed;
  clearTimeout(late);
}

async function stop(closers: Closer[], logger: Logger): Promise<void> {
  for (const closer of closers.toReversed()) {
    await closer().catch((error: unknown) => logger.warn({ err: error }, 'could not be closed'));
  }
}

async function main(): Promise<void> {
  let logger = createLogger({ name: 'board' });
  const closers: Closer[] = [];
  try {
    const config = loadConfig({ env: process.env });
    logger = createLogger({ name: 'board', level: config.logLevel });
    const stopped = new Promise<string>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
    });
    await start(config, logger, closers);
    logger.info({ signal: await stopped }, 'stopping');
  } catch (error) {
    // Our own errors say all there is to say; of others the stack is needed.
    logger.fatal(error instanceof TajoError ? { code: error.code } : { err: error }, messageOf(error));
    process.exitCode = error instanceof BadInput ? 2 : 1;
  }
  await stop(closers, logger);
}

await main();
