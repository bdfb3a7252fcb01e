import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { BrevoContactRow } from '../brevo-contact.js';
import { readConsent } from '../consent.js';
import { parseItem } from '../parse-item.js';
import { profiles } from '../resources/profiles.js';
import { createMark } from './mark.js';
import { forbids } from './merge-consent.js';
import { mergePair } from './merge-pair.js';
import type { Base, MergeDecision, MergeRules } from './types.js';

const HOUR = 3_600_000;
const mark = createMark('a key of the tests');
const NAMES = { first_name: 'FIRSTNAME', city: 'CITY', points: 'POINTS' } as const;
const TYPES = { FIRSTNAME: 'text', CITY: 'text', POINTS: 'float' } as const;
type Name = keyof typeof NAMES;
const names = Object.keys(NAMES) as Name[]; // Its own keys.

/** A person at both vendors, and what we remember of them. */
interface World {
  klaviyo: {
    first_name: string | null;
    city: string | null;
    points: number | null;
    email: string;
    updated: number;
    consent: 'SUBSCRIBED' | 'UNSUBSCRIBED' | 'NEVER_SUBSCRIBED';
    consentAt: number;
    suppressed: { reason: string; timestamp: string }[];
  } | null;
  brevo: { email: string; attributes: Record<string, string | number>; blocked: boolean; modified: number };
  base: Base | undefined;
  linked: boolean;
  blockedByUs: boolean;
  now: number;
}

type Edit =
  | { do: 'klaviyo.value'; name: Name; value: string | null }
  | { do: 'brevo.value'; name: Name; value: string | null }
  | { do: 'klaviyo.consent'; state: 'SUBSCRIBED' | 'UNSUBSCRIBED' }
  | { do: 'klaviyo.suppressed'; reason: string }
  | { do: 'brevo.blocked'; blocked: boolean }
  | { do: 'email'; side: 'klaviyo' | 'brevo'; email: string };

const name = fc.constantFrom(...names);
const text = fc.constantFrom('1', '2', '3', null);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ do: fc.constant('klaviyo.value' as const), name, value: text }),
  fc.record({ do: fc.constant('brevo.value' as const), name, value: text }),
  fc.record({
    do: fc.constant('klaviyo.consent' as const),
    state: fc.constantFrom('SUBSCRIBED' as const, 'UNSUBSCRIBED' as const),
  }),
  fc.record({ do: fc.constant('klaviyo.suppressed' as const), reason: fc.constantFrom('HARD_BOUNCE', 'USER_SUPPRESSED') }),
  fc.record({ do: fc.constant('brevo.blocked' as const), blocked: fc.boolean() }),
  fc.record({
    do: fc.constant('email' as const),
    side: fc.constantFrom('klaviyo' as const, 'brevo' as const),
    email: fc.constantFrom('a@example.com', 'b@example.com'),
  }),
);
const owner = fc.constantFrom('klaviyo' as const, 'brevo' as const, 'newest' as const);
const rules = fc.record({
  direction: fc.constantFrom('both' as const, 'both' as const, 'brevo-to-klaviyo' as const),
  owner: fc.record({ default: owner, byName: fc.dictionary(name, owner) }),
  foreignChanges: fc.constantFrom('put_back' as const, 'leave' as const),
  reverseSubscribe: fc.boolean(),
});

function rulesOf(given: Omit<MergeRules, 'profile'>): MergeRules {
  const mapping = { email: 'email', ...NAMES };
  const lists = { listRoles: [], listRules: {} };
  const kinds = { unmappedProperties: 'ignore', booleanAttributes: 'text', identity: 'ext_id' } as const;
  return { ...given, profile: { mapping, ...lists, attributeTypes: TYPES, ...kinds } };
}

function profileOf({ klaviyo }: World) {
  if (!klaviyo) return undefined;
  const { consent, suppressed, email, first_name, city, points, updated, consentAt } = klaviyo;
  const canReceive = consent !== 'UNSUBSCRIBED' && suppressed.length === 0;
  const marketing = { consent, can_receive_email_marketing: canReceive, last_updated: iso(consentAt), suppression: suppressed };
  return parseItem(profiles, {
    type: 'profile',
    id: '01A',
    attributes: {
      email,
      first_name,
      location: { city },
      properties: points === null ? {} : { points },
      updated: iso(updated),
      subscriptions: { email: { marketing } },
    },
  });
}

