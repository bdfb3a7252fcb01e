import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '@tajo/errors';
import { startProcess } from './binary.js';
import { findOnPath, run } from './programs.js';
import type { Attempt, Env, StartOptions } from './running-server.js';

const SOURCES = fileURLToPath(new URL('../embedded-mongo/', import.meta.url));
const OLDEST_JAVA = 17;
const MAVEN_TIMEOUT_MS = 300_000;

/**
 * mongo-java-server with its H2 file back end: speaks MongoDB's protocol well enough for the demo and the tests where no MongoDB is
 * to be had. No transactions, no change streams; a kill -9 may cost the last 0.1 s of acknowledged writes.
 */
export async function fromEmbedded(env: Env, options: StartOptions, log: (line: string) => void): Promise<Attempt> {
  const java = findOnPath('java', env);
  // The server is compiled when it starts, which a runtime without compiler cannot do.
  if (java === undefined || findOnPath('javac', env) === undefined) return { skipped: 'no JDK on PATH' };
  try {
    const version = await javaVersion(java, env);
    if (version < OLDEST_JAVA) return { skipped: `the JDK on PATH is ${version}, the embedded server needs ${OLDEST_JAVA}` };
    const jars = await jarFolder(env, log);
    if (jars === undefined) return { skipped: 'no Maven (mvn) on PATH to fetch the embedded server' };
    const server = await startProcess(
      'mongo',
      {
        command: java,
        args: (port, dataDir) => [
          // A ceiling: the cache of a large demo. A small database stays small.
          '-Xmx1200m',
          '-XX:+UseSerialGC',
          '-cp',
          join(jars, '*'),
          join(SOURCES, 'EmbeddedMongo.java'),
          join(dataDir, 'tajo.mv'),
          String(port),
        ],
      },
      options,
    );
    return { server, why: `there is a JDK ${version}` };
  } catch (error) {
    return { skipped: messageOf(error) };
  }
}

async function javaVersion(java: string, env: Env): Promise<number> {
  const printed = await run(java, ['-version'], { env, timeoutMs: 30_000 });
  return Number(/version "(\d+)/.exec(printed)?.[1] ?? 0);
}

/** Where the jars are, fetched once for each pom; undefined when they are not there and cannot be fetched. */
async function jarFolder(env: Env, log: (line: string) => void): Promise<string | undefined> {
  const pom = join(SOURCES, 'pom.xml');
  const fingerprint = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12);
  const cache = join(cacheFolder(env), 'embedded-mongo');
  const folder = join(cache, `lib-${fingerprint}`);
  if (existsSync(folder)) return folder;
  const maven = findOnPath('mvn', env);
  if (maven === undefined) return undefined;
  log('mongo: fetching the embedded server with Maven (once)');
  mkdirSync(cache, { recursive: true });
  // Renamed when complete: a half-filled folder must not look like a full one, also when two processes fetch at once.
  const partial = mkdtempSync(join(cache, 'partial-'));
  try {
    const args = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${partial}`];
    await run(maven, args, { env, timeoutMs: MAVEN_TIMEOUT_MS });
    renameSync(partial, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

/** `.tajo` of the repository this runs from, else the user's cache. */
function cacheFolder(env: Env): string {
  for (let folder = SOURCES; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'pnpm-workspace.yaml')) && isWritable(folder)) return join(folder, '.tajo');
  }
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'tajo');
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
