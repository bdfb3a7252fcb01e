import type { IncomingHttpHeaders } from 'node:http';

/** One request as the handlers of both vendors see it. */
export interface SandboxRequest {
  readonly method: string;
  /** Without the vendor's prefix and without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Values of the `{name}` parts of the endpoint's path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Scheme, host and port as the caller wrote them: links in answers must lead back through the same door. */
  readonly origin: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Lines of a long answer may come as an iterable; everything else is sent whole. */
  readonly body?: string | Iterable<string>;
}

/** What makes an endpoint: adding one to a vendor is adding one of these to its table. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Parts in braces match one path segment: `/api/profiles/{id}`. */
  readonly path: string;
  /** The rate budget the call draws on; endpoints may share one. */
  readonly budget: string;
  readonly handle: (request: SandboxRequest) => Reply | Promise<Reply>;
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

/** One JSON document a line: a million records need no array. */
export function ndjson(values: Iterable<unknown>): Reply {
  return { status: 200, headers: { 'content-type': 'application/x-ndjson' }, body: lines(values) };
}

function* lines(values: Iterable<unknown>): Generator<string> {
  for (const value of values) yield `${JSON.stringify(value)}\n`;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The body as JSON; `undefined` where it is none. */
export function parseBody(request: SandboxRequest): unknown {
  try {
    return JSON.parse(request.body.toString('utf8'));
  } catch {
    return undefined;
  }
}
