import { connect, createServer } from 'node:net';
import { BadInput, messageOf } from '@tajo/errors';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import type { ServerName } from './running-server.js';

const TIMEOUT_MS = 3_000;

/** The variable that holds a server's address. */
export const URL_VARIABLE: Readonly<Record<ServerName, 'REDIS_URL' | 'MONGO_URL'>> = { redis: 'REDIS_URL', mongo: 'MONGO_URL' };

/** Resolves when the server behind the URL answers a ping; else throws `BadInput` that names the variable, the address and the remedy. */
export async function mustAnswer(server: ServerName, url: string): Promise<void> {
  const field = URL_VARIABLE[server];
  try {
    await ping(server, url);
  } catch (error) {
    const message = `${field} is ${withoutPassword(url)}, which does not answer (${messageOf(error)}); start that server, mend ${field}, or unset it to have one started.`;
    throw new BadInput('server_unreachable', message, { field, cause: error });
  }
}

export async function answers(server: ServerName, url: string): Promise<boolean> {
  try {
    // Cheap while the server is starting; the drivers would wait and log.
    await portIsOpen(Number(new URL(url).port));
    await ping(server, url);
    return true;
  } catch {
    return false;
  }
}

function ping(server: ServerName, url: string): Promise<void> {
  return server === 'redis' ? pingRedis(url) : pingMongo(url);
}

async function pingRedis(url: string): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: TIMEOUT_MS,
  });
  // connect() only says that the connection is closed; the event says why.
  let cause: Error | undefined;
  client.on('error', (error: Error) => {
    cause = error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw cause ?? error;
  } finally {
    client.disconnect();
  }
}

async function pingMongo(url: string): Promise<void> {
  const client = new mongoose.mongo.MongoClient(url, { serverSelectionTimeoutMS: TIMEOUT_MS, connectTimeoutMS: TIMEOUT_MS });
  try {
    await client.db().command({ ping: 1 });
  } finally {
    await client.close();
  }
}

function portIsOpen(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: TIMEOUT_MS });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new Error('timed out')));
    socket.once('error', reject);
  });
}

/** A port nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//[hidden]@');
}
