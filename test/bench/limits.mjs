import { setTimeout as sleep } from 'node:timers/promises';
import { count } from '../../packages/cli/dist/format/values.js';
import { table } from '../../packages/cli/dist/format/table.js';
import { startProduct, startSandbox, startScript } from './stack.mjs';

const PROMISED_SHARE = 0.98;
const PAGE = 100;
/** Twice the requests of a steady minute: no run ends before its windows do. */
const PAGES_A_WINDOW = 1_400;

/**
 * How much of Klaviyo's budget is used, and whether any vendor ever says 429: against strict windows of real length, for each number
 * of workers, beside the same reading with Klaviyo's own SDK. Answers whether the promise was kept.
 */
export async function benchLimits({ servers, signal, say }, { windows, workers, latencyMs, jitterMs }) {
  const strict = {
    profiles: Math.max(500_000, PAGE * PAGES_A_WINDOW * (windows + 2)),
    limits: 'strict',
    'latency-ms': latencyMs,
    'jitter-ms': jitterMs,
  };
  const measured = [];

  say('limits: the official SDK, one cursor and eight, for one complete minute');
  measured.push(...(await Promise.all([1, 8].map((ranges) => measureScript(ranges)))));
  for (const number of workers) {
    say(`limits: ${number} worker process${number === 1 ? '' : 'es'}, for ${windows} complete minutes`);
    measured.push(await measureProduct(number));
  }
  return report(measured, { latencyMs, jitterMs });

  async function measureScript(ranges) {
    const sandbox = await startSandbox(strict);
    const script = startScript('read-profiles', sandbox, { RANGES: String(ranges) });
    try {
      const ended = script.succeeded().then(() => {
        throw new Error('The script came to its end before the minute did.');
      });
      const outcome = await Promise.race([ended, watch(sandbox, 1, signal)]);
      return { who: `klaviyo-api, ${ranges === 1 ? 'one cursor' : `${ranges} cursors`}`, ...outcome };
    } finally {
      await script.stop();
      await sandbox.stop();
    }
  }

  async function measureProduct(number) {
    const sandbox = await startSandbox(strict);
    let product;
    try {
      product = await startProduct({ servers, sandbox, workers: number });
      const { client } = product;
      const { id } = await client.syncs.start({ resources: ['profiles'], mode: 'full' }, { signal });
      const outcome = await watch(sandbox, windows, signal, async () => {
        const { final, problem } = await client.syncs.progress(id);
        if (final) throw new Error(`The run ended before the minutes did: ${JSON.stringify(problem)}`);
      });
      await client.syncs.cancel(id);
      return { who: `Tajo, ${number} worker${number === 1 ? '' : 's'}`, promised: true, ...outcome };
    } finally {
      await product?.stop();
      await sandbox.stop();
    }
  }
}

/** Waits until `wanted` steady windows of the profile lane are complete and says what both vendors' own books hold. */
async function watch({ klaviyo, brevo }, wanted, signal, check) {
  const deadline = Date.now() + (wanted + 3) * 60_000;
  for (;;) {
    await sleep(1_000, undefined, { signal });
    await check?.();
    const stats = await klaviyo.stats();
    const complete = (stats['GET /api/profiles']?.windows ?? []).filter((window) => window.complete);
    if (complete.length >= wanted) {
      const taken = complete.slice(0, wanted);
      const refused = [...refusedIn('Klaviyo', stats), ...refusedIn('Brevo', await brevo.stats())];
      return { used: total(taken, 'accepted'), permitted: total(taken, 'limit'), taken, refused };
    }
    if (Date.now() > deadline) throw new Error(`Only ${complete.length} complete minutes after ${wanted + 3}.`);
  }
}

function refusedIn(vendor, stats) {
  return Object.entries(stats).flatMap(([endpoint, { throttled }]) => (throttled > 0 ? [{ vendor, endpoint, throttled }] : []));
}

function report(measured, { latencyMs, jitterMs }) {
  console.log(
    `\nKlaviyo's profile lane: 75 requests a second and 700 a minute, ${latencyMs} ms away, up to ${jitterMs} ms late.\n`,
  );
  const columns = ['', 'share', 'each minute', 'of the budget', 'against one cursor', '429'];
  const [reference] = measured;
  const rows = measured.map(({ who, used, permitted, taken, refused }) => [
    who,
    percent(used / permitted),
    taken.map(({ accepted }) => count(accepted)).join(' '),
    `${count(used)} of ${count(permitted)}`,
    `${(used / permitted / (reference.used / reference.permitted)).toFixed(2)} x`,
    String(total(refused, 'throttled')),
  ]);
  for (const line of table(
    columns.map((title, at) => ({ title, align: at === 0 ? 'left' : 'right' })),
    rows,
  )) {
    console.log(line);
  }

  const missed = measured.filter(({ promised }) => promised).flatMap(missedBy);
  console.log(`\npromised: ${percent(PROMISED_SHARE)} of the permitted requests or more, and not one 429`);
  for (const line of missed) console.log(`MISSED    ${line}`);
  if (missed.length === 0) console.log('kept');
  return missed.length === 0;
}

function missedBy({ who, used, permitted, refused }) {
  return [
    ...(used / permitted < PROMISED_SHARE ? [`${who}: ${percent(used / permitted)}`] : []),
    ...refused.map(({ vendor, endpoint, throttled }) => `${who}: ${vendor} answered ${throttled} times 429 to ${endpoint}`),
  ];
}

function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}

function total(records, field) {
  return records.reduce((sum, record) => sum + record[field], 0);
}
