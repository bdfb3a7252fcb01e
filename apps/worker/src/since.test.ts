import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@tajo/config';
import { resourceNamed } from '@tajo/mapping';
import { createStore, type Store, type StoredRun } from '@tajo/store';
import { withDatabase } from '../../../test/support/stack.js';
import { isSwept, raiseWatermarks, sinceOf, untilOf } from './since.js';
import type { RunContext } from './targets/target.js';
import { noteClock } from './vendor-clock.js';

let store: Store;
beforeAll(async () => {
  store = createStore(withDatabase(process.env['MONGO_URL'] ?? '', `since_${randomUUID().slice(0, 8)}`));
  await store.migrate();
});
afterAll(() => store.close());

const DAY_MS = 86_400_000;
const began = new Date('2026-03-01T10:00:00Z');

async function runOf({
  mode = 'full',
  resources = ['profiles'],
  at = began,
}: {
  mode?: 'full' | 'incremental';
  resources?: string[];
  at?: Date;
} = {}) {
  const outcome = await store.runs.create({ account: randomUUID(), mode, resources }, at);
  if (outcome.kind !== 'created') throw new Error('nobody else runs');
  const { run } = outcome;
  for (const name of resources) await store.runs.begun(run._id, name);
  return contextOf(run);
}

function contextOf(run: StoredRun): RunContext {
  const work = { store, config: loadConfig({ cwd: '/nowhere', env: {} }), now: () => began };
  return { work, run } as unknown as RunContext; // Read is no more of them than this.
}

/** One slice for each state, of profiles. */
async function slices(context: RunContext, states: readonly ('done' | 'failed')[]): Promise<void> {
  const { _id: run, account } = context.run;
  for (const [i, state] of states.entries()) {
    const _id = `${run}.profiles.${i}`;
    await store.slices.insertMissing([{ _id, account, run, resource: 'profiles' }], began);
    await store.slices.markQueued({ _id, turn: 0 }, began);
    const slice = await store.slices.claim(_id, 0, began);
    if (!slice) throw new Error('nobody else claims it');
    if (state === 'failed') await store.slices.fail(slice, { code: 'x', message: 'x', at: began }, began);
    else {
      const counts = { ...slice.counts, read: 1, unchanged: 1 };
      await store.slices.checkpoint(
        slice,
        { cursor: null, queryTo: null, position: null, counts, batches: [], next: { kind: 'finished' } },
        began,
      );
      await store.slices.finishSettled(run, began);
    }
  }
}

const raise = async ({ work, run }: RunContext) => raiseWatermarks(work, run._id, await store.slices.totals(run._id));
const markOf = async ({ run }: RunContext, resource = 'profiles') =>
  (await store.watermarks.get(run.account, resource))?.at ?? null;

describe('a watermark', () => {
  it('is raised to just before the run began, of resources that were read to their end', async () => {
    const whole = await runOf({ resources: ['profiles', 'lists'] });
    await slices(whole, ['done', 'done']);
    await raise(whole);
    expect(await markOf(whole)).toEqual(new Date(began.getTime() - 5_000));
    // Nothing was there to read.
    expect(await markOf(whole, 'lists')).toEqual(new Date(began.getTime() - 5_000));

    const part = await runOf({ resources: ['profiles', 'lists'] });
    await slices(part, ['done', 'failed']);
    await raise(part);
    expect(await markOf(part)).toBeNull();
    expect(await markOf(part, 'lists')).not.toBeNull();
  });

  it('stays behind the clock of the vendor', async () => {
    const context = await runOf();
    await noteClock(context, { answeredAt: new Date(began.getTime() - 1_000) });
    await noteClock(context, { answeredAt: new Date(began.getTime() - 90_000) });
    await noteClock(context, { answeredAt: new Date(began.getTime() - 60_000) });
    await raise(context);
    expect(await markOf(context)).toEqual(new Date(began.getTime() - 95_000));
  });
});

describe('what an incremental run asks for', () => {
  it('begins an overlap before the watermark, events days before, and the same when asked again', async () => {
    const context = await runOf({ mode: 'incremental', resources: ['profiles', 'events', 'catalog-items'] });
    const { account, _id } = context.run;
    const since = (name: string) => sinceOf(context, resourceNamed(name));
    expect(await since('profiles')).toBeNull();
    for (const resource of ['profiles', 'events', 'catalog-items'])
      await store.watermarks.raise({ account, resource, run: 'before', at: new Date(began.getTime() - 3_600_500) });
    const profiles = await since('profiles');
    expect(profiles).toEqual(new Date(began.getTime() - 3_600_000 - 300_000 - 1_000));
    expect(await since('events')).toEqual(new Date(began.getTime() - 3_600_000 - 7 * DAY_MS - 1_000));
    expect(await since('catalog-items')).toBeNull();

    await store.watermarks.raise({ account, resource: 'profiles', run: 'other', at: began });
    const later = await store.runs.get(_id);
    if (!later) throw new Error('it was just made');
    expect(await sinceOf(contextOf(later), resourceNamed('profiles'))).toEqual(profiles);
  });

  it('is everything in a full run', async () => {
    const context = await runOf();
    await store.watermarks.raise({ account: context.run.account, resource: 'profiles', run: 'before', at: began });
    expect(await sinceOf(context, resourceNamed('profiles'))).toBeNull();
  });
});

it('only who has seen all of a resource, and of its parents, can tell what is gone', () => {
  const since = { campaigns: began };
  expect(isSwept({ mode: 'incremental', since }, 'campaigns')).toBe(false);
  expect(isSwept({ mode: 'incremental', since }, 'campaign-messages')).toBe(false);
  expect(isSwept({ mode: 'incremental', since }, 'list-members')).toBe(true);
  expect(isSwept({ mode: 'full' }, 'campaigns')).toBe(true);
  expect(isSwept({ mode: 'replay' }, 'list-members')).toBe(false);
});

function msLater(context: RunContext, ms: number): RunContext {
  const work = { ...context.work, now: () => new Date(began.getTime() + ms) };
  return { ...context, work };
}

describe('up to when a run reads', () => {
  it('is its beginning: what is changed later is read by the next run', async () => {
    const context = msLater(await runOf({ mode: 'incremental' }), 60_000);
    expect(await untilOf(context, resourceNamed('profiles'))).toEqual(context.run.createdAt);
  });

  it('is the moment when profiles begin, where the run has written profiles before; asked again it is the same', async () => {
    const { run, work } = await runOf({ mode: 'incremental', resources: ['brevo-contacts', 'profiles', 'events'] });
    const context = { work, run } as RunContext; // Read is no more of it than this.
    const until = await untilOf(msLater(context, 60_000), resourceNamed('profiles'));
    expect(until).toEqual(new Date(began.getTime() + 60_000));
    const asStored = await store.runs.get(run._id);
    if (!asStored) throw new Error('it was created above');
    expect(await untilOf(msLater({ ...context, run: asStored }, 90_000), resourceNamed('profiles'))).toEqual(until);
    expect(await untilOf(msLater(context, 60_000), resourceNamed('events'))).toEqual(run.createdAt);
  });

  it("is not past Klaviyo's own clock", async () => {
    const { run, work } = await runOf({ mode: 'incremental', resources: ['brevo-contacts', 'profiles'] });
    const context = { work, run: { ...run, vendorBehindMs: 20_000 } } as RunContext; // Read is no more of it than this.
    expect(await untilOf(msLater(context, 60_000), resourceNamed('profiles'))).toEqual(new Date(began.getTime() + 40_000));
  });
});
