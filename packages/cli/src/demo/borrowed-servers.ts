import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';

/** A database of the demo's own on whatever server it is. */
export function ownDatabase(mongoUrl: string): string {
  const url = new URL(mongoUrl);
  // The user of the URL may live in the database it names.
  if (url.username && !url.searchParams.has('authSource')) url.searchParams.set('authSource', url.pathname.slice(1) || 'admin');
  url.pathname = `/tajo_demo_${randomBytes(4).toString('hex')}`;
  return url.toString();
}

/** Leaves servers that are not ours as they were. */
export async function tidyUp({
  redisUrl,
  mongoUrl,
  prefix,
}: {
  redisUrl: string;
  mongoUrl: string;
  prefix: string;
}): Promise<void> {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: 1 });
  try {
    for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 500 }) as AsyncIterable<string[]>) {
      if (keys.length > 0) await redis.unlink(...keys);
    }
  } finally {
    redis.disconnect();
  }
  const connection = await mongoose.createConnection(mongoUrl, { serverSelectionTimeoutMS: 3_000 }).asPromise();
  try {
    await connection.dropDatabase();
  } finally {
    await connection.close();
  }
}
