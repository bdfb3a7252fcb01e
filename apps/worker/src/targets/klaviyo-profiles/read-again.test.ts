import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type BrevoContactRow, brevoContacts } from '@tajo/mapping';
import { type Batch, createStore, type Store } from '@tajo/store';
import { openTargetWorld, type TargetWorld } from '../../../../../test/support/target-world.js';
import { withDatabase } from '../../../../../test/support/stack.js';
import { settleBatch } from '../../settle-batch.js';
import type { RunContext, Settled } from '../target.js';
import { contactRowOf } from './read-again.js';
import { klaviyoProfiles, syncContacts } from './index.js';
import { CONTACTS } from './pair-up.js';
import { plan } from './rules.js';

const resource = brevoContacts.name;

let store: Store;
let world: TargetWorld;
let context: RunContext;
let profileId: string;
let contactId: number;

beforeAll(async () => {
  store = createStore(withDatabase(process.env['MONGO_URL'] ?? '', `read_again_${randomUUID().slice(0, 8)}`));
  await store.migrate();
});
afterAll(() => store.close());

/** A profile and its contact, brought together an hour ago: Ann on both sides, and whoever changes her name last is right. */
beforeEach(async () => {
  world = await openTargetWorld(store, { resources: [resource] });
  const { klaviyo, brevo } = world.sandbox;
  profileId = await klaviyo.add({ attributes: { email: 'ann@example.com', first_name: 'Ann' } });
  contactId = (await brevo.add({ email: 'ann@example.com', ext_id: profileId, attributes: { FIRSTNAME: 'Ann' } })) ?? 0;
  const { account, ...settings } = world.context.work.config;
  const owner = { default: 'newest', byName: {} } as const;
  const config = {
    ...settings,
    apiKey: 'an-api-key-of-the-test-0123456789',
    account: { ...account, direction: 'both' as const, owner },
  };
  // The target reads no more of a worker, a run and an account than this.
  const bare = { ...world.context, work: { ...world.context.work, config } } as unknown as RunContext;
  const rules = { [resource]: await plan(bare) };
  context = { ...bare, run: { ...bare.run, rules } };
  await broughtTogether();
  world.clock.now += 3_600_000;
});
afterEach(() => world.close());

/** As a webhook does it, from the contact as it is now. */
async function broughtTogether(): Promise<void> {
  const contact = await context.account.brevo.contact(contactId, 'contact_id');
  if (!contact) throw new Error('the contact is there');
  await syncContacts(context, [contact], { why: 'test' });
}

async function namedInBrevo(name: string): Promise<void> {
  await context.account.brevo.updateContact(contactId, 'contact_id', { attributes: { FIRSTNAME: name } });
}

async function names() {
  const inBrevo: Readonly<Record<string, unknown>> = (await world.sandbox.brevo.contact(contactId)).attributes;
  return { klaviyo: (await world.sandbox.klaviyo.profile(profileId)).attributes.first_name, brevo: inBrevo['FIRSTNAME'] };
}

/** The contact as it is now, read and prepared as a page would do it. */
async function prepared(): Promise<{ batch: Batch; rows: unknown[] }> {
  const contact = await context.account.brevo.contact(contactId, 'contact_id');
  const read = contact && contactRowOf(contact);
  if (!read || !('row' in read)) throw new Error('the contact can be carried');
  const row: BrevoContactRow = read.row;
  const { outgoing } = await klaviyoProfiles.admit(context, resource, [row]);
  expect(outgoing).toHaveLength(1);
  const [batch] = await world.sliceWith(resource, [outgoing[0]?.group ?? {}]);
  // Kept as JSON between two tries; nothing here reads more of a batch.
  const rows = outgoing.map((one) => JSON.parse(JSON.stringify(one.row)) as unknown);
  return { batch: batch as unknown as Batch, rows };
}

