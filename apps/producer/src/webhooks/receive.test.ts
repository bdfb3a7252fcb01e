import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { klaviyoSignature, newPair, sealSecrets } from '@tajo/accounts';
import { INBOX_QUEUE } from '@tajo/contracts';
import { startProducer, type TestProducer } from '../../../../test/support/producer.js';
import { MAX_DELIVERY_BYTES, STALE_MS } from './receive.js';

const ACCOUNT = 'shop';
const keys = { klaviyo: newPair(), brevo: newPair() };
const former = newPair();
const hour = 3_600_000;

let producer: TestProducer;
beforeAll(async () => {
  producer = await startProducer();
  const { store, config } = producer;
  await store.migrate();
  await store.accounts.ensure(ACCOUNT, 'callback-token');
  for (const vendor of ['klaviyo', 'brevo'] as const) {
    const previous = { ...former, until: new Date(Date.now() - hour).toISOString() };
    const sealed = sealSecrets(config, ACCOUNT, { current: keys[vendor], previous });
    await store.webhooks.ensure(ACCOUNT, vendor, sealed, new Date());
  }
});
afterAll(() => producer.close());

interface Sent {
  path: string;
  headers: Record<string, string>;
  body: Buffer;
}

/** A plain request: `fetch` mends what a forger would send. 0 where the connection was cut. */
function send({ path, headers, body }: Sent): Promise<number> {
  return new Promise((resolve) => {
    const url = new URL(producer.url);
    const sent = httpRequest({ host: url.hostname, port: url.port, method: 'POST', path, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}

let serial = 0;
function klaviyoDelivery(at = Date.now(), { token, secret } = keys.klaviyo): Sent {
  serial += 1;
  const body = Buffer.from(JSON.stringify({ data: [], meta: { serial, klaviyo_webhook_id: 'W1' } }));
  const timestamp = new Date(at).toUTCString();
  return {
    path: `/webhooks/klaviyo/${ACCOUNT}/${token}`,
    headers: {
      'klaviyo-timestamp': timestamp,
      'klaviyo-signature': klaviyoSignature(secret, body, timestamp),
      'klaviyo-webhook-id': 'W1',
    },
    body,
  };
}

function brevoDelivery({ token, secret } = keys.brevo): Sent {
  serial += 1;
  return {
    path: `/webhooks/brevo/${ACCOUNT}/${token}`,
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ event: 'unsubscribe', email: 'somebody@example.com', serial })),
  };
}

const stored = async () => {
  const { inbox } = producer.store;
  const counts = [await inbox.counts(ACCOUNT, 'klaviyo'), await inbox.counts(ACCOUNT, 'brevo')];
  return counts.flatMap((one) => Object.values(one)).reduce((sum, n) => sum + n, 0);
};

describe('a delivery', () => {
  it('that is genuine is stored sealed, answered, and waits for a worker, once however often it comes', async () => {
    const [klaviyo, brevo] = [klaviyoDelivery(), brevoDelivery()];
    for (let time = 0; time < 3; time += 1) expect([await send(klaviyo), await send(brevo)]).toEqual([200, 200]);
    expect(await stored()).toBe(2);

    const next = await producer.store.inbox.next(ACCOUNT);
    expect(next?.sealed).toMatch(/^v1\./);
    expect(JSON.stringify(next)).not.toContain('somebody');
    const jobs = await producer.queues.get(INBOX_QUEUE)?.getJobs(['waiting', 'prioritized', 'delayed']);
    expect(jobs?.map(({ name, data }) => [name, data])).toEqual([['process-inbox', { account: ACCOUNT }]]);
    expect(JSON.stringify(jobs)).not.toContain('somebody');
  });

  it('is taken as late as Klaviyo tries, and not later', async () => {
    expect(await send(klaviyoDelivery(Date.now() - STALE_MS + hour))).toBe(200);
    expect(await send(klaviyoDelivery(Date.now() - STALE_MS - hour))).toBe(401);
    expect(await send(klaviyoDelivery(Date.now() + hour))).toBe(401);
  });

  it('with the secrets of before a rotation is taken for as long as they hold', async () => {
    expect(await send(brevoDelivery(former))).toBe(404);
    const { store, config } = producer;
    const previous = { ...former, until: new Date(Date.now() + hour).toISOString() };
    const sealed = sealSecrets(config, ACCOUNT, { current: keys.brevo, previous });
    await store.webhooks.update(ACCOUNT, 'brevo', { sealed });
    expect(await send(brevoDelivery(former))).toBe(200);
    expect(await send(brevoDelivery({ token: former.token, secret: keys.brevo.secret }))).toBe(401);
    expect(await send(brevoDelivery())).toBe(200);
  });

  it('is not in the log, nor is its token', () => {
    expect(producer.logged()).not.toContain('somebody');
    for (const { token, secret } of [...Object.values(keys), former]) {
      expect(producer.logged()).not.toContain(token);
      expect(producer.logged()).not.toContain(secret);
    }
    expect(producer.logged()).toContain('/webhooks/klaviyo/{account}/{token}');
  });
});

/** Ways to spoil a genuine delivery; each must be refused. `pick` gives 0 to n - 1. */
type Spoil = (genuine: Sent, pick: (n: number) => number) => Sent;

const other = (text: string, pick: (n: number) => number) => {
  const at = pick(text.length);
  const changed = text[at] === 'a' ? 'b' : 'a';
  return text.slice(0, at) + changed + text.slice(at + 1);
};
const withHeader = (one: Sent, name: string, value: string): Sent => ({ ...one, headers: { ...one.headers, [name]: value } });
const without = (one: Sent, name: string): Sent => {
  const { [name]: _, ...headers } = one.headers;
  return { ...one, headers };
};
const otherToken: Spoil = (one, pick) => {
  const cut = one.path.lastIndexOf('/') + 1;
  return { ...one, path: one.path.slice(0, cut) + other(one.path.slice(cut), pick) };
};
const otherAccount: Spoil = (one, pick) => ({
  ...one,
  path: one.path.replace(
    `/${ACCOUNT}/`,
    ['/default/', '/__proto__/', '/%2e%2e/', '/shop%7Cbrevo/', '/%/', '/SHOP/'][pick(6)] ?? '',
  ),
});

/** Says that it is larger than is taken, and does not get to send it. */
const oversized: Spoil = (one, pick) => withHeader(one, 'content-length', String(MAX_DELIVERY_BYTES + 1 + pick(1_000_000_000)));

const forKlaviyo: readonly Spoil[] = [
  oversized,
  otherToken,
  otherAccount,
  (one, pick) => withHeader(one, 'klaviyo-signature', other(one.headers['klaviyo-signature'] ?? '', pick)),
  (one) => withHeader(one, 'klaviyo-signature', ''),
  (one, pick) => withHeader(one, 'klaviyo-signature', randomBytes(pick(64)).toString('hex')),
  (one) => without(one, 'klaviyo-signature'),
  (one) => without(one, 'klaviyo-timestamp'),
  // Signed for another time.
  (one, pick) => withHeader(one, 'klaviyo-timestamp', new Date(Date.now() - 1_000 * (60 + pick(3_600))).toUTCString()),
  (one, pick) => withHeader(one, 'klaviyo-timestamp', ['never', '0', '9e99', '-1', '1970-01-01'][pick(5)] ?? ''),
  (_, pick) => klaviyoDelivery(Date.now() - STALE_MS - hour * (1 + pick(10_000))),
  (_, pick) => klaviyoDelivery(Date.now() + hour * (1 + pick(100))),
  (one) => ({ ...one, body: Buffer.concat([one.body, Buffer.from(' ')]) }),
  (one, pick) => {
    const body = Buffer.from(one.body);
    const at = pick(body.length);
    body[at] = (body[at] ?? 0) ^ (1 + pick(255));
    return { ...one, body };
  },
  (one, pick) => ({ ...one, body: one.body.subarray(0, pick(one.body.length)) }),
  (_, pick) =>
    klaviyoDelivery(Date.now(), { token: keys.klaviyo.token, secret: [keys.brevo.secret, former.secret, 'x'][pick(3)] ?? '' }),
  () => klaviyoDelivery(Date.now(), former),
  (one) => withHeader(one, 'content-encoding', 'gzip'),
  // Well signed, and no JSON.
  (one, pick) => {
    const body = Buffer.from(['', 'null', '7', '"text"', '{"data":', '\u0000', '[', '<xml/>'][pick(8)] ?? '');
    const timestamp = one.headers['klaviyo-timestamp'] ?? '';
    return withHeader({ ...one, body }, 'klaviyo-signature', klaviyoSignature(keys.klaviyo.secret, body, timestamp));
  },
];

const forBrevo: readonly Spoil[] = [
  oversized,
  otherToken,
  otherAccount,
  (one) => without(one, 'authorization'),
  (one, pick) => withHeader(one, 'authorization', `Bearer ${other(keys.brevo.secret, pick)}`),
  (one, pick) =>
    withHeader(one, 'authorization', ['', 'Bearer', 'Bearer ', keys.brevo.secret, `Basic ${keys.brevo.secret}`][pick(5)] ?? ''),
  (one) => withHeader(one, 'authorization', `Bearer ${keys.klaviyo.secret}`),
  () => brevoDelivery({ token: keys.klaviyo.token, secret: keys.klaviyo.secret }),
  (one, pick) => ({ ...one, body: Buffer.from(['', 'null', '1e3', '{', 'event=spam', '\ufeff'][pick(6)] ?? '') }),
  (one) => withHeader(one, 'content-encoding', 'br'),
];

/** The same sequence for the same seed. */
function picker(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return n === 0 ? 0 : Math.floor((state / 2 ** 32) * n);
  };
}

