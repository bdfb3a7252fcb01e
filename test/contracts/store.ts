import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  addCounts,
  type Checkpoint,
  type Counts,
  createStore,
  emptyCounts,
  isBalanced,
  type NewLink,
  type NewRun,
  type NewSlice,
  type Slice,
  type Store,
} from '@tajo/store';
import * as fc from 'fast-check';
import mongoose from 'mongoose';

const now = new Date('2026-01-15T10:00:00.000Z');
const later = (ms: number) => new Date(now.getTime() + ms);
const CLAIMERS = 16;

const id = () => randomUUID();
const newSlice = (part: Partial<NewSlice> = {}): NewSlice => ({
  _id: id(),
  account: 'default',
  run: id(),
  resource: 'profiles',
  ...part,
});

/** What the store promises on any server that speaks MongoDB's protocol. `makeUrl` names the server; each run uses a database of its own. */
export function storeSuite(name: string, makeUrl: () => string | Promise<string>): void {
  describe(`the store on ${name}`, () => {
    let url: string;
    let store: Store;
    let other: Store;
    beforeAll(async () => {
      url = withDatabase(await makeUrl(), `store_${randomUUID().slice(0, 8)}`);
      store = createStore(url);
      // Another process with connections of its own.
      other = createStore(url);
      await store.migrate();
    });
    afterAll(async () => {
      const connection = mongoose.createConnection(url);
      await connection.dropDatabase();
      await Promise.all([connection.close(), store.close(), other.close()]);
    });

    async function claimed(part: Partial<NewSlice> = {}): Promise<Slice> {
      const slice = newSlice(part);
      await store.slices.insertMissing([slice], now);
      expect(await store.slices.markQueued({ _id: slice._id, turn: 0 }, now)).toBe(true);
      return present(await store.slices.claim(slice._id, 0, now));
    }
    async function settling(batches: string[], submitted: number): Promise<Slice> {
      const slice = await claimed();
      const gathered = counts({ read: submitted, submitted });
      expect(await store.slices.checkpoint(slice, point({ batches, counts: gathered, next: { kind: 'finished' } }), now)).toBe(
        true,
      );
      return slice;
    }
    const read = async (slice: { _id: string }) => present(await store.slices.get(slice._id));

    it('can be migrated again', async () => {
      await Promise.all([store.migrate(), other.migrate()]);
      await store.ping();
    });

    describe('slices', () => {
      it('raises the fence with every claim and refuses the checkpoint of an earlier holder, changing nothing', async () => {
        const first = await claimed();
        const second = present(await store.slices.claim(first._id, 0, now));
        expect(second.fence).toBeGreaterThan(first.fence);
        const before = await read(first);
        expect(await store.slices.checkpoint(first, point({ batches: ['b1'], counts: counts({ read: 5 }) }), later(1))).toBe(
          false,
        );
        expect(await store.slices.restart(first, later(1))).toBe(false);
        expect(await store.slices.touch(first, later(1))).toBe(false);
        await store.slices.release(first, null, later(1));
        expect(await read(first)).toEqual(before);
        expect(await store.slices.checkpoint(second, point(), later(1))).toBe(true);
      });

      it('refuses a second checkpoint by the same holder', async () => {
        const slice = await claimed();
        expect(await store.slices.checkpoint(slice, point({ counts: counts({ read: 1 }) }), now)).toBe(true);
        const before = await read(slice);
        expect(await store.slices.checkpoint(slice, point({ counts: counts({ read: 1 }) }), now)).toBe(false);
        expect(await read(slice)).toEqual(before);
      });

      it('lets no job with another turn claim it, nor one of a slice that is not queued', async () => {
        const slice = newSlice();
        await store.slices.insertMissing([slice], now);
        expect(await store.slices.claim(slice._id, 0, now)).toBeNull();
        await store.slices.markQueued({ _id: slice._id, turn: 0 }, now);
        for (const turn of [-1, 1, 7]) expect(await store.slices.claim(slice._id, turn, now)).toBeNull();
        const holder = present(await store.slices.claim(slice._id, 0, now));
        await store.slices.checkpoint(holder, point(), now);
        expect(await store.slices.claim(slice._id, 0, now)).toBeNull();
        expect(await store.slices.claim(slice._id, 1, now)).toMatchObject({ state: 'reading', turn: 1 });
      });

      it('takes progress, counts and batches in one write', async () => {
        const slice = await claimed({ from: now, to: later(60_000) });
        const done = counts({ read: 3, pages: 1, submitted: 2, skipped: { none: 1 } });
        const progress = { cursor: 'c1', queryTo: later(60_000), position: later(20_000) };
        await store.slices.checkpoint(slice, point({ ...progress, counts: done, batches: ['b1', 'b2'] }), later(5));
        expect(await read(slice)).toMatchObject({
          ...progress,
          state: 'queued',
          turn: 1,
          counts: done,
          batches: ['b1', 'b2'],
          touchedAt: later(5),
        });
        const next = present(await store.slices.claim(slice._id, 1, now));
        await store.slices.checkpoint(
          next,
          point({ ...progress, cursor: null, counts: done, batches: ['b3'], next: { kind: 'finished' } }),
          now,
        );
        expect(await read(slice)).toMatchObject({
          state: 'settling',
          turn: 2,
          cursor: null,
          counts: addCounts(structuredClone(done), done),
          batches: ['b1', 'b2', 'b3'],
        });
      });

      it('parks until a time, and is claimed by nobody meanwhile', async () => {
        const slice = await claimed();
        await store.slices.checkpoint(slice, point({ next: { kind: 'park', until: later(5_000) } }), now);
        expect(await read(slice)).toMatchObject({ state: 'waiting', turn: 1, notBefore: later(5_000) });
        expect(await store.slices.claim(slice._id, 1, now)).toBeNull();
      });

      it('gives the lease to exactly one of many that feed it', async () => {
        const slice = newSlice();
        await store.slices.insertMissing([slice], now);
        const marked = await abreast((each) => each.slices.markQueued({ _id: slice._id, turn: 0 }, now));
        expect(marked.filter(Boolean)).toHaveLength(1);
      });

      it('gives the lease to exactly one of many jobs that claim it at once, who may checkpoint', async () => {
        const slice = newSlice();
        await store.slices.insertMissing([slice], now);
        await store.slices.markQueued({ _id: slice._id, turn: 0 }, now);
        // Each got a lease of its own, if any; the last one holds it.
        const claims = (await abreast((each) => each.slices.claim(slice._id, 0, now))).filter((claim) => claim !== null);
        const fences = claims.map(({ fence }) => fence);
        expect(fences.length).toBeGreaterThan(0);
        expect(new Set(fences).size).toBe(fences.length);
        const written = await Promise.all(
          claims.map((holder) => other.slices.checkpoint(holder, point({ counts: counts({ read: 1 }) }), now)),
        );
        expect(fences.filter((_, i) => written[i])).toEqual([Math.max(...fences)]);
        expect((await read(slice)).counts.read).toBe(1);
      });

      it('inserts what is missing and leaves what is there, also when many plan at once', async () => {
        const run = id();
        const slices = Array.from({ length: 5 }, () => newSlice({ run }));
        const first = present(slices[0]);
        await store.slices.insertMissing([first], now);
        await store.slices.markQueued({ _id: first._id, turn: 0 }, now);
        await abreast((each) => each.slices.insertMissing(slices, later(1)));
        expect(await store.slices.ofRun(run)).toHaveLength(5);
        expect((await read(first)).state).toBe('queued');
      });

      it('starts anew with counts at zero and its earlier batches not counted', async () => {
        const slice = await claimed();
        await store.slices.checkpoint(
          slice,
          point({ cursor: 'c', counts: counts({ read: 9, submitted: 9, rejected: { 'a.b': 1 } }), batches: ['b1'] }),
          now,
        );
        const again = present(await store.slices.claim(slice._id, 1, now));
        expect(await store.slices.restart(again, later(1))).toBe(true);
        expect(await read(slice)).toMatchObject({
          cursor: null,
          queryTo: null,
          position: null,
          batches: [],
          counts: emptyCounts(),
          state: 'reading',
        });
        expect(await store.slices.settleBatch(slice._id, 'b1', { written: 9, rejected: {}, tally: {}, fields: {} })).toBe(false);
        expect((await read(slice)).counts).toEqual(emptyCounts());
        expect(await store.slices.checkpoint(again, point(), now)).toBe(true);
      });

      it('goes back unread under a new number, so that the old job is obsolete', async () => {
        const slice = await claimed();
        await store.slices.release(slice, later(100), now);
        expect(await read(slice)).toMatchObject({ state: 'waiting', turn: 1, notBefore: later(100) });
        expect(await store.slices.checkpoint(slice, point(), now)).toBe(false);
      });

      it('requeues a lost job only while turn and fence are those that were looked at', async () => {
        const slice = await claimed();
        for (const stale of [
          { ...slice, turn: 9 },
          { ...slice, fence: slice.fence - 1 },
        ])
          await store.slices.requeueLost(stale, now);
        expect(await read(slice)).toMatchObject({ state: 'reading', turn: 0 });
        await store.slices.requeueLost(slice, now);
        expect(await read(slice)).toMatchObject({ state: 'waiting', turn: 1 });
        await store.slices.requeueLost(slice, now);
        expect((await read(slice)).turn).toBe(1);
      });

      it('fails by its current job only, and is read again after a retry', async () => {
        const slice = await claimed();
        const error = { code: 'klaviyo_unavailable', message: 'Klaviyo answered 502.', at: now };
        await store.slices.fail({ _id: slice._id, turn: 3 }, error, now);
        expect((await read(slice)).state).toBe('reading');
        await store.slices.fail(slice, error, now);
        expect(await read(slice)).toMatchObject({ state: 'failed', error });
        expect(await store.slices.retryFailed(slice.run, now)).toBe(1);
        expect(await store.slices.retryFailed(slice.run, now)).toBe(0);
        expect(await read(slice)).toMatchObject({ state: 'waiting', turn: 1, error: null });
      });

      it('lets an operator retry the failed job itself', async () => {
        const slice = await claimed();
        await store.slices.fail(slice, { code: 'x', message: 'x', at: now }, now);
        expect(await store.slices.claim(slice._id, 0, now)).toMatchObject({ state: 'reading', error: null });
      });

      it('is cancelled with its run, whoever holds it, unless it is done', async () => {
        const run = id();
        const reading = await claimed({ run });
        const done = await claimed({ run });
        await store.slices.checkpoint(done, point({ next: { kind: 'finished' } }), now);
        await store.slices.finishSettled(run, now);
        await store.slices.cancelOfRun(run, now);
        expect((await read(reading)).state).toBe('cancelled');
        expect((await read(done)).state).toBe('done');
        expect(await store.slices.checkpoint(reading, point(), now)).toBe(false);
      });
    });

    describe('splits', () => {
      it('tiles the old range exactly, however often and wherever it is split, and whoever is killed in between', async () => {
        const SECONDS = 1_000;
        const steps = fc.array(
          fc.record({ which: fc.nat(), at: fc.integer({ min: 1, max: 999 }), killedAfterWrites: fc.constantFrom(1, 2, ALIVE) }),
          { maxLength: 12 },
        );
        await fc.assert(
          fc.asyncProperty(steps, async (splits) => {
            const run = id();
            await claimed({ run, from: now, to: later(SECONDS * 1_000) });
            for (const { which, at, killedAfterWrites } of splits) {
              const all = await store.slices.ofRun(run);
              const chosen = present(all[which % all.length]);
              if (chosen.state === 'waiting') await store.slices.markQueued(chosen, now);
              const holder = present(await store.slices.claim(chosen._id, chosen.turn, now));
              const middle = between(holder, at / 1_000);
              if (!middle) continue;
              const split = killedAfter(killedAfterWrites, () => store.slices.split(holder, middle, now));
              await (killedAfterWrites === ALIVE ? split : expect(split).rejects.toThrow('killed'));
              if (killedAfterWrites !== ALIVE) {
                expect((await read(holder)).child).toMatchObject({ from: middle, to: holder.to });
                // While the child is not there, its range must not be taken for read.
                expect(await store.slices.split(await read(holder), between(holder, 0.1) ?? middle, now)).toBe(false);
                for (const parent of await other.slices.withUnfinishedSplit(run))
                  await other.slices.materialiseChild(parent, now);
              }
            }
            const all = (await store.slices.ofRun(run)).sort((a, b) => time(a.from) - time(b.from));
            expect(time(all[0]?.from)).toBe(now.getTime());
            expect(time(all.at(-1)?.to)).toBe(later(SECONDS * 1_000).getTime());
            for (const [i, slice] of all.entries()) {
              expect(time(slice.from)).toBeLessThan(time(slice.to));
              expect(slice.child).toBeNull();
              if (i > 0) expect(time(slice.from)).toBe(time(all[i - 1]?.to));
            }
          }),
          { numRuns: 15 },
        );
      }, 120_000);

      it('is finished by anyone after a kill between its two writes, once', async () => {
        const parent = await claimed({ from: now, to: later(10_000) });
        await expect(killedAfter(1, () => store.slices.split(parent, later(4_000), now))).rejects.toThrow('killed');
        const unfinished = await store.slices.withUnfinishedSplit(parent.run);
        expect(unfinished.map(({ _id }) => _id)).toEqual([parent._id]);
        await abreast((each) => each.slices.materialiseChild(present(unfinished[0]), now));
        const [child, ...others] = (await store.slices.ofRun(parent.run)).filter(({ _id }) => _id !== parent._id);
        expect(others).toEqual([]);
        expect(child).toMatchObject({ from: later(4_000), to: later(10_000), state: 'waiting', counts: emptyCounts() });
        expect(await store.slices.withUnfinishedSplit(parent.run)).toEqual([]);
      });

      it('does not put back a child that has been read meanwhile', async () => {
        const parent = await claimed({ from: now, to: later(10_000) });
        await store.slices.split(parent, later(4_000), now);
        const childId = `${parent._id}.1`;
        await store.slices.markQueued({ _id: childId, turn: 0 }, now);
        const child = present(await store.slices.claim(childId, 0, now));
        await store.slices.checkpoint(child, point({ counts: counts({ read: 2 }), next: { kind: 'finished' } }), now);
        await store.slices.materialiseChild({ ...parent, child: { id: childId, from: later(4_000), to: later(10_000) } }, now);
        expect(await read({ _id: childId })).toMatchObject({ state: 'settling', counts: { read: 2 } });
      });

      it('is refused to a holder that lost its lease or looks at an old copy', async () => {
        const old = await claimed({ from: now, to: later(10_000) });
        const holder = present(await store.slices.claim(old._id, 0, now));
        expect(await store.slices.split(old, later(4_000), now)).toBe(false);
        expect(await store.slices.split(holder, later(4_000), now)).toBe(true);
        // The copy of before the split would hand out [4 s, 10 s) a second time.
        expect(await store.slices.split(holder, later(3_000), now)).toBe(false);
        expect(await store.slices.split({ ...holder, to: later(4_000), splits: 1 }, later(2_000), now)).toBe(true);
        const ranges = (await store.slices.ofRun(old.run)).map(({ from, to }) => [
          time(from) - now.getTime(),
          time(to) - now.getTime(),
        ]);
        expect(ranges.sort(([a = 0], [b = 0]) => a - b)).toEqual([
          [0, 2_000],
          [2_000, 4_000],
          [4_000, 10_000],
        ]);
      });

      it.each([-1, 0, 10_000, 11_000])('never takes place outside of the range, at %s ms', async (at) => {
        const slice = await claimed({ from: now, to: later(10_000) });
        await expect(store.slices.split(slice, later(at), now)).rejects.toMatchObject({ code: 'split_outside_slice' });
        expect(await read(slice)).toMatchObject({ to: later(10_000), child: null, splits: 0 });
      });
    });

    describe('settling', () => {
      const outcome = {
        written: 3,
        rejected: { duplicate_phone: 1 },
        tally: { 'email.subscribed': 3 },
        fields: { 'CITY: left out': 1 },
      };

      it('counts a batch once, however many settle it how often', async () => {
        const slice = await settling(['b1'], 4);
        const settled = await abreast((each) => each.slices.settleBatch(slice._id, 'b1', outcome));
        expect(settled.filter(Boolean)).toHaveLength(1);
        const { counts: counted, batches } = await read(slice);
        expect(batches).toEqual([]);
        expect(counted).toEqual(
          counts({ read: 4, written: 3, rejected: outcome.rejected, tally: outcome.tally, fields: outcome.fields }),
        );
        expect(isBalanced(counted)).toBe(true);
      });

      it('keeps the slice open through the followers that deliver some rows once more', async () => {
        const slice = await settling(['b1', 'b2'], 6);
        const tries = await abreast((each) =>
          each.slices.settleBatch(slice._id, 'b1', { ...outcome, rejected: {} }, ['b1r0', 'b1r1']),
        );
        expect(tries.filter(Boolean)).toHaveLength(1);
        expect((await read(slice)).batches.toSorted()).toEqual(['b1r0', 'b1r1', 'b2']);
        expect((await read(slice)).counts).toMatchObject({ submitted: 3, written: 3 });
        const open = await Promise.all(['b1', 'b1r0', 'b2'].map((batch) => store.slices.hasBatch(slice._id, batch)));
        expect(open).toEqual([false, true, true]);
        // A second try that came to something else, after the first was counted, counts for nothing.
        await store.slices.settleBatch(slice._id, 'b1r0', { ...outcome, written: 1, rejected: {} });
        expect(await store.slices.settleBatch(slice._id, 'b1', { ...outcome, written: 6 }, [])).toBe(false);
        expect(await store.slices.settleBatch(slice._id, 'b1', outcome, ['b1r2'])).toBe(false);
        expect((await read(slice)).batches.toSorted()).toEqual(['b1r1', 'b2']);
      });

      it.each([
        { with: 'no followers', followers: [] },
        { with: 'followers', followers: ['b1r0', 'b1r1'] },
      ])('counts a batch with $with as a whole or not at all, wherever the worker is killed', async ({ followers }) => {
        const seen = new Set<boolean>();
        for (const writes of [0, 1, 2]) {
          const slice = await settling(['b1', 'b2'], 6);
          const settle = () => store.slices.settleBatch(slice._id, 'b1', { ...outcome, rejected: {} }, followers);
          await killedAfter(writes, settle).catch((error: Error) => expect(error.message).toBe('killed'));
          const { batches, counts: counted } = await read(slice);
          const isCounted = counted.written > 0;
          seen.add(isCounted);
          const [before, after] = [
            ['b1', 'b2'],
            [...followers, 'b2'],
          ];
          expect(batches).toEqual(isCounted ? after : before);
          expect(counted).toMatchObject(
            isCounted ? { submitted: 3, written: 3, tally: outcome.tally } : { submitted: 6, tally: {} },
          );
          expect(await settle()).toBe(!isCounted);
          expect(await read(slice)).toMatchObject({ batches: after, counts: { submitted: 3, written: 3, tally: outcome.tally } });
        }
        expect(seen).toEqual(new Set([false, true]));
      });

      it('counts a batch without any outcome of its own', async () => {
        const slice = await settling(['b1'], 2);
        expect(await store.slices.settleBatch(slice._id, 'b1', { written: 0, rejected: {}, tally: {}, fields: {} })).toBe(true);
        expect(await read(slice)).toMatchObject({ batches: [], counts: { submitted: 2 } });
      });

      it('is done only without an open batch and without an unfinished split', async () => {
        const run = id();
        const withBatch = await claimed({ run });
        await store.slices.checkpoint(withBatch, point({ batches: ['b1'], next: { kind: 'finished' } }), now);
        const withChild = await claimed({ run, from: now, to: later(10_000) });
        await expect(killedAfter(1, () => store.slices.split(withChild, later(5_000), now))).rejects.toThrow('killed');
        await store.slices.checkpoint(withChild, point({ next: { kind: 'finished' } }), now);
        const reading = await claimed({ run });
        const free = await claimed({ run });
        await store.slices.checkpoint(free, point({ next: { kind: 'finished' } }), now);
        const states = async () =>
          Promise.all([withBatch, withChild, reading, free].map(async (slice) => (await read(slice)).state));

        await store.slices.finishSettled(run, now);
        expect(await states()).toEqual(['settling', 'settling', 'reading', 'done']);
        await store.slices.settleBatch(withBatch._id, 'b1', { written: 0, rejected: {}, tally: {}, fields: {} });
        for (const parent of await store.slices.withUnfinishedSplit(run)) await store.slices.materialiseChild(parent, now);
        await store.slices.finishSettled(run, now);
        expect(await states()).toEqual(['done', 'done', 'reading', 'done']);
      });
    });

    describe('counts', () => {
      const key = fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 12 }),
        fc.string({ unit: fc.constantFrom('.', '$', '%', '\0', 'a', '2', 'E', 'é', '\u2024'), maxLength: 5 }),
        fc.constantFrom(
          '',
          '.',
          '$',
          '$inc',
          'a.b',
          '..',
          '%',
          '%2E',
          '?',
          '0',
          '__proto__',
          'constructor',
          'toString',
          'email.subscribed',
          'Größe: zu lang',
          '🙂',
        ),
      );
      const map = fc
        .dictionary(key, fc.integer({ min: 1, max: 1_000_000 }), { maxKeys: 8 })
        .map((found) => Object.fromEntries(Object.entries(found)));
      const delta = fc.record({
        read: fc.nat(1_000),
        pages: fc.nat(10),
        submitted: fc.nat(99),
        written: fc.nat(99),
        unchanged: fc.nat(99),
        skipped: map,
        rejected: map,
        fields: map,
        tally: map,
      });

      it('come back as they were, whatever a reason is called, and add up', async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(delta, { minLength: 1, maxLength: 3 }), async (deltas) => {
            const run = id();
            const total = emptyCounts();
            for (const one of deltas) {
              const slice = await claimed({ run });
              expect(await store.slices.checkpoint(slice, point({ counts: one }), now)).toBe(true);
              expect(entriesOf((await read(slice)).counts)).toEqual(entriesOf(one));
              addCounts(total, one);
            }
            const { profiles } = await store.slices.totals(run);
            expect(entriesOf(present(profiles).counts)).toEqual(entriesOf(total));
            expect(profiles?.slices).toEqual({ queued: deltas.length });
          }),
          { numRuns: 40, examples: [[[{ ...emptyCounts(), skipped: { '': 1, '.': 2, $: 3, '%': 4, constructor: 5 } }]]] },
        );
      }, 120_000);

      it('of a run keep their keys too, with everything else that has keys of its own', async () => {
        const awkward = { '': 1, 'a.b': 2, $set: 3, '$a.$b': 4, constructor: 5, 'Größe 🙂': 6 };
        const run = await created(store);
        const totals = { profiles: counts({ read: 21, skipped: awkward }) };
        const reconciliation = {
          klaviyo: awkward,
          brevo: {},
          differences: [],
          wronglyMailable: 0,
          phonesNotTaken: 0,
          foreign: 0,
          notRead: 0,
        };
        const rules = { profiles: { mapping: awkward, propertyNames: { 'my.$prop': 'MY_PROP', '': 'PROPERTY_1' } } };
        expect(run).toMatchObject({ rules: {}, totals: null, reconciliation: null, reconcileTally: {} });
        await store.runs.update(run._id, { rules, reconcileTally: awkward });
        await store.runs.move(run._id, ['planning'], 'running', { totals, reconciliation });
        const kept = { rules, reconcileTally: awkward, totals, reconciliation, state: 'running' };
        expect(await store.runs.get(run._id)).toMatchObject(kept);
        expect((await store.runs.list({ account: run.account }))[0]).toMatchObject(kept);
        expect((await store.runs.unfinished()).find(({ _id }) => _id === run._id)).toMatchObject(kept);
      });

      it('keep a part of the plan apart from the rest', async () => {
        const run = await created(store);
        // A dotted path is what moves one part only.
        await store.runs.update(run._id, { 'plan.sweepOffset': 950 } as Partial<typeof run>);
        expect((await store.runs.get(run._id))?.plan).toEqual({ done: [], sweepOffset: 950, begun: [] });
      });
    });

    describe('runs', () => {
      it('gives an account to exactly one of many that start at once', async () => {
        const account = id();
        const outcomes = await abreast((each) => each.runs.create(request(account), now));
        const made = outcomes.filter(({ kind }) => kind === 'created');
        expect(made).toHaveLength(1);
        const [winner] = await store.runs.list({ account });
        for (const outcome of outcomes) if (outcome.kind === 'busy') expect(outcome.runId).toBe(winner?._id);
        expect(await store.runs.list({ account })).toHaveLength(1);
      });

      it('gives an account that is freed meanwhile to one at a time', async () => {
        const account = id();
        let held = 0;
        let most = 0;
        await abreast(async (each) => {
          const outcome = await each.runs.create(request(account), now);
          if (outcome.kind !== 'created') return;
          held += 1;
          most = Math.max(most, held);
          await each.runs.move(outcome.run._id, ['planning'], 'completed');
          held -= 1;
          await each.runs.releaseAccount(account, outcome.run._id);
        });
        expect(most).toBe(1);
        expect(await store.runs.create(request(account), now)).toMatchObject({ kind: 'created' });
      });

      it('never starts two runs when one starts in the moment in which another ends', async () => {
        for (let i = 0; i < 40; i += 1) {
          const account = id();
          const first = await created(store, account);
          await store.runs.move(first._id, ['planning'], 'completed');
          // The later the release the more of them fall between the two calls of a claim.
          const released = new Promise((resolve) => setTimeout(resolve, i % 4)).then(() =>
            other.runs.releaseAccount(account, first._id),
          );
          const [second] = await Promise.all([store.runs.create(request(account), now), released]);
          const third = await store.runs.create(request(account), now);
          expect([second.kind, third.kind].toSorted()).toEqual(['busy', 'created']);
        }
      });

      it('answers the same key and the same request with the first run, in whatever order it names the resources', async () => {
        const account = id();
        const first = await store.runs.create(request(account, { idempotencyKey: 'k' }), now);
        expect(first.kind).toBe('created');
        const again = await other.runs.create(
          request(account, { idempotencyKey: 'k', resources: ['events', 'profiles'] }),
          later(90_000_000),
        );
        expect(again).toEqual({ kind: 'repeated', run: 'run' in first ? first.run : null });
      });

      it('refuses the same key with another request, and knows keys by account', async () => {
        const account = id();
        const first = await store.runs.create(request(account, { idempotencyKey: 'k' }), now);
        const runId = 'run' in first ? first.run._id : '';
        for (const part of [{ force: true }, { mode: 'incremental' as const }, { resources: ['profiles'] }]) {
          expect(await store.runs.create(request(account, { idempotencyKey: 'k', ...part }), now)).toEqual({
            kind: 'key-reused',
            runId,
          });
        }
        expect((await store.runs.create(request(id(), { idempotencyKey: 'k', force: true }), now)).kind).toBe('created');
      });

      it('makes one run of one key, however many ask at once', async () => {
        const account = id();
        const outcomes = await abreast((each) => each.runs.create(request(account, { idempotencyKey: 'k' }), now));
        expect(outcomes.filter(({ kind }) => kind === 'created')).toHaveLength(1);
        const [run] = await store.runs.list({ account });
        for (const outcome of outcomes) {
          if (outcome.kind === 'busy') expect(outcome.runId).toBe(run?._id);
          if (outcome.kind === 'repeated') expect(outcome.run._id).toBe(run?._id);
        }
        expect(await store.runs.create(request(account, { idempotencyKey: 'k' }), now)).toEqual({ kind: 'repeated', run });
      });

      it('does not use a key up when the account is busy', async () => {
        const account = id();
        const first = await created(store, account);
        expect(await store.runs.create(request(account, { idempotencyKey: 'k' }), now)).toEqual({
          kind: 'busy',
          runId: first._id,
        });
        await store.runs.move(first._id, ['planning'], 'cancelled');
        await store.runs.releaseAccount(account, first._id);
        expect((await store.runs.create(request(account, { idempotencyKey: 'k', force: true }), now)).kind).toBe('created');
      });

      it.each(['completed', 'failed', 'cancelled'] as const)(
        'takes the account over from a run that is %s and did not free it',
        async (state) => {
          const account = id();
          const first = await created(store, account);
          await store.runs.move(first._id, ['planning'], state);
          const outcomes = await abreast((each) => each.runs.create(request(account), later(1)));
          expect(outcomes.filter(({ kind }) => kind === 'created')).toHaveLength(1);
        },
      );

      it.each(['paused', 'stopped', 'reconciling'] as const)(
        'does not take the account over from a run that is %s',
        async (state) => {
          const account = id();
          const first = await created(store, account);
          await store.runs.move(first._id, ['planning'], state);
          expect(await store.runs.create(request(account), later(90_000_000))).toEqual({ kind: 'busy', runId: first._id });
        },
      );

      it('leaves a producer time between claim and run, then takes over from one that died there', async () => {
        const account = id();
        expect(await store.runs.claimAccount(account, 'run_of_the_dead', now)).toBeNull();
        expect(await store.runs.create(request(account), later(29_000))).toEqual({ kind: 'busy', runId: 'run_of_the_dead' });
        const outcomes = await abreast((each) => each.runs.create(request(account, { idempotencyKey: 'k' }), later(31_000)));
        expect(outcomes.filter(({ kind }) => kind === 'created')).toHaveLength(1);
      });

      it('takes a key over from a producer that died before it made its run', async () => {
        const account = id();
        const key = 'k';
        // After the claim of the key, before the claim of the account.
        await expect(killedAfter(1, () => store.runs.create(request(account, { idempotencyKey: key }), now))).rejects.toThrow(
          'killed',
        );
        expect((await store.runs.create(request(account, { idempotencyKey: key }), later(1_000))).kind).toBe('busy');
        const outcomes = await abreast((each) => each.runs.create(request(account, { idempotencyKey: key }), later(31_000)));
        expect(outcomes.filter(({ kind }) => kind === 'created')).toHaveLength(1);
        const [run] = await store.runs.list({ account });
        expect(await store.runs.create(request(account, { idempotencyKey: key }), later(32_000))).toEqual({
          kind: 'repeated',
          run,
        });
      });

      it('moves only from the states named, and for one caller only', async () => {
        const run = await created(store);
        expect(await store.runs.move(run._id, ['running'], 'reconciling')).toBe(false);
        const moved = await abreast((each) => each.runs.move(run._id, ['planning'], 'running', { startedAt: now }));
        expect(moved.filter(Boolean)).toHaveLength(1);
        expect(await store.runs.get(run._id)).toMatchObject({ state: 'running', startedAt: now });
      });

      it('lists the newest first, by account, state and page', async () => {
        const account = id();
        const made: string[] = [];
        for (let i = 0; i < 4; i += 1) {
          const outcome = await store.runs.create(request(account), later(i * 1_000));
          if (!('run' in outcome)) throw new Error(outcome.kind);
          made.unshift(outcome.run._id);
          if (i < 3) await store.runs.move(outcome.run._id, ['planning'], 'completed');
        }
        const ids = async (filter: Parameters<Store['runs']['list']>[0]) =>
          (await store.runs.list({ account, ...filter })).map(({ _id }) => _id);
        expect(await ids({})).toEqual(made);
        expect(await ids({ states: ['completed'], limit: 2 })).toEqual(made.slice(1, 3));
        expect(await ids({ before: made[2] ?? '' })).toEqual(made.slice(3));
        expect((await store.runs.unfinished()).map(({ _id }) => _id)).toContain(made[0]);
        expect((await store.runs.countByState()).completed).toBeGreaterThanOrEqual(3);
      });

      it('gives a duty to exactly one, who keeps it while it renews, and to another once it lapses', async () => {
        const duty = id();
        const hold = (holder: number, at: Date) => store.runs.holdDuty(duty, `worker-${holder}`, 5_000, at);
        const winnerOf = async (at: Date) => {
          const held = await Promise.all(Array.from({ length: CLAIMERS }, (_, i) => hold(i, at)));
          expect(held.filter(Boolean)).toHaveLength(1);
          return held.indexOf(true);
        };
        const first = await winnerOf(now);
        expect(await hold(first, later(4_000))).toBe(true);
        expect(await hold(first + 1, later(8_000))).toBe(false);
        await winnerOf(later(9_500));
      });
    });

    describe('batches', () => {
      it('gives 5,000 rows back as they were, whatever is in them', async () => {
        const rows = Array.from({ length: 5_000 }, (_, i) => ({
          sourceId: `P${i}`,
          name: 'Zoë 🙂 \u0000 中文 "\\',
          'a.b': { $set: [i, null, 1.5] },
        }));
        const batch = newBatch(rows);
        await store.batches.prepare(batch, now);
        expect(await other.batches.rows(batch._id)).toEqual(rows);
        expect(await store.batches.get(batch._id)).toMatchObject({
          rowCount: 5_000,
          state: 'prepared',
          attempt: 0,
          processId: null,
          group: batch.group,
        });
      });

      it('replaces what a killed worker left under the same id', async () => {
        const batch = newBatch([1, 2, 3]);
        await store.batches.prepare(batch, now);
        await store.batches.prepare({ ...batch, rows: [4] }, later(1));
        expect(await store.batches.rows(batch._id)).toEqual([4]);
        expect(await store.batches.get(batch._id)).toMatchObject({ rowCount: 1, touchedAt: later(1) });
      });

      it('begins a delivery unless a later attempt has begun or it is not to be sent any more', async () => {
        const batch = newBatch();
        await store.batches.prepare(batch, now);
        expect(await store.batches.begin(batch._id, 2, 'ext_id', later(1))).toMatchObject({
          attempt: 2,
          identity: 'ext_id',
          touchedAt: later(1),
        });
        expect(await store.batches.begin(batch._id, 1, 'ext_id', now)).toBeNull();
        expect(await store.batches.begin(batch._id, 2, 'attribute', now)).toMatchObject({ identity: 'attribute' });
        await store.batches.sent(batch._id, 77, now);
        expect(await store.batches.begin(batch._id, 3, 'ext_id', now)).toBeNull();
        await store.batches.finish(batch._id, 'settled', null, now);
        expect(await store.batches.begin(batch._id, 3, 'ext_id', now)).toBeNull();
        expect(await store.batches.begin('no such batch', 0, 'ext_id', now)).toBeNull();
      });

      it('is sent once: of two deliveries the first process id stays', async () => {
        const batch = newBatch();
        await store.batches.prepare(batch, now);
        await store.batches.sent(batch._id, 1, now);
        await store.batches.sent(batch._id, 2, now);
        expect(await store.batches.get(batch._id)).toMatchObject({ state: 'sent', processId: 1 });
      });

      it('goes again only from sent, once, under the next attempt and with its rows', async () => {
        const batch = newBatch();
        await store.batches.prepare(batch, now);
        expect(await store.batches.sendAgain(batch._id, 'why', now)).toBe(false);
        await store.batches.begin(batch._id, 0, 'ext_id', now);
        await store.batches.sent(batch._id, 1, now);
        const again = await abreast((each) => each.batches.sendAgain(batch._id, 'the import failed', now));
        expect(again.filter(Boolean)).toHaveLength(1);
        expect(await store.batches.get(batch._id)).toMatchObject({
          state: 'prepared',
          attempt: 1,
          processId: null,
          note: 'the import failed',
        });
        expect(await store.batches.begin(batch._id, 0, 'ext_id', now)).toBeNull();
        expect(await store.batches.rows(batch._id)).toEqual(batch.rows);
        await store.batches.finish(batch._id, 'settled', null, now);
        expect(await store.batches.sendAgain(batch._id, 'too late', now)).toBe(false);
      });

      it('loses its rows when it ends, and its outcome stands', async () => {
        const batch = newBatch();
        await store.batches.prepare(batch, now);
        await store.batches.finish(batch._id, 'settled', 'fine', now);
        expect(await store.batches.rows(batch._id)).toEqual([]);
        await store.batches.finish(batch._id, 'void', 'run cancelled', now);
        expect(await store.batches.get(batch._id)).toMatchObject({ state: 'settled', note: 'fine' });
      });

      it('is found by account, run and state', async () => {
        const owner = { account: id(), run: id() };
        const [prepared, sent, settled] = [newBatch([], owner), newBatch([], owner), newBatch([], owner)];
        for (const batch of [prepared, sent, settled]) await store.batches.prepare(batch, now);
        await store.batches.sent(sent._id, 1, now);
        await store.batches.finish(settled._id, 'settled', null, now);
        expect(idsOf(await store.batches.ofAccount(owner.account, ['sent']))).toEqual(idsOf([sent]));
        expect(idsOf(await store.batches.ofRun(owner.run, ['prepared', 'sent']))).toEqual(idsOf([prepared, sent]));
        expect(await store.batches.countOpen(owner.run)).toBe(2);
        await store.batches.voidPrepared(owner.run, now);
        expect(await store.batches.countOpen(owner.run)).toBe(1);
        expect(await store.batches.rows(prepared._id)).toEqual([]);
      });
    });

    describe('links, counterparts and rejections', () => {
      const MANY = 2_500;

      it('puts thousands of links once, also when several do so at once, and finds them again', async () => {
        const own = owner();
        const links = Array.from({ length: MANY }, (_, i) => linkOf(i));
        await Promise.all([
          store.links.put(own, links, now),
          other.links.put(own, links, now),
          store.links.put(own, links.toReversed(), now),
        ]);
        expect(await store.links.count(own.account, own.resource)).toBe(MANY);
        const found = await store.links.find(own.account, own.resource, links.map(({ sourceId }) => sourceId).concat('unknown'));
        expect(found.size).toBe(MANY);
        expect(found.get('P|7.$x')).toMatchObject({ ...linkOf(7), ...own, at: now });
        await store.links.put({ ...own, run: 'r2' }, [{ ...linkOf(7), hash: 'new' }], later(1));
        expect((await store.links.find(own.account, own.resource, ['P|7.$x'])).get('P|7.$x')).toMatchObject({
          hash: 'new',
          run: 'r2',
        });
        expect(await store.links.count(own.account, own.resource)).toBe(MANY);
      });

      it('tells whom a run did not see, by group, and of a large group only that there are more', async () => {
        const own = owner();
        const members = ['A|1', 'A|2', 'B|1', 'B|2', 'B|3', 'B|4', 'C|1'].map((sourceId) => ({ ...linkOf(1), sourceId }));
        await store.links.put(own, members, now);
        await store.links.see({ ...own, run: 'r2' }, ['A|1', 'C|1']);
        const unseen = await store.links.unseenByGroup({ ...own, run: 'r2' }, '|', 2);
        const ids = [...unseen].map(([group, links]) => [group, links.map(({ sourceId }) => sourceId).toSorted()] as const);
        expect(new Map(ids).get('A')).toEqual(['A|2']);
        expect([unseen.size, unseen.get('B')?.length]).toEqual([2, 3]);
      });

      it('keeps links of accounts and resources apart', async () => {
        const own = owner();
        await store.links.put(own, [linkOf(1)], now);
        expect((await store.links.find(own.account, 'events', ['P|1.$x'])).size).toBe(0);
        expect((await store.links.find(id(), own.resource, ['P|1.$x'])).size).toBe(0);
        expect([await store.links.any(own.account, own.resource), await store.links.any(own.account, 'events')]).toEqual([
          true,
          false,
        ]);
        expect((await store.links.find(own.account, own.resource, [])).size).toBe(0);
        await store.links.put(own, [], now);
      });

      it('does not leave out in silence what does not fit', async () => {
        const broken = { ...linkOf(1), lists: ['no number'] } as unknown as NewLink;
        await expect(store.links.put(owner(), [broken, linkOf(2)], now)).rejects.toThrow();
      });

      it('finds counterparts by each of their keys, and only those of the last sweep', async () => {
        const own = { account: id(), run: 'r1' };
        const contacts = Array.from({ length: MANY }, (_, i) => ({
          brevoId: i,
          sourceId: `P${i}`,
          emailBlocked: i === 5,
          smsBlocked: false,
          keys: [`e:p${i}|.$@example.com`, `p:33612${i}`, `x:P${i}`] as const,
        }));
        await Promise.all([store.counterparts.put(own, contacts), other.counterparts.put(own, contacts)]);
        const found = await store.counterparts.find(own, ['e:p5|.$@example.com', 'p:336127', 'x:P9', 'x:unknown']);
        expect([...found.keys()].sort()).toEqual(['e:p5|.$@example.com', 'p:336127', 'x:P9']);
        expect(found.get('e:p5|.$@example.com')).toMatchObject({ brevoId: 5, emailBlocked: true });
        await store.counterparts.put({ ...own, run: 'r2' }, contacts.slice(0, 6));
        expect((await store.counterparts.find({ ...own, run: 'r2' }, ['x:P5', 'x:P9'])).size).toBe(1);
        expect((await store.counterparts.find({ account: id(), run: 'r2' }, ['x:P5'])).size).toBe(0);
      });

      it('puts thousands of rejections once, pages through them and resolves them', async () => {
        const own = owner();
        const rejections = Array.from({ length: MANY }, (_, i) => ({
          sourceId: `P${String(i).padStart(5, '0')}`,
          outcome: i % 2 === 0 ? ('rejected' as const) : ('skipped' as const),
          reason: i % 2 === 0 ? 'duplicate_phone' : 'no e-mail. no phone',
          message: 'm',
          stage: 'import' as const,
        }));
        await Promise.all([store.rejections.put(own, rejections, now), other.rejections.put(own, rejections, now)]);
        expect(await store.rejections.count({ account: own.account })).toBe(MANY);
        const seen: string[] = [];
        for (let after: string | undefined; ; ) {
          const page = await store.rejections.list(
            { account: own.account, outcome: 'rejected', state: 'open' },
            { limit: 9_999, ...(after === undefined ? {} : { after }) },
          );
          expect(page.length).toBeLessThanOrEqual(500);
          seen.push(...page.map(({ sourceId }) => sourceId));
          after = page.at(-1)?._id;
          if (after === undefined) break;
        }
        expect(seen).toEqual(rejections.filter(({ outcome }) => outcome === 'rejected').map(({ sourceId }) => sourceId));
        const all = rejections.map(({ sourceId }) => sourceId);
        await store.rejections.markReplaying(own.account, own.resource, all);
        expect(await store.rejections.count({ account: own.account, state: 'replaying' })).toBe(MANY);
        expect(await store.rejections.anyBefore(own.account, own.resource, new Date(8.64e15))).toBe(true);
        await store.rejections.resolve(own.account, own.resource, all.concat('unknown'));
        expect(await store.rejections.anyBefore(own.account, own.resource, new Date(8.64e15))).toBe(false);
        // Refused once more: open again, not a second one.
        await store.rejections.put({ ...own, run: 'r2' }, rejections.slice(0, 1), later(1));
        expect(await store.rejections.get(own.account, own.resource, 'P00000')).toMatchObject({
          state: 'open',
          run: 'r2',
          at: later(1),
        });
        expect(await store.rejections.count({ account: own.account })).toBe(MANY);
      });
    });

    describe('accounts', () => {
      it('is made once by many, and keeps what it has when it is ensured again', async () => {
        const account = id();
        const ensured = await abreast((each, i) => each.accounts.ensure(account, `token-${i}`));
        expect(new Set(ensured.map(({ callbackToken }) => callbackToken)).size).toBe(1);
        await store.accounts.connect(account, 'sealed', now);
        await store.accounts.setIdentity(account, 'attribute');
        await store.accounts.ensure(account, 'another');
        expect(await store.accounts.get(account)).toEqual({
          ...ensured[0],
          sealed: 'sealed',
          identity: 'attribute',
          connectedAt: now,
        });
        expect(await store.accounts.byCallbackToken(ensured[0]?.callbackToken ?? '')).toMatchObject({ _id: account });
        expect(await store.accounts.byCallbackToken('unknown')).toBeNull();
        expect(await store.accounts.get('unknown')).toBeNull();
      });

      it('stands still until it is cleared or connected again', async () => {
        const account = id();
        await store.accounts.ensure(account, id());
        const why = { code: 'klaviyo_key_refused', message: 'm', remedy: 'r', at: now };
        await store.accounts.stop(account, why);
        expect((await store.accounts.get(account))?.stopped).toEqual(why);
        await store.accounts.clearStop(account);
        expect((await store.accounts.get(account))?.stopped).toBeNull();
        await store.accounts.stop(account, why);
        await store.accounts.connect(account, 'sealed', now);
        expect((await store.accounts.get(account))?.stopped).toBeNull();
      });

      it('keeps the names given to properties, whatever these are called', async () => {
        const account = id();
        expect((await store.accounts.ensure(account, id())).propertyNames).toEqual({});
        const names = { 'a.b': 'A_B', $set: 'SET', '': 'PROPERTY_1', constructor: 'CONSTRUCTOR', 'größe 🙂': 'GROESSE' };
        await store.accounts.setPropertyNames(account, names);
        expect((await store.accounts.get(account))?.propertyNames).toEqual(names);
        expect((await store.accounts.list()).find(({ _id }) => _id === account)?.propertyNames).toEqual(names);
        expect((await store.accounts.ensure(account, id())).propertyNames).toEqual(names);
      });
    });

    it('reaches what a page job needs by `_id` only', async () => {
      const slice = await claimed({ from: now, to: later(10_000) });
      const filters = await filtersDuring(async () => {
        const holder = present(await store.slices.claim(slice._id, 0, now));
        await store.slices.touch(holder, now);
        await store.runs.get(slice.run);
        await store.accounts.get('default');
        await store.links.find('default', 'profiles', ['P1', 'P2']);
        await store.counterparts.find({ account: 'default', run: slice.run }, ['e:a@example.com']);
        await store.batches.prepare(
          { _id: id(), account: 'default', run: slice.run, slice: slice._id, resource: 'profiles', group: {}, rows: [1] },
          now,
        );
        await store.rejections.put(
          { account: 'default', run: slice.run, resource: 'profiles' },
          [{ sourceId: 'P1', outcome: 'skipped', reason: 'r', message: 'm', stage: 'map' }],
          now,
        );
        await store.slices.split(holder, later(5_000), now);
        await store.slices.checkpoint(holder, point(), now);
        await store.batches.begin('b', 0, 'ext_id', now);
        await store.batches.rows('b');
        await store.batches.sent('b', 1, now);
        await store.links.put({ account: 'default', run: slice.run, resource: 'profiles' }, [], now);
        await store.rejections.resolve('default', 'profiles', ['P1']);
        await store.slices.settleBatch(slice._id, 'b', { written: 1, rejected: {}, tally: {}, fields: {} });
        await store.batches.finish('b', 'settled', null, now);
      });
      expect(filters.length).toBeGreaterThan(14);
      for (const { called, filter } of filters) expect({ called, filter }).toMatchObject({ filter: { _id: expect.anything() } });
    });

    /** `one` by sixteen callers at once, every other one in another process. */
    function abreast<Answer>(one: (each: Store, index: number) => Promise<Answer>): Promise<Answer[]> {
      return Promise.all(Array.from({ length: CLAIMERS }, (_, i) => one(i % 2 === 0 ? store : other, i)));
    }
  });
}

