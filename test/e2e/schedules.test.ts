import { afterEach, describe, expect, it } from '@jest/globals';
import { collected } from '../support/brevo-sandbox.js';
import { finished } from '../support/ledger.js';
import { tajo } from '../support/run-to-end.js';
import { type Stack, startStack, until } from '../support/stack.js';

let open: Stack | undefined;
afterEach(async () => {
  await open?.stop();
  open = undefined;
});

async function schedule(stack: Stack) {
  const { schedules } = await stack.client.schedules.list();
  expect(schedules.map(({ group }) => group)).toEqual(['profiles']);
  const [profiles] = schedules;
  if (!profiles) throw new Error('unreachable: it was just found');
  return profiles;
}

describe('a schedule', () => {
  it('keeps in sync what a run has carried over, and waits for a run that is under way', async () => {
    const stack = (open = await startStack({
      sandbox: { klaviyo: { profiles: 30, events: 0, limits: 'off' }, brevo: { limits: 'off', importDelayMs: 50 } },
      connector: { limits: { enabled: false }, schedule: { profiles: '2s', events: 'off', lists: 'off', segments: 'off' } },
    }));
    const { client } = stack;
    const { brevo, klaviyo } = stack.sandbox;
    // The first run is somebody's decision.
    await until(
      async () => /nothing to keep in sync yet/.test((await schedule(stack)).note ?? ''),
      15_000,
      'the first time to come to nothing',
    );
    expect((await client.syncs.list()).runs).toEqual([]);

    const first = await client.syncs.start({ resources: ['profiles'], mode: 'full' });
    await finished(stack, first, 60_000);
    const [contact] = await collected(brevo.contacts());
    await klaviyo.edit(String(contact?.attributes['EXT_ID']), { attributes: { first_name: 'Renamed' } });
    const arrived = async () => {
      const now = (await collected(brevo.contacts())).find(({ id }) => id === contact?.id);
      return (now?.attributes as Record<string, unknown> | undefined)?.['FIRSTNAME'] === 'Renamed';
    };
    await until(arrived, 30_000, 'the change to arrive by itself');
    const run = await client.syncs.get((await schedule(stack)).lastRun ?? '');
    expect(run).toMatchObject({ mode: 'incremental', resources: ['profiles'] });

    // Somebody's run stands still: what comes due meanwhile is one run, after it.
    let paused = '';
    const hasBegun = async () => {
      const started = await client.syncs.start({ resources: ['profiles'], mode: 'full', force: true }).catch(() => undefined);
      paused = started?.id ?? '';
      return started !== undefined;
    };
    await until(hasBegun, 30_000, 'room for a run between those of the schedule');
    await client.syncs.pause(paused);
    await until(async () => (await schedule(stack)).waiting?.forRun === paused, 15_000, 'the schedule to wait');
    const { lastRun } = await schedule(stack);
    const shown = await tajo(['schedules', 'list'], stack.env);
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.out).toContain(`waits for ${paused}`);
    expect((await schedule(stack)).lastRun).toBe(lastRun);
    await client.syncs.cancel(paused);
    await until(async () => (await schedule(stack)).lastRun !== lastRun, 30_000, 'the run that waited');
    expect(stack.logs()).toContain('a scheduled run waits for the run under way');
  }, 150_000);
});
