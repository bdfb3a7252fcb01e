import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Subscriptions } from '@tajo/sandbox';
import mongoose from 'mongoose';
import { finished } from '../support/ledger.js';
import { plantedIn } from '../support/planted.js';
import { redisContents } from '../support/redis-contents.js';
import { tajo } from '../support/run-to-end.js';
import { type Stack, startStack, until } from '../support/stack.js';

const EMAIL = 'Erase.Me@planted-person.example.com';
const PHONE = '+14155550177';
const RESOURCES = ['profiles', 'events', 'orders', 'lists', 'list-members'] as const;

let stack: Stack;
let person: string;
let planted: Record<string, string>;

beforeAll(async () => {
  stack = await startStack({
    workers: 2,
    sandbox: {
      klaviyo: { profiles: 150, events: 300, lists: 3, segments: 0, limits: 'off', deletionDelayMs: 1_500, latencyMs: 10 },
      brevo: { limits: 'off', latencyMs: 10, importDelayMs: 300 },
    },
    connector: {
      limits: { enabled: false },
      unmapped_events: 'forward',
      sync: { events: true, lists: true },
      pace: { pages_per_job: 2 },
    },
    env: { LOG_LEVEL: 'debug' },
  });
  const { klaviyo, brevo } = stack.sandbox;
  person = await klaviyo.add({
    attributes: { email: EMAIL, phone_number: PHONE, first_name: 'Erasable', properties: {} },
    subscriptions: subscribed,
  });
  for (let i = 0; i < 3; i += 1)
    await klaviyo.addEvent({
      profile: person,
      datetime: new Date(Date.now() - 86_400_000).toISOString(),
      properties: { said: EMAIL, i },
    });
  for await (const { id } of klaviyo.records('lists')) await klaviyo.join('list', id, person);
  await brevo.sendTransactional(EMAIL);
  planted = { address: 'erase.me@planted-person', name: 'erasable', phone: '4155550177', id: person };
}, 60_000);

afterAll(async () => {
  await stack?.stop();
}, 30_000);

describe('a person who asks to be erased', () => {
  it('is at both vendors and in our store after a sync', async () => {
    const run = await finished(stack, await stack.client.syncs.start({ resources: [...RESOURCES], mode: 'full' }));
    expect(run).toMatchObject({ state: 'completed', balanced: true });
    expect(await foundIn(await vendors(), planted)).not.toEqual([]);
    expect(await foundIn(await mongo(), planted)).toEqual(expect.arrayContaining(['id']));
  }, 120_000);

  it('is gone from both vendors, MongoDB, Redis and logs, though workers are killed between the steps', async () => {
    // One run is under way: what it has gathered of them must not survive either.
    const run = await stack.client.syncs.start({ resources: [...RESOURCES], mode: 'full', force: true });
    await until(
      async () => ((await stack.client.syncs.get(run.id)).totals['profiles']?.read ?? 0) > 0,
      60_000,
      'the first pages',
    );

    const { code, out, err } = await tajo(['erase', '--email', EMAIL.toLowerCase(), '--json'], stack.env);
    expect({ code, err }).toMatchObject({ code: 0 });
    const { id } = JSON.parse(out) as { id: string };
    expect(await stack.client.erasures.request({ email: EMAIL })).toMatchObject({ id, state: 'open' });

    const seen = new Set<string | null>();
    await until(
      async () => {
        const { state, step } = await stack.client.erasures.get(id);
        if (state === 'open' && !seen.has(step) && seen.size < 4) {
          seen.add(step);
          await stack.workers.shift()?.kill();
          await stack.startWorker();
        }
        return state === 'done';
      },
      100_000,
      'the erasure',
    );
    const ended = await finished(stack, run);
    const { reconciliation, comparisons } = ended;
    expect({ state: ended.state, balanced: ended.balanced, why: { reconciliation, comparisons } }).toMatchObject({
      state: 'completed',
      balanced: true,
      why: { reconciliation: { differences: [] } },
    });

    const erasure = await stack.client.erasures.get(id);
    expect(erasure).toMatchObject({ state: 'done', problem: null, by: 'email', step: null });
    expect(erasure.evidence).toContainEqual(
      expect.objectContaining({ what: 'klaviyo_deletion_requested', status: 202, count: 1 }),
    );
    await nothingIsLeft();
  }, 180_000);

  it('does not come back by a full resync, though Klaviyo has somebody of that address again', async () => {
    const again = await stack.sandbox.klaviyo.add({
      attributes: { email: EMAIL, phone_number: PHONE, first_name: 'Erasable', properties: {} },
      subscriptions: subscribed,
    });
    await stack.sandbox.klaviyo.addEvent({ profile: again, properties: {} });
    for await (const { id } of stack.sandbox.klaviyo.records('lists')) await stack.sandbox.klaviyo.join('list', id, again);
    const run = await finished(stack, await stack.client.syncs.start({ resources: [...RESOURCES], mode: 'full', force: true }));
    expect(run).toMatchObject({ state: 'completed', balanced: true });
    expect(run.totals['profiles']?.skipped).toMatchObject({ "erased at the person's request": 1 });
    planted = { ...planted, 'new id': again };
    await stack.sandbox.klaviyo.remove(again);
    await nothingIsLeft();
  }, 120_000);

  it('is not recorded by the API, and can be erased again', async () => {
    await expect(
      stack.client.events.track({ event: 'Placed Order', profile: { email: EMAIL }, properties: {} }),
    ).rejects.toMatchObject({ code: 'person_erased' });
    const { id } = await stack.client.erasures.request({ phone: PHONE });
    await until(async () => (await stack.client.erasures.get(id)).state === 'done', 60_000, 'the erasure by phone');
    await nothingIsLeft();
  }, 90_000);
});

