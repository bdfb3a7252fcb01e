import { resolve } from 'node:path';
import type { Config } from '@tajo/config';
import { BadInput } from '@tajo/errors';
import { resolveServers } from '@tajo/servers';
import { type GlobalOptions, resolveConfig } from '../config/resolve.js';
import { type Context, printLines } from '../context.js';
import { styleFor } from '../format/style.js';
import { type Addresses, addressesOf, requireFree } from './addresses.js';
import { ChildLogs, worthShowing } from './child-logs.js';
import { clusterSpec } from './cluster-spec.js';
import { Cluster } from './cluster.js';
import {
  API_KEY_FILE,
  BOARD_PASSWORD_FILE,
  keepSecret,
  LOCAL_FOLDER,
  LOGS_FOLDER,
  DATA_FOLDER,
  readRunning,
  removeRunning,
  writeRunning,
} from './local-files.js';
import { StopRequest } from './stop-request.js';

export interface UpOptions extends GlobalOptions {
  workers: number;
  data?: string;
  logs?: boolean;
}

const READY_WITHIN_MS = 90_000;

/** Runs everything until it is asked to stop. Throws `BadInput` before anything is started, `ChildGivenUp` when a child does not stay alive. */
export async function runUp(context: Context, options: UpOptions): Promise<void> {
  const config = resolveConfig(context, options);
  await refuseTwice(context.cwd);
  const addresses = addressesOf(config, options.workers);
  await requireFree(addresses);
  const secrets = await secretsOf(context, config);

  const say = (line: string) => void context.err.write(`${line}\n`);
  const stop = new StopRequest();
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const servers = await resolveServers({
      want: ['redis', 'mongo'],
      dataDir: resolve(context.cwd, options.data ?? DATA_FOLDER),
      env: { ...context.env, REDIS_URL: config.redisUrl, MONGO_URL: config.mongoUrl },
      log: say,
    });
    closers.push(() => servers.stop());
    const { redisUrl, mongoUrl } = servers;

    const logs = new ChildLogs(resolve(context.cwd, LOGS_FOLDER));
    closers.push(() => logs.close());
    const cluster = new Cluster(
      clusterSpec({ config, resolved: { redisUrl, mongoUrl, ...secrets }, addresses, env: context.env }),
      {
        onEvent: (child, event) => say(`${child}: ${event}`),
        onLine: (child, line) => {
          logs.write(child, line);
          const shown = options.logs ? line : worthShowing(line);
          if (shown !== undefined) say(`${child}: ${shown}`);
        },
      },
    );
    closers.push(() => cluster.stop());
    await Promise.race([cluster.start(READY_WITHIN_MS), stop.wait()]);

    if (!stop.requested) {
      closers.push(() => removeRunning(context.cwd));
      await writeRunning(context.cwd, {
        pid: process.pid,
        apiUrl: addresses.producer.url,
        boardUrl: addresses.board.url,
        redisUrl,
        mongoUrl,
      });
      printLines(context.out, readyLines(context, { config, addresses, cluster }));
      await Promise.race([stop.wait(), cluster.broken]);
    }
    say('stopping');
  } finally {
    for (const close of closers.toReversed()) await close();
    stop.dispose();
  }
  say('stopped');
}

async function refuseTwice(cwd: string): Promise<void> {
  const running = await readRunning(cwd);
  if (!running) return;
  throw new BadInput(
    'already_up',
    `tajo up is running in this folder already (process ${running.pid}, ${running.apiUrl}); end it first.`,
    {
      field: LOCAL_FOLDER,
    },
  );
}

async function secretsOf(context: Context, config: Config): Promise<{ apiKey: string; boardPassword: string }> {
  const given = async (value: string | undefined, file: string, what: string) => {
    if (value !== undefined) return value;
    const { secret, isNew } = await keepSecret(context.cwd, file);
    context.err.write(`${what}: ${isNew ? 'made one, kept' : 'the one'} in ${file}\n`);
    return secret;
  };
  return {
    apiKey: await given(config.apiKey, API_KEY_FILE, 'API key'),
    boardPassword: await given(config.board.adminPassword, BOARD_PASSWORD_FILE, 'board password'),
  };
}

function readyLines(
  context: Context,
  { config, addresses, cluster }: { config: Config; addresses: Addresses; cluster: Cluster },
): string[] {
  const style = styleFor(context.out, context.env);
  const pids = cluster.children.map((child) => `${child.name} ${child.pid}`).join(', ');
  return [
    style.good(style.strong('ready')),
    `  API    ${addresses.producer.url}   docs: ${addresses.producer.url}/docs`,
    `  board  ${addresses.board.url}`,
    style.soft(`  processes: ${pids}`),
    config.account.configured
      ? '  The configured account can sync:  tajo sync run --resources profiles --mode full --wait'
      : '  Next:  tajo connectors connect klaviyo',
  ];
}
