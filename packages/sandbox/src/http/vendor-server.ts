import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBody } from './body.js';
import { type Control, serveControl } from './control-server.js';
import type { Endpoint, Reply, SandboxRequest } from './exchange.js';
import { type Fault, Faults, type Outage } from './faults.js';
import { Recorder } from './recorder.js';
import { createRouter } from './router.js';
import { StatsBook } from './stats.js';
import type { FixedWindows, Verdict } from './windows.js';

/** What the two vendors do differently; the way a request takes is the same for both. */
export interface Vendor<E extends Endpoint> {
  readonly name: 'klaviyo' | 'brevo';
  /** Path in front of every endpoint, e.g. `/v3`. */
  readonly prefix: string;
  readonly endpoints: readonly E[];
  readonly windows: FixedWindows;
  readonly maxBodyBytes: number;
  /** Before anything is looked up: who asks? */
  readonly authenticate: (request: SandboxRequest) => Reply | undefined;
  /** May this key use this endpoint? */
  readonly authorize: (request: SandboxRequest, endpoint: E) => Reply | undefined;
  /** Budgets drawn beside the endpoint's own. */
  readonly extraBudgets?: (request: SandboxRequest, endpoint: E) => readonly string[];
  /** Headers and parameters, after the request was counted. */
  readonly validate: (request: SandboxRequest, endpoint: E) => Reply | undefined;
  readonly rateHeaders: (verdict: Verdict) => Readonly<Record<string, string>>;
  readonly refuse: (why: 'not-found' | 'wrong-method' | 'too-large' | 'throttled' | 'broken' | 'outage') => Reply;
  /** Files served without a key, e.g. import reports. */
  readonly files?: (request: SandboxRequest) => Reply | undefined;
}

export interface VendorServerOptions {
  readonly host: string;
  readonly port: number;
  /** Time between counting a request and answering it. */
  readonly latencyMs: number;
  /** Each request is counted up to this much later than it came, at random: networks do that to callers. */
  readonly jitterMs: number;
  /** How many requests are kept for `GET /requests`. */
  readonly record: number;
  /** The vendor's own endpoints under `/_sandbox/<name>/`. */
  readonly control: readonly Control[];
}

export interface VendorServer {
  /** `http://host:port`, without the vendor's prefix. */
  readonly origin: string;
  stop(): Promise<void>;
}

