import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withDatabase } from '../../../test/support/stack.js';
import { createStore, type Store } from './index.js';

let store: Store;
beforeAll(async () => {
  store = createStore(withDatabase(process.env['MONGO_URL'] ?? '', `marks_${randomUUID().slice(0, 8)}`));
  await store.migrate();
});
afterAll(() => store.close());

const early = new Date('2026-03-01T10:00:00Z');
const late = new Date('2026-03-02T10:00:00Z');

describe('a watermark', () => {
  it('moves forwards only, and belongs to one resource of one account', async () => {
    const profiles = { account: 'a', resource: 'profiles' };
    expect(await store.watermarks.get('a', 'profiles')).toBeNull();
    await store.watermarks.raise({ ...profiles, run: 'r1', at: early });
    await store.watermarks.raise({ ...profiles, run: 'r2', at: late });
    await store.watermarks.raise({ ...profiles, run: 'r1', at: early });
    expect(await store.watermarks.get('a', 'profiles')).toMatchObject({ at: late, run: 'r2' });
    expect(await store.watermarks.get('a', 'events')).toBeNull();
    expect(await store.watermarks.get('b', 'profiles')).toBeNull();
    expect(await store.watermarks.ofAccount('a')).toHaveLength(1);
  });
});

describe('the state of a schedule', () => {
  it('is due since the first time that came, until a run carries it; one that comes due again meanwhile stays so', async () => {
    const { scheduleStates: states } = store;
    await states.markDue('a', 'profiles', early);
    await states.markDue('a', 'profiles', late);
    expect(await states.due(new Date(early.getTime() - 1))).toEqual([]);
    const due = await states.due(late);
    expect(due).toMatchObject([{ group: 'profiles', dueAt: early, waitsFor: null }]);

    expect(await states.waiting(due, 'run_1')).toHaveLength(1);
    expect(await states.waiting(await states.due(late), 'run_1')).toEqual([]);
    await states.settled(due, { run: 'run_2', at: late });
    expect(await states.ofAccount('a')).toMatchObject([{ dueAt: null, waitsFor: null, lastRun: 'run_2', note: null }]);

    await states.markDue('a', 'profiles', late);
    // Whoever settles what was due before does not settle this.
    await states.settled(due, { note: 'too late' });
    expect(await states.ofAccount('a')).toMatchObject([{ dueAt: late, note: null }]);
  });
});

describe('a slice of changes', () => {
  it('gives its field on when it splits', async () => {
    const base = { account: 'a', run: 'run_split', resource: 'profiles' };
    await store.slices.insertMissing([{ ...base, _id: 's0', from: early, to: late, field: 'updated' }], early);
    const waiting = await store.slices.get('s0');
    if (!waiting) throw new Error('the slice was just made');
    await store.slices.markQueued(waiting, early);
    const slice = await store.slices.claim('s0', 0, early);
    if (!slice) throw new Error('nobody else claims it');
    expect(await store.slices.split(slice, new Date('2026-03-01T22:00:00Z'), early)).toBe(true);
    expect(await store.slices.get('s0.1')).toMatchObject({ field: 'updated', to: late });
  });
});
