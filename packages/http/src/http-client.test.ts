import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { WaitUntil } from '@tajo/errors';
import { closeAll, closing, countingLimiter, deepText, rejection, vendorServer } from '../../../test/support/vendor.js';
import {
  createHttpClient,
  type HttpClient,
  HttpFailure,
  type HttpRequest,
  jsonOf,
  type RateHeaders,
  redact,
  urlOf,
} from './index.js';

const rates: RateHeaders = {
  observe: ({ 'x-left': left }) => (left === undefined ? undefined : { windowMs: 1000, remaining: Number(left) }),
  retryAfterMs: ({ 'retry-after': seconds }) => Number(seconds) * 1000,
};
const steady = { key: 'steady', windows: [{ limit: 100, windowMs: 1000 }] };
const scarce = { key: 'scarce', windows: [{ limit: 100, windowMs: 3_600_000 }] };

afterEach(closeAll);

function clientOf(limiter = countingLimiter().limiter, options: { timeoutMs?: number; maxBodyBytes?: number } = {}): HttpClient {
  return closing(createHttpClient({ limiter, rates, ...options }));
}

function get(baseUrl: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url: urlOf(baseUrl, '/x'), headers: { 'api-key': 'planted-secret' }, lanes: [steady], ...more };
}

async function failure(promise: Promise<unknown>): Promise<HttpFailure> {
  const error = await rejection(promise);
  expect(deepText(error)).not.toContain('planted-secret');
  if (!(error instanceof HttpFailure)) throw error;
  return error;
}

describe('a request', () => {
  it('waits for all its lanes at once, with what the caller said about waiting', async () => {
    const { limiter, acquired } = countingLimiter();
    const { baseUrl } = await vendorServer((_, response) => response.end('{}'));
    await clientOf(limiter).send(get(baseUrl, { lanes: [steady, scarce], priority: 'live', maxWaitMs: 7 }));
    expect(acquired).toEqual([{ keys: ['steady', 'scarce'], options: { priority: 'live', maxWaitMs: 7 } }]);
  });

  it('that the limiter puts off never leaves, and the limiter is quoted as it is', async () => {
    const wait = new WaitUntil('lane_full', 'later', { at: new Date() });
    const { baseUrl, received } = await vendorServer((_, response) => response.end('{}'));
    expect(await rejection(clientOf(countingLimiter(() => wait).limiter).send(get(baseUrl)))).toBe(wait);
    expect(received).toEqual([]);
  });

  it('is signed in once its lanes let it through, and stays here when nobody can', async () => {
    const order: string[] = [];
    const { limiter } = countingLimiter();
    const slow = { ...limiter, acquire: async () => void order.push('lane') };
    const { baseUrl, received } = await vendorServer((_, response) => response.end('{}'));
    const authorization = async () => {
      order.push('token');
      return 'Bearer planted-secret';
    };
    await clientOf(slow).send(get(baseUrl, { authorization }));
    expect(order).toEqual(['lane', 'token']);
    expect(received[0]?.headers).toMatchObject({ authorization: 'Bearer planted-secret', 'api-key': 'planted-secret' });
    const nobody = new WaitUntil('token_awaited', 'later', { at: new Date() });
    expect(await rejection(clientOf(slow).send(get(baseUrl, { authorization: () => Promise.reject(nobody) })))).toBe(nobody);
    expect(received).toHaveLength(1);
  });

  it('may wait for its lane longer than an answer may take', async () => {
    const { limiter } = countingLimiter();
    const slow = { ...limiter, acquire: () => delay(400) };
    const { baseUrl } = await vendorServer((_, response) => response.end('{"a":1}'));
    expect((await clientOf(slow, { timeoutMs: 200 }).send(get(baseUrl))).status).toBe(200);
  });

  it('is given up when its signal fires, while it waits for the lane as well as for the answer', async () => {
    const { limiter } = countingLimiter();
    const stuck = {
      ...limiter,
      acquire: (_: unknown, options: { signal?: AbortSignal } = {}) => delay(60_000, undefined, options),
    };
    const server = await vendorServer(() => {});
    const waiting = await failure(clientOf(stuck).send(get(server.baseUrl, { signal: AbortSignal.timeout(50) })));
    expect(waiting).toMatchObject({ kind: 'aborted', sent: false });
    const controller = new AbortController();
    const hanging = failure(clientOf().send(get(server.baseUrl, { signal: controller.signal })));
    while (server.received.length === 0) await delay(5);
    controller.abort();
    expect(await hanging).toMatchObject({ kind: 'aborted', sent: true });
  });

  it('sends JSON, and a POST or DELETE without a body ends too', async () => {
    const { baseUrl, received } = await vendorServer((_, response) => response.end('{}'));
    const client = clientOf();
    await client.send(get(baseUrl, { method: 'POST', body: { a: 'é' } }));
    await client.send(get(baseUrl, { method: 'POST' }));
    await client.send(get(baseUrl, { method: 'DELETE' }));
    expect(received.map(({ method, body }) => [method, body])).toEqual([
      ['POST', '{"a":"é"}'],
      ['POST', ''],
      ['DELETE', ''],
    ]);
    expect(received[0]?.headers['user-agent']).toMatch(/^tajo-connector\/\d+\.\d+\.\d+$/);
  });

  it('is sent once, whatever becomes of it', async () => {
    const server = await vendorServer(({ url }, response) => {
      if (url.pathname === '/busy') response.writeHead(503).end();
      else response.socket?.destroy();
    });
    expect((await clientOf().send(get(server.baseUrl, { url: urlOf(server.baseUrl, '/busy') }))).status).toBe(503);
    expect(await failure(clientOf().send(get(server.baseUrl)))).toMatchObject({ kind: 'network' });
    expect(server.received).toHaveLength(2);
  });

  it('never follows a redirect', async () => {
    const elsewhere = await vendorServer((_, response) => response.end('{}'));
    const { baseUrl } = await vendorServer((_, response) => {
      response.writeHead(307, { location: elsewhere.baseUrl }).end();
    });
    expect((await clientOf().send(get(baseUrl))).status).toBe(307);
    expect(elsewhere.received).toEqual([]);
  });
});

