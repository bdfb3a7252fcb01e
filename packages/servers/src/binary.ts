import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '@tajo/errors';
import { findOnPath } from './programs.js';
import { answers, freePort } from './reach.js';
import type { Attempt, Env, RunningServer, ServerName, StartOptions } from './running-server.js';
import { ServerProcess } from './server-process.js';

/** Somebody else may take the port between our looking and the server's binding. */
const TRIES = 3;

interface Command {
  readonly command: string;
  readonly args: (port: number, dataDir: string) => readonly string[];
}

const BINARIES: Readonly<Record<ServerName, Command>> = {
  redis: {
    command: 'redis-server',
    // What production must have too: an append-only file, and no eviction (BullMQ: going to production).
    args: (port, dataDir) =>
      `--port ${port} --bind 127.0.0.1 --appendonly yes --maxmemory-policy noeviction --daemonize no`
        .split(' ')
        .concat('--save', '', '--dir', dataDir),
  },
  mongo: {
    command: 'mongod',
    args: (port, dataDir) => ['--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket', '--quiet', '--dbpath', dataDir],
  },
};

/** Starts the server's own binary when it is on PATH. */
export async function fromBinary(server: ServerName, env: Env, options: StartOptions): Promise<Attempt> {
  const { command, args } = BINARIES[server];
  const path = findOnPath(command, env);
  if (path === undefined) return { skipped: `${command} is not on PATH` };
  try {
    const started = await startProcess(server, { command: path, args }, options);
    return { server: started, why: `${path} is on PATH` };
  } catch (error) {
    return { skipped: messageOf(error) };
  }
}

/** Starts `command` on a free port of 127.0.0.1. */
export async function startProcess(
  server: ServerName,
  { command, args }: Command,
  options: StartOptions,
): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const temporary = options.dataDir === undefined;
    const dataDir =
      options.dataDir === undefined ? mkdtempSync(join(tmpdir(), `tajo-${server}-`)) : join(options.dataDir, server);
    const url = urlOf(server, port);
    const spec = {
      command,
      args: args(port, dataDir),
      dataDir,
      temporary,
      logFile: join(dataDir, 'server.log'),
      answers: () => answers(server, url),
    };
    const process = new ServerProcess(spec);
    try {
      await process.start();
      return {
        url,
        port,
        kill: () => process.kill(),
        end: () => process.end(),
        restart: () => process.start(),
        stop: () => process.stop(),
      };
    } catch (error) {
      await process.stop();
      if (attempt === TRIES) throw error;
    }
  }
}

export function urlOf(server: ServerName, port: number, host = '127.0.0.1'): string {
  return server === 'redis' ? `redis://${host}:${port}` : `mongodb://${host}:${port}/tajo`;
}
