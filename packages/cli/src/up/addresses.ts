import { createServer } from 'node:net';
import type { Config } from '@tajo/config';
import { BadInput, messageOf } from '@tajo/errors';

export interface Address {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** The variable that moves it elsewhere. */
  readonly variable: string;
}

export interface Addresses {
  readonly producer: Address;
  readonly board: Address;
  readonly workers: readonly Address[];
}

export function addressesOf(config: Config, workers: number): Addresses {
  const address = (port: number, variable: string): Address => ({
    url: `http://${reachable(config.host)}:${port}`,
    host: config.host,
    port,
    variable,
  });
  return {
    producer: address(config.producer.port, 'PRODUCER_PORT'),
    board: address(config.board.port, 'BOARD_PORT'),
    workers: Array.from({ length: workers }, (_, i) => address(config.worker.port + i, 'WORKER_PORT')),
  };
}

/**
 * Throws `BadInput` for a port that is taken. Checked before anything starts: whoever has the port might answer our health checks,
 * and we would call a stranger ready.
 */
export async function requireFree({ producer, board, workers }: Addresses): Promise<void> {
  const all = [producer, board, ...workers];
  for (const [i, { host, port, variable }] of all.entries()) {
    const twin = all.findIndex((other) => other.port === port);
    if (twin !== i) throw taken(port, variable, `${all[twin]?.variable} asks for it too`);
    const problem = await listenOnce(host, port);
    if (problem !== undefined) throw taken(port, variable, problem);
  }
}

function taken(port: number, variable: string, problem: string): BadInput {
  return new BadInput(
    'port_taken',
    `${variable}: port ${port} cannot be used (${problem}); end what uses it, or set ${variable} to another.`,
    {
      field: variable,
    },
  );
}

function listenOnce(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(messageOf(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** «All addresses» is something to listen on, not something to call. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
