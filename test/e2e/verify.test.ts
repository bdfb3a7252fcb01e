import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Subscriptions } from '@tajo/sandbox';
import mongoose from 'mongoose';
import { finished } from '../support/ledger.js';
import { tajo } from '../support/run-to-end.js';
import { type Stack, startStack, until } from '../support/stack.js';

let stack: Stack;
let folder: string;
/** Klaviyo's ids by what is done to them. */
const ids: Record<string, string> = {};
const NAMES = ['lost', 'edited', 'unblocked', 'gone', 'unlisted', 'later'] as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tajo-verify-'));
  stack = await startStack({
    sandbox: {
      klaviyo: { profiles: 120, events: 200, lists: 2, segments: 0, limits: 'off' },
      brevo: { limits: 'off', importDelayMs: 100 },
    },
    connector: {
      limits: { enabled: false },
      deletes: { policy: 'blocklist', max_share: 0.2 },
      sync: { events: true, lists: true },
    },
  });
  const { klaviyo, brevo } = stack.sandbox;
  const created = new Date(Date.now() - 86_400_000).toISOString();
  for (const name of NAMES) {
    ids[name] = await klaviyo.add({
      attributes: { email: `${name}@planted-verify.example.com`, first_name: 'Secretname', created, updated: created },
      subscriptions: name === 'unblocked' ? unsubscribed : subscribed,
    });
  }
  // Cannot be in Brevo at all.
  ids['refused'] = await klaviyo.add({ attributes: { email: 'no address', created, updated: created } });
  await brevo.add({ email: 'brevos.own@planted-verify.example.com' });
  const run = await finished(
    stack,
    await stack.client.syncs.start({ resources: ['profiles', 'events', 'lists', 'list-members'], mode: 'full' }),
  );
  expect(run).toMatchObject({ state: 'completed', balanced: true });
}, 120_000);

afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

describe('comparing both sides', () => {
  it('finds nothing unexplained after a run, and writes nothing', async () => {
    const before = await written();
    const { code, out, err } = await tajo(['verify', '--json'], stack.env);
    const report = JSON.parse(out) as Report;
    expect({ code, err, open: report.differences.filter(({ explained }) => !explained) }).toMatchObject({ code: 0, open: [] });
    expect(report).toMatchObject({ state: 'done', agrees: true, unexplained: 0, counts: { brevosOwn: 1 } });
    expect(report.counts.alike).toBeGreaterThan(50);
    expect(report.differences).toContainEqual(
      expect.objectContaining({ kind: 'not_carried', reason: 'rejected: email_invalid', explained: true }),
    );
    expect(report.numbers).toContainEqual(expect.objectContaining({ resource: 'list-members' }));
    expect(report.numbers).toContainEqual(expect.objectContaining({ resource: 'events', from: expect.stringContaining('run_') }));
    expect(await written()).toEqual(before);
  }, 60_000);

  it('names what differs and why, though its worker is killed, and no value of anybody', async () => {
    await plant();
    const html = join(folder, 'report.html');
    const asked = tajo(['verify', '--report', html, '--json'], stack.env);
    await until(
      async () => (await stack.client.verifications.list()).verifications.some(({ state }) => state === 'open'),
      20_000,
      'it',
    );
    await stack.workers.shift()?.kill();
    await stack.startWorker();
    const { code, out, err } = await asked;
    expect({ code, err }).toMatchObject({ code: 3 });
    const report = JSON.parse(out) as Report;
    const of = (name: string) => report.records.filter(({ sourceId }) => sourceId === ids[name]);
    expect(of('lost')).toMatchObject([
      { kind: 'missing_in_brevo', explained: false, reason: expect.stringContaining('written before') },
    ]);
    expect(of('edited')).toMatchObject([{ kind: 'field', field: 'FIRSTNAME', explained: false }]);
    expect(of('unblocked')).toMatchObject([{ kind: 'consent', field: 'e-mail', explained: false }]);
    expect(of('gone')).toMatchObject([{ kind: 'missing_in_klaviyo', explained: false }]);
    expect(of('unlisted')).toMatchObject([{ kind: 'list', field: 'all_contacts', explained: false }]);
    expect(of('later')).toMatchObject([{ kind: 'field', field: 'FIRSTNAME', explained: true }]);
    expect(of('refused')).toMatchObject([{ kind: 'not_carried', explained: true, reason: 'rejected: email_invalid' }]);
    expect(report.unexplained).toBe(5);
    expect(report.counts.profiles).toBe(await profilesInKlaviyo());

    const page = await readFile(html, 'utf8');
    expect(page).toContain('5 without an explanation');
    expect(page).toContain(ids['lost']);
    // Neither here nor in what is kept of it.
    for (const text of [page, out, await kept()]) expect(text).not.toMatch(/planted-verify|Secretname|Someoneelse/i);
  }, 60_000);

  it('looks up single records at random', async () => {
    const { code, out } = await tajo(['verify', '--sample', '40', '--json'], stack.env);
    const report = JSON.parse(out) as Report;
    expect(report).toMatchObject({ state: 'done', sample: 40 });
    expect(report.counts.profiles).toBeGreaterThanOrEqual(20);
    expect(code).toBe(report.unexplained === 0 ? 0 : 3);
  }, 60_000);

  it('repairs what nothing explains, and the next look agrees', async () => {
    const { code, out, err } = await tajo(['verify', '--repair', '--json'], stack.env);
    const report = JSON.parse(out) as Report;
    expect({ code, err, open: report.differences.filter(({ explained }) => !explained) }).toMatchObject({ code: 0, open: [] });
    expect(report).toMatchObject({ beforeRepair: 5, unexplained: 0, repairRun: expect.stringMatching(/^run_/) });

    const contacts = await byEmail();
    expect(contacts.get('lost@planted-verify.example.com')).toBeDefined();
    expect(contacts.get('edited@planted-verify.example.com')?.attributes).toMatchObject({ FIRSTNAME: 'Secretname' });
    expect(contacts.get('unblocked@planted-verify.example.com')).toMatchObject({ emailBlacklisted: true });
    expect(contacts.get('gone@planted-verify.example.com')).toMatchObject({ emailBlacklisted: true, smsBlacklisted: true });
    expect(contacts.get('unlisted@planted-verify.example.com')?.listIds).toContain(20);

    const again = await tajo(['verify', '--json'], stack.env);
    const next = JSON.parse(again.out) as Report;
    expect({ code: again.code, unexplained: next.unexplained }).toEqual({ code: 0, unexplained: 0 });
    expect(next.records.find(({ sourceId }) => sourceId === ids['gone'])).toMatchObject({ explained: true });
  }, 90_000);

  it('says what to do where it cannot begin', async () => {
    const { code, err } = await tajo(['verify', '--report', 'report.txt'], stack.env);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('.html') });
    await expect(stack.client.verifications.get('ver_none')).rejects.toMatchObject({ status: 404 });
  }, 30_000);
});

