// `pnpm bench:limits`, `pnpm bench:throughput`, `pnpm bench:events`, `pnpm bench:live`, `pnpm bench`: what docs/benchmarks.md explains. Ends with 0 only if every promise held.
import { parseArgs } from 'node:util';
import { resolveServers } from '@tajo/servers';
import { benchEvents } from './events.mjs';
import { benchLimits } from './limits.mjs';
import { benchLive } from './live.mjs';
import { benchThroughput } from './throughput.mjs';

const usage = `Usage: bench limits|throughput|events|live|all

  limits        --windows N      complete minutes to measure, for each number of workers (2)
                --workers A,B    numbers of worker processes (1,2,4)
                --latency-ms N   of both vendors (150)        --jitter-ms N    of both vendors (50)
  throughput    --profiles N     of the large account; the small one has a tenth (200000)
                --latencies A,B  of both vendors, milliseconds (0,100)
                --workers A,B    numbers of worker processes (1,2)
  events        --events N       of the account, for a third as many profiles (20000)
                --latencies A,B  of both vendors, milliseconds (0,100)
                --workers A,B    numbers of worker processes (1,2)
  live          --profiles N     of the account (3000)           --samples N      of each way (30)
                --deliveries N   to the webhook endpoint (200)   --workers N      worker processes (2)
`;

const text = { type: 'string' };
const flags = {
  windows: text,
  workers: text,
  'latency-ms': text,
  'jitter-ms': text,
  profiles: text,
  events: text,
  latencies: text,
  samples: text,
  deliveries: text,
};

const { name, values } = readCommand();
const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => ending.abort(new Error(`Interrupted by ${signal}.`)));
}

let servers;
try {
  servers = await resolveServers({ log: say });
  const bench = { servers, signal: ending.signal, say };
  const kept = [];
  const wanted = (one) => name === one || name === 'all';
  if (wanted('limits')) kept.push(await benchLimits(bench, limitsOptions()));
  if (wanted('throughput')) kept.push(await benchThroughput(bench, throughputOptions()));
  if (wanted('events')) kept.push(await benchEvents(bench, eventsOptions()));
  if (wanted('live')) kept.push(await benchLive(bench, liveOptions()));
  process.exitCode = kept.every(Boolean) ? 0 : 1;
} catch (error) {
  console.error(ending.signal.aborted ? ending.signal.reason.message : error);
  process.exitCode = ending.signal.aborted ? 130 : 1;
} finally {
  await servers?.stop();
}

/** Progress goes to standard error; standard output is the report. */
function say(line) {
  console.error(`bench: ${line}`);
}

function limitsOptions() {
  return {
    windows: whole('windows', 2),
    workers: wholes('workers', [1, 2, 4]),
    latencyMs: whole('latency-ms', 150),
    jitterMs: whole('jitter-ms', 50),
  };
}

function throughputOptions() {
  return {
    profiles: whole('profiles', 200_000),
    latencies: wholes('latencies', [0, 100]),
    workers: wholes('workers', [1, 2]),
  };
}

function eventsOptions() {
  return {
    events: whole('events', 20_000),
    latencies: wholes('latencies', [0, 100]),
    workers: wholes('workers', [1, 2]),
  };
}

function liveOptions() {
  return {
    profiles: whole('profiles', 3_000),
    samples: whole('samples', 30),
    deliveries: whole('deliveries', 200),
    workers: whole('workers', 2),
  };
}

function readCommand() {
  try {
    const parsed = parseArgs({ options: flags, allowPositionals: true });
    const [wanted = 'all', ...rest] = parsed.positionals;
    if (!['limits', 'throughput', 'events', 'live', 'all'].includes(wanted) || rest.length > 0)
      throw new Error(`There is no bench ${wanted}.`);
    for (const flag of Object.keys(parsed.values)) readWholes(flag, parsed.values[flag]);
    return { name: wanted, values: parsed.values };
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`);
    return process.exit(2);
  }
}

function whole(flag, otherwise) {
  return wholes(flag, [otherwise])[0];
}

function wholes(flag, otherwise) {
  return values[flag] === undefined ? otherwise : readWholes(flag, values[flag]);
}

function readWholes(flag, value) {
  const numbers = value.split(',').map(Number);
  if (!numbers.every((number) => Number.isInteger(number) && number >= 0)) {
    throw new Error(`--${flag} takes whole numbers, not ${value}.`);
  }
  return numbers;
}