describe('an answer', () => {
  it('is unpacked', async () => {
    const { baseUrl } = await vendorServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"a":1}'));
    });
    expect(jsonOf(await clientOf().send(get(baseUrl)))).toEqual({ a: 1 });
  });

  it('is cut off at the cap, counted after unpacking', async () => {
    const { baseUrl } = await vendorServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1_000_000)));
    });
    const { kind, message } = await failure(clientOf(undefined, { maxBodyBytes: 10_000 }).send(get(baseUrl)));
    expect([kind, message]).toEqual(['too_large', 'the answer is larger than the 10000 bytes allowed']);
  });

  it('that never comes is a time-out, that drips as well', async () => {
    const { baseUrl } = await vendorServer(({ url }, response) => {
      if (url.pathname === '/drip') {
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      }
    });
    const client = clientOf(undefined, { timeoutMs: 150 });
    expect(await failure(client.send(get(baseUrl)))).toMatchObject({ kind: 'timeout', sent: true });
    expect(await failure(client.send(get(baseUrl, { url: urlOf(baseUrl, '/drip') })))).toMatchObject({
      kind: 'timeout',
      sent: true,
    });
  });

  it('that breaks off is a network failure, and may have been carried out', async () => {
    const { baseUrl } = await vendorServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"a":', () => response.destroy());
    });
    expect(await failure(clientOf().send(get(baseUrl)))).toMatchObject({ kind: 'network', sent: true });
  });

  it('from a port where nobody listens was never sent', async () => {
    const server = await vendorServer(() => {});
    await server.close();
    expect(await failure(clientOf().send(get(server.baseUrl)))).toMatchObject({ kind: 'network', sent: false });
  });

  it('that is no JSON is unreadable when it claims success, and nothing when it does not', async () => {
    expect(() => jsonOf({ status: 200, headers: {}, text: '{"data":[' })).toThrow(HttpFailure);
    expect(jsonOf({ status: 502, headers: {}, text: '<html>' })).toBeUndefined();
    expect(jsonOf({ status: 204, headers: {}, text: '' })).toBeUndefined();
  });
});

describe('rate headers', () => {
  it('go to the first lane', async () => {
    const { limiter, observations } = countingLimiter();
    const { baseUrl } = await vendorServer((_, response) => {
      response.writeHead(404, { 'x-left': '3' }).end();
    });
    await clientOf(limiter).send(get(baseUrl, { lanes: [steady, scarce] }));
    expect(observations).toEqual([{ key: 'steady', observation: { windowMs: 1000, remaining: 3 } }]);
  });

  it('of a 429 rest every lane of the request', async () => {
    const { limiter, penalties } = countingLimiter();
    const { baseUrl } = await vendorServer((_, response) => {
      response.writeHead(429, { 'retry-after': '9' }).end();
    });
    expect((await clientOf(limiter).send(get(baseUrl, { lanes: [steady, scarce] }))).status).toBe(429);
    expect(penalties).toEqual([
      { key: 'steady', forMs: 9000 },
      { key: 'scarce', forMs: 9000 },
    ]);
  });

  it('that cannot be booked do not cost the answer', async () => {
    const { limiter } = countingLimiter();
    const away = { ...limiter, observe: () => Promise.reject(new Error('Redis is away')) };
    const { baseUrl } = await vendorServer((_, response) => {
      response.writeHead(201, { 'x-left': '3' }).end('{}');
    });
    expect((await clientOf(away).send(get(baseUrl))).status).toBe(201);
  });
});

describe('an address', () => {
  it('keeps every character of its query', () => {
    const { search } = urlOf('https://a.example', '/x', { filter: 'any(phone,["+33 6"])', 'page[size]': 1, none: undefined });
    expect(search).toBe('?filter=any(phone%2C%5B%22%2B33%206%22%5D)&page%5Bsize%5D=1');
    expect(new URLSearchParams(search).get('filter')).toBe('any(phone,["+33 6"])');
  });

  it('stays below its base', () => {
    expect(urlOf('https://a.example/v3/', '/contacts').href).toBe('https://a.example/v3/contacts');
    for (const path of ['/contacts/../../x', '@evil.example/', '/x?y=1', '/a b', '/%2e%2e/x']) {
      expect(() => urlOf('https://a.example/v3', path)).toThrow('not percent-encoded');
    }
    expect(urlOf('https://a.example', '//evil.example/x').host).toBe('a.example');
  });
});

describe('redact', () => {
  it.each([
    ["'jane.o+x@example.com' is invalid", "'<e-mail>' is invalid"],
    ['jane%40example.com', '<e-mail>'],
    ['Invalid phone +33 6 12 34 56 78.', 'Invalid phone <number>.'],
    ['SMS 33612345678 taken', 'SMS <number> taken'],
    ['key xkeysib-abc-1 or pk_12ab', 'key <key> or <key>'],
    ['greater-than 2026-01-15 needs 42', 'greater-than 2026-01-15 needs 42'],
  ])('%s', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it('keeps a long text short', () => {
    expect(redact('word '.repeat(1000)).length).toBe(501);
  });
});
