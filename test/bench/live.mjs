import { table } from '../../packages/cli/dist/format/table.js';
import { count } from '../../packages/cli/dist/format/values.js';
import { startProduct, startSandbox } from './stack.mjs';

/** As often as a schedule may ask; a real one asks every 15 minutes, and its freshness is half of that and a run. */
const POLL_SECONDS = 5;
/** Vendors as far away as real ones. */
const LATENCY_MS = 50;
/** Promised: an endpoint that is slower may be switched off by the vendor. */
const ANSWERS_WITHIN_MS = 1_000;
const ARRIVES_WITHIN_MS = 120_000;
const UNSUBSCRIBED = 'event:klaviyo.unsubscribed_from_email_marketing';

/**
 * From a change at one vendor to the write at the other, by webhook and by poll, idle and beside full runs that never end; and how soon the webhook
 * endpoint answers meanwhile. Beside a webhook the runs are the account's own; a poll of an account waits for the account's run, so there they are
 * another account's. Answers whether the endpoint kept its promise.
 */
export async function benchLive({ servers, signal, say }, { profiles, samples, deliveries, workers }) {
  const measured = [];
  await withProduct({}, async (bench) => {
    const { client } = bench;
    await client.webhooks.install();
    for (const beside of [false, true]) {
      say(`live: by webhook, ${beside ? 'beside full runs of the same account' : 'idle'}`);
      await besideBackfill(beside ? client : undefined, undefined, async () => {
        measured.push({ way: 'Klaviyo to Brevo by webhook', beside, ms: await sampled(bench, optOutAtKlaviyo) });
        measured.push({ way: 'answer of the endpoint', beside, ms: await answerTimes(bench) });
      });
    }
  });
  await withProduct({ direction: 'both' }, async (bench) => {
    const { client } = bench;
    await client.webhooks.install();
    for (const beside of [false, true]) {
      say(`live: back by webhook, ${beside ? 'beside full runs of the same account' : 'idle'}`);
      await besideBackfill(beside ? client : undefined, undefined, async () => {
        measured.push({ way: 'Brevo to Klaviyo by webhook', beside, ms: await sampled(bench, optOutAtBrevo(true)) });
      });
    }
  });
  await withProduct({ direction: 'both', schedule: { profiles: `${POLL_SECONDS}s` } }, async (bench) => {
    const { client, sandbox } = bench;
    const { KLAVIYO_PRIVATE_KEY: privateApiKey, BREVO_API_KEY: brevoApiKey } = sandbox.env;
    await client.accounts.create({ account: 'other', brevoApiKey });
    await client.connectors.connect('klaviyo', { account: 'other', privateApiKey, brevoApiKey });
    for (const beside of [false, true]) {
      say(`live: by poll every ${POLL_SECONDS} s, ${beside ? 'beside full runs of another account' : 'idle'}`);
      await besideBackfill(beside ? client : undefined, 'other', async () => {
        measured.push({ way: 'Klaviyo to Brevo by poll', beside, ms: await sampled(bench, optOutAtKlaviyo, { isTold: false }) });
        measured.push({ way: 'Brevo to Klaviyo by poll', beside, ms: await sampled(bench, optOutAtBrevo(false)) });
      });
    }
  });
  return report(measured);

  async function withProduct(connector, measure) {
    const sandbox = await startSandbox({ profiles, limits: 'off', 'latency-ms': LATENCY_MS });
    let product;
    try {
      product = await startProduct({ servers, sandbox, workers, connector });
      const { client } = product;
      await ended(client, await client.syncs.start({ resources: ['profiles'], mode: 'full' }, { signal }));
      const people = await mailable(sandbox);
      if (people.length < samples * 4) throw new Error(`${profiles} profiles are too few for ${samples} samples.`);
      await measure({ client, sandbox, people });
    } finally {
      await product?.stop();
      await sandbox.stop();
    }
  }

  /** Runs that write everything again, one after the other, until `measure` is done. Without a client it measures alone. */
  async function besideBackfill(client, account, measure) {
    const over = new AbortController();
    const runs = client ? backfill(client, account, over.signal) : Promise.resolve();
    // Under way before the first sample.
    if (client) await pause(3_000);
    try {
      const failed = new Promise((_, reject) => {
        runs.catch(reject);
      });
      await Promise.race([measure(), failed]);
    } finally {
      over.abort();
      await runs;
    }
  }

  async function backfill(client, account, over) {
    const request = { resources: ['profiles'], mode: 'full', force: true, ...(account && { account }) };
    while (!over.aborted) {
      // A schedule may have been there first: then its run is waited for.
      const run = await client.syncs.start(request, { signal }).catch((error) => {
        if (error.code !== 'run_active') throw error;
        return { id: error.runId };
      });
      while (!over.aborted && !(await client.syncs.progress(run.id)).final) await pause(200);
      if (over.aborted) await client.syncs.cancel(run.id).catch(() => undefined);
    }
  }

  async function sampled({ sandbox, people }, change, options = {}) {
    const ms = [];
    for (let n = 0; n < samples; n += 1) {
      signal.throwIfAborted();
      const person = people.pop();
      // Anywhere between two polls.
      await pause(50 + ((n * 997) % (POLL_SECONDS * 1_000)) / 5);
      const startedAt = performance.now();
      const hasArrived = await change(sandbox, person, options);
      while (!(await hasArrived())) {
        if (performance.now() - startedAt > ARRIVES_WITHIN_MS) throw new Error('A change did not arrive within two minutes.');
        await pause(10);
      }
      ms.push(performance.now() - startedAt);
    }
    return ms;
  }

  async function answerTimes({ sandbox, people }) {
    const ms = [];
    for (let n = 0; n < deliveries; n += 1) {
      const event = await sandbox.klaviyo.addEvent({ profile: people[n % people.length].id });
      const startedAt = performance.now();
      const [{ status }] = await sandbox.klaviyo.deliver([{ topic: UNSUBSCRIBED, event }]);
      ms.push(performance.now() - startedAt);
      if (status !== 200) throw new Error(`A delivery was answered ${status}.`);
    }
    return ms;
  }

  async function ended(client, { id }) {
    for await (const { final } of client.syncs.watch(id, { signal })) if (final) break;
    const { state, balanced, problem } = await client.syncs.get(id);
    if (state !== 'completed' || !balanced) throw new Error(`The run ended as ${state}: ${JSON.stringify(problem)}`);
  }
}

