import { BadInput, messageOf } from '@tajo/errors';
import { fromBinary } from './binary.js';
import { installPackages, whyNotInstallable } from './debian.js';
import { fromDocker } from './docker.js';
import { fromEmbedded } from './embedded-mongo.js';
import { mustAnswer, URL_VARIABLE } from './reach.js';
import type { Attempt, Env, RunningServer, ServerName, StartOptions } from './running-server.js';

export interface ServerDecision {
  readonly server: ServerName;
  readonly how: How;
  readonly why: string;
}

export type How = 'url' | 'binary' | 'docker' | 'embedded';

export interface ResolveOptions<Wanted extends ServerName = ServerName> extends StartOptions {
  /** Default both. */
  readonly want?: readonly Wanted[];
}

/** The addresses of the wanted servers, and what it took. */
export type Servers<Wanted extends ServerName = ServerName> = {
  readonly decisions: readonly ServerDecision[];
  /** Stops what was started here; what was reached by URL stays. */
  stop(): Promise<void>;
} & ('redis' extends Wanted ? { readonly redisUrl: string } : { readonly redisUrl?: undefined }) &
  ('mongo' extends Wanted ? { readonly mongoUrl: string } : { readonly mongoUrl?: undefined });

/**
 * Finds or starts Redis and MongoDB, in this order: the address in `REDIS_URL` / `MONGO_URL`; a binary on PATH; Docker; for MongoDB
 * the embedded server; on Debian as root the missing packages, then again. Says on `log` what was decided and why.
 * Throws `BadInput` when an address given does not answer, or one message that says what to install.
 */
export async function resolveServers<Wanted extends ServerName = ServerName>(
  options: ResolveOptions<Wanted> = {},
): Promise<Servers<Wanted>> {
  const env = options.env ?? process.env;
  const log = logOf(options);
  // Without `want`, Wanted is both.
  const want: readonly ServerName[] = options.want ?? ['redis', 'mongo'];
  const given = want.filter((server) => env[URL_VARIABLE[server]]);
  await Promise.all(given.map((server) => mustAnswer(server, env[URL_VARIABLE[server]] ?? '')));

  const started = await startAll(
    want.filter((server) => !given.includes(server)),
    env,
    options,
  );
  const decisions = want.map((server): ServerDecision => {
    const found = started.get(server);
    return found === undefined
      ? { server, how: 'url', why: `${URL_VARIABLE[server]} is set and answers` }
      : { server, how: found.how, why: found.why };
  });
  for (const { server, how, why } of decisions) log(`${server}: ${SAID[how]}, because ${why}`);

  const urlOf = (server: ServerName) =>
    want.includes(server) ? (started.get(server)?.server.url ?? env[URL_VARIABLE[server]]) : undefined;
  return {
    redisUrl: urlOf('redis'),
    mongoUrl: urlOf('mongo'),
    decisions,
    stop: async () => {
      await Promise.all([...started.values()].map(({ server }) => server.stop()));
    },
    // urlOf gives an address exactly for the wanted servers, which is what the conditional type says.
  } as Servers<Wanted>;
}

/** A Redis of one's own, whatever `REDIS_URL` says: to be killed and restarted in tests. */
export async function startRedis(options: StartOptions = {}): Promise<RunningServer> {
  return startOne('redis', options);
}

/** A MongoDB (or embedded server) of one's own, whatever `MONGO_URL` says. */
export async function startMongo(options: StartOptions = {}): Promise<RunningServer> {
  return startOne('mongo', options);
}

const SAID: Readonly<Record<How, string>> = {
  url: 'using the address given',
  binary: 'started its own binary',
  docker: 'started a container',
  embedded: 'started the embedded server',
};

/** What makes the way possible, by package of Debian. */
const PACKAGES: Readonly<Record<ServerName, readonly string[]>> = {
  redis: ['redis-server'],
  mongo: ['default-jdk-headless', 'maven'],
};

const ADVICE: Readonly<Record<ServerName, string>> = {
  redis: 'Redis: install redis-server (7 or newer), start a Docker engine, or set REDIS_URL',
  mongo: 'MongoDB: install mongod, or a JDK (17 or newer, with javac) and Maven, start a Docker engine, or set MONGO_URL',
};

interface Found {
  readonly how: How;
  readonly server: RunningServer;
  readonly why: string;
}

async function startOne(server: ServerName, options: StartOptions): Promise<RunningServer> {
  const found = (await startAll([server], options.env ?? process.env, options)).get(server);
  // startAll throws unless it found every server it was asked for.
  return (found as Found).server;
}

async function startAll(wanted: readonly ServerName[], env: Env, options: StartOptions): Promise<Map<ServerName, Found>> {
  const log = logOf(options);
  const found = new Map<ServerName, Found>();
  const reasons: string[] = [];
  const tryAll = async (why?: string) => {
    const missing = wanted.filter((server) => !found.has(server));
    const results = await Promise.all(missing.map((server) => firstThatWorks(server, env, options)));
    for (const [index, server] of missing.entries()) {
      const result = results[index];
      if (result !== undefined && 'server' in result)
        found.set(server, why === undefined ? result : { ...result, why: `${result.why} (${why})` });
      else reasons.push(...(result?.skipped ?? []).map((reason) => `${server}: ${reason}`));
    }
    return wanted.filter((server) => !found.has(server));
  };

  let missing = await tryAll();
  const cannot = options.allowInstall === false ? 'installing is switched off' : whyNotInstallable(env);
  if (missing.length > 0 && cannot === undefined) {
    const packages = missing.flatMap((server) => PACKAGES[server]);
    log(`${missing.join(' and ')}: installing ${packages.join(' ')} with apt-get`);
    try {
      await installPackages(packages, env);
      missing = await tryAll(`installed ${packages.join(' ')}`);
    } catch (error) {
      reasons.push(`apt-get: ${messageOf(error)}`);
    }
  } else if (missing.length > 0 && cannot !== undefined) {
    reasons.push(`apt-get: ${cannot}`);
  }
  if (missing.length === 0) return found;

  await Promise.all([...found.values()].map(({ server }) => server.stop()));
  const advice = missing.map((server) => ADVICE[server]).join('\n');
  const message = `No ${missing.map((server) => (server === 'redis' ? 'Redis' : 'MongoDB')).join(' and no ')} could be found or started.\n${advice}\nTried:\n- ${[...new Set(reasons)].join('\n- ')}`;
  throw new BadInput('servers_missing', message, { field: URL_VARIABLE[missing[0] ?? 'redis'] });
}

async function firstThatWorks(server: ServerName, env: Env, options: StartOptions): Promise<Found | { skipped: string[] }> {
  const log = logOf(options);
  const ways: [How, () => Promise<Attempt>][] = [
    ['binary', () => fromBinary(server, env, options)],
    ['docker', () => fromDocker(server, env, options, log)],
  ];
  if (server === 'mongo') ways.push(['embedded', () => fromEmbedded(env, options, log)]);
  const skipped: string[] = [];
  for (const [how, way] of ways) {
    const attempt = await way();
    if ('server' in attempt) return { how, ...attempt, why: [...skipped, attempt.why].join('; ') };
    skipped.push(attempt.skipped);
  }
  return { skipped };
}

function logOf({ log }: StartOptions): (line: string) => void {
  return log ?? ((line) => process.stderr.write(`${line}\n`));
}
