import { afterEach, describe, expect, it } from '@jest/globals';
import { everythingAgrees, finished, type Run } from '../support/ledger.js';
import { type Stack, type StackOptions, startStack, until } from '../support/stack.js';

/** Small pages of work, so that a kill hits the middle of something. */
const BUSY: StackOptions = {
  workers: 2,
  sandbox: {
    klaviyo: { profiles: 1_000, limits: 'off', latencyMs: 60 },
    brevo: { limits: 'off', importDelayMs: 300, latencyMs: 40 },
  },
  connector: { pace: { pages_per_job: 3, parallel_slices: 4 } },
};

let open: Stack | undefined;
afterEach(async () => {
  await open?.stop();
  open = undefined;
});

async function running(options: StackOptions): Promise<{ stack: Stack; run: Run }> {
  const stack = await startStack(options);
  open = stack;
  return { stack, run: await stack.client.syncs.start({ resources: ['profiles'], mode: 'full' }) };
}

async function reached(stack: Stack, run: Run, what: string, condition: (run: Run) => boolean): Promise<void> {
  await until(async () => condition(await stack.client.syncs.get(run.id)), 60_000, what);
}

describe('a worker killed with -9', () => {
  it('in the middle of a page loses nobody, doubles nobody and makes nobody mailable', async () => {
    const { stack, run } = await running(BUSY);
    await reached(stack, run, 'the first pages', ({ totals }) => (totals['profiles']?.read ?? 0) > 0);
    const [victim] = stack.workers;
    await victim?.kill();
    await stack.startWorker();
    await everythingAgrees(stack, await finished(stack, run));
  }, 180_000);

  it('in the middle of an import loses nobody, doubles nobody and makes nobody mailable', async () => {
    const { stack, run } = await running({ ...BUSY, workers: 1 });
    // Brevo takes the import and the worker dies before it hears of it.
    await stack.sandbox.brevo.fault({ kind: 'slow', method: 'POST', path: '/contacts/import', delayMs: 3_000, times: 0 });
    await until(async () => (await stack.sandbox.brevo.faults()).some(({ hits }) => hits > 0), 60_000, 'an import under way');
    await stack.workers[0]?.kill();
    await stack.sandbox.brevo.clearFaults();
    await stack.startWorker();
    await everythingAgrees(stack, await finished(stack, run));
  }, 180_000);

  it('again and again still ends in a balanced run', async () => {
    const { stack, run } = await running(BUSY);
    for (let kills = 0; kills < 4; kills += 1) {
      const before = (await stack.client.syncs.get(run.id)).totals['profiles']?.pages ?? 0;
      await reached(
        stack,
        run,
        'progress',
        ({ totals, state }) => state !== 'running' || (totals['profiles']?.pages ?? 0) > before,
      );
      await stack.workers.shift()?.kill();
      await stack.startWorker();
    }
    await everythingAgrees(stack, await finished(stack, run));
  }, 240_000);
});

describe('a worker asked to stop', () => {
  it('ends by itself with code 0, and another one finishes the run', async () => {
    const { stack, run } = await running(BUSY);
    await reached(stack, run, 'the first pages', ({ totals }) => (totals['profiles']?.read ?? 0) > 0);
    const codes = await Promise.all(stack.workers.map((worker) => worker.terminate()));
    expect(codes).toEqual([0, 0]);
    await stack.startWorker();
    await everythingAgrees(stack, await finished(stack, run));
  }, 180_000);
});

describe('Brevo', () => {
  it('failing an import has its rows delivered again', async () => {
    const { stack, run } = await running(BUSY);
    await stack.sandbox.brevo.failImports(3, 10);
    await everythingAgrees(stack, await finished(stack, run));
  }, 180_000);

  it('accepting an import and then cutting the connection doubles nobody', async () => {
    const { stack, run } = await running(BUSY);
    await stack.sandbox.brevo.fault({ kind: 'reset-after', method: 'POST', path: '/contacts/import', times: 3 });
    await everythingAgrees(stack, await finished(stack, run));
  }, 180_000);

  it('ignoring the EXT_ID column makes contacts carry their Klaviyo id as an attribute', async () => {
    const { stack, run } = await running({
      ...BUSY,
      sandbox: { ...BUSY.sandbox, brevo: { ...BUSY.sandbox?.brevo, extIdColumn: 'ignored' } },
    });
    const ended = await finished(stack, run);
    await everythingAgrees(stack, ended);
    for await (const { attributes } of stack.sandbox.brevo.contacts())
      expect(attributes).toMatchObject({ KLAVIYO_ID: expect.any(String) });
  }, 180_000);
});

