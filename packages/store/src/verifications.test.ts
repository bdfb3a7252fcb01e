import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withDatabase } from '../../../test/support/stack.js';
import { addDifferences, createStore, type FoundDifference, type Store } from './index.js';

let store: Store;
const now = new Date('2026-06-01T12:00:00Z');

beforeAll(async () => {
  store = createStore(withDatabase(process.env['MONGO_URL'] ?? '', `verify_${randomUUID().slice(0, 8)}`));
  await store.migrate();
});
afterAll(() => store.close());

async function begun(account: string = randomUUID()) {
  const outcome = await store.verifications.request({ account, sample: null, repair: false }, now);
  if ('busy' in outcome) throw new Error('another one is under way');
  return outcome.verification;
}

const found = (sourceId: string, explained: boolean): FoundDifference => ({
  kind: 'field',
  field: 'A.B',
  reason: 'differs',
  explained,
  sourceId,
  brevoId: 1,
});

const side = (sourceId: string, brevoId: number) => ({
  keys: [`x:${sourceId}`, `e:${brevoId}`],
  brevoId,
  sourceId,
  print: { brevoId },
});

describe('a verification', () => {
  it('is one of an account at a time', async () => {
    const { _id, account } = await begun();
    expect(await store.verifications.request({ account, sample: 5, repair: true }, now)).toEqual({ busy: _id });
    expect(await store.verifications.due(now)).toContainEqual(expect.objectContaining({ _id, account }));
  });

  it('goes on by one worker only, and keeps names with dots', async () => {
    const verification = await begun();
    const differences = addDifferences([], [found('a', false), found('b', false)]);
    expect(await store.verifications.advance(verification, { step: 'brevo', differences })).toBe(true);
    expect(await store.verifications.advance(verification, { step: 'gone' })).toBe(false);
    expect(await store.verifications.get(verification._id)).toMatchObject({
      step: 'brevo',
      turn: 1,
      differences: [{ field: 'A.B', count: 2 }],
    });
  });

  it('keeps a difference once, however often its page is read, those without an explanation first', async () => {
    const verification = await begun();
    const page = [found('a', true), found('b', false)];
    await store.verifications.keep(verification, [], page);
    await store.verifications.keep(verification, [], page);
    const kept = await store.verifications.differences(verification._id, { limit: 10 });
    expect(kept.map(({ sourceId }) => sourceId)).toEqual(['b', 'a']);
    const many = Array.from({ length: 150 }, (_, i) => found(`p${i}`, true));
    await store.verifications.keep(verification, addDifferences([], [found('a', true)]), many);
    expect(await store.verifications.differences(verification._id, { limit: 500, explained: true })).toHaveLength(100);
  });

  it('tells whose profiles did not come, and forgets an erased person', async () => {
    const verification = await begun();
    await store.verifications.putSides(verification, [side('P1', 1), side('P2', 2), side('P3', 3)]);
    await store.verifications.meet(verification._id, ['P1']);
    const unmet = async () => (await store.verifications.unmet(verification._id)).map(({ sourceId }) => sourceId).toSorted();
    expect(await unmet()).toEqual(['P2', 'P3']);
    const sides = await store.verifications.sides(verification._id, ['e:1', 'x:none']);
    expect([...sides]).toEqual([['e:1', { brevoId: 1, print: { brevoId: 1 } }]]);
    await store.verifications.keep(verification, [], [found('P2', false)]);
    await store.forget.person(verification.account, { emails: [], phones: [], klaviyoIds: ['P2'], brevoIds: [2] });
    expect(await unmet()).toEqual(['P3']);
    expect((await store.verifications.sides(verification._id, ['e:2'])).size).toBe(0);
    expect(await store.verifications.differences(verification._id, { limit: 10 })).toEqual([]);
  });
});

describe('links of records that are gone', () => {
  it('are told apart from those that are there, until the record comes again', async () => {
    const owner = { account: randomUUID(), resource: 'profiles' };
    const { links } = store;
    const put = (ids: readonly string[], run: string) =>
      links.put(
        { ...owner, run },
        ids.map((sourceId) => ({ sourceId, hash: 'h' })),
        now,
      );
    await put(['a', 'b', 'c'], 'r1');
    await links.see({ ...owner, run: 'r2' }, ['a']);
    const unseen = async (run: string) => {
      const ids: string[] = [];
      for await (const part of links.unseenParts({ ...owner, run }, 1)) ids.push(...part);
      return ids.toSorted();
    };
    expect(await unseen('r2')).toEqual(['b', 'c']);
    await links.markGone(owner, ['b'], { by: 'r2', at: now });
    expect(await unseen('r2')).toEqual(['c']);
    expect(await links.goneBy(owner, 'r2')).toEqual({ open: ['b'], done: [] });
    expect(await links.countPresent(owner.account, 'profiles')).toBe(3);
    await links.depart(owner, 'b', { how: 'blocklist', into: null, done: true, by: 'r2', at: now });
    expect(await links.goneBy(owner, 'r2')).toEqual({ open: [], done: ['blocklist'] });
    expect(await links.countPresent(owner.account, 'profiles')).toBe(2);
    expect((await links.sample(owner.account, 'profiles', 5)).toSorted()).toEqual(['a', 'c']);
    expect(await unseen('r3')).toEqual(['a', 'c']);
    await put(['b'], 'r3');
    expect(await unseen('r4')).toEqual(['a', 'b', 'c']);
  });
});
