import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startProducer, type TestProducer } from '../../../test/support/producer.js';

const KEYS = { KLAVIYO_PRIVATE_KEY: 'pk_configured_1', BREVO_API_KEY: 'xkeysib-configured-1' };

/** A way to a server that can be cut and mended, as a network is. */
async function wayTo(url: string, fallbackPort: number) {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server: Server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(port || fallbackPort), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const way = new URL(url);
  way.hostname = '127.0.0.1';
  // Listening on an address, not on a path.
  way.port = String((server.address() as AddressInfo).port);
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: way.href,
    cut,
    mend: () => {
      isCut = false;
    },
    close: async () => {
      cut();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function producerOver(server: 'REDIS_URL' | 'MONGO_URL', fallback: string, fallbackPort: number) {
  const way = await wayTo(process.env[server] ?? fallback, fallbackPort);
  closers.push(way.close);
  const original = process.env[server];
  process.env[server] = way.url;
  try {
    const producer: TestProducer = await startProducer(KEYS);
    closers.push(producer.close);
    return { way, producer };
  } finally {
    if (original === undefined) delete process.env[server];
    else process.env[server] = original;
  }
}

const start = (producer: TestProducer) => producer.call('POST', '/v1/syncs', { body: { mode: 'full' } });
const isReady = async (producer: TestProducer) => (await producer.call('GET', '/health/ready', { key: null })).status === 200;

describe('while Redis is away', () => {
  it('still accepts a run, since workers look for runs without a job, and is itself again afterwards', async () => {
    const { way, producer } = await producerOver('REDIS_URL', 'redis://127.0.0.1:6379', 6379);
    expect(await isReady(producer)).toBe(true);
    way.cut();
    const { status, json } = await start(producer);
    expect(status).toBe(202);
    expect(await producer.store.runs.get(String(json['id']))).toMatchObject({ state: 'planning' });
    expect(producer.logged()).toContain('workers will find it');
    expect(await isReady(producer)).toBe(false);
    expect((await producer.call('GET', `/v1/syncs/${String(json['id'])}/progress?once=true`)).json).toMatchObject({
      state: 'planning',
      rate: [],
    });
    expect((await producer.call('GET', '/metrics')).text).toContain('tajo_reachable{server="redis"} 0');
    const tested = await producer.call('POST', '/v1/connectors/klaviyo/test', { body: {} });
    expect(tested.json).toMatchObject({ status: 503, code: 'redis_unreachable' });
    way.mend();
    while (!(await isReady(producer))) await new Promise((resolve) => setImmediate(resolve));
    expect((await producer.call('POST', `/v1/syncs/${String(json['id'])}/cancel`)).status).toBe(200);
  });
});

describe('while MongoDB is away', () => {
  it('answers 503 and says when to come back, and is itself again afterwards', async () => {
    const { way, producer } = await producerOver('MONGO_URL', 'mongodb://127.0.0.1:27017', 27017);
    expect((await producer.call('GET', '/v1/syncs')).status).toBe(200);
    way.cut();
    const { status, json, headers } = await start(producer);
    expect([status, json['code']]).toEqual([503, 'store_unreachable']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await isReady(producer)).toBe(false);
    way.mend();
    while (!(await isReady(producer))) await new Promise((resolve) => setImmediate(resolve));
    expect((await start(producer)).status).toBe(202);
  });
});
