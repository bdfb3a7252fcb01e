import type { Config } from '@tajo/config';
import { BadInput, messageOf } from '@tajo/errors';
import { type TajoClient, TajoUnreachableError } from '@tajo/sdk';
import { openClient } from '../client.js';
import { type GlobalOptions, resolveApi, resolveConfig } from '../config/resolve.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-code.js';
import { readRunning } from '../up/local-files.js';
import type { Finding } from './check.js';
import { checkMongo } from './mongo.js';
import { checkRedis } from './redis.js';
import { checkAccount, checkReach } from './vendors.js';

/** From the ground up, each thing looked at even if the one before is broken. */
export async function examine(context: Context, options: GlobalOptions): Promise<Finding[]> {
  let config: Config;
  try {
    config = resolveConfig(context, options);
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    return [
      {
        name: 'configuration',
        verdict: 'bad',
        detail: error.message,
        remedy: 'Mend it; `tajo config check` shows what is in effect.',
        exitCode: EXIT.usage,
      },
    ];
  }
  const running = await readRunning(context.cwd);
  const redisUrl = config.redisUrl ?? running?.redisUrl;
  const mongoUrl = config.mongoUrl ?? running?.mongoUrl;
  const [redis, mongo, api] = await Promise.all([
    redisUrl === undefined ? [notGiven('Redis', 'REDIS_URL')] : checkRedis(redisUrl),
    mongoUrl === undefined ? notGiven('MongoDB', 'MONGO_URL') : checkMongo(mongoUrl),
    checkApi(context, options, config),
  ]);
  return [
    { name: 'configuration', verdict: 'good', detail: config.source ?? 'defaults and environment' },
    ...redis,
    mongo,
    ...api,
  ];
}

async function checkApi(context: Context, options: GlobalOptions, config: Config): Promise<Finding[]> {
  const name = 'API';
  let url = config.apiUrl;
  let client: TajoClient;
  try {
    ({ url } = await resolveApi(context, options));
    client = await openClient(context, options);
    await client.syncs.list({ limit: 1 });
  } catch (error) {
    const finding: Finding = {
      name,
      verdict: 'bad',
      detail: `${url}: ${messageOf(error)}`,
      remedy: 'Start it with `tajo up`, or set TAJO_URL to where it runs and TAJO_API_KEY to its key.',
      exitCode: error instanceof TajoUnreachableError ? EXIT.failed : EXIT.usage,
    };
    return [finding, ...(await checkReach(config))];
  }
  try {
    return [{ name, verdict: 'good', detail: `${url} answers and takes the key` }, ...(await checkAccount(client))];
  } catch (error) {
    return [{ name, verdict: 'bad', detail: `${url}: ${messageOf(error)}`, remedy: "Look at the producer's log." }];
  }
}

function notGiven(name: string, variable: string): Finding {
  return {
    name,
    verdict: 'unknown',
    detail: `${variable} is not given; \`tajo up\` finds or starts one itself`,
  };
}
