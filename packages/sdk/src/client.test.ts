import { afterEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { closeAll, json, type Received, rejection, vendorServer } from '../../../test/support/vendor.js';
import { TajoApiError, TajoClient, TajoUnreachableError } from './index.js';

afterEach(closeAll);

const KEY = 'key-of-the-api-0123456789';
const busy = {
  type: 'urn:tajo:problem:run_active',
  title: 'Busy',
  status: 409,
  code: 'run_active',
  detail: 'Run run_1 is not finished.',
  runId: 'run_1',
};
const away = {
  type: 'urn:tajo:problem:store_unreachable',
  title: 'Away',
  status: 503,
  code: 'store_unreachable',
  detail: 'The database cannot be reached.',
};

function problem(response: ServerResponse, document: typeof busy | typeof away, headers: Record<string, string> = {}): void {
  json(response, document.status, document, { 'content-type': 'application/problem+json', ...headers });
}

async function apiThat(answer: (request: Received, response: ServerResponse, number: number) => void) {
  let number = 0;
  const server = await vendorServer((request, response) => answer(request, response, (number += 1)));
  return {
    server,
    tajo: new TajoClient({ apiKey: KEY, brevoApiKey: 'xkeysib-1', baseUrl: `${server.baseUrl}/`, timeoutMs: 2_000 }),
  };
}

describe('the client', () => {
  it('connects as the product page shows, with the Brevo key it was made with', async () => {
    const { server, tajo } = await apiThat((_request, response) => json(response, 200, { account: 'default' }));
    await tajo.connectors.connect('klaviyo', { privateApiKey: 'pk_1', publicApiKey: 'XXXXXX' });
    const [{ method, url, headers, body } = failed()] = server.received;
    expect([method, url.pathname, headers.authorization]).toEqual(['POST', '/v1/connectors/klaviyo/connect', `Bearer ${KEY}`]);
    expect(JSON.parse(body)).toEqual({ privateApiKey: 'pk_1', publicApiKey: 'XXXXXX', brevoApiKey: 'xkeysib-1' });
  });

  it('sends filters as query parameters and encodes ids', async () => {
    const { server, tajo } = await apiThat((_request, response) => json(response, 200, {}));
    await tajo.rejections.list({ reason: 'duplicate phone', limit: 5, run: undefined });
    await tajo.records.explain('profiles', 'a/b?c');
    expect(server.received.map(({ url }) => url.pathname + url.search)).toEqual([
      '/v1/rejections?reason=duplicate+phone&limit=5',
      '/v1/records/profiles/a%2Fb%3Fc',
    ]);
  });

  it('throws what the API says', async () => {
    const { tajo } = await apiThat((_request, response) => problem(response, busy));
    const error = await rejection(tajo.syncs.start({ mode: 'full' }));
    expect(error).toBeInstanceOf(TajoApiError);
    expect(error).toMatchObject({ status: 409, code: 'run_active', runId: 'run_1', message: 'Run run_1 is not finished.' });
  });

  it('says so when something else answers', async () => {
    const { tajo } = await apiThat(
      (_request, response) => void response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>'),
    );
    expect(await rejection(tajo.syncs.get('run_1'))).toMatchObject({ status: 404, code: 'http_404' });
    const page = await apiThat(
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hello</h1>'),
    );
    expect(await rejection(page.tajo.syncs.get('run_1'))).toBeInstanceOf(TajoUnreachableError);
  });

  it('follows no redirect, which would carry the key elsewhere', async () => {
    const other = await vendorServer((_request, response) => json(response, 200, {}));
    const { tajo } = await apiThat((_request, response) => void response.writeHead(307, { location: other.baseUrl }).end());
    expect(await rejection(tajo.syncs.pause('run_1'))).toBeInstanceOf(TajoUnreachableError);
    expect(other.received).toEqual([]);
  });

  it('reads again what failed in passing, and as late as it is asked to', async () => {
    const { server, tajo } = await apiThat((_request, response, number) =>
      number < 3 ? problem(response, away, { 'retry-after': '0' }) : json(response, 200, { id: 'run_1' }),
    );
    expect(await tajo.syncs.get('run_1')).toEqual({ id: 'run_1' });
    expect(server.received.length).toBe(3);
  });

  it('gives up after three tries', async () => {
    const { server, tajo } = await apiThat((_request, response) => problem(response, away, { 'retry-after': '0' }));
    expect(await rejection(tajo.syncs.get('run_1'))).toMatchObject({ code: 'store_unreachable', retryAfterMs: 0 });
    expect(server.received.length).toBe(3);
  });

  it('changes something once only, unless an idempotency key makes it safe', async () => {
    const { server, tajo } = await apiThat((_request, response) => problem(response, away, { 'retry-after': '0' }));
    await rejection(tajo.syncs.start({ mode: 'full' }));
    await rejection(tajo.syncs.cancel('run_1'));
    expect(server.received.length).toBe(2);
    await rejection(tajo.syncs.start({ mode: 'full' }, { idempotencyKey: 'k-1' }));
    expect(server.received.slice(2).map(({ headers }) => headers['idempotency-key'])).toEqual(['k-1', 'k-1', 'k-1']);
  });

  it('does not wait for ever', async () => {
    const server = await vendorServer(() => undefined);
    const tajo = new TajoClient({ apiKey: KEY, baseUrl: server.baseUrl, timeoutMs: 50 });
    const error = await rejection(tajo.syncs.pause('run_1'));
    expect(error).toBeInstanceOf(TajoUnreachableError);
    expect(String(error)).toContain('no answer in time');
  });

  it('names the address where nothing listens, and never the key', async () => {
    const { server, tajo } = await apiThat(() => undefined);
    await server.close();
    const error = await rejection(tajo.syncs.pause('run_1'));
    expect(String(error)).toMatch(/http:\/\/127\.0\.0\.1:\d+ cannot be reached: ECONNREFUSED/);
    expect(String(error)).not.toContain(KEY);
  });

  it('ends when its caller says so', async () => {
    const { tajo } = await apiThat(() => undefined);
    const over = new AbortController();
    const reading = rejection(tajo.syncs.get('run_1', { signal: over.signal }));
    over.abort(new Error('enough'));
    expect(await reading).toMatchObject({ message: 'enough' });
  });
});

describe('watching a run', () => {
  it('goes on until the run is final, however the stream is cut into pieces', async () => {
    const { tajo } = await apiThat((_request, response) => {
      begin(response);
      const text = `retry: 2000\n\n${event(1)}: heartbeat\n\n${event(2, true)}event: end\ndata: {}\n\n`;
      for (const piece of text.match(/[\s\S]{1,7}/g) ?? []) response.write(piece);
    });
    expect(await readsOf(tajo)).toEqual([1, 2]);
  });

  it('connects again when the stream breaks and while the API is away', async () => {
    const { server, tajo } = await apiThat((_request, response, number) => {
      if (number === 2) return problem(response, away);
      begin(response).write(event(number));
      if (number === 1) setTimeout(() => response.destroy(), 20);
      else response.end(event(9, true));
    });
    expect(await readsOf(tajo)).toEqual([1, 3, 9]);
    expect(server.received.length).toBe(3);
  });

  it('polls while the API has no stream to give', async () => {
    const { tajo } = await apiThat(({ url }, response, number) => {
      if (url.searchParams.get('once') === 'true') return json(response, 200, { read: number, final: number > 3 });
      problem(response, { ...away, code: 'too_many_watchers' });
    });
    expect(await readsOf(tajo)).toEqual([2, 4]);
  });

  it('throws at once what will not pass, and gives up on what does not', async () => {
    const refused = await apiThat((_request, response) => problem(response, { ...busy, status: 404, code: 'not_found' }));
    expect(await rejection(readsOf(refused.tajo))).toMatchObject({ code: 'not_found' });
    const gone = await apiThat((_request, response) => problem(response, away));
    expect(await rejection(readsOf(gone.tajo, { giveUpAfterMs: -1 }))).toMatchObject({ code: 'store_unreachable' });
  });

  it('closes its connection when nobody looks any more', async () => {
    let closed: () => void;
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { tajo } = await apiThat((_request, response) => {
      response.once('close', () => closed());
      begin(response).write(event(1));
    });
    for await (const { read } of tajo.syncs.watch('run_1')) {
      expect(read).toBe(1);
      break;
    }
    await isClosed;
  });
});

function failed(): never {
  throw new Error('Nothing was received.');
}

const begin = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' });
const event = (read: number, final = false) => `id: 1\nevent: progress\ndata: ${JSON.stringify({ read, final })}\n\n`;

async function readsOf(tajo: TajoClient, options?: Parameters<TajoClient['syncs']['watch']>[1]): Promise<number[]> {
  const reads: number[] = [];
  for await (const { read } of tajo.syncs.watch('run_1', options)) reads.push(read);
  return reads;
}