async function delivered({ batch, rows }: { batch: Batch; rows: unknown[] }, by: RunContext = context): Promise<Settled> {
  const delivery = await klaviyoProfiles.deliver(by, batch, rows);
  if (delivery.kind !== 'settled') throw new Error('so few are written singly');
  return delivery.settled;
}

/** The worker dies as soon as the bases are stored. */
function dyingAfterBases(): RunContext {
  const { bases } = context.work.store;
  const put: typeof bases.put = async (...given) => {
    await bases.put(...given);
    throw new Error('killed');
  };
  return { ...context, work: { ...context.work, store: { ...context.work.store, bases: { ...bases, put } } } };
}

async function countsOf({ slice }: Batch) {
  return (await store.slices.get(slice))?.counts;
}

describe('a contact of a batch that is delivered once more', () => {
  it('is taken as it is by then, and does not undo what Klaviyo has changed since', async () => {
    await namedInBrevo('Anna');
    const batch = await prepared();
    await delivered(batch); // Killed before it was settled.
    expect(await names()).toEqual({ klaviyo: 'Anna', brevo: 'Anna' });
    await world.sandbox.klaviyo.edit(profileId, { attributes: { first_name: 'Annette' } });
    await broughtTogether();
    expect(await names()).toEqual({ klaviyo: 'Annette', brevo: 'Annette' });

    const settled = await delivered(batch);
    expect(await names()).toEqual({ klaviyo: 'Annette', brevo: 'Annette' });
    expect(settled).toMatchObject({ written: [{ link: { targetId: profileId } }], rejected: [], again: [] });
  });

  it('is taken as it is by then, whatever a webhook did between its reading and the first delivery', async () => {
    await namedInBrevo('Anna');
    const batch = await prepared();
    await namedInBrevo('Anne');
    await broughtTogether();
    await delivered(batch);
    expect(await names()).toEqual({ klaviyo: 'Anne', brevo: 'Anne' });
  });

  it.each([
    {
      when: 'once both sides are noted',
      first: async (batch: Awaited<ReturnType<typeof prepared>>) => {
        await expect(delivered(batch, dyingAfterBases())).rejects.toThrow('killed');
      },
    },
    { when: 'before its outcome is', first: delivered },
  ])('ends as if nobody had died $when, and counts once', async ({ first }) => {
    await namedInBrevo('Anna');
    // Later, so it stands; the contact that was read says otherwise.
    const updated = new Date(Date.now() + 60_000).toISOString();
    await world.sandbox.klaviyo.edit(profileId, { attributes: { first_name: 'Annette', updated } });
    const batch = await prepared();
    await first(batch);
    expect(await names()).toEqual({ klaviyo: 'Annette', brevo: 'Annette' });

    await settleBatch(context, batch.batch, await delivered(batch));
    // The job was handed out twice.
    await settleBatch(context, batch.batch, await delivered(batch));
    expect(await names()).toEqual({ klaviyo: 'Annette', brevo: 'Annette' });
    expect(await countsOf(batch.batch)).toMatchObject({ written: 1, rejected: {}, tally: { 'values.to_brevo': 1 } });
    expect((await store.links.find(world.account, CONTACTS, [String(contactId)])).get(String(contactId))).toMatchObject({
      targetId: profileId,
    });
    // Nothing is left to do.
    const contact = await context.account.brevo.contact(contactId, 'contact_id');
    const row = contact && contactRowOf(contact);
    const { outgoing, unchanged } = await klaviyoProfiles.admit(context, resource, row && 'row' in row ? [row.row] : []);
    expect([outgoing.length, unchanged.length]).toEqual([0, 1]);
  });
});

describe('a contact that nobody has touched since it was read', () => {
  it('is not read again', async () => {
    await namedInBrevo('Anna');
    const batch = await prepared();
    await world.sandbox.brevo.resetStats();
    await delivered(batch);
    expect(await names()).toEqual({ klaviyo: 'Anna', brevo: 'Anna' });
    expect(Object.keys(await world.sandbox.brevo.stats()).filter((endpoint) => endpoint.startsWith('GET '))).toEqual([]);
  });
});
