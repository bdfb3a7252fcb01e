import { hostname } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { type Config, loadConfig } from '@tajo/config';
import { BadInput, messageOf, TajoError } from '@tajo/errors';
import { createLogger } from '@tajo/logging';
import { createHealthServer, listen } from './health.js';
import { startWorker } from './worker.js';

/** Orchestrators kill after 20 s or more. */
const EXIT_WITHIN_MS = 19_000;

// V8 lets garbage pile up to several times what is in use before it looks: on a large machine half a gigabyte for some 80 MB.
setFlagsFromString('--heap-growing-percent=20');

const config = configOrExit();
const logger = createLogger({ name: 'worker', level: config.logLevel });

try {
  const worker = await startWorker(config, logger, `${hostname()}-${process.pid}`);
  const health = createHealthServer({ ready: () => worker.ready(), registry: worker.metrics.registry, apiKey: config.apiKey });
  const server = await listen(health, config.host, config.worker.port);
  const address = server.address();
  logger.info({ port: typeof address === 'object' ? address?.port : config.worker.port }, 'worker ready');

  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'worker stops');
    // With Redis or MongoDB away, closing can wait for ever; the locks of unfinished jobs expire and others take them up.
    setTimeout(() => {
      logger.error({ withinMs: EXIT_WITHIN_MS }, 'worker did not stop in time');
      process.exit(1);
    }, EXIT_WITHIN_MS).unref();
    server.close();
    worker.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'worker did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));
} catch (error) {
  // Our own errors say all there is to say; of others the stack is needed.
  logger.fatal(error instanceof TajoError ? { code: error.code } : { err: error }, `worker cannot start: ${messageOf(error)}`);
  process.exit(error instanceof BadInput ? 2 : 1);
}

/** A configuration that cannot work is one message and exit code 2, before anything is opened. */
function configOrExit(): Config {
  try {
    return loadConfig({ env: process.env });
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(2);
  }
}
