import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { table } from '../../packages/cli/dist/format/table.js';
import { count } from '../../packages/cli/dist/format/values.js';
import { startProduct, startSandbox, startScript } from './stack.mjs';

const MOST_WORKER_MB = 250;
const MOST_REDIS_MB = 50;
/**
 * What ten times the account may cost at most. Not 1: a small account ends before the buffers, which have a bound, are full. Memory that
 * follows the account would be three times as much and more.
 */
const MOST_GROWTH = 1.5;
const LOOK_EVERY_MS = 200;

/**
 * Profiles a second with all limits off, beside a user's script with both official SDKs, and what workers and Redis hold in memory at
 * two sizes of the account. Answers whether the promises about memory were kept.
 */
export async function benchThroughput({ servers, signal, say }, { profiles, latencies, workers }) {
  const small = Math.round(profiles / 10);
  const cases = [
    ...latencies.map((latencyMs) => ({ profiles: small, latencyMs })),
    { profiles, latencyMs: Math.min(...latencies) },
  ];
  const redis = new Redis(servers.redisUrl);
  const measured = [];
  try {
    for (const one of cases) {
      const told = `${count(one.profiles)} profiles, vendors ${one.latencyMs} ms away`;
      say(`throughput: ${told}, the official SDKs`);
      measured.push({ ...one, ...(await measureScript(one)) });
      for (const number of workers) {
        say(`throughput: ${told}, ${number} worker${number === 1 ? '' : 's'}`);
        measured.push({ ...one, ...(await measureProduct(one, number)) });
      }
    }
  } finally {
    redis.disconnect();
  }
  return report(measured, cases);

  async function measureScript(account) {
    const sandbox = await startSandbox(sandboxOf(account));
    const startedAt = performance.now();
    const script = startScript('resync', sandbox);
    try {
      const watching = watch({ sandbox, processes: [script] });
      await Promise.race([script.succeeded(), interrupted(signal)]);
      const totalMs = performance.now() - startedAt;
      const { readMs, memoryMb } = await watching.stop();
      return { who: 'official SDKs', totalMs, readMs, memoryMb };
    } finally {
      await script.stop();
      await sandbox.stop();
    }
  }

  async function measureProduct(account, number) {
    const sandbox = await startSandbox(sandboxOf(account));
    let product;
    try {
      const redisBefore = await usedMemory();
      product = await startProduct({ servers, sandbox, workers: number, env: { TAJO_LIMITS_ENABLED: 'false' } });
      const startedAt = performance.now();
      const watching = watch({ sandbox, processes: product.workers, redisBefore });
      const { id } = await product.client.syncs.start({ resources: ['profiles'], mode: 'full' }, { signal });
      await ended(product.client, id);
      const totalMs = performance.now() - startedAt;
      const { readMs, memoryMb, redisMb } = await watching.stop();
      return { who: `Tajo, ${number} worker${number === 1 ? '' : 's'}`, product: number, totalMs, readMs, memoryMb, redisMb };
    } finally {
      await product?.stop();
      await sandbox.stop();
    }
  }

  /** Throws unless the run completed and balances: a fast run that loses somebody is no result. */
  async function ended(client, id) {
    for await (const { final } of client.syncs.watch(id, { signal })) if (final) break;
    const { state, balanced, problem } = await client.syncs.get(id);
    if (state !== 'completed' || !balanced) throw new Error(`The run ended as ${state}: ${JSON.stringify(problem)}`);
  }

  /** Looks until it is stopped: when the last page was asked for, and the most memory. */
  function watch({ sandbox, processes, redisBefore }) {
    const startedAt = performance.now();
    const ending = new AbortController();
    const seen = { pages: 0, readMs: 0, memoryMb: Number.NaN, redisMb: Number.NaN };
    const look = async () => {
      const pages = (await sandbox.klaviyo.stats())['GET /api/profiles']?.requests ?? 0;
      if (pages > seen.pages) Object.assign(seen, { pages, readMs: performance.now() - startedAt });
      seen.memoryMb = Math.max(...processes.map((one) => one.mostMemoryMb()));
      // Ours only: the server may be somebody's.
      if (redisBefore !== undefined) seen.redisMb = most(seen.redisMb, ((await usedMemory()) - redisBefore) / 2 ** 20);
    };
    const looking = (async () => {
      while (!ending.signal.aborted) {
        await look();
        await sleep(LOOK_EVERY_MS, undefined, { signal: ending.signal }).catch(() => undefined);
      }
      await look();
    })();
    // Awaited in `stop`; when the measurement itself fails, that failure is the one to tell.
    looking.catch(() => undefined);
    return {
      async stop() {
        ending.abort();
        await looking;
        return seen;
      },
    };
  }

  async function usedMemory() {
    return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
  }
}

