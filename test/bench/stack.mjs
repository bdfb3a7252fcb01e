import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectSandbox } from '@tajo/sandbox';
import { freePort } from '@tajo/servers';
import { TajoClient } from '@tajo/sdk';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { NodeProcess } from './processes.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Klaviyo and Brevo in a process of their own; the options are the sandbox's flags. `env` points an official SDK or the product at it.
 */
export async function startSandbox(options) {
  const args = Object.entries(options).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  const child = new NodeProcess([join(root, 'packages/sandbox/dist/main.js'), ...args], ownEnvironment());
  const { klaviyoUrl, brevoUrl, klaviyoPrivateKey, brevoApiKey } = JSON.parse(await child.firstLine());
  return {
    ...connectSandbox({ klaviyoUrl, brevoUrl }),
    env: {
      KLAVIYO_BASE_URL: klaviyoUrl,
      BREVO_BASE_URL: brevoUrl,
      KLAVIYO_PRIVATE_KEY: klaviyoPrivateKey,
      BREVO_API_KEY: brevoApiKey,
    },
    stop: () => child.stop(),
  };
}

/** A program of a user's own, from `scripts/`, against the sandbox. */
export function startScript(name, sandbox, env = {}) {
  const file = fileURLToPath(new URL(`scripts/${name}.mjs`, import.meta.url));
  return new NodeProcess([file], { ...ownEnvironment(), ...sandbox.env, ...env });
}

/** A producer and workers from the build, with names of their own in the servers; everything is gone after `stop`. */
export async function startProduct({ servers, sandbox, workers, connector = {}, env = {} }) {
  const id = `bench-${randomBytes(4).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), 'tajo-bench-'));
  const config = join(folder, 'tajo.yaml');
  // JSON is YAML. The lists of the product page's example, which the sandbox has.
  writeFileSync(
    config,
    JSON.stringify({
      connectors: { klaviyo: { schedule: 'off', lists: { all_contacts: 20, subscribers: 21, high_value: 22 }, ...connector } },
    }),
  );
  const mongoUrl = withDatabase(servers.mongoUrl, id);
  const apiKey = randomBytes(24).toString('hex');
  const producerPort = await freePort();
  const common = {
    ...ownEnvironment(),
    ...sandbox.env,
    TAJO_CONFIG: config,
    TAJO_API_KEY: apiKey,
    TAJO_QUEUE_PREFIX: id,
    REDIS_URL: servers.redisUrl,
    MONGO_URL: mongoUrl,
    PRODUCER_PORT: String(producerPort),
    // The sandbox's webhooks are on this machine too.
    PUBLIC_URL: `http://127.0.0.1:${producerPort}`,
    LOG_LEVEL: 'warn',
    ...env,
  };
  const processes = [];
  const stop = async () => {
    await Promise.all(processes.map((one) => one.stop()));
    await forget(servers.redisUrl, mongoUrl, id);
    rmSync(folder, { recursive: true, force: true });
  };
  const start = async (app, port) => {
    const child = new NodeProcess([join(root, `apps/${app}/dist/main.js`)], common);
    processes.push(child);
    await child.ready(`http://127.0.0.1:${port}/health/ready`);
    return child;
  };
  try {
    await start('producer', producerPort);
    const started = [];
    for (let n = 0; n < workers; n += 1) {
      const port = await freePort();
      common.WORKER_PORT = String(port);
      started.push(await start('worker', port));
    }
    return { client: new TajoClient({ apiKey, baseUrl: `http://127.0.0.1:${producerPort}` }), workers: started, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the next measurement must not find: memory in Redis, a database to be slower for. */
async function forget(redisUrl, mongoUrl, prefix) {
  const redis = new Redis(redisUrl);
  for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 1_000 }))
    if (keys.length > 0) await redis.unlink(keys);
  await redis.quit();
  const connection = await mongoose.createConnection(mongoUrl).asPromise();
  await connection.dropDatabase();
  await connection.close();
}

/** Settings of a real installation must not reach a bench: its keys would be used. */
function ownEnvironment() {
  const { PATH, HOME, TMPDIR, NODE_OPTIONS } = process.env;
  return Object.fromEntries(Object.entries({ PATH, HOME, TMPDIR, NODE_OPTIONS }).filter(([, value]) => value !== undefined));
}

function withDatabase(mongoUrl, database) {
  const url = new URL(mongoUrl);
  url.pathname = `/${database}`;
  return url.href;
}