interface Report {
  readonly state: string;
  readonly unexplained: number;
  readonly counts: Record<string, number>;
  readonly differences: readonly { kind: string; field: string | null; reason: string; explained: boolean; count: number }[];
  readonly records: readonly {
    sourceId: string | null;
    kind: string;
    field: string | null;
    reason: string;
    explained: boolean;
  }[];
  readonly numbers: readonly unknown[];
}

async function plant(): Promise<void> {
  const { klaviyo, brevo } = stack.sandbox;
  const contacts = await byEmail();
  const id = (name: string) => contacts.get(`${name}@planted-verify.example.com`)?.id ?? 0;
  await brevo.remove(id('lost'));
  await brevo.edit(id('edited'), { attributes: { FIRSTNAME: 'Someoneelse' } });
  await brevo.edit(id('unblocked'), { emailBlacklisted: false });
  await brevo.edit(id('unlisted'), { unlinkListIds: [20] });
  await klaviyo.remove(ids['gone'] ?? '');
  await klaviyo.edit(ids['later'] ?? '', { attributes: { first_name: 'Someoneelse' } });
  // What was changed a moment before the look counts as changed meanwhile.
  await new Promise((resolve) => setTimeout(resolve, 4_000));
}

async function byEmail() {
  const found = new Map<
    string,
    { id: number; emailBlacklisted: boolean; smsBlacklisted: boolean; listIds: number[]; attributes: unknown }
  >();
  for await (const contact of stack.sandbox.brevo.contacts()) if (contact.email) found.set(contact.email, contact);
  return found;
}

async function profilesInKlaviyo(): Promise<number> {
  return (await stack.sandbox.klaviyo.state()).profiles;
}

/** How often contacts were written, and what there is. */
async function written(): Promise<unknown> {
  let writes = 0;
  for await (const contact of stack.sandbox.brevo.contacts()) writes += contact.writes;
  return { writes, state: await stack.sandbox.brevo.state(), klaviyo: await stack.sandbox.klaviyo.state() };
}

/** Everything kept of verifications. */
async function kept(): Promise<string> {
  const connection = await mongoose.createConnection(stack.mongoUrl).asPromise();
  try {
    const parts: string[] = [];
    for (const name of ['verifications', 'verification_differences', 'verification_sides'])
      for await (const one of connection.collection(name).find({})) parts.push(JSON.stringify(one));
    return parts.join('\n');
  } finally {
    await connection.close();
  }
}

const consent = (word: string, can: boolean) =>
  ({
    email: {
      marketing: {
        consent: word,
        can_receive_email_marketing: can,
        consent_timestamp: '2025-01-01T00:00:00+00:00',
        suppression: [],
        list_suppressions: [],
      },
    },
  }) as unknown as Subscriptions; // What of it a sync reads.
const subscribed = consent('SUBSCRIBED', true);
const unsubscribed = consent('UNSUBSCRIBED', false);
