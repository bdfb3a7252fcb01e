import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Edits, type EditsOptions, editKinds, makeEdits } from './edits.js';
import { type Sandbox, startSandbox } from './sandbox.js';

let open: Sandbox[] = [];
beforeEach(() => {
  open = [];
});
afterEach(async () => {
  for (const sandbox of open) await sandbox.stop();
});

/** Both sides of a small shop, as a resync leaves them. */
async function shop(): Promise<Sandbox> {
  const sandbox = await startSandbox({
    klaviyo: { profiles: 60, lists: 3, segments: 0, limits: 'off' },
    brevo: { limits: 'off' },
  });
  open.push(sandbox);
  let at = 0;
  for await (const {
    id,
    attributes: { email },
  } of sandbox.klaviyo.profiles()) {
    if (email === null || !/^[\w.]+@[\w.]+$/.test(email) || email.includes('..') || email.endsWith('localhost')) continue;
    const attributes = { FIRSTNAME: 'Before', SMS: `+4915112${100_000 + at}` };
    await sandbox.brevo.add({ email, ext_id: id, listIds: [20 + (at % 2)], attributes });
    at += 1;
  }
  return sandbox;
}

async function all<T>(records: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const record of records) found.push(record);
  return found;
}

const editsOf = (sandbox: Sandbox, options: Partial<EditsOptions> = {}) =>
  makeEdits(sandbox, { seed: 7, edits: 200, ...options });

describe('random edits', () => {
  it('are of every kind, as many as asked for, the same for the same seed, and name nobody', async () => {
    const first = await editsOf(await shop());
    expect(first.edits).toHaveLength(200);
    expect(editKinds.filter((kind) => first.counts[kind] === 0)).toEqual([]);
    expect(Object.values(first.counts).reduce((sum, n) => sum + n, 0)).toBe(200);
    expect(JSON.stringify(first)).not.toMatch(/@|example\.com/);
    expect((await editsOf(await shop())).edits.map(shapeOf)).toEqual(first.edits.map(shapeOf));
    expect((await editsOf(await shop(), { seed: 8 })).edits.map(shapeOf)).not.toEqual(first.edits.map(shapeOf));
  });

  it('are there to be read on both sides', async () => {
    const sandbox = await shop();
    const before = new Map((await all(sandbox.klaviyo.profiles())).map((profile) => [profile.id, profile]));
    const contacts = new Map((await all(sandbox.brevo.contacts())).map((contact) => [String(contact.id), contact]));
    const done = await editsOf(sandbox, { edits: 60, once: true });
    const ids = of(done, 'klaviyo.removed', 'klaviyo.attribute', 'klaviyo.unsubscribed', 'brevo.attribute', 'brevo.blocked');
    expect(new Set(ids).size).toBe(ids.length);
    const profiles = new Map((await all(sandbox.klaviyo.profiles())).map((profile) => [profile.id, profile]));
    const now = new Map((await all(sandbox.brevo.contacts())).map((contact) => [String(contact.id), contact]));
    for (const id of of(done, 'klaviyo.removed')) expect(profiles.has(id)).toBe(false);
    for (const id of of(done, 'klaviyo.new')) expect([before.has(id), profiles.has(id)]).toEqual([false, true]);
    for (const id of of(done, 'klaviyo.attribute', 'klaviyo.unsubscribed'))
      expect(profiles.get(id)?.attributes.updated).not.toBe(before.get(id)?.attributes.updated);
    for (const id of of(done, 'klaviyo.unsubscribed'))
      expect(profiles.get(id)?.subscriptions?.email?.marketing).toMatchObject({ consent: 'UNSUBSCRIBED' });
    for (const id of of(done, 'brevo.blocked')) expect(now.get(id)?.emailBlacklisted).toBe(true);
    for (const id of of(done, 'brevo.attribute', 'brevo.blocked')) {
      expect(now.get(id)?.modifiedAt).not.toBe(contacts.get(id)?.modifiedAt);
      // What people do is no write of ours.
      expect(now.get(id)?.writes).toBe(1);
    }
    const events = new Map((await all(sandbox.klaviyo.records('events'))).map((event) => [event.id, event]));
    for (const id of of(done, 'klaviyo.late-event'))
      expect(Date.parse(String(events.get(id)?.attributes['datetime']))).toBeLessThan(Date.now() - 3 * 86_400_000);
  });

  it('end where there is nobody to edit', async () => {
    const empty = await startSandbox({ klaviyo: { profiles: 0, lists: 0, segments: 0 } });
    open.push(empty);
    expect((await editsOf(empty, { kinds: ['klaviyo.attribute', 'brevo.blocked'], edits: 5 })).edits).toEqual([]);
  });
});

function of({ edits }: Edits, ...kinds: Edits['edits'][number]['kind'][]): string[] {
  return edits.filter(({ kind }) => kinds.includes(kind)).map(({ id }) => id);
}

/** Ids begin with the time of their making. */
function shapeOf({ kind, id, list }: Edits['edits'][number]): unknown {
  return [kind, id.slice(-12), list];
}
