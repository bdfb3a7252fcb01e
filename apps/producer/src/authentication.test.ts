import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAccountOpener } from '@tajo/accounts';
import { BadInput } from '@tajo/errors';
import { createMemoryLimiter } from '@tajo/limiter';
import { createLogger } from '@tajo/logging';
import { loadConfig } from '@tajo/config';
import { API_KEY, startProducer, type TestProducer } from '../../../test/support/producer.js';
import { WRONG_KEYS_PER_MINUTE } from './authentication.js';
import { routes } from './routes.js';
import { createProducer } from './server.js';

let producer: TestProducer;
beforeAll(async () => {
  producer = await startProducer();
});
afterAll(() => producer.close());

const pathOf = (path: string) => path.replace('{resource}', 'profiles').replaceAll(/\{\w+\}/g, 'x');
const basic = (password: string) => ({ authorization: `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}` });

describe('who may call the API', () => {
  const guarded = routes.filter(({ access }) => access === 'key');

  it.each(guarded.map(({ method, path }) => [method.toUpperCase(), path]))(
    'refuses %s %s without a key',
    async (method, path) => {
      const { status, json, headers } = await producer.call(method, pathOf(path), { key: null });
      expect(status).toBe(401);
      expect(json).toMatchObject({ code: 'unauthenticated' });
      expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
    },
  );

  it.each(['/docs', '/docs/', '/docs/swagger-ui-bundle.js', '/docs/start.js', '/v1/openapi.json', '/v1', '/nothing', '/'])(
    'refuses GET %s without a key',
    async (path) => {
      expect((await producer.call('GET', path, { key: null })).status).toBe(401);
    },
  );

  it('does not read a body before it knows who sends it', async () => {
    expect((await producer.call('POST', '/v1/syncs', { key: null, body: '{"mode":' })).status).toBe(401);
  });

  it.each([
    ['another key', API_KEY.toUpperCase()],
    ['the beginning of the key', API_KEY.slice(0, -1)],
    ['more than the key', `${API_KEY}x`],
  ])('refuses %s', async (_what, key) => {
    expect((await producer.call('GET', '/v1/syncs', { key })).status).toBe(401);
  });

  it('takes the key as a Basic password for pages only', async () => {
    const page = await producer.call('GET', '/docs/', { key: null, headers: basic(API_KEY) });
    expect(page.status).toBe(200);
    expect(page.text).toContain('swagger-ui-bundle.js');
    expect((await producer.call('GET', '/docs/swagger-ui.css', { key: null, headers: basic(API_KEY) })).status).toBe(200);
    expect((await producer.call('GET', '/v1/openapi.json', { key: null, headers: basic(API_KEY) })).json).toMatchObject({
      openapi: '3.1.0',
    });
    expect((await producer.call('GET', '/v1/syncs', { key: null, headers: basic(API_KEY) })).status).toBe(401);
    const refused = await producer.call('GET', '/docs', { key: null, headers: basic('wrong') });
    expect([refused.status, refused.headers.get('www-authenticate')?.slice(0, 5)]).toEqual([401, 'Basic']);
  });

  it('leaves health open, and says nothing there but that', async () => {
    expect((await producer.call('GET', '/health/live', { key: null })).json).toEqual({ status: 'ok' });
    expect((await producer.call('GET', '/health/ready', { key: null })).json).toEqual({ status: 'ok' });
  });

  it('sends security headers and does not say what it runs on', async () => {
    const { headers } = await producer.call('GET', '/health/live', { key: null });
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('needs a key of its own to begin with', async () => {
    for (const [key, words] of [
      [undefined, 'is not set'],
      ['short', '16'],
    ] as const) {
      const open = () => {
        const config = loadConfig({ env: key === undefined ? {} : { TAJO_API_KEY: key }, cwd: '/' });
        const limiter = createMemoryLimiter({});
        const { store, queues } = producer;
        createProducer({
          config,
          store,
          queues,
          limiter,
          accounts: createAccountOpener({ config, store, limiter }),
          logger: createLogger({ name: 't', level: 'silent' }),
        });
      };
      expect(open).toThrow(BadInput);
      expect(open).toThrow(/TAJO_API_KEY/);
      expect(open).toThrow(words);
    }
  });

  it('shuts out an address that goes on guessing, whatever it shows then', async () => {
    const guess = (key: string) => producer.call('GET', '/v1/syncs', { key });
    let answer = await guess('guess-0');
    for (let n = 1; answer.status === 401 && n < WRONG_KEYS_PER_MINUTE * 2; n += 1) answer = await guess(`guess-${n}`);
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('60');
    expect((await producer.call('GET', '/v1/syncs')).status).toBe(429);
    expect(producer.logged()).not.toContain('guess-1');
  });
});