async function mailable({ klaviyo, brevo }) {
  const profiles = new Map();
  for await (const profile of klaviyo.profiles()) profiles.set(profile.id, profile);
  const people = [];
  for await (const { id, email, emailBlacklisted, attributes } of brevo.contacts()) {
    const profile = profiles.get(attributes.EXT_ID);
    if (profile && email && !emailBlacklisted) people.push({ id: profile.id, contact: id, subscriptions: profile.subscriptions });
  }
  return people;
}

async function optOutAtKlaviyo({ klaviyo, brevo }, { id, contact, subscriptions }, { isTold = true }) {
  const at = new Date().toISOString();
  const { marketing } = subscriptions.email;
  const suppression = [{ reason: 'UNSUBSCRIBE', timestamp: at }];
  const out = { ...marketing, consent: 'UNSUBSCRIBED', can_receive_email_marketing: false, last_updated: at, suppression };
  await klaviyo.edit(id, { subscriptions: { ...subscriptions, email: { marketing: out } } });
  if (isTold) await klaviyo.deliver([{ topic: UNSUBSCRIBED, event: await klaviyo.addEvent({ profile: id }) }]);
  return async () => (await brevo.contact(contact)).emailBlacklisted;
}

function optOutAtBrevo(tell) {
  return async ({ klaviyo, brevo }, { id, contact }) => {
    await brevo.edit(contact, { emailBlacklisted: true, tell });
    return async () => {
      const { marketing } = (await klaviyo.profile(id)).subscriptions.email;
      return marketing.consent !== 'SUBSCRIBED' || marketing.suppression.length > 0;
    };
  };
}

function pause(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function quantile(ms, share) {
  const sorted = ms.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
}

function right(title) {
  return { title, align: 'right' };
}

function report(measured) {
  console.log(
    `\nfrom a change at one vendor to the write at the other, vendors ${LATENCY_MS} ms away, polls every ${POLL_SECONDS} s\n`,
  );
  const columns = [
    { title: '' },
    { title: '' },
    right('samples'),
    right('p50'),
    right('p95'),
    right('p99'),
    right('p50 beside/idle'),
  ];
  const rows = measured.map(({ way, beside, ms }) => {
    const idle = measured.find((one) => one.way === way && !one.beside);
    const ratio = beside ? `${(quantile(ms, 0.5) / quantile(idle.ms, 0.5)).toFixed(2)} x` : '';
    const marks = [0.5, 0.95, 0.99].map((share) => `${count(quantile(ms, share))} ms`);
    return [way, beside ? 'beside full runs' : 'idle', count(ms.length), ...marks, ratio];
  });
  for (const line of table(columns, rows)) console.log(line);
  for (const way of ['Klaviyo to Brevo', 'Brevo to Klaviyo']) {
    const idleBy = (means) => measured.find((one) => one.way === `${way} by ${means}` && !one.beside)?.ms;
    const [webhook, poll] = [idleBy('webhook'), idleBy('poll')];
    if (webhook && poll)
      console.log(`${way}, idle: webhook/poll at p50 ${(quantile(webhook, 0.5) / quantile(poll, 0.5)).toFixed(2)} x`);
  }
  const answers = measured.filter(({ way }) => way === 'answer of the endpoint');
  const kept = answers.every(({ ms }) => quantile(ms, 0.99) < ANSWERS_WITHIN_MS);
  console.log(
    `\npromised: the webhook endpoint answers within ${ANSWERS_WITHIN_MS} ms at p99, also beside a backfill: ${kept ? 'kept' : 'MISSED'}`,
  );
  return kept;
}
