import { describe, expect, it } from '@jest/globals';
import type { BrevoContactRow } from '../brevo-contact.js';
import { parseItem } from '../parse-item.js';
import type { ProfileItem } from '../profile-item.js';
import { profiles } from '../resources/profiles.js';
import { changedInKlaviyo, createMark, markOf } from './mark.js';
import { mergePair } from './merge-pair.js';
import type { Base, MergeInput, MergeRules } from './types.js';

const NOW = new Date('2026-03-01T12:00:00Z');
const mark = createMark('a key of the tests');

const RULES: MergeRules = {
  profile: {
    mapping: {
      email: 'email',
      phone_number: 'SMS',
      first_name: 'FIRSTNAME',
      city: 'CITY',
      total_orders: 'ORDER_COUNT',
      birthday: 'BIRTHDAY',
      vip: 'VIP',
      tags: 'TAGS',
      tier: 'TIER',
      'loyalty.points': 'POINTS',
      created: 'SINCE',
    },
    listRoles: [],
    listRules: {},
    attributeTypes: {
      FIRSTNAME: 'text',
      CITY: 'text',
      ORDER_COUNT: 'float',
      BIRTHDAY: 'date',
      VIP: 'text',
      TAGS: 'multiple-choice',
      TIER: 'category',
      POINTS: 'float',
      SINCE: 'date',
      NICKNAME: 'text',
    },
    unmappedProperties: 'ignore',
    booleanAttributes: 'text',
    identity: 'ext_id',
  },
  direction: 'both',
  owner: { default: 'klaviyo', byName: {} },
  foreignChanges: 'put_back',
  reverseSubscribe: false,
};

const owned = (owner: 'klaviyo' | 'brevo' | 'newest', more: Partial<MergeRules> = {}): MergeRules => ({
  ...RULES,
  owner: { default: owner, byName: {} },
  ...more,
});

const SUBSCRIBED = {
  email: { marketing: { consent: 'SUBSCRIBED', can_receive_email_marketing: true, suppression: [] } },
  sms: { marketing: { consent: 'SUBSCRIBED', can_receive_sms_marketing: true } },
};
const NEVER = {
  email: { marketing: { consent: 'NEVER_SUBSCRIBED', can_receive_email_marketing: true, suppression: [] } },
  sms: { marketing: { consent: 'NEVER_SUBSCRIBED', can_receive_sms_marketing: false } },
};

function suppressed(reason: string, timestamp = '2026-01-01T00:00:00Z') {
  return {
    email: {
      marketing: { ...SUBSCRIBED.email.marketing, can_receive_email_marketing: false, suppression: [{ reason, timestamp }] },
    },
  };
}

function unsubscribed(timestamp: string) {
  return {
    email: {
      marketing: { consent: 'UNSUBSCRIBED', can_receive_email_marketing: false, last_updated: timestamp, suppression: [] },
    },
  };
}

function profile(attributes: Record<string, unknown> = {}): ProfileItem {
  return parseItem(profiles, {
    type: 'profile',
    id: '01A',
    attributes: { email: 'ann@example.com', updated: '2026-02-01T00:00:00+00:00', subscriptions: SUBSCRIBED, ...attributes },
  });
}

function contact({ attributes = {}, ...more }: Partial<BrevoContactRow> = {}): BrevoContactRow {
  return {
    sourceId: '7',
    brevoId: 7,
    email: 'ann@example.com',
    attributes,
    emailBlocked: false,
    smsBlocked: false,
    listIds: [],
    modifiedAt: '2026-02-02T00:00:00.000Z',
    notes: [],
    ...more,
  };
}

function base(values: Record<string, string | number> = {}, more: Partial<Base> = {}): Base {
  const attributes = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, markOf(mark, name, value === '' ? undefined : value)]),
  );
  const open = { emailBlocked: false, smsBlocked: false, ownConsent: { email: false, sms: false } };
  return { attributes, ...open, at: '2026-02-01T12:00:00.000Z', pending: null, ...more };
}

const LINK = { profileId: '01A', blockedByUs: { email: false, sms: false } };

function merge(input: Partial<MergeInput>) {
  return mergePair({
    profile: profile(),
    contact: contact(),
    base: undefined,
    link: LINK,
    rules: RULES,
    now: NOW,
    mark,
    ...input,
  });
}

