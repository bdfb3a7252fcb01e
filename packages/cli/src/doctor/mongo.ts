import { messageOf } from '@tajo/errors';
import mongoose from 'mongoose';
import type { Finding } from './check.js';

const name = 'MongoDB';

export async function checkMongo(url: string): Promise<Finding> {
  const connection = mongoose.createConnection(url, { serverSelectionTimeoutMS: 3_000, connectTimeoutMS: 3_000 });
  try {
    await connection.asPromise();
    const info: unknown = await connection.db?.admin().buildInfo();
    const version = typeof info === 'object' && info !== null && 'version' in info ? String(info.version) : 'unknown version';
    return { name, verdict: 'good', detail: `${version} answers` };
  } catch (error) {
    return {
      name,
      verdict: 'bad',
      detail: `cannot be reached (${messageOf(error)})`,
      remedy: 'Start it, or mend MONGO_URL (host, port, user, password, database).',
    };
  } finally {
    await connection.close(true);
  }
}