describe('Klaviyo', () => {
  it('answering with errors, resets and broken JSON now and then is read to the end', async () => {
    const { stack, run } = await running({ ...BUSY, env: { LOG_LEVEL: 'warn' } });
    // The first requests plan the run; the slices shall meet the faults.
    const often = { path: '/api/profiles', skip: 6, times: 2 } as const;
    for (const kind of ['reset-before', 'reset-after', 'truncate'] as const)
      await stack.sandbox.klaviyo.fault({ kind, ...often });
    await stack.sandbox.klaviyo.fault({ kind: 'status', status: 503, ...often });
    await everythingAgrees(stack, await finished(stack, run));
  }, 180_000);
});

describe('a second full resync', () => {
  it('writes nothing when nothing changed, and only what changed otherwise', async () => {
    const { stack, run } = await running({ ...BUSY, workers: 1 });
    const first = await finished(stack, run);
    await everythingAgrees(stack, first);

    const again = await finished(stack, await stack.client.syncs.start({ resources: ['profiles'], mode: 'full' }));
    await everythingAgrees(stack, again);
    expect(again.totals['profiles']).toMatchObject({ written: 0, unchanged: first.totals['profiles']?.written });

    const [changed] = [...(await mailable(stack))];
    expect(changed).toBeDefined();
    await stack.sandbox.klaviyo.edit(changed ?? '', { attributes: { first_name: 'Renamed' } });
    const third = await finished(stack, await stack.client.syncs.start({ resources: ['profiles'], mode: 'full' }));
    await everythingAgrees(stack, third);
    expect(third.totals['profiles']?.written).toBe(1);
  }, 240_000);

  it('keeps a blocklist entry that somebody set in Brevo, and lifts its own once Klaviyo allows', async () => {
    const { stack, run } = await running({ ...BUSY, workers: 1 });
    await everythingAgrees(stack, await finished(stack, run));
    const [theirs, ours] = [...(await mailable(stack))];
    const contactOf = async (id: string | undefined) => {
      for await (const contact of stack.sandbox.brevo.contacts()) if (contact.attributes['EXT_ID'] === id) return contact;
      throw new Error(`no contact of ${id}`);
    };
    // One leaves in Brevo; the other leaves in Klaviyo and comes back.
    await stack.sandbox.brevo.edit((await contactOf(theirs)).id, { emailBlacklisted: true });
    await stack.sandbox.klaviyo.edit(ours ?? '', { subscriptions: consent('UNSUBSCRIBED', false) });
    await finished(stack, await stack.client.syncs.start({ resources: ['profiles'], mode: 'full' }));
    expect((await contactOf(theirs)).emailBlacklisted).toBe(true);
    expect((await contactOf(ours)).emailBlacklisted).toBe(true);

    await stack.sandbox.klaviyo.edit(ours ?? '', { subscriptions: consent('SUBSCRIBED', true) });
    const last = await finished(stack, await stack.client.syncs.start({ resources: ['profiles'], mode: 'full' }));
    expect(last.balanced).toBe(true);
    expect((await contactOf(theirs)).emailBlacklisted).toBe(true);
    expect((await contactOf(ours)).emailBlacklisted).toBe(false);
  }, 240_000);
});

/** Ids of profiles that were mailable by e-mail in Brevo after the last run. */
async function mailable(stack: Stack): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const { attributes, emailBlacklisted, email } of stack.sandbox.brevo.contacts()) {
    if (email && !emailBlacklisted) ids.add(String(attributes['EXT_ID']));
  }
  return ids;
}

function consent(word: string, canReceive: boolean): Record<string, unknown> {
  return {
    email: {
      marketing: {
        consent: word,
        can_receive_email_marketing: canReceive,
        consent_timestamp: '2025-01-01T00:00:00+00:00',
        suppression: [],
        list_suppressions: [],
      },
    },
  };
}