/** What first_name and FIRSTNAME come to. `was` undefined: never compared. */
function outcome(klaviyo: string | null, brevo: string, was: string | undefined, rules: MergeRules, times = {}) {
  const found = merge({
    profile: profile({ first_name: klaviyo, ...times }),
    contact: contact({ attributes: { FIRSTNAME: brevo } }),
    base: was === undefined ? undefined : base({ FIRSTNAME: was }),
    rules,
  });
  const { tally } = found;
  const counted = tally.filter((one) => one.startsWith('foreign') || one.startsWith('values')).join();
  if (found.toKlaviyo) return `klaviyo:=${String(found.toKlaviyo.attributes['first_name'])} ${counted}`;
  if (found.toBrevo) return `brevo:=${String(found.toBrevo.attributes['FIRSTNAME'])} ${counted}`;
  return `- ${counted}`.trim();
}

describe('an attribute', () => {
  const klaviyo = RULES;
  const leave = owned('klaviyo', { foreignChanges: 'leave' });
  const brevo = owned('brevo');
  const brevoLeave = owned('brevo', { foreignChanges: 'leave' });
  const newest = owned('newest');

  it.each([
    // owner, Klaviyo, Brevo, agreed before -> what is written
    ['klaviyo', klaviyo, 'Ann', 'Ann', 'Ann', '-'],
    ['klaviyo', klaviyo, 'Ann', 'Ann', undefined, '-'],
    ['klaviyo', klaviyo, 'Ann', 'Bea', 'Ann', 'brevo:=Ann foreign.put_back'],
    ['klaviyo', klaviyo, 'Ann', 'Bea', undefined, 'brevo:=Ann foreign.put_back'],
    ['klaviyo', klaviyo, 'Cleo', 'Ann', 'Ann', 'brevo:=Cleo values.to_brevo'],
    ['klaviyo', klaviyo, 'Cleo', 'Bea', 'Ann', 'brevo:=Cleo values.to_brevo'],
    ['klaviyo', klaviyo, 'Ann', '', 'Ann', 'brevo:=Ann foreign.put_back'],
    ['klaviyo', klaviyo, null, 'Ann', 'Ann', 'brevo:= values.to_brevo'],
    ['klaviyo', klaviyo, null, 'Bea', undefined, 'klaviyo:=Bea values.to_klaviyo'],
    ['klaviyo', klaviyo, null, 'Bea', '', 'klaviyo:=Bea values.to_klaviyo'],
    ['klaviyo', leave, 'Ann', 'Bea', 'Ann', '- foreign.left'],
    ['klaviyo', leave, 'Ann', 'Bea', undefined, '- foreign.left'],
    ['klaviyo', leave, 'Cleo', 'Ann', 'Ann', 'brevo:=Cleo values.to_brevo'],
    ['brevo', brevo, 'Ann', 'Bea', 'Ann', 'klaviyo:=Bea values.to_klaviyo'],
    ['brevo', brevo, 'Ann', 'Bea', undefined, 'klaviyo:=Bea values.to_klaviyo'],
    ['brevo', brevo, 'Cleo', 'Ann', 'Ann', 'klaviyo:=Ann foreign.put_back'],
    ['brevo', brevo, 'Ann', '', 'Ann', 'klaviyo:=null values.to_klaviyo'],
    ['brevo', brevo, 'Ann', '', undefined, 'brevo:=Ann values.to_brevo'],
    ['brevo', brevo, null, 'Ann', 'Ann', 'klaviyo:=Ann foreign.put_back'],
    ['brevo', brevoLeave, 'Cleo', 'Ann', 'Ann', '- foreign.left'],
    ['newest', newest, 'Ann', 'Bea', 'Ann', 'klaviyo:=Bea values.to_klaviyo'],
    ['newest', newest, 'Cleo', 'Ann', 'Ann', 'brevo:=Cleo values.to_brevo'],
    ['newest', newest, 'Cleo', 'Bea', 'Ann', 'klaviyo:=Bea values.to_klaviyo'],
    ['newest', newest, 'Ann', '', 'Ann', 'klaviyo:=null values.to_klaviyo'],
    ['newest', newest, null, 'Ann', 'Ann', 'brevo:= values.to_brevo'],
    ['newest', newest, null, 'Ann', undefined, 'klaviyo:=Ann values.to_klaviyo'],
  ] as const)('owned by %s: %#', (_owner, rules, there, here, was, expected) => {
    expect(outcome(there, here, was, rules)).toBe(expected);
  });

  it('changed on both sides goes by the later of both, and by Klaviyo where Brevo names no time', () => {
    const later = { updated: '2026-02-03T00:00:00+00:00' };
    expect(outcome('Cleo', 'Bea', 'Ann', newest, later)).toBe('brevo:=Cleo values.to_brevo');
    expect(outcome('Cleo', 'Bea', undefined, newest, later)).toBe('brevo:=Cleo values.to_brevo');
    const { modifiedAt: _, ...timeless } = contact({ attributes: { FIRSTNAME: 'Bea' } });
    const found = merge({ profile: profile({ first_name: 'Cleo' }), contact: timeless, rules: newest });
    expect(found.toBrevo?.attributes).toEqual({ FIRSTNAME: 'Cleo' });
  });

  it('has an owner of its own where one is named', () => {
    const rules = owned('klaviyo', { owner: { default: 'klaviyo', byName: { city: 'brevo' } } });
    const found = merge({
      profile: profile({ first_name: 'Ann', location: { city: 'Paris', country: 'France' } }),
      contact: contact({ attributes: { FIRSTNAME: 'Bea', CITY: 'Lyon' } }),
      rules,
    });
    expect(found.toKlaviyo?.attributes).toEqual({ location: { city: 'Lyon', country: 'France' } });
    expect(found.toBrevo?.attributes).toEqual({ FIRSTNAME: 'Ann' });
  });

  it('that was left is left as long as nobody touches it, and counted once', () => {
    const sides = {
      profile: profile({ first_name: 'Ann' }),
      contact: contact({ attributes: { FIRSTNAME: 'Bea' } }),
      rules: leave,
    };
    const first = merge({ ...sides, base: base({ FIRSTNAME: 'Ann' }) });
    const second = merge({ ...sides, base: first.base });
    expect([first.tally, second.tally, second.toBrevo]).toEqual([['foreign.left'], [], null]);
    const third = merge({ ...sides, profile: profile({ first_name: 'Cleo' }), base: second.base });
    expect(third.toBrevo?.attributes).toEqual({ FIRSTNAME: 'Cleo' });
  });

  it('that reads otherwise but means the same is no change', () => {
    const found = merge({
      profile: profile({
        email: 'Ann@Example.com',
        phone_number: '+14155550132',
        properties: { total_orders: '7', birthday: '1990-05-01T22:00:00Z', vip: true, tags: ['b', 'a'], loyalty: { points: 5 } },
      }),
      contact: contact({
        phone: '+14155550132',
        attributes: {
          SMS: '14155550132',
          ORDER_COUNT: 7,
          BIRTHDAY: '1990-05-01',
          VIP: 'true',
          TAGS: ['a', 'b'],
          POINTS: '5',
        },
      }),
    });
    expect([found.toKlaviyo, found.toBrevo, found.tally, found.fields]).toEqual([null, null, [], []]);
  });

  it('is written to Klaviyo in the type and the place it has there', () => {
    const found = merge({
      profile: profile({ properties: { total_orders: '7', vip: true, tags: ['a'], loyalty: { points: 5, since: 2020 } } }),
      contact: contact({
        attributes: { ORDER_COUNT: 8, VIP: 'false', TAGS: ['a', 'c'], POINTS: 6, BIRTHDAY: '1990-05-01', CITY: 'Lyon' },
      }),
      rules: owned('brevo'),
    });
    expect(found.toKlaviyo?.attributes).toEqual({
      location: { city: 'Lyon' },
      properties: { total_orders: 8, vip: false, tags: ['a', 'c'], loyalty: { points: 6, since: 2020 }, birthday: '1990-05-01' },
    });
  });

  it('that was taken away in Brevo is taken away in Klaviyo, wherever it is there', () => {
    const found = merge({
      profile: profile({ first_name: 'Ann', properties: { vip: true, loyalty: { points: 5, since: 2020 } } }),
      contact: contact({ attributes: { FIRSTNAME: '', VIP: '', POINTS: '' } }),
      base: base({ FIRSTNAME: 'Ann', VIP: 'true', POINTS: 5 }),
      rules: owned('brevo'),
    });
    expect(found.toKlaviyo).toMatchObject({
      attributes: { first_name: null, properties: { loyalty: { since: 2020 } } },
      unset: ['vip'],
    });
  });

  it('that cannot be compared is left as it is, with the reason and without the value', () => {
    const found = merge({
      profile: profile({ properties: { total_orders: 'a secret many', tier: 'Gold' } }),
      contact: contact({ attributes: { ORDER_COUNT: 3, TIER: '2' } }),
    });
    expect([found.toKlaviyo, found.toBrevo]).toEqual([null, null]);
    expect(found.fields.join()).toMatch(
      /total_orders: left as it is, .*tier: left as it is, Brevo shows this option by its number/,
    );
    expect(found.fields.join()).not.toContain('secret');
  });

  it('that Klaviyo fills itself is never written there', () => {
    const found = merge({
      profile: profile({ created: '2024-01-01T00:00:00Z' }),
      contact: contact({ attributes: { SINCE: '2020-01-01' } }),
      rules: owned('brevo'),
    });
    expect(found.toKlaviyo).toBeNull();
    expect(found.toBrevo?.attributes).toEqual({ SINCE: '2024-01-01' });
  });

  it('goes where reverse_mapping says, and nowhere else', () => {
    const rules = owned('brevo', { reverseMapping: { NICKNAME: 'nick' } });
    const found = merge({ contact: contact({ attributes: { NICKNAME: 'Annie', FIRSTNAME: 'Ann' } }), rules });
    expect(found.toKlaviyo?.attributes).toEqual({ properties: { nick: 'Annie' } });
    expect(found.toBrevo).toBeNull();
  });

  it('is never written to Brevo where only Brevo tells', () => {
    const rules = owned('klaviyo', { direction: 'brevo-to-klaviyo' });
    const found = merge({
      profile: profile({ first_name: 'Ann' }),
      contact: contact({ attributes: { FIRSTNAME: 'Bea' } }),
      rules,
    });
    expect([found.toBrevo, found.toKlaviyo]).toEqual([null, null]);
  });
});