describe('an erasure that cannot go on', () => {
  it('stays open, says what to mend and stops nothing else', async () => {
    const other = await startStack({
      sandbox: {
        klaviyo: { profiles: 5, limits: 'off', scopes: ['accounts:read', 'profiles:read', 'events:read'] },
        brevo: { limits: 'off' },
      },
      connector: { limits: { enabled: false } },
    });
    try {
      const id = await other.sandbox.klaviyo.add({ attributes: { email: EMAIL } });
      const erasure = await other.client.erasures.request({ klaviyo_id: id });
      const now = () => other.client.erasures.get(erasure.id);
      await until(async () => (await now()).problem !== null, 20_000, 'a problem');
      expect(await now()).toMatchObject({
        state: 'open',
        step: 'ask-klaviyo',
        problem: { message: expect.stringContaining('data-privacy:write') },
      });
      const run = await finished(other, await other.client.syncs.start({ resources: ['profiles'], mode: 'full' }));
      expect(run).toMatchObject({ state: 'completed', balanced: true });
      expect(run.totals['profiles']?.skipped).toMatchObject({ "erased at the person's request": 1 });
      const { code, out } = await tajo(['erasures', '--open'], other.env);
      expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('next: ask-klaviyo') });
    } finally {
      await other.stop();
    }
  }, 90_000);
});

async function nothingIsLeft(): Promise<void> {
  expect(await foundIn(await vendors(), planted)).toEqual([]);
  expect(await foundIn(await mongo(), planted)).toEqual([]);
  expect(await foundIn(await redisContents(stack.redisUrl, stack.queuePrefix), planted)).toEqual([]);
  expect(await foundIn(stack.logs(), planted)).toEqual([]);
}

async function foundIn(text: string, what: Record<string, string>): Promise<string[]> {
  return plantedIn(text, what);
}

/** Everything both sandboxes have that could name somebody. */
async function vendors(): Promise<string> {
  const { klaviyo, brevo } = stack.sandbox;
  const lines: string[] = [];
  for (const part of [
    klaviyo.profiles(),
    klaviyo.members('list'),
    klaviyo.members('segment'),
    klaviyo.records('coupon-codes'),
    brevo.contacts(),
    brevo.events(),
    brevo.orders(),
    brevo.transactional(),
  ])
    for await (const line of part) lines.push(JSON.stringify(line));
  // An event planted for somebody who is gone since would be found as well; these are what Klaviyo still shows.
  for await (const event of klaviyo.records('events')) if (!stale(event)) lines.push(JSON.stringify(event));
  return lines.join('\n');
}

/** The test removed the second profile by hand, past any erasure: its event is the test's own. */
function stale({ relationships }: { relationships?: unknown }): boolean {
  const second = planted['new id'];
  return second !== undefined && JSON.stringify(relationships ?? {}).includes(second);
}

/** Every document of every collection, zipped rows included. */
async function mongo(): Promise<string> {
  const connection = await mongoose.createConnection(stack.mongoUrl).asPromise();
  try {
    const parts: string[] = [];
    for (const { name } of (await connection.db?.listCollections().toArray()) ?? []) {
      for await (const document of connection.collection(name).find({})) {
        const { gzip, ...rest } = document;
        parts.push(`${name} ${JSON.stringify(rest)}`);
        const bytes: unknown = gzip && typeof gzip === 'object' && 'buffer' in gzip ? gzip.buffer : undefined;
        if (bytes instanceof Uint8Array) parts.push(gunzipSync(bytes).toString('utf8'));
      }
    }
    return parts.join('\n');
  } finally {
    await connection.close();
  }
}

const subscribed = {
  email: {
    marketing: {
      consent: 'SUBSCRIBED',
      can_receive_email_marketing: true,
      consent_timestamp: '2025-01-01T00:00:00+00:00',
      suppression: [],
      list_suppressions: [],
    },
  },
} as unknown as Subscriptions; // What of it a sync reads.
