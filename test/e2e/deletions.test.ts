import { afterEach, describe, expect, it } from '@jest/globals';
import type { Subscriptions } from '@tajo/sandbox';
import { finished, type Run } from '../support/ledger.js';
import { tajo } from '../support/run-to-end.js';
import { type Stack, startStack, until } from '../support/stack.js';

let stack: Stack | undefined;
afterEach(async () => {
  await stack?.stop();
}, 30_000);

describe('a profile that was deleted in Klaviyo', () => {
  it('is blocked in Brevo by default, once, and can be mailed again when it comes back', async () => {
    const here = await started('blocklist', 0.5);
    const { klaviyo, brevo } = here.sandbox;
    const [kept, gone] = [await add('kept'), await add('gone')];
    expect((await full()).deletions).toBeNull();
    const before = await contactOf('gone');
    expect(before).toMatchObject({ emailBlacklisted: false });
    const { contacts } = await brevo.state();

    await klaviyo.remove(gone);
    // An incremental run reads changes only, and this is none it could see.
    expect((await run('incremental')).deletions).toBeNull();
    expect(await contactOf('gone')).toMatchObject({ emailBlacklisted: false });

    const swept = await full();
    expect(swept).toMatchObject({
      balanced: true,
      deletions: { state: 'done', gone: 1, outcomes: { blocklisted: 1, merged: 0, deleted: 0, unlinked: 0 } },
    });
    expect(await contactOf('gone')).toMatchObject({ id: before?.id, emailBlacklisted: true, smsBlacklisted: true });
    expect(await contactOf('kept')).toMatchObject({ emailBlacklisted: false });

    const writes = (await contactOf('gone'))?.writes;
    expect(await full()).toMatchObject({ balanced: true, deletions: null });
    expect((await contactOf('gone'))?.writes).toBe(writes);

    // Under a new id: the block was ours, so it is ours to clear.
    await add('gone');
    expect(await full()).toMatchObject({ balanced: true });
    expect(await contactOf('gone')).toMatchObject({ id: before?.id, emailBlacklisted: false });
    expect(kept).not.toBe(gone);
    expect((await brevo.state()).contacts).toBe(contacts);
  }, 90_000);

  it('is deleted there, or only let go, where the configuration says so', async () => {
    for (const policy of ['delete', 'unlink'] as const) {
      const here = await started(policy, 0.5);
      const gone = await add('gone');
      await full();
      const before = await contactOf('gone');
      await here.sandbox.klaviyo.remove(gone);
      const { deletions, balanced } = await full();
      expect({ deletions, balanced }).toMatchObject({
        balanced: true,
        deletions: { state: 'done', outcomes: policy === 'delete' ? { deleted: 1 } : { unlinked: 1 } },
      });
      if (policy === 'delete') expect(await contactOf('gone')).toBeUndefined();
      else expect(await contactOf('gone')).toEqual(before);
      await here.stop();
      stack = undefined;
    }
  }, 90_000);
});

describe('more deletions than are likely', () => {
  it('wait until somebody confirms them, also over a kill', async () => {
    const here = await started('blocklist', 0.02);
    const gone = ['one', 'two', 'three'];
    const ids: string[] = [];
    for (const name of gone) ids.push(await add(name));
    await full();
    for (const id of ids) await here.sandbox.klaviyo.remove(id);

    const asking = await full();
    expect(asking).toMatchObject({ state: 'completed', deletions: { state: 'asked', gone: 3, outcomes: { blocklisted: 0 } } });
    expect(asking.notes).toContainEqual(expect.stringContaining('tajo sync confirm-deletes'));
    for (const name of gone) expect(await contactOf(name)).toMatchObject({ emailBlacklisted: false });

    const { code, out } = await tajo(['sync', 'confirm-deletes', asking.id], here.env);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('3 profiles') });
    await here.workers.shift()?.kill();
    await here.startWorker();
    await until(async () => (await here.client.syncs.get(asking.id)).deletions?.state === 'done', 30_000, 'the deletions');
    expect(await here.client.syncs.get(asking.id)).toMatchObject({ deletions: { outcomes: { blocklisted: 3 } } });
    for (const name of gone) expect(await contactOf(name)).toMatchObject({ emailBlacklisted: true, smsBlacklisted: true });
    await expect(here.client.syncs.confirmDeletes(asking.id)).rejects.toMatchObject({ code: 'nothing_to_confirm' });
  }, 90_000);
});