function sandboxOf({ profiles, latencyMs }) {
  return { profiles, limits: 'off', 'latency-ms': latencyMs };
}

function interrupted(signal) {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

function most(a, b) {
  return Number.isNaN(a) ? b : Math.max(a, b);
}

function report(measured, cases) {
  for (const { profiles, latencyMs } of cases) {
    const rows = measured.filter((one) => one.profiles === profiles && one.latencyMs === latencyMs);
    const [script] = rows;
    console.log(`\n${count(profiles)} profiles, vendors ${latencyMs} ms away, no limits\n`);
    const columns = ['', 'profiles/s', 'against the SDKs', 'read after', 'all done after', 'memory', 'Redis'];
    for (const line of table(
      columns.map((title, at) => ({ title, align: at === 0 ? 'left' : 'right' })),
      rows.map(({ who, totalMs, readMs, memoryMb, redisMb }) => [
        who,
        count((profiles / totalMs) * 1_000),
        `${(script.totalMs / totalMs).toFixed(2)} x`,
        seconds(readMs),
        seconds(totalMs),
        megabytes(memoryMb),
        redisMb === undefined ? '' : megabytes(redisMb),
      ]),
    )) {
      console.log(line);
    }
  }

  const [small] = cases;
  const large = cases.at(-1);
  const at = ({ profiles, latencyMs }, workers) =>
    measured.find((one) => one.product === workers && one.profiles === profiles && one.latencyMs === latencyMs);
  const missed = [];
  console.log(
    `\npromised: a worker stays under ${MOST_WORKER_MB} MB and Redis under ${MOST_REDIS_MB} MB, and neither grows with the account`,
  );
  for (const { product: workers, who } of measured.filter(
    (one) => one.product !== undefined && one.profiles === large.profiles,
  )) {
    const [less, more] = [at(small, workers), at(large, workers)];
    const memory = more.memoryMb / less.memoryMb;
    const redis = more.redisMb / less.redisMb;
    console.log(`${who}: ten times the account, ${memory.toFixed(2)} x the memory, ${redis.toFixed(2)} x of Redis`);
    if (!(more.memoryMb < MOST_WORKER_MB)) missed.push(`${who}: ${megabytes(more.memoryMb)} in a worker`);
    if (!(more.redisMb < MOST_REDIS_MB)) missed.push(`${who}: ${megabytes(more.redisMb)} in Redis`);
    if (!(memory < MOST_GROWTH)) missed.push(`${who}: the memory of a worker grows with the account`);
    // Below a few megabytes the ratio speaks of connections and scripts.
    if (more.redisMb > 10 && !(redis < MOST_GROWTH)) missed.push(`${who}: Redis grows with the account`);
  }
  for (const line of missed) console.log(`MISSED    ${line}`);
  if (missed.length === 0) console.log('kept');
  return missed.length === 0;
}

function seconds(ms) {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function megabytes(mb) {
  return Number.isNaN(mb) ? '?' : `${mb.toFixed(1)} MB`;
}
