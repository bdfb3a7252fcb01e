import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@tajo/config';
import { type Count, uncounted } from './count.js';
import { type Found, planOf } from './reckon.js';
import type { Plan } from './plan.js';

const config = (flags: Record<string, unknown> = {}) =>
  loadConfig({ env: { TAJO_API_KEY: 'a-key-of-the-test-0123456789' }, flags, cwd: '/' });
const counted = (records: number, pages: number): Count => ({ ...uncounted, records, counted: 'exact', pages });

function found(counts: Readonly<Record<string, Count>>, more: Partial<Found> = {}): Found {
  return {
    names: Object.keys(counts),
    counts: new Map(Object.entries(counts)),
    linked: new Map(),
    brevo: { lists: [], attributes: [], contacts: 0 },
    profiles: null,
    events: null,
    mappedEvents: null,
    lists: new Map(),
    notes: [],
    requests: 0,
    ...more,
  };
}

function planned(what: Found, flags: Record<string, unknown> = {}): Plan {
  return planOf(what, { account: 'a', config: config(flags), force: false, now: new Date('2026-03-01T00:00:00Z') });
}

const events = { sent: 0.5, unmapped: 0.5, old: 0.9 };

describe('what a run takes', () => {
  it('is bound by the way Brevo takes events: one by one is faster than 100 batches an hour', () => {
    const plan = planned(found({ events: counted(200_000, 201) }, { events }));
    expect(plan.resources).toMatchObject([{ records: 200_000, toWrite: 100_000, bindingLane: 'brevo:a:events', seconds: 9_999 }]);
    expect(plan.bindingLane).toBe('brevo:a:events');
    expect(plan.quotas).toMatchObject([{ broken: false, message: expect.stringContaining('about 3 hours') }]);
  });

  it('takes batches of events where they let more through', () => {
    const { account, ...rest } = config();
    const limits = { ...account.limits, brevo: { other: { perHour: 400 } } };
    const plan = planOf(found({ events: counted(4_000, 5) }, { events }), {
      account: 'a',
      config: { ...rest, account: { ...account, limits } },
      force: false,
      now: new Date(),
    });
    expect(plan.resources[0]?.lanes).toContainEqual({ lane: 'brevo:a:other', requests: 10, seconds: 0 });
    expect(plan).toMatchObject({ bindingLane: null, seconds: 0, quotas: [] });
  });

  it('is longer when only a part of the limits may be used', () => {
    const whole = planned(found({ events: counted(200_000, 201) }, { events })).seconds;
    const half = planned(found({ events: counted(200_000, 201) }, { events }), {
      'connectors.klaviyo.limits.quota_share': 0.5,
    }).seconds;
    expect(half).toBeGreaterThan(whole * 1.9);
  });

  it('waits for nothing where limits are off', () => {
    const plan = planned(found({ events: counted(200_000, 201) }, { events }), { 'connectors.klaviyo.limits.enabled': false });
    expect(plan).toMatchObject({ seconds: 0, bindingLane: null, quotas: [] });
    expect(plan.resources[0]?.records).toBe(200_000);
  });

  it('puts what waits for another behind it, and what shares a lane together', () => {
    const plan = planned(
      found(
        { profiles: counted(140_000, 1_401), events: counted(200_000, 201), coupons: counted(150, 2), templates: counted(20, 2) },
        { events },
      ),
    );
    const seconds = (name: string) => plan.resources.find(({ resource }) => resource === name)?.seconds ?? 0;
    expect(seconds('profiles')).toBe(120);
    expect(seconds('coupons')).toBe(3_600);
    expect(plan.seconds).toBe(seconds('profiles') + seconds('events'));
  });

  it('counts events of mapped metrics rather than a share of all, and leaves out old ones where history is skipped', () => {
    const skipping = { sent: 0.1, unmapped: 0.5, old: 0.8 };
    const plan = planned(found({ events: counted(10_000, 11) }, { events: skipping, mappedEvents: 6_000 }));
    expect(plan.resources[0]?.toWrite).toBe(1_200);
  });

  it('breaks the quota of lists and of attributes by what is missing', () => {
    const lists = Array.from({ length: 290 }, (_, id) => ({ id, name: `List ${id}` }));
    const attributes = Array.from({ length: 199 }, (_, i) => `A${i}`);
    const profiles = { written: 0.9, consent: { 'email.subscribed': 9 }, groups: 2, attributes: ['A1', 'NEW', 'NEWER'] };
    const plan = planned(
      found(
        { profiles: counted(10, 1), lists: counted(12, 2) },
        {
          brevo: { lists, attributes, contacts: 5 },
          profiles,
          lists: new Map([['lists', Array.from({ length: 12 }, (_, i) => `L${i}`)]]),
        },
      ),
    );
    expect(plan.attributes).toEqual(['NEW', 'NEWER']);
    expect(plan.lists).toHaveLength(12);
    expect(plan.quotas).toMatchObject([
      { quota: 'lists', needed: 302, broken: true },
      { quota: 'attributes', needed: 201, broken: true },
    ]);
    expect(plan.consent).toEqual({ 'email.subscribed': 9 });
    expect(plan.resources[0]).toMatchObject({ records: 10, toWrite: 9 });
  });
});