describe('a profile that was merged into another', () => {
  it('hands its lists and restrictions to the survivor, whose contact stays', async () => {
    const here = await started('blocklist', 0.5);
    const { klaviyo, brevo } = here.sandbox;
    const loser = await add('loser');
    // Known by phone only, so it takes the address over.
    const survivor = await klaviyo.add({
      attributes: { phone_number: '+14155550188', first_name: 'survivor', ...times },
      subscriptions: subscribed,
    });
    await full();
    const [of, lost] = [await contactWith(survivor), await contactOf('loser')];
    await brevo.edit(lost?.id ?? 0, { listIds: [22], emailBlacklisted: true });

    await merge(here, { from: loser, into: survivor });
    const joined = await full();
    expect({ ...joined, logs: joined.state === 'failed' ? here.logs().slice(-3_000) : '' }).toMatchObject({
      problem: null,
      logs: '',
      state: 'completed',
      deletions: { state: 'done', gone: 1, outcomes: { merged: 1 } },
    });
    const contact = await contactOf('loser');
    // Unsubscribed in Brevo as one, so unsubscribed as the other.
    expect(contact).toMatchObject({ id: of?.id, emailBlacklisted: true, attributes: { EXT_ID: survivor } });
    expect(contact?.listIds).toContain(22);
    expect(await contactWith(loser)).toBeUndefined();
    expect(await full()).toMatchObject({ balanced: true, deletions: null });
    const { code } = await tajo(['verify'], here.env);
    expect(code).toBe(0);
  }, 90_000);
});

const created = new Date(Date.now() - 86_400_000).toISOString();
const times = { created, updated: created };

async function started(policy: string, maxShare: number): Promise<Stack> {
  stack = await startStack({
    sandbox: { klaviyo: { profiles: 30, limits: 'off' }, brevo: { limits: 'off', importDelayMs: 100 } },
    connector: { limits: { enabled: false }, deletes: { policy, max_share: maxShare } },
  });
  return stack;
}

function running(): Stack {
  if (!stack) throw new Error('no stack was started');
  return stack;
}

async function run(mode: 'full' | 'incremental'): Promise<Run> {
  return finished(running(), await running().client.syncs.start({ resources: ['profiles'], mode }));
}

const full = () => run('full');

function add(name: string): Promise<string> {
  return running().sandbox.klaviyo.add({
    attributes: { email: `${name}@planted-gone.example.com`, first_name: name, ...times },
    subscriptions: subscribed,
  });
}

async function contactOf(name: string) {
  for await (const contact of running().sandbox.brevo.contacts())
    if (contact.email === `${name}@planted-gone.example.com`) return contact;
  return undefined;
}

async function contactWith(extId: string) {
  for await (const contact of running().sandbox.brevo.contacts()) {
    const attributes: Readonly<Record<string, unknown>> = contact.attributes;
    if (attributes['EXT_ID'] === extId) return contact;
  }
  return undefined;
}

/** As somebody does it in Klaviyo. */
async function merge({ sandbox }: Stack, { from, into }: { from: string; into: string }): Promise<void> {
  const answer = await fetch(`${sandbox.klaviyoUrl}/api/profile-merge`, {
    method: 'POST',
    headers: {
      authorization: `Klaviyo-API-Key ${sandbox.keys.klaviyoPrivateKey}`,
      revision: '2026-07-15',
      'content-type': 'application/vnd.api+json',
    },
    body: JSON.stringify({
      data: { type: 'profile-merge', id: into, relationships: { profiles: { data: [{ type: 'profile', id: from }] } } },
    }),
  });
  expect({ status: answer.status, body: answer.ok ? '' : await answer.text() }).toMatchObject({ status: 201 });
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
