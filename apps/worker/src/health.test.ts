import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createHealthServer, listen } from './health.js';
import { createMetrics } from './metrics.js';

const KEY = 'the-api-key-of-the-test-0123456789';

describe("the worker's port", () => {
  const servers: Server[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
  });

  async function serve(options: { ready?: () => Promise<boolean>; apiKey?: string | undefined } = {}) {
    const { registry, job } = createMetrics();
    job('sync-page', 'done', 12);
    const app = createHealthServer({ ready: async () => true, registry, apiKey: KEY, ...options });
    const server = await listen(app, '127.0.0.1', 0);
    servers.push(server);
    // A server that listens on TCP has an address with a port.
    const { port } = server.address() as AddressInfo;
    return async (path: string, authorization?: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { connection: 'close', ...(authorization === undefined ? {} : { authorization }) },
      });
      return { status: response.status, headers: response.headers, body: await response.text() };
    };
  }

  it('says to anyone that it lives and whether it is ready, and nothing else', async () => {
    const ask = await serve();
    expect(await ask('/health/live')).toMatchObject({ status: 200, body: '{"status":"ok"}' });
    expect(await ask('/health/ready')).toMatchObject({ status: 200, body: '{"status":"ok"}' });
    expect((await ask('/health/live')).headers.get('x-powered-by')).toBeNull();
  });

  it.each([
    ['it is not', async () => false],
    ['that cannot be found out', async () => Promise.reject(new Error('mongodb://user:secret@db'))],
  ])('is not ready when %s, and lives on', async (_, ready) => {
    const ask = await serve({ ready });
    expect(await ask('/health/ready')).toMatchObject({ status: 503, body: '{"status":"not ready"}' });
    expect((await ask('/health/live')).status).toBe(200);
  });

  it('gives metrics to whoever has the key', async () => {
    const ask = await serve();
    const { status, body } = await ask('/metrics', `Bearer ${KEY}`);
    expect(status).toBe(200);
    expect(body).toContain('tajo_job_seconds_count{job="sync-page",outcome="done"} 1');
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    KEY,
    `Basic ${KEY}`,
    `Bearer ${KEY}x`,
    `Bearer ${KEY.slice(1)}`,
    'Bearer undefined',
  ])('gives none for %j', async (authorization) => {
    const ask = await serve();
    const { status, headers, body } = await ask('/metrics', authorization);
    expect({ status, body }).toEqual({ status: 401, body: '{"status":"unauthorized"}' });
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  it('gives none at all where no key is configured', async () => {
    const ask = await serve({ apiKey: undefined });
    for (const authorization of [undefined, 'Bearer ', 'Bearer undefined'])
      expect((await ask('/metrics', authorization)).status).toBe(401);
  });
});
