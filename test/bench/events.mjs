import { table } from '../../packages/cli/dist/format/table.js';
import { count } from '../../packages/cli/dist/format/values.js';
import { startProduct, startSandbox, startScript } from './stack.mjs';

/** Buyers buy again: as many profiles as the demo has for its events. */
const EVENTS_A_PROFILE = 3;

/**
 * Events a second through the send ledger with all limits off, beside a user's script with both official SDKs, which has no ledger. The
 * contacts are there before either begins. Answers whether every event was there once at the end.
 */
export async function benchEvents({ servers, signal, say }, { events, latencies, workers }) {
  const measured = [];
  for (const latencyMs of latencies) {
    const told = `${count(events)} events, vendors ${latencyMs} ms away`;
    say(`events: ${told}, the official SDKs`);
    measured.push({ latencyMs, ...(await measureScript(latencyMs)) });
    for (const number of workers) {
      say(`events: ${told}, ${number} worker${number === 1 ? '' : 's'}`);
      measured.push({ latencyMs, ...(await measureProduct(latencyMs, number)) });
    }
  }
  return report(measured);

  function sandboxOf(latencyMs) {
    const profiles = Math.max(1, Math.round(events / EVENTS_A_PROFILE));
    return startSandbox({ profiles, events, limits: 'off', 'latency-ms': latencyMs });
  }

  async function measureScript(latencyMs) {
    const sandbox = await sandboxOf(latencyMs);
    const before = startScript('resync', sandbox);
    let script;
    try {
      await Promise.race([before.succeeded(), interrupted(signal)]);
      const startedAt = performance.now();
      script = startScript('events', sandbox);
      await Promise.race([script.succeeded(), interrupted(signal)]);
      return { who: 'official SDKs', totalMs: performance.now() - startedAt, ...(await found(sandbox)) };
    } finally {
      await before.stop();
      await script?.stop();
      await sandbox.stop();
    }
  }

  async function measureProduct(latencyMs, number) {
    const sandbox = await sandboxOf(latencyMs);
    let product;
    try {
      product = await startProduct({
        servers,
        sandbox,
        workers: number,
        connector: { unmapped_events: 'forward' },
        env: { TAJO_LIMITS_ENABLED: 'false' },
      });
      await synced(product.client, 'profiles');
      const startedAt = performance.now();
      const { written } = await synced(product.client, 'events');
      const totalMs = performance.now() - startedAt;
      return { who: `Tajo, ${number} worker${number === 1 ? '' : 's'}`, totalMs, ...(await found(sandbox)), written };
    } finally {
      await product?.stop();
      await sandbox.stop();
    }
  }

  /** Throws unless the run completed and balances: a fast run that loses something is no result. */
  async function synced(client, resource) {
    const { id } = await client.syncs.start({ resources: [resource], mode: 'full' }, { signal });
    for await (const { final } of client.syncs.watch(id, { signal })) if (final) break;
    const { state, balanced, problem, totals } = await client.syncs.get(id);
    if (state !== 'completed' || !balanced) throw new Error(`The run ended as ${state}: ${JSON.stringify(problem)}`);
    return totals[resource];
  }
}

async function found({ brevo }) {
  const seen = { sent: 0, doubled: 0 };
  for await (const { occurrences } of brevo.events()) {
    seen.sent += 1;
    if (occurrences !== 1) seen.doubled += 1;
  }
  return seen;
}

function interrupted(signal) {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

function rateOf({ sent, totalMs }) {
  return (sent / totalMs) * 1_000;
}

function report(measured) {
  for (const latencyMs of new Set(measured.map((one) => one.latencyMs))) {
    const rows = measured.filter((one) => one.latencyMs === latencyMs);
    const [script] = rows;
    console.log(`\nevents through the ledger, vendors ${latencyMs} ms away, no limits\n`);
    const columns = ['', 'events', 'events/s', 'against the SDKs', 'all done after', 'doubled'];
    for (const line of table(
      columns.map((title, at) => ({ title, align: at === 0 ? 'left' : 'right' })),
      rows.map((one) => [
        one.who,
        count(one.sent),
        count(rateOf(one)),
        `${(rateOf(one) / rateOf(script)).toFixed(2)} x`,
        `${(one.totalMs / 1_000).toFixed(1)} s`,
        count(one.doubled),
      ]),
    )) {
      console.log(line);
    }
  }
  console.log('\npromised: every event the run counts as written is at Brevo, once');
  const missed = measured.filter(({ written, sent, doubled }) => written !== undefined && (written !== sent || doubled > 0));
  for (const { who, written, sent, doubled } of missed)
    console.log(`MISSED    ${who}: ${written} written, ${sent} at Brevo, ${doubled} of them doubled`);
  if (missed.length === 0) console.log('kept');
  return missed.length === 0;
}