describe('an address or a number', () => {
  it('goes by its owner, and to Brevo with the block that stands', () => {
    const sides = {
      contact: contact({ email: 'new@example.com', emailBlocked: true }),
      base: base({ EMAIL: 'ann@example.com' }),
    };
    const back = merge({ ...sides, link: { ...LINK, blockedByUs: { email: true, sms: false } } });
    expect(back.toBrevo).toMatchObject({ email: 'ann@example.com', emailBlocked: true, blocks: { email: false } });
    expect(merge({ ...sides, rules: owned('brevo') }).toKlaviyo?.attributes).toEqual({ email: 'new@example.com' });
  });

  it('is never taken away', () => {
    const { email: _, ...mute } = contact({ phone: '+14155550132' });
    const found = merge({
      profile: profile({ phone_number: '+14155550132' }),
      contact: mute,
      base: base({ EMAIL: 'ann@example.com' }),
      rules: owned('brevo'),
    });
    expect([found.toKlaviyo, found.tally]).toEqual([null, ['identifier.kept']]);
  });
});

describe('a contact without a profile', () => {
  const nobody = { profile: undefined, link: undefined };

  it('becomes one, with what it has, and nobody is subscribed', () => {
    const found = merge({
      ...nobody,
      contact: contact({ phone: '+14155550132', attributes: { FIRSTNAME: 'Ann', ORDER_COUNT: 3 } }),
    });
    expect(found.toKlaviyo).toEqual({
      create: true,
      attributes: { email: 'ann@example.com', phone_number: '+14155550132', first_name: 'Ann', properties: { total_orders: 3 } },
      unset: [],
      unsubscribe: [],
      suppress: false,
      subscribe: null,
    });
    expect(found.base).toMatchObject({ ownConsent: { email: true, sms: true }, pending: null });
    expect(found.toBrevo).toBeNull();
  });

  it('is suppressed where it is blocked', () => {
    expect(merge({ ...nobody, contact: contact({ emailBlocked: true }) }).toKlaviyo).toMatchObject({
      create: true,
      suppress: true,
    });
  });

  it('is subscribed only where that is wanted', () => {
    const rules = owned('klaviyo', { reverseSubscribe: true });
    expect(merge({ ...nobody, rules }).toKlaviyo?.subscribe).toEqual({ consentedAt: '2026-02-02T00:00:00.000Z' });
  });

  it('is left alone when its profile is gone', () => {
    expect(merge({ profile: undefined })).toMatchObject({ toKlaviyo: null, toBrevo: null, tally: ['profile.gone'] });
  });

  it('stays open in Brevo although Klaviyo has no consent of it, until it opts out there', () => {
    const own = base({}, { ownConsent: { email: true, sms: true } });
    expect(merge({ profile: profile({ subscriptions: NEVER }), base: own }).toBrevo).toBeNull();
    expect(
      merge({ profile: profile({ subscriptions: unsubscribed('2026-02-20T00:00:00Z') }), base: own }).toBrevo?.blocks.email,
    ).toBe(true);
    expect(merge({ profile: profile({ subscriptions: NEVER }), base: base() }).toBrevo?.blocks.email).toBe(true);
  });
});