const request = (account: string, part: Partial<NewRun> = {}): NewRun => ({
  account,
  mode: 'full',
  resources: ['profiles', 'events'],
  ...part,
});

const newBatch = (rows: readonly unknown[] = [{ a: 1 }], part: { _id?: string; run?: string; account?: string } = {}) => ({
  _id: id(),
  account: 'default',
  run: id(),
  slice: 's',
  resource: 'profiles',
  group: { emailBlocked: true, listIds: [20, 21] },
  rows,
  ...part,
});

const idsOf = (found: readonly { _id: string }[]) => new Set(found.map(({ _id }) => _id));

const owner = () => ({ account: id(), resource: 'profiles', run: 'r1' });
const linkOf = (i: number): NewLink => ({
  sourceId: `P|${i}.$x`,
  hash: `h${i}`,
  blockedByUs: { email: i % 2 === 0, sms: false },
  lists: [1, i],
  hasPhone: false,
  mailable: { email: true, sms: false },
});

function point(part: Partial<Checkpoint> = {}): Checkpoint {
  return { cursor: null, queryTo: null, position: null, counts: emptyCounts(), batches: [], next: { kind: 'continue' }, ...part };
}

function counts(part: Partial<Counts>): Counts {
  return { ...emptyCounts(), ...part };
}

