import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import type { AcquireOptions, LaneObservation, Limiter } from '@tajo/limiter';

/** What a server of a test was sent. */
export interface Received {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface VendorServer {
  readonly baseUrl: string;
  readonly received: Received[];
  close(): Promise<void>;
}

/** A vendor on 127.0.0.1 that answers as the test says, closed by `closeAll` at the latest. */
export async function vendorServer(answer: (request: Received, response: ServerResponse) => void): Promise<VendorServer> {
  const received: Received[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
      const request = { method: incoming.method ?? '', url, headers: incoming.headers, body: Buffer.concat(chunks).toString() };
      received.push(request);
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return closing({ baseUrl: `http://127.0.0.1:${portOf(server)}`, received, close: () => closed(server) });
}

export function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Lets everything through and writes down what it was asked; `refuse` makes the next requests wait elsewhere. */
export function countingLimiter(refuse?: () => Error | undefined) {
  const acquired: { keys: string[]; options: AcquireOptions }[] = [];
  const penalties: { key: string; forMs: number }[] = [];
  const observations: { key: string; observation: LaneObservation }[] = [];
  const limiter: Limiter = {
    async acquire(lanes, options = {}) {
      const refusal = refuse?.();
      if (refusal) throw refusal;
      acquired.push({ keys: [lanes].flat().map(({ key }) => key), options });
    },
    async penalize(lane, forMs) {
      penalties.push({ key: lane.key, forMs });
    },
    async observe(lane, observation) {
      observations.push({ key: lane.key, observation });
    },
    usage: async () => [],
    close: async () => {},
  };
  return { limiter, acquired, penalties, observations };
}

const opened: { close(): unknown }[] = [];

/** Closes it when the test is over; the test file calls `closeAll` after each. */
export function closing<T extends { close(): unknown }>(thing: T): T {
  opened.push(thing);
  return thing;
}

export async function closeAll(): Promise<void> {
  for (const thing of opened.splice(0).toReversed()) await thing.close();
}

/** Everything anybody could print of a thrown thing, hidden properties and causes included. */
export function deepText(thrown: unknown): string {
  const stack = thrown instanceof Error ? `${thrown.stack} ${JSON.stringify(thrown)} ${deepText(thrown.cause)}` : '';
  return `${inspect(thrown, { depth: Infinity, showHidden: true, maxStringLength: Infinity, maxArrayLength: Infinity })} ${stack}`;
}

/** What a promise is rejected with; fails when it is not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}
