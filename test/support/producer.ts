import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { createAccountOpener } from '@tajo/accounts';
import { type Config, loadConfig } from '@tajo/config';
import { openQueues, type Queues } from '@tajo/contracts';
import { createRedisLimiter } from '@tajo/limiter';
import { createLogger } from '@tajo/logging';
import { topology } from '@tajo/mapping';
import { createStore, type Store } from '@tajo/store';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { openRedis, redisReady } from '../../apps/producer/src/redis.js';
import { routes } from '../../apps/producer/src/routes.js';
import { ProblemDocument } from '../../apps/producer/src/schemas.js';
import { createProducer } from '../../apps/producer/src/server.js';

export const API_KEY = 'test-key-of-the-api-0123456789';

export interface TestProducer {
  readonly url: string;
  readonly config: Config;
  readonly store: Store;
  readonly queues: Queues;
  readonly redis: Redis;
  /** Everything logged so far. */
  readonly logged: () => string;
  /** Sends with the API key and checks that the answer is one the route documents. */
  readonly call: (method: string, path: string, options?: CallOptions) => Promise<Reply>;
  readonly close: () => Promise<void>;
}

export interface CallOptions {
  /** Sent as JSON; a string as it stands. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** null sends no key. */
  readonly key?: string | null;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON, when it is an object. */
  readonly json: Record<string, unknown>;
}

/** A producer on a free port over the real Redis and Mongo, with a database and keys of its own. */
export async function startProducer(env: Record<string, string | undefined> = {}): Promise<TestProducer> {
  const name = `t${randomBytes(6).toString('hex')}`;
  const { REDIS_URL = 'redis://127.0.0.1:6379', MONGO_URL = 'mongodb://127.0.0.1:27017' } = process.env;
  const config = loadConfig({
    env: { TAJO_API_KEY: API_KEY, REDIS_URL, MONGO_URL: databaseUrl(MONGO_URL, name), TAJO_QUEUE_PREFIX: name, ...env },
    // No tajo.yaml of whoever runs the tests.
    cwd: tmpdir(),
  });
  const lines: string[] = [];
  const logger = createLogger({ name: 'producer', level: 'debug', destination: { write: (line) => void lines.push(line) } });
  const redis = openRedis(config.redisUrl ?? '', 'test-producer');
  redis.on('error', () => undefined);
  await redisReady(redis);
  const store = createStore(config.mongoUrl ?? '');
  const queues = openQueues({ connection: redis, prefix: config.queuePrefix, ...topology });
  for (const queue of queues.values()) queue.on('error', () => undefined);
  const limiter = createRedisLimiter({ redis, prefix: `${name}:lane` });
  const ending = new AbortController();
  const accounts = createAccountOpener({ config, store, limiter });
  const server = createServer(createProducer({ config, store, queues, limiter, accounts, logger, ending: ending.signal }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Listening on an address, not on a path.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    config,
    store,
    queues,
    redis,
    logged: () => lines.join(''),
    call: (method, path, options) => call(url, method, path, options),
    async close() {
      ending.abort();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await limiter.close();
      for (const queue of queues.values()) await queue.close();
      await store.close();
      redis.disconnect();
    },
  };
}

/** Another database on the same server. */
export function databaseUrl(url: string, name: string): string {
  const database = new URL(url);
  database.pathname = `/${name}`;
  return database.href;
}

async function call(
  url: string,
  method: string,
  path: string,
  { body, headers = {}, key = API_KEY }: CallOptions = {},
): Promise<Reply> {
  const answer = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key !== null && { authorization: `Bearer ${key}` }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = /[/+]json/.test(answer.headers.get('content-type') ?? '');
  const json = isJson ? z.record(z.string(), z.unknown()).parse(JSON.parse(text)) : {};
  expectDocumented(method, path, answer, json);
  return { status: answer.status, headers: answer.headers, text, json };
}

/** Every answer fits the schema that the OpenAPI document (and so the SDK's types) promises for it. */
function expectDocumented(method: string, path: string, { status, headers }: Response, json: Record<string, unknown>): void {
  if (headers.get('content-type')?.startsWith('application/problem+json')) {
    const problem = ProblemDocument.parse(json);
    if (problem.status !== status) throw new Error(`The problem says ${problem.status}, the answer is ${status}.`);
    return;
  }
  const [pathname = ''] = path.split('?');
  const route = routes.find((one) => one.method === method.toLowerCase() && patternOf(one.path).test(pathname));
  if (!route) return;
  const answer = route.answers[status];
  if (!answer) throw new Error(`${route.id} answered ${status}, which is not documented.`);
  if (answer.schema && !answer.otherTypes) answer.schema.parse(json);
  if (answer.schema instanceof z.ZodObject) z.strictObject(answer.schema.shape).parse(json);
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}
