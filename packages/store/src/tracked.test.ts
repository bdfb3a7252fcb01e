import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createStore, type Store } from './index.js';

let store: Store;
beforeAll(() => {
  const { MONGO_URL } = process.env;
  if (MONGO_URL === undefined) throw new Error('MONGO_URL is not set; `npm test` starts a server and sets it.');
  const url = new URL(MONGO_URL);
  url.pathname = `/tracked_${randomUUID().slice(0, 8)}`;
  store = createStore(url.href);
});
afterAll(() => store.close());

const now = new Date('2026-01-15T10:00:00.000Z');
const later = (ms: number) => new Date(now.getTime() + ms);

describe('the id of a tracked event', () => {
  it('stands for the first event that claims it, at the time of the first claim', async () => {
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, n) => store.tracked.claim('a', 'id-1', { fingerprint: 'one', time: later(n) }, now)),
    );
    expect(new Set(claims.map((claim) => claim?.time.getTime())).size).toBe(1);
    expect(await store.tracked.claim('a', 'id-1', { fingerprint: 'two', time: now }, now)).toBeNull();
    expect(await store.tracked.claim('b', 'id-1', { fingerprint: 'two', time: now }, now)).toMatchObject({ acceptedAt: null });
  });

  it('remembers when Klaviyo took it, and is free again only when Klaviyo did not', async () => {
    const claim = (fingerprint: string) => store.tracked.claim('a', 'id-2', { fingerprint, time: now }, now);
    await claim('one');
    await store.tracked.release('a', 'id-2');
    expect(await claim('two')).toEqual({ time: now, acceptedAt: null });
    await store.tracked.accept('a', 'id-2', later(5));
    await store.tracked.accept('a', 'id-2', later(9));
    await store.tracked.release('a', 'id-2');
    expect(await claim('two')).toEqual({ time: now, acceptedAt: later(5) });
  });
});

describe('the answer to a query', () => {
  it('is kept until it expires, for its account', async () => {
    const data = { 'Email.Domain': [1, 2], $sum: 3 };
    await store.queryResults.put('a', 'q', { data, readAt: now, expiresAt: later(1_000) });
    expect(await store.queryResults.get('a', 'q', later(999))).toEqual({ data, readAt: now });
    expect(await store.queryResults.get('a', 'q', later(1_000))).toBeNull();
    expect(await store.queryResults.get('b', 'q', now)).toBeNull();
    await store.queryResults.put('a', 'q', { data: [], readAt: later(500), expiresAt: later(9_000) });
    expect(await store.queryResults.get('a', 'q', later(2_000))).toEqual({ data: [], readAt: later(500) });
    await store.queryResults.put('a', 'other', { data: 1, readAt: later(9_000), expiresAt: later(9_001) });
    // It has been removed, not only hidden.
    expect(await store.queryResults.get('a', 'q', later(2_000))).toBeNull();
  });

  it('that is too large for a document is asked for again', async () => {
    await store.queryResults.put('a', 'large', { data: 'x'.repeat(9_000_000), readAt: now, expiresAt: later(1_000) });
    expect(await store.queryResults.get('a', 'large', now)).toBeNull();
  });
});
