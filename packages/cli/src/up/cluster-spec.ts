import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Config, envFor } from '@tajo/config';
import { BadInput } from '@tajo/errors';
import type { Addresses } from './addresses.js';
import type { ClusterSpec } from './cluster.js';
import type { ChildSpec } from './supervised-child.js';

/** What the apps need beside the configuration. */
export interface Resolved {
  readonly redisUrl: string;
  readonly mongoUrl: string;
  readonly apiKey: string;
  readonly boardPassword: string;
}

/** Which processes make up an installation, with the environment of each. */
export function clusterSpec(options: {
  config: Config;
  resolved: Resolved;
  addresses: Addresses;
  env: Readonly<Record<string, string | undefined>>;
}): ClusterSpec {
  const { config, resolved, addresses } = options;
  const env = {
    ...options.env,
    ...envFor(config),
    REDIS_URL: resolved.redisUrl,
    MONGO_URL: resolved.mongoUrl,
    TAJO_API_KEY: resolved.apiKey,
    // The board links to the API, and the operator's TAJO_URL may name another installation.
    TAJO_URL: addresses.producer.url,
    BOARD_ADMIN_PASSWORD: resolved.boardPassword,
  };
  const child = (name: string, app: string, url: string, more: Record<string, string> = {}): ChildSpec => ({
    name,
    file: appFile(app),
    env: { ...env, ...more },
    readyUrl: `${url}/health/ready`,
  });
  return {
    producer: child('producer', 'producer', addresses.producer.url),
    workers: addresses.workers.map(({ url, port }, i) => child(`worker ${i + 1}`, 'worker', url, { WORKER_PORT: String(port) })),
    board: child('board', 'board', addresses.board.url),
  };
}

/** The apps lie beside this package in the repository; in images each has its own and nobody runs `tajo up`. */
function appFile(app: string): string {
  const file = fileURLToPath(new URL(`../../../../apps/${app}/dist/main.js`, import.meta.url));
  if (existsSync(file)) return file;
  throw new BadInput(
    'app_not_built',
    `apps/${app} is not built; run \`npm run tajo -- up\`, which builds it, or \`pnpm build\`.`,
    {
      field: `apps/${app}`,
    },
  );
}
