import { Redis } from 'ioredis';

/** Every key of an installation with what it holds, whatever its type, as text. */
export async function redisContents(url: string, prefix: string): Promise<string> {
  const redis = new Redis(url);
  const parts: string[] = [];
  try {
    // The prefix anywhere: a key of ours that does not begin with it would be missed otherwise.
    for await (const keys of redis.scanStream({ match: `*${prefix}*`, count: 1_000 })) {
      // scanStream hands out pages of keys.
      for (const key of keys as string[]) parts.push(`${key} ${JSON.stringify(await contentOf(redis, key))}`);
    }
  } finally {
    redis.disconnect();
  }
  return parts.join('\n');
}

async function contentOf(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, '0', '-1', 'WITHSCORES');
    case 'stream':
      return redis.xrange(key, '-', '+');
    case 'none':
      return null; // Gone since it was listed.
    default:
      throw new Error(`${key} is a ${type}, which nobody has taught this to read.`);
  }
}

/** Writes down every command that names the installation, also what is deleted again before anyone looks. */
export async function recordRedis(url: string, prefix: string): Promise<{ text(): string; stop(): void }> {
  const redis = new Redis(url);
  const monitor = await redis.monitor();
  const commands: string[] = [];
  monitor.on('monitor', (_time: string, args: string[]) => {
    const command = args.join(' ');
    if (command.includes(prefix)) commands.push(command);
  });
  return {
    text: () => commands.join('\n'),
    stop() {
      monitor.disconnect();
      redis.disconnect();
    },
  };
}
