import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { findOnPath } from './programs.js';
import { answers } from './reach.js';
import { freePort, type ResolveOptions, resolveServers, type ServerName, startMongo, startRedis } from './index.js';

jest.setTimeout(120_000);

const NO_DOCKER = 'unix:///nowhere/docker.sock';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A machine that has only these programs. */
function machineWith(programs: readonly string[], more: Record<string, string> = {}): Record<string, string | undefined> {
  const bin = temporaryFolder();
  for (const program of programs) {
    const path = findOnPath(program, process.env);
    if (path !== undefined) symlinkSync(path, join(bin, program));
  }
  return { PATH: bin, HOME: bin, DOCKER_HOST: NO_DOCKER, ...more };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tajo-servers-test-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function resolved<Wanted extends ServerName>(options: ResolveOptions<Wanted>) {
  const lines: string[] = [];
  const servers = await resolveServers({ allowInstall: false, log: (line) => void lines.push(line), ...options });
  cleanups.push(() => servers.stop());
  return { servers, lines };
}

async function withRedis<Result>(url: string, use: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis(url);
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
}

async function withMongo<Result>(url: string, use: (things: mongoose.mongo.Collection) => Promise<Result>): Promise<Result> {
  const client = new mongoose.mongo.MongoClient(url);
  try {
    return await use(client.db().collection('things'));
  } finally {
    await client.close();
  }
}

/** Those who are on the machine under test, or there is nothing to try. */
const hasRedis = findOnPath('redis-server', process.env) !== undefined;
const hasEmbedded = findOnPath('javac', process.env) !== undefined && findOnPath('mvn', process.env) !== undefined;
const itWithRedis = hasRedis ? it : it.skip;
const itWithEmbedded = hasEmbedded ? it : it.skip;

describe('an address from the environment', () => {
  it('is used when the server behind it answers, and the server is left alone at the end', async () => {
    const REDIS_URL = process.env['REDIS_URL'] ?? '';
    const { servers, lines } = await resolved({ want: ['redis'], env: machineWith([], { REDIS_URL }) });
    expect(servers.redisUrl).toBe(REDIS_URL);
    expect(servers.decisions).toEqual([{ server: 'redis', how: 'url', why: 'REDIS_URL is set and answers' }]);
    expect(lines).toEqual(['redis: using the address given, because REDIS_URL is set and answers']);
    await servers.stop();
    expect(await answers('redis', REDIS_URL)).toBe(true);
  });

  it.each([
    ['redis' as const, 'REDIS_URL', (port: number) => `redis://:hunter2@127.0.0.1:${port}`],
    ['mongo' as const, 'MONGO_URL', (port: number) => `mongodb://u:hunter2@127.0.0.1:${port}/tajo`],
  ])('that leads nowhere is one clear error (%s)', async (server, variable, address) => {
    const env = machineWith(['redis-server'], { [variable]: address(await freePort()) });
    const error: unknown = await resolveServers({ want: [server], env, log: () => undefined }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'server_unreachable', field: variable });
    expect(String(error)).toMatch(/does not answer \(.*ECONNREFUSED.*\); start that server, mend/);
    expect(String(error)).not.toContain('hunter2');
  });
});

describe('a binary on PATH', () => {
  itWithRedis('is started as production needs it, and its temporary data goes when it stops', async () => {
    const TMP = readdirSync(tmpdir()).filter((name) => name.startsWith('tajo-redis-'));
    const { servers, lines } = await resolved({ want: ['redis'], env: machineWith(['redis-server']) });
    expect(servers.decisions[0]).toMatchObject({ server: 'redis', how: 'binary' });
    expect(lines[0]).toMatch(/^redis: started its own binary, because .*redis-server is on PATH$/);
    const settings = await withRedis(servers.redisUrl, async (client) =>
      Promise.all(['appendonly', 'maxmemory-policy', 'bind', 'save'].map(async (name) => (await client.config('GET', name))[1])),
    );
    expect(settings).toEqual(['yes', 'noeviction', '127.0.0.1', '']);
    await servers.stop();
    expect(await answers('redis', servers.redisUrl)).toBe(false);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('tajo-redis-') && !TMP.includes(name))).toEqual([]);
  });

  itWithRedis('keeps its data in a named folder', async () => {
    const dataDir = temporaryFolder();
    const first = await startRedis({ dataDir });
    await withRedis(first.url, (client) => client.set('kept', 'yes'));
    await first.stop();
    const second = await startRedis({ dataDir });
    cleanups.push(() => second.stop());
    expect(await withRedis(second.url, (client) => client.get('kept'))).toBe('yes');
  });

  itWithRedis('comes back after a kill on the same port with the same data', async () => {
    const redis = await startRedis();
    cleanups.push(() => redis.stop());
    await withRedis(redis.url, (client) => client.set('kept', 'yes'));
    // appendfsync is every second; the process dies, not the machine, so the page cache keeps what was written.
    await redis.kill();
    expect(await answers('redis', redis.url)).toBe(false);
    await redis.restart();
    expect(await withRedis(redis.url, (client) => client.get('kept'))).toBe('yes');
  });

  it('that cannot start is passed over with the end of its log', async () => {
    const env = machineWith(['false']);
    symlinkSync(join(env['PATH'] ?? '', 'false'), join(env['PATH'] ?? '', 'redis-server'));
    await expect(resolved({ want: ['redis'], env })).rejects.toThrow(/redis-server did not start: it ended with code 1/);
  });
});