/** Maps as lists: `toEqual` looks past keys like `__proto__`. */
function entriesOf(of: Counts): unknown {
  return Object.entries(of).map(([name, value]) => [
    name,
    typeof value === 'number' ? value : Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}

async function created(store: Store, account: string = randomUUID()) {
  const outcome = await store.runs.create({ account, mode: 'full', resources: ['profiles'] }, now);
  if (outcome.kind !== 'created') throw new Error(`the run was not created: ${outcome.kind}`);
  return outcome.run;
}

function present<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error('expected something');
  return value;
}

const ALIVE = Number.POSITIVE_INFINITY;
const READS: ReadonlySet<string> = new Set(['find', 'findOne', 'countDocuments']);

/** Runs it as in a process that is killed after so many writes: nothing more of it reaches the server. */
async function killedAfter(writes: number, operation: () => Promise<unknown>): Promise<unknown> {
  let left = writes;
  // Mongoose calls this before each operation, and what it throws ends the operation.
  mongoose.set('debug', (_collection: string, method: string) => {
    if (left === 0) throw new Error('killed');
    if (!READS.has(method)) left -= 1;
  });
  try {
    return await operation();
  } finally {
    mongoose.set('debug', false);
  }
}

/** What every operation meanwhile asks the server for. */
async function filtersDuring(operation: () => Promise<void>): Promise<{ called: string; filter: unknown }[]> {
  const seen: { called: string; filter: unknown }[] = [];
  mongoose.set('debug', (collection: string, method: string, first: unknown) => {
    const filters: unknown[] = Array.isArray(first) ? first.map((write) => write.updateOne.filter) : [first];
    for (const filter of filters) seen.push({ called: `${collection}.${method}`, filter });
  });
  try {
    await operation();
  } finally {
    mongoose.set('debug', false);
  }
  return seen;
}

const time = (date: Date | null | undefined) => date?.getTime() ?? Number.NaN;

/** A whole second inside the range, or none. */
function between({ from, to }: Slice, share: number): Date | undefined {
  const at = Math.floor((time(from) + (time(to) - time(from)) * share) / 1_000) * 1_000;
  return at > time(from) && at < time(to) ? new Date(at) : undefined;
}

function withDatabase(url: string, database: string): string {
  const address = new URL(url);
  address.pathname = `/${database}`;
  return address.href;
}