function contactOf({ brevo }: World): BrevoContactRow {
  const ids = { sourceId: '7', brevoId: 7, email: brevo.email, modifiedAt: iso(brevo.modified) };
  return { ...ids, attributes: brevo.attributes, emailBlocked: brevo.blocked, smsBlocked: false, listIds: [], notes: [] };
}

function decide(world: World, by: MergeRules): MergeDecision {
  return mergePair({
    profile: profileOf(world),
    contact: contactOf(world),
    base: world.base,
    link: { profileId: world.linked ? '01A' : undefined, blockedByUs: { email: world.blockedByUs, sms: false } },
    rules: by,
    now: new Date(world.now),
    mark,
  });
}

function change(world: World, given: Edit): void {
  const { klaviyo, brevo, now } = world;
  if (given.do === 'brevo.value') {
    const attribute = NAMES[given.name];
    const value = given.value ?? '';
    brevo.attributes[attribute] = attribute === 'POINTS' && value !== '' ? Number(value) : value;
    brevo.modified = now;
  } else if (given.do === 'brevo.blocked') {
    // Whoever unblocks lifts our block too, and blocks that follow are theirs.
    if (brevo.blocked !== given.blocked) Object.assign(brevo, { blocked: given.blocked, modified: now });
    if (!given.blocked) world.blockedByUs = false;
  } else if (given.do === 'email') {
    if (given.side === 'brevo') Object.assign(brevo, { email: given.email, modified: now });
    else if (klaviyo) Object.assign(klaviyo, { email: given.email, updated: now });
  } else if (!klaviyo) return;
  else if (given.do === 'klaviyo.value') {
    if (given.name === 'points') klaviyo.points = given.value === null ? null : Number(given.value);
    else klaviyo[given.name] = given.value;
    klaviyo.updated = now;
  } else if (given.do === 'klaviyo.consent') {
    klaviyo.consent = given.state;
    klaviyo.consentAt = now;
    if (given.state === 'SUBSCRIBED') klaviyo.suppressed = klaviyo.suppressed.filter(({ reason }) => reason === 'HARD_BOUNCE');
  } else klaviyo.suppressed = [...klaviyo.suppressed, { reason: given.reason, timestamp: iso(now) }];
}

/** Carries a decision out as both vendors would. */
function apply(world: World, { toKlaviyo, toBrevo, base }: MergeDecision): void {
  const { brevo, now } = world;
  if (toKlaviyo) {
    world.klaviyo ??= {
      first_name: null,
      city: null,
      points: null,
      email: '',
      updated: now,
      consent: 'NEVER_SUBSCRIBED',
      consentAt: now,
      suppressed: [],
    };
    const { klaviyo } = world;
    const { attributes, unset, unsubscribe, suppress, subscribe } = toKlaviyo;
    const { email, location, properties } = attributes;
    if (email !== undefined) klaviyo.email = email;
    if ('first_name' in attributes) klaviyo.first_name = attributes['first_name'] as string | null; // Text or cleared, by the rules above.
    if (location && 'city' in location) klaviyo.city = location['city'] as string | null; // Likewise.
    if (properties && 'points' in properties) klaviyo.points = Number(properties['points']);
    if (unset.includes('points')) klaviyo.points = null;
    klaviyo.updated = now;
    if (unsubscribe.includes('email')) Object.assign(klaviyo, { consent: 'UNSUBSCRIBED', consentAt: now });
    if (suppress) klaviyo.suppressed = [...klaviyo.suppressed, { reason: 'USER_SUPPRESSED', timestamp: iso(now) }];
    if (subscribe)
      Object.assign(klaviyo, { consent: 'SUBSCRIBED', consentAt: Date.parse(subscribe.consentedAt), suppressed: [] });
    world.linked = true;
  }
  if (toBrevo) {
    Object.assign(brevo.attributes, toBrevo.attributes);
    // Brevo lifts the block of a contact whose address changes, unless it is sent along.
    if (toBrevo.email !== undefined) Object.assign(brevo, { email: toBrevo.email, blocked: false });
    if (toBrevo.emailBlocked !== undefined) brevo.blocked = toBrevo.emailBlocked;
    if (toBrevo.blocks.email) world.blockedByUs = true;
    brevo.modified = now;
  }
  world.base = base;
}