describe('Docker', () => {
  it('that answers but has no image and cannot pull is passed over with the reason', async () => {
    const engine = createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      if (request.url?.endsWith('/_ping')) return response.end('OK');
      if (request.url?.endsWith('/info'))
        return response.end(JSON.stringify({ ServerVersion: '20.10', OperatingSystem: 'Linux', Images: 0 }));
      response.statusCode = 404;
      return response.end(JSON.stringify({ message: 'no registry in reach' }));
    });
    await new Promise<void>((listening) => engine.listen(0, '127.0.0.1', listening));
    cleanups.push(() => new Promise((closed) => engine.close(closed)));
    const address = engine.address();
    const DOCKER_HOST = `tcp://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    // testcontainers reads the process's own environment.
    const before = { ...process.env };
    Object.assign(process.env, { DOCKER_HOST, TESTCONTAINERS_RYUK_DISABLED: 'true' });
    cleanups.push(() => {
      process.env = before;
    });
    const failure = resolved({ want: ['redis'], env: machineWith([], { DOCKER_HOST, REDIS_IMAGE: 'example.invalid/redis:1' }) });
    await expect(failure).rejects.toThrow(/redis: the Docker engine at tcp:.* cannot run example\.invalid\/redis:1: .+/);
  });
});

describe('the embedded server', () => {
  itWithEmbedded('stands in for MongoDB where there are a JDK and Maven', async () => {
    const env = {
      ...machineWith([
        'java',
        'javac',
        'mvn',
        'sh',
        'dirname',
        'uname',
        'ls',
        'expr',
        'which',
        'basename',
        'readlink',
        'sed',
        'cat',
      ]),
      HOME: process.env['HOME'],
    };
    const { servers, lines } = await resolved({ want: ['mongo'], env });
    expect(servers.decisions[0]).toMatchObject({ server: 'mongo', how: 'embedded' });
    expect(lines.at(-1)).toMatch(
      /^mongo: started the embedded server, because mongod is not on PATH; no Docker engine answers; there is a JDK \d+$/,
    );
    await withMongo(servers.mongoUrl, (things) => things.insertOne({ a: 1 }));
    expect(await withMongo(servers.mongoUrl, (things) => things.countDocuments())).toBe(1);
  });

  itWithEmbedded('comes back after a kill on the same port with the same data', async () => {
    const mongo = await startMongo();
    cleanups.push(() => mongo.stop());
    await withMongo(mongo.url, (things) => things.insertOne({ a: 1 }));
    // A kill -9 may cost what was written in the last 0.1 s.
    await sleep(300);
    await mongo.kill();
    expect(await answers('mongo', mongo.url)).toBe(false);
    await mongo.restart();
    expect(await withMongo(mongo.url, (things) => things.countDocuments())).toBe(1);
  });
});

describe('a machine without anything', () => {
  it('gets one message that says what to install and what was tried', async () => {
    const error: unknown = await resolved({ env: machineWith([]) }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'servers_missing' });
    for (const part of [
      'install redis-server',
      'install mongod, or a JDK',
      'redis-server is not on PATH',
      'no Docker engine answers',
      'installing is switched off',
    ]) {
      expect(String(error)).toContain(part);
    }
  });

  itWithRedis('stops what was started when the other server cannot be had', async () => {
    const dataDir = temporaryFolder();
    await expect(resolved({ env: machineWith(['redis-server']), dataDir })).rejects.toThrow(/No MongoDB could be found/);
    const port = /port=(\d+)/.exec(readFileSync(join(dataDir, 'redis', 'server.log'), 'utf8'))?.[1];
    expect(Number(port)).toBeGreaterThan(0);
    expect(await answers('redis', `redis://127.0.0.1:${port}`)).toBe(false);
  });
});

describe('a parent that is killed', () => {
  itWithRedis('takes its servers and their temporary data with it', async () => {
    const tmp = join(temporaryFolder(), 'tmp');
    mkdirSync(tmp);
    const built = new URL('../dist/index.js', import.meta.url).href;
    const script = `const { startRedis } = await import(${JSON.stringify(built)});
      const redis = await startRedis(); console.log(redis.url); setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, TMPDIR: tmp, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await new Promise<string>((said) => parent.stdout.once('data', (chunk: Buffer) => said(chunk.toString().trim())));
    expect(await answers('redis', url)).toBe(true);
    expect(readdirSync(tmp)).toHaveLength(1);
    parent.kill('SIGKILL');
    const deadline = Date.now() + 20_000;
    while (Date.now() < deadline && (readdirSync(tmp).length > 0 || (await answers('redis', url)))) await sleep(50);
    expect(await answers('redis', url)).toBe(false);
    expect(readdirSync(tmp)).toEqual([]);
  });
});
