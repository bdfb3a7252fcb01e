import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { AcquireOptions, Lane, LaneObservation, Limiter, Priority } from '@tajo/limiter';
import { got, type Options, type Response } from 'got';
import { z } from 'zod';
import { failureOf, HttpFailure } from './http-failure.js';

/**
 * One vendor's way over HTTP. Every request waits for all its lanes, every phase has a time-out, every body a cap, nothing is
 * retried and nothing is redirected: retrying belongs to the queue, and a redirect would carry the key to another host.
 */
export interface HttpClient {
  /** Any answer, whatever its status. Throws `HttpFailure` when there is none, and what the limiter throws (`WaitUntil`). */
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): void;
}

export interface HttpClientOptions {
  readonly limiter: Limiter;
  readonly rates: RateHeaders;
  /** Longest wait for a whole answer, in milliseconds, the wait for the lane not counted. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Largest answer, in bytes after decompression. Default 20,000,000. */
  readonly maxBodyBytes?: number | undefined;
}

/** What a vendor's rate headers mean. */
export interface RateHeaders {
  /** What an answer says about the lane it was counted in; nothing when it has no such headers. */
  observe(headers: IncomingHttpHeaders, lane: Lane): LaneObservation | undefined;
  /** How long a 429 asks to wait, in milliseconds. */
  retryAfterMs(headers: IncomingHttpHeaders): number;
}

/** What a caller may say about any request. */
export interface CallOptions {
  /** Ends the wait for the lane or for the answer. */
  readonly signal?: AbortSignal | undefined;
  readonly priority?: Priority | undefined;
  /** Longest wait for the lanes; beyond it the limiter throws `WaitUntil`. */
  readonly maxWaitMs?: number | undefined;
}

/** What holds for a call: its own word, else the default. */
export function callOptions(own: CallOptions, defaults: CallOptions): CallOptions {
  return {
    signal: own.signal ?? defaults.signal,
    priority: own.priority ?? defaults.priority,
    maxWaitMs: own.maxWaitMs ?? defaults.maxWaitMs,
  };
}

export interface HttpRequest extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Asked for once the lanes let the request through, for what does not last as long as their wait may. What it throws is thrown as it is. */
  readonly authorization?: (() => Promise<string>) | undefined;
  /** Sent as JSON, `URLSearchParams` as a form; absent for none. */
  readonly body?: unknown;
  /** Every lane the request is counted in. The vendor's rate headers speak of the first. */
  readonly lanes: readonly Lane[];
  /** The lane the headers speak of, where only they tell which one the vendor counted the request in; undefined when they do not. */
  readonly countedIn?: ((headers: IncomingHttpHeaders) => Lane | undefined) | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export function createHttpClient({
  limiter,
  rates,
  timeoutMs = 60_000,
  maxBodyBytes = 20_000_000,
}: HttpClientOptions): HttpClient {
  const agent = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  const transport = {
    agent,
    followRedirect: false,
    throwHttpErrors: false,
    decompress: true,
    retry: { limit: 0 },
    https: { minVersion: 'TLSv1.2' },
    timeout: {
      lookup: Math.min(5_000, timeoutMs),
      connect: Math.min(10_000, timeoutMs),
      secureConnect: Math.min(10_000, timeoutMs),
      socket: timeoutMs,
      send: timeoutMs,
      response: timeoutMs,
      read: timeoutMs,
      request: timeoutMs,
    },
  } as const;

  async function send(request: HttpRequest): Promise<HttpAnswer> {
    let refusal: { thrown: unknown } | undefined;
    let cleared = false;
    // A caller's signal may live as long as its process: got would keep a listener on it for every request ever made.
    const abort = new AbortController();
    const onAbort = () => abort.abort();
    request.signal?.addEventListener('abort', onAbort);
    if (request.signal?.aborted) abort.abort();
    const stream = got.stream(request.url, {
      ...transport,
      method: request.method,
      headers: { ...request.headers, 'user-agent': userAgent },
      ...bodyOf(request),
      signal: abort.signal,
      hooks: {
        beforeRequest: [
          async ({ headers }) => {
            try {
              await limiter.acquire(request.lanes, waitOf(request));
              if (request.authorization) headers['authorization'] = await request.authorization();
              cleared = true;
            } catch (thrown) {
              refusal = { thrown };
              throw thrown;
            }
          },
        ],
      },
    });
    let response: Response | undefined;
    stream.once('response', (received: Response) => {
      response = received;
    });
    try {
      const text = await textOf(stream, maxBodyBytes);
      if (!response) throw new HttpFailure('network', 'the connection closed without an answer', { sent: cleared });
      const answer = { status: response.statusCode, headers: response.headers, text };
      await report(answer, request);
      return answer;
    } catch (error) {
      // The limiter's own word, or that of who signs in, must reach the queue as it is; got wraps it, with the request's headers in it.
      if (refusal && !request.signal?.aborted) throw refusal.thrown;
      throw failureOf(error, { cleared, aborted: request.signal?.aborted === true });
    } finally {
      request.signal?.removeEventListener('abort', onAbort);
    }
  }

  async function report({ status, headers }: HttpAnswer, { lanes, countedIn }: HttpRequest): Promise<void> {
    try {
      // A 429 does not say which budget is empty, so all that the request was counted in rest.
      if (status === 429) await Promise.all(lanes.map((lane) => limiter.penalize(lane, rates.retryAfterMs(headers))));
      const lane = countedIn ? countedIn(headers) : lanes[0];
      const observation = lane && status !== 429 ? rates.observe(headers, lane) : undefined;
      if (lane && observation) await limiter.observe(lane, observation);
    } catch {
      // Bookkeeping only: a limiter that is away must not turn a write the vendor has accepted into a failure.
      // It will say so itself when the next request asks for its slot.
    }
  }

  return {
    send,
    close() {
      agent.http.destroy();
      agent.https.destroy();
    },
  };
}

function waitOf({ priority, maxWaitMs, signal }: CallOptions): AcquireOptions {
  return { ...(priority && { priority }), ...(maxWaitMs !== undefined && { maxWaitMs }), ...(signal && { signal }) };
}

function bodyOf({ method, body }: HttpRequest): Pick<Partial<Options>, 'body'> {
  if (body instanceof URLSearchParams) return { body: body.toString() };
  if (body !== undefined) return { body: JSON.stringify(body) };
  // got would wait for somebody to write the body of a bodyless POST or DELETE.
  return method === 'GET' ? {} : { body: '' };
}

async function textOf(stream: AsyncIterable<unknown>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('got hands out bytes');
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new HttpFailure('too_large', `the answer is larger than the ${maxBytes} bytes allowed`, { sent: true });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));
const userAgent = `tajo-connector/${version}`;