const start = fc.record({
  hasProfile: fc.boolean(),
  blocked: fc.boolean(),
  consent: fc.constantFrom('SUBSCRIBED', 'NEVER_SUBSCRIBED'),
});
const round = fc.array(edit, { maxLength: 5 });

function begin({ hasProfile, blocked, consent }: { hasProfile: boolean; blocked: boolean; consent: string }): World {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const state = consent === 'SUBSCRIBED' ? 'SUBSCRIBED' : 'NEVER_SUBSCRIBED';
  const values = { first_name: '1', city: null, points: 2, email: 'a@example.com', updated: now };
  return {
    klaviyo: hasProfile ? { ...values, consent: state, consentAt: now, suppressed: [] } : null,
    brevo: { email: 'a@example.com', attributes: { FIRSTNAME: '2' }, blocked, modified: now },
    base: undefined,
    linked: false,
    blockedByUs: false,
    now,
  };
}

describe('both sides, edited at random over several rounds', () => {
  it('agree after each round, nothing echoes, and nobody is mailable whom a side forbids', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(start, rules, fc.array(round, { minLength: 1, maxLength: 5 }), (first, given, rounds) => {
        const by = rulesOf(given);
        const world = begin(first);
        for (const edits of rounds) {
          for (const one of edits) {
            world.now += HOUR / 10;
            change(world, one);
          }
          world.now += HOUR / 10;
          const wasBlocked = world.brevo.blocked;
          const before = structuredClone(world);
          const decision = decide(world, by);
          for (const counted of decision.tally) seen.add(counted);
          apply(world, decision);

          // No echo.
          world.now += HOUR / 10;
          const again = decide(world, by);
          expect([again.toKlaviyo, again.toBrevo]).toEqual([null, null]);
          // What was kept as agreed is what both sides now have.
          expect(again.base.attributes).toEqual(decision.base.attributes);
          world.base = { ...decision.base, pending: again.base.pending };

          // Consent: the more restrictive side wins, and nothing is ever unblocked in Brevo.
          const consent = readConsent(profileOf(world)?.attributes.subscriptions);
          if (wasBlocked) expect(world.brevo.blocked).toBe(true);
          if (forbids(consent, 'email', world.base?.ownConsent)) expect(world.brevo.blocked).toBe(true);
          if (world.brevo.blocked && !world.blockedByUs)
            expect(world.klaviyo?.suppressed.length === 0 && world.klaviyo.consent !== 'UNSUBSCRIBED').toBe(false);
          if (!given.reverseSubscribe && consent.email.state === 'subscribed') expect(before.klaviyo?.consent).toBe('SUBSCRIBED');

          owners(before, world, by);
        }
      }),
      { seed: 20260301, numRuns: 250 },
    );
    for (const counted of [
      'foreign.put_back',
      'foreign.left',
      'profile.created',
      'consent.suppressed',
      'consent.subscribed',
      'consent.blocked_email',
    ])
      expect(seen).toContain(counted);
  });
});

/** A value of the owner's never gives way to the other's, unless it is empty; put back, both are alike. */
function owners(before: World, after: World, by: MergeRules): void {
  for (const one of names) {
    const ownedBy = by.owner.byName[one] ?? by.owner.default;
    const [was, is] = [valuesOf(before, one), valuesOf(after, one)];
    if (ownedBy === 'klaviyo' && was.klaviyo !== '') expect(is.klaviyo).toBe(was.klaviyo);
    if (ownedBy === 'brevo' && was.brevo !== '') expect(is.brevo).toBe(was.brevo);
    if (by.direction === 'brevo-to-klaviyo') expect(is.brevo).toBe(was.brevo);
    else if (by.foreignChanges === 'put_back' || ownedBy === 'newest') expect(is.klaviyo).toBe(is.brevo);
    if (was.klaviyo === was.brevo) expect(is).toEqual(was);
    expect([was.klaviyo, was.brevo]).toEqual(expect.arrayContaining([is.klaviyo, is.brevo]));
  }
}

function valuesOf({ klaviyo, brevo }: World, one: Name) {
  return { klaviyo: String(klaviyo?.[one] ?? ''), brevo: String(brevo.attributes[NAMES[one]] ?? '') };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