export async function startVendorServer<E extends Endpoint>(
  vendor: Vendor<E>,
  options: VendorServerOptions,
): Promise<VendorServer> {
  const route = createRouter(vendor.endpoints);
  const faults = new Faults();
  const stats = new StatsBook();
  const recorder = new Recorder(options.record);
  let outage: Outage | undefined;
  const control = serveControl(`/_sandbox/${vendor.name}`, options.control, {
    faults,
    stats: () => stats.read(vendor.windows),
    requests: () => recorder.all(),
    resetStats: () => {
      stats.clear();
      vendor.windows.forget();
    },
    setOutage: (how) => {
      outage = how;
    },
  });

  const server = createServer((message, response) => {
    serve(message, response).catch((error: unknown) => {
      // A caller that hung up in the middle of its body is no fault of ours.
      const gone = response.destroyed || !message.complete;
      if (!gone) process.stderr.write(`sandbox ${vendor.name}: ${error instanceof Error ? error.stack : String(error)}\n`);
      if (gone || response.headersSent) response.destroy();
      else send(response, vendor.refuse('broken'));
    });
  });
  // Callers keep connections for minutes; ours must not be the side that closes first and turns into a reset nobody asked for.
  server.keepAliveTimeout = 120_000;

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const origin = `http://${message.headers.host ?? `${options.host}:${options.port}`}`;
    const url = new URL(origin + (message.url ?? '/'));
    const method = message.method ?? 'GET';
    const body = await readBody(message, vendor.maxBodyBytes);
    const request = (path: string): SandboxRequest => ({
      method,
      path,
      query: url.searchParams,
      headers: message.headers,
      params: {},
      body: body === 'too-large' ? Buffer.alloc(0) : body,
      origin,
    });
    if (url.pathname.startsWith('/_sandbox/')) return send(response, await control(request(url.pathname)));
    if (outage) return suffer(outage, response);
    const file = vendor.files?.(request(url.pathname));
    if (file) return send(response, file);

    const path = url.pathname.startsWith(vendor.prefix) ? url.pathname.slice(vendor.prefix.length) : '';
    recorder.add(request(path));
    const fault = faults.hit(method, path, keyOf(message));
    if (fault && breaks(fault, response, method, path)) return;
    if (fault?.kind === 'slow') await sleep(fault.delayMs ?? 1_000);
    const reply = body === 'too-large' ? vendor.refuse('too-large') : await answer(request(path));
    if (fault?.kind === 'reset-after') return reset(response);
    send(response, fault?.kind === 'truncate' ? halved(reply) : reply);
  }

  async function answer(request: SandboxRequest): Promise<Reply> {
    const stranger = vendor.authenticate(request);
    if (stranger) return stranger;
    const match = route(request.method, request.path);
    if (match.kind !== 'found') return vendor.refuse(match.kind);
    const { endpoint } = match;
    const routed = { ...request, params: match.params };
    const forbidden = vendor.authorize(routed, endpoint);
    if (forbidden) return counted(endpoint, forbidden);
    if (options.jitterMs > 0) await sleep(Math.random() * options.jitterMs);
    const verdict = vendor.windows.take([endpoint.budget, ...(vendor.extraBudgets?.(routed, endpoint) ?? [])]);
    const rateHeaders = vendor.rateHeaders(verdict);
    if (!verdict.allowed) return counted(endpoint, withHeaders(vendor.refuse('throttled'), rateHeaders), true);
    if (options.latencyMs > 0) await sleep(options.latencyMs);
    return counted(endpoint, withHeaders(vendor.validate(routed, endpoint) ?? (await endpoint.handle(routed)), rateHeaders));
  }

  function counted(endpoint: E, reply: Reply, throttled = false): Reply {
    stats.count(endpoint, reply.status, throttled);
    return reply;
  }

  /** Whether the fault ends the request before any work. */
  function breaks(fault: Fault, response: ServerResponse, method: string, path: string): boolean {
    if (fault.kind === 'slow' || fault.kind === 'truncate' || fault.kind === 'reset-after') return false;
    const match = route(method, path);
    if (match.kind === 'found') stats.count(match.endpoint, fault.kind === 'status' ? (fault.status ?? 503) : 0, false);
    if (fault.kind === 'reset-before') reset(response);
    if (fault.kind === 'status') {
      const gateway = vendor.refuse('outage');
      const { status = gateway.status, body = gateway.body ?? '', headers } = fault;
      send(response, { status, body, headers: { ...gateway.headers, ...headers } });
    }
    return true;
  }

  function suffer(how: Outage, response: ServerResponse): void {
    if (how === 'reset') reset(response);
    if (how === 'status') send(response, vendor.refuse('outage'));
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  // A server that listens on a host and port has an AddressInfo; only pipes have a string here.
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://${options.host === '0.0.0.0' ? '127.0.0.1' : options.host}:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Klaviyo's stands behind a scheme, Brevo's by itself. */
function keyOf({ headers }: IncomingMessage): string {
  const brevo = headers['api-key'];
  return headers.authorization?.split(' ')[1] ?? (typeof brevo === 'string' ? brevo : '');
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

function withHeaders(reply: Reply, headers: Readonly<Record<string, string>>): Reply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

/** Half of the body under a matching length: the transport is fine, the document is not. */
function halved(reply: Reply): Reply {
  return typeof reply.body === 'string' ? { ...reply, body: reply.body.slice(0, Math.floor(reply.body.length / 2)) } : reply;
}

function send(response: ServerResponse, reply: Reply): void {
  if (typeof reply.body === 'string' || reply.body === undefined) {
    const body = Buffer.from(reply.body ?? '');
    const length = reply.status === 204 ? {} : { 'content-length': String(body.length) };
    response.writeHead(reply.status, { ...reply.headers, ...length });
    response.end(body);
    return;
  }
  response.writeHead(reply.status, reply.headers);
  stream(response, reply.body[Symbol.iterator]());
}

/** Writes until the caller cannot take more, and goes on when it can: a dump of a large account never piles up here. */
function stream(response: ServerResponse, lines: Iterator<string>): void {
  for (;;) {
    const next = lines.next();
    if (next.done) return void response.end();
    if (!response.write(next.value)) return void response.once('drain', () => stream(response, lines));
  }
}