const FORGED = 10_000;
const ABREAST = 40;

describe('of ten thousand deliveries that are not genuine', () => {
  it('none is stored, and none makes the API fail', async () => {
    const before = await stored();
    const answers: Record<number, number> = {};
    for (let seed = 0; seed < FORGED; seed += ABREAST) {
      const round = Array.from({ length: ABREAST }, async (_, at) => {
        const pick = picker(seed + at);
        pick(1);
        const isKlaviyo = pick(3) > 0;
        const [spoils, genuine] = isKlaviyo ? [forKlaviyo, klaviyoDelivery()] : [forBrevo, brevoDelivery()];
        const status = await send(spoils[pick(spoils.length)]?.(genuine, pick) ?? genuine);
        answers[status] = (answers[status] ?? 0) + 1;
      });
      await Promise.all(round);
    }
    expect(await stored()).toBe(before);
    expect(Object.keys(answers).filter((status) => !['400', '401', '404', '413', '415'].includes(status))).toEqual([]);
    // All of them were tried.
    expect(Math.min(...Object.values(answers))).toBeGreaterThan(FORGED / 100);
  }, 120_000);

  it('one that is too large is refused, whether it says so or not', async () => {
    const before = await stored();
    const body = Buffer.alloc(MAX_DELIVERY_BYTES + 1, ' ');
    const timestamp = new Date().toUTCString();
    const large = { ...klaviyoDelivery(), body };
    large.headers = {
      'klaviyo-timestamp': timestamp,
      'klaviyo-signature': klaviyoSignature(keys.klaviyo.secret, body, timestamp),
    };
    // Cut off in the middle of sending, a client may not get to read the answer.
    expect([413, 0]).toContain(await send(withHeader(large, 'content-length', String(body.length))));
    expect([413, 0]).toContain(await send(withHeader(large, 'transfer-encoding', 'chunked')));
    expect([413, 0]).toContain(await send(withHeader({ ...brevoDelivery(), body }, 'content-length', String(body.length))));
    expect(await stored()).toBe(before);
    expect(await send(klaviyoDelivery())).toBe(200);
  });
});
