import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StartedNetwork, StartedTestContainer } from 'testcontainers';
import { until } from '../support/stack.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PORT = 3100;
const STOPS_WITHIN_MS = 20_000;

// Names of images that are there already or can be pulled; each can be another one where no registry is in reach.
const images = {
  base: process.env['BASE_IMAGE'] || 'node:24-bookworm-slim',
  redis: process.env['REDIS_IMAGE'] || 'redis:7-bookworm',
  mongo: process.env['MONGO_IMAGE'] || 'mongo:8',
  /** One that is built already; without it the worker's is built here, which takes minutes. */
  worker: process.env['TAJO_WORKER_IMAGE'],
};

const reason = await whyNot();
if (reason !== undefined) process.stderr.write(`the worker in a container: skipped, because ${reason}\n`);

(reason === undefined ? describe : describe.skip)('the worker in a container', () => {
  let network: StartedNetwork;
  let redis: StartedTestContainer;
  let mongo: StartedTestContainer;
  let worker: StartedTestContainer;
  let log = '';
  const ready = () => fetch(`http://${worker.getHost()}:${worker.getMappedPort(PORT)}/health/ready`).then(({ status }) => status);

  beforeAll(async () => {
    // The reaper is an image of its own, which might have to be pulled; everything is stopped below.
    process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
    const { GenericContainer, Network, Wait } = await import('testcontainers');
    const image = images.worker ?? (await buildWorker());
    network = await new Network().start();
    const server = (name: string, alias: string, port: number) =>
      new GenericContainer(name).withNetwork(network).withNetworkAliases(alias).withExposedPorts(port).start();
    [redis, mongo] = await Promise.all([server(images.redis, 'redis', 6379), server(images.mongo, 'mongo', 27017)]);
    worker = await new GenericContainer(image)
      .withNetwork(network)
      .withExposedPorts(PORT)
      .withEnvironment({
        REDIS_URL: 'redis://redis:6379',
        MONGO_URL: 'mongodb://mongo:27017/tajo',
        TAJO_API_KEY: 'docker-test-api-key-0123456789',
        TAJO_ENCRYPTION_KEY: 'docker-test-encryption-key-0123456789',
      })
      // As in docker/compose.yaml.
      .withTmpFs({ '/tmp': 'rw' })
      .withLogConsumer((stream) => stream.on('data', (line: Buffer | string) => void (log += String(line))))
      .withWaitStrategy(Wait.forHealthCheck())
      .start();
  }, 900_000);

  afterAll(async () => {
    await Promise.all([worker, redis, mongo].map((container) => container?.stop()));
    await network?.stop();
  }, 60_000);

  it('says that it is ready, to its own health check and outside', async () => {
    // beforeAll has waited for the image's HEALTHCHECK.
    expect(await ready()).toBe(200);
  });

  it('runs as nobody special', async () => {
    const { output } = await worker.exec(['id', '-u']);
    expect(Number(output)).toBeGreaterThan(0);
  });

  it('carries no development dependencies', async () => {
    const { output } = await worker.exec(['ls', '/app/node_modules', '/app/node_modules/.pnpm']);
    expect(output).toContain('bullmq');
    expect(output).not.toMatch(/^(typescript|jest|@swc|turbo)/m);
  });

  it('is not ready while Redis is away, and again when it is back', async () => {
    const away = await handleOf(redis);
    await away.kill();
    await until(async () => (await ready()) === 503, 30_000, 'the worker to miss Redis');
    await away.start();
    await until(async () => (await ready()) === 200, 30_000, 'the worker to find Redis again');
  }, 60_000);

  it('stops cleanly on SIGTERM', async () => {
    const handle = await handleOf(worker);
    const startedAt = Date.now();
    await handle.kill({ signal: 'SIGTERM' });
    await until(async () => !(await handle.inspect()).State.Running, STOPS_WITHIN_MS, 'the worker to stop');
    expect((await handle.inspect()).State.ExitCode).toBe(0);
    expect(log).toContain('worker stops');
    expect(Date.now() - startedAt).toBeLessThan(STOPS_WITHIN_MS);
  }, 30_000);
});

async function handleOf(container: StartedTestContainer) {
  const { getContainerRuntimeClient } = await import('testcontainers');
  return (await getContainerRuntimeClient()).container.getById(container.getId());
}

async function whyNot(): Promise<string | undefined> {
  if (process.env['TAJO_DOCKER_TEST'] !== '1') return 'TAJO_DOCKER_TEST is not 1';
  if (!process.env['DOCKER_HOST'] && !existsSync('/var/run/docker.sock')) return 'there is no Docker socket';
  const engine = await docker('version', '--format', '{{.Server.Version}}');
  if (engine === undefined) return 'no Docker engine answers';
  const needed = [images.redis, images.mongo, images.worker ?? images.base];
  for (const image of needed) {
    if ((await docker('image', 'inspect', '--format', '{{.Id}}', image)) === undefined) {
      return `the image ${image} is missing; pull it, or name another in BASE_IMAGE, REDIS_IMAGE, MONGO_IMAGE or TAJO_WORKER_IMAGE`;
    }
  }
  return undefined;
}

async function docker(...args: string[]): Promise<string | undefined> {
  return run('docker', args, { timeout: 10_000 }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

async function buildWorker(): Promise<string> {
  const tag = 'tajo-test/worker';
  const args = [
    'build',
    '-f',
    'docker/Dockerfile',
    '--target',
    'worker',
    '--build-arg',
    `BASE_IMAGE=${images.base}`,
    '-t',
    tag,
    '.',
  ];
  await run('docker', args, { cwd: ROOT, timeout: 880_000, maxBuffer: 64e6 });
  return tag;
}