function withPhone(subscriptions: unknown): ProfileItem {
  return profile({ phone_number: '+14155550132', subscriptions });
}

describe('consent', () => {
  const blocked = contact({ emailBlocked: true, smsBlocked: true, phone: '+14155550132' });
  const ours = { ...LINK, blockedByUs: { email: true, sms: true } };

  it('that ended in Brevo ends in Klaviyo, on both channels', () => {
    const found = merge({ profile: withPhone(SUBSCRIBED), contact: blocked });
    expect(found.toKlaviyo).toMatchObject({ unsubscribe: ['email', 'sms'], suppress: false });
    expect(found.base.pending?.asked).toEqual(['email_opt_out', 'sms_opt_out']);
    expect(found.tally).toEqual(['consent.unsubscribed_email', 'consent.unsubscribed_sms']);
  });

  it('is not asked for a number that is none, which Klaviyo refuses', () => {
    const national = profile({ phone_number: '0612427727', subscriptions: SUBSCRIBED });
    expect(merge({ profile: national, contact: blocked }).toKlaviyo).toMatchObject({ unsubscribe: ['email'] });
  });

  it('that never was is suppressed: Klaviyo writes to those too', () => {
    const found = merge({ profile: withPhone(NEVER), contact: blocked });
    expect(found.toKlaviyo).toMatchObject({ unsubscribe: [], suppress: true });
  });

  it.each(['hard_bounce', 'spam'] as const)('ended by %s is suppressed', (reason) => {
    const told = { channel: 'email', reason } as const;
    expect(merge({ contact: blocked, told, link: ours }).toKlaviyo).toMatchObject({ unsubscribe: [], suppress: true });
    // Told before the contact shows it.
    expect(merge({ told }).toBrevo?.blocks).toEqual({ email: true, sms: false });
  });

  it('that we ended ourselves is no news', () => {
    expect(merge({ profile: withPhone(SUBSCRIBED), contact: blocked, link: ours }).toKlaviyo).toBeNull();
  });

  it('that Klaviyo has ended already is not ended again', () => {
    for (const reason of ['UNSUBSCRIBE', 'HARD_BOUNCE', 'NOT_HEARD_OF'])
      expect(
        merge({ profile: profile({ subscriptions: suppressed(reason) }), contact: contact({ emailBlocked: true }) }).toKlaviyo,
      ).toBeNull();
  });

  it('that Klaviyo lacks blocks in Brevo, and Klaviyo is not asked for anything', () => {
    for (const subscriptions of [
      NEVER,
      suppressed('SPAM_COMPLAINT'),
      unsubscribed('2026-01-01T00:00:00Z'),
      {},
      null,
      'nonsense',
    ]) {
      const found = merge({ profile: withPhone(subscriptions), contact: contact({ phone: '+14155550132' }) });
      expect(found.toBrevo).toMatchObject({ emailBlocked: true, smsBlocked: true, blocks: { email: true, sms: true } });
      expect(found.toKlaviyo).toBeNull();
      expect(found.base).toMatchObject({ emailBlocked: true, smsBlocked: true });
    }
  });

  it('is never given back to Brevo', () => {
    const found = merge({
      profile: withPhone(SUBSCRIBED),
      contact: blocked,
      link: ours,
      rules: owned('klaviyo', { reverseSubscribe: true }),
    });
    expect([found.toBrevo, found.toKlaviyo]).toEqual([null, null]);
  });

  it('asked for is not asked for again at once, and again when Klaviyo never showed it', () => {
    const first = merge({ contact: contact({ emailBlocked: true }) });
    const soon = merge({ contact: contact({ emailBlocked: true }), base: first.base, now: new Date(NOW.getTime() + 60_000) });
    expect([soon.toKlaviyo, soon.base.pending]).toEqual([null, first.base.pending]);
    const late = merge({
      contact: contact({ emailBlocked: true }),
      base: soon.base,
      now: new Date(NOW.getTime() + 2 * 3_600_000),
    });
    expect(late.toKlaviyo?.unsubscribe).toEqual(['email']);
    const shown = merge({
      profile: profile({ subscriptions: suppressed('UNSUBSCRIBE') }),
      contact: contact({ emailBlocked: true }),
      base: late.base,
    });
    expect([shown.toKlaviyo, shown.base.pending]).toEqual([null, null]);
  });

  describe('given again in Brevo', () => {
    const rules = owned('klaviyo', { reverseSubscribe: true });
    const before = base({}, { emailBlocked: true });
    const out = (at: string) => profile({ subscriptions: unsubscribed(at) });

    it('subscribes in Klaviyo where that is wanted', () => {
      const found = merge({ profile: out('2026-01-01T00:00:00Z'), base: before, rules });
      expect(found.toKlaviyo?.subscribe).toEqual({ consentedAt: '2026-02-02T00:00:00.000Z' });
      expect(found.toBrevo).toBeNull();
      const soon = merge({ profile: out('2026-01-01T00:00:00Z'), base: found.base, rules });
      expect([soon.toKlaviyo, soon.toBrevo]).toEqual([null, null]);
      const refused = merge({
        profile: out('2026-01-01T00:00:00Z'),
        base: found.base,
        rules,
        now: new Date(NOW.getTime() + 2 * 3_600_000),
      });
      expect(refused.toBrevo?.blocks.email).toBe(true);
    });

    it.each([
      ['it is not wanted', { rules: RULES }],
      ['Klaviyo heard an opt-out after that', { profile: out('2026-02-02T00:00:01Z') }],
      ['Klaviyo heard an opt-out after both sides agreed', { profile: out('2026-02-01T12:00:01Z') }],
      ['Klaviyo does not say when the opt-out was', { profile: out('at some time') }],
      ['the address bounces', { profile: profile({ subscriptions: suppressed('HARD_BOUNCE') }) }],
      ['the person complained', { profile: profile({ subscriptions: suppressed('SPAM_COMPLAINT') }) }],
      ['it was open before', { base: base() }],
      ['nobody ever compared them', { base: undefined }],
    ])('blocks instead where %s', (_why, input) => {
      const found = merge({ profile: out('2026-01-01T00:00:00Z'), base: before, rules, ...input });
      expect(found.toKlaviyo).toBeNull();
      expect(found.toBrevo?.blocks.email).toBe(true);
    });
  });
});

describe('a mark', () => {
  it('tells values apart, and attributes, and nobody what they were', () => {
    expect(markOf(mark, 'CITY', 'Lyon')).toBe(markOf(mark, 'CITY', 'Lyon'));
    expect(markOf(mark, 'CITY', 'Lyon')).not.toBe(markOf(mark, 'REGION', 'Lyon'));
    expect(markOf(createMark('another key'), 'CITY', 'Lyon')).not.toBe(markOf(mark, 'CITY', 'Lyon'));
    expect(markOf(mark, 'CITY', undefined)).toBe('');
    expect(JSON.stringify(merge({ contact: contact({ attributes: { FIRSTNAME: 'Ann' } }) }).base)).not.toMatch(/Ann|example/);
  });

  it('tells the way there what changed in Klaviyo', () => {
    const known = base({ CITY: 'Lyon' });
    expect(changedInKlaviyo(known, 'CITY', 'Lyon', mark)).toBe(false);
    expect(changedInKlaviyo(known, 'CITY', 'Paris', mark)).toBe(true);
    expect(changedInKlaviyo(known, 'CITY', undefined, mark)).toBe(true);
    expect(changedInKlaviyo(known, 'REGION', 'Rhône', mark)).toBe(true);
  });
});
