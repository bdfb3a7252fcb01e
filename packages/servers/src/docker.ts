import { existsSync, mkdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@tajo/errors';
import type { StartedTestContainer } from 'testcontainers';
import { urlOf } from './binary.js';
import { answers, freePort } from './reach.js';
import type { Attempt, Env, ServerName, StartOptions } from './running-server.js';

const PING_MS = 2_000;
/** Pulling included. */
const START_MS = 120_000;

interface Image {
  readonly variable: string;
  readonly name: string;
  readonly port: number;
  readonly command: readonly string[];
  readonly dataPath: string;
}

const IMAGES: Readonly<Record<ServerName, Image>> = {
  redis: {
    variable: 'REDIS_IMAGE',
    name: 'redis:7-alpine',
    port: 6379,
    command: ['redis-server', '--appendonly', 'yes', '--maxmemory-policy', 'noeviction', '--save', ''],
    dataPath: '/data',
  },
  mongo: { variable: 'MONGO_IMAGE', name: 'mongo:8', port: 27017, command: [], dataPath: '/data/db' },
};

/** Starts the server in a container when an engine answers. An engine that cannot get the image costs a bounded time. */
export async function fromDocker(
  server: ServerName,
  env: Env,
  options: StartOptions,
  log: (line: string) => void,
): Promise<Attempt> {
  const engine = await answeringEngine(env);
  if (engine === undefined) return { skipped: 'no Docker engine answers' };
  const image = IMAGES[server];
  const name = env[image.variable] || image.name;
  log(`${server}: starting the image ${name}, pulled if it is not there`);
  try {
    const port = await freePort();
    const container = await startContainer(
      name,
      image,
      port,
      options.dataDir === undefined ? undefined : join(options.dataDir, server),
    );
    // localhost may mean ::1 first, where an engine need not listen.
    const host = container.getHost();
    const url = urlOf(server, port, host === 'localhost' ? '127.0.0.1' : host);
    const { getContainerRuntimeClient } = await import('testcontainers');
    const client = await getContainerRuntimeClient();
    const handle = client.container.getById(container.getId());
    return {
      why: `the Docker engine at ${engine} answers and has the image ${name}`,
      server: {
        url,
        port,
        kill: async () => void (await handle.kill()),
        end: async () => void (await handle.stop()),
        restart: async () => {
          await handle.start();
          await answering(server, url);
        },
        stop: async () => void (await container.stop({ timeout: 10_000 })),
      },
    };
  } catch (error) {
    return { skipped: `the Docker engine at ${engine} cannot run ${name}: ${messageOf(error).split('\n')[0]}` };
  }
}

async function startContainer(
  name: string,
  image: Image,
  port: number,
  dataDir: string | undefined,
): Promise<StartedTestContainer> {
  // Imported here: loading it takes half a second that no other way needs.
  const { GenericContainer } = await import('testcontainers');
  const container = new GenericContainer(name)
    .withExposedPorts({ container: image.port, host: port })
    .withStartupTimeout(START_MS);
  if (image.command.length > 0) container.withCommand([...image.command]);
  if (dataDir !== undefined) {
    mkdirSync(dataDir, { recursive: true });
    container.withBindMounts([{ source: dataDir, target: image.dataPath, mode: 'rw' }]);
  }
  const starting = container.start();
  const bound = new AbortController();
  const tooLate = sleep(START_MS, undefined, { signal: bound.signal, ref: true });
  try {
    const started = await Promise.race([starting, tooLate]);
    if (started !== undefined) return started;
    // It may still come up when nobody waits any more.
    starting.then((late) => late.stop()).catch(() => undefined);
    throw new Error(`it did not start within ${START_MS / 1_000} s`);
  } finally {
    bound.abort();
    tooLate.catch(() => undefined);
  }
}

async function answering(server: ServerName, url: string): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!(await answers(server, url))) {
    if (Date.now() > deadline) throw new Error(`${server} did not answer again within ${START_MS / 1_000} s`);
    await sleep(100);
  }
}

/** Where an engine answers. Asked before testcontainers is loaded, whose own search is slow where there is none. */
async function answeringEngine(env: Env): Promise<string | undefined> {
  const named = env['DOCKER_HOST'];
  const sockets = [
    '/var/run/docker.sock',
    join(env['HOME'] ?? '/', '.docker/run/docker.sock'),
    `${env['XDG_RUNTIME_DIR'] ?? '/run'}/docker.sock`,
  ];
  const candidates = named ? [named] : sockets.filter((path) => existsSync(path)).map((path) => `unix://${path}`);
  for (const engine of candidates) if (await engineAnswers(engine)) return engine;
  return undefined;
}

function engineAnswers(engine: string): Promise<boolean> {
  const { protocol, hostname, port, pathname } = new URL(engine);
  const where = protocol === 'unix:' ? { socketPath: pathname } : { host: hostname, port };
  // With TLS the certificates are testcontainers' business.
  if (protocol !== 'unix:' && port === '2376') return Promise.resolve(true);
  return new Promise((resolve) => {
    const ping = request({ ...where, path: '/_ping', timeout: PING_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.once('timeout', () => ping.destroy());
    ping.once('error', () => resolve(false));
    ping.once('close', () => resolve(false));
    ping.end();
  });
}
