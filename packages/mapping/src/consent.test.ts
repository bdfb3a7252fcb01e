import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { addTally, type ConsentTally, consentTally, consentTallyFromBrevo, readConsent } from './consent.js';
import type { ContactRow } from './contact-row.js';
import { toImportRow } from './import-row.js';
import { parseItem } from './parse-item.js';
import { profiles } from './resources/profiles.js';
import type { ProfileRules } from './rules.js';

const RULES: ProfileRules = {
  mapping: { email: 'email', phone_number: 'SMS' },
  listRoles: ['all_contacts', 'subscribers'],
  listRules: {},
  attributeTypes: {},
  unmappedProperties: 'ignore',
  booleanAttributes: 'text',
  identity: 'ext_id',
};

function rowOf(attributes: Record<string, unknown>): ContactRow {
  const mapped = profiles.map(parseItem(profiles, { type: 'profile', id: '01A', attributes }), RULES);
  if (mapped.kind !== 'row') throw new Error(mapped.reason);
  return mapped.row;
}

const words = fc.constantFrom<unknown>(
  'SUBSCRIBED',
  'SUBSCRIBED',
  'SUBSCRIBED',
  'subscribed ',
  'UNSUBSCRIBED',
  'NEVER_SUBSCRIBED',
  'NEVER SUBSCRIBED',
  'SUBSCRIBED_PENDING',
  'RESUBSCRIBED',
  '',
  null,
  true,
  1,
  ['SUBSCRIBED'],
);
const can = fc.constantFrom<unknown>(true, true, true, false, 'true', 1, null, undefined, {});
const suppression = fc.constantFrom<unknown>(
  undefined,
  undefined,
  null,
  null,
  [],
  [],
  [{ reason: 'HARD_BOUNCE' }],
  [{ reason: 'INVALID_EMAIL' }],
  [{ reason: 'SPAM_COMPLAINT' }],
  [{ reason: 'UNSUBSCRIBE' }],
  [{ reason: 'USER_SUPPRESSED' }],
  [{ reason: 'NEW' }],
  [{}],
  [null],
  'HARD_BOUNCE',
  {},
  false,
  0,
  '',
);
const leaf = (canReceive: string) => fc.record({ consent: words, [canReceive]: can, suppression }, { requiredKeys: [] });
const channel = (canReceive: string) =>
  fc.oneof({ weight: 8, arbitrary: fc.record({ marketing: leaf(canReceive) }) }, { weight: 1, arbitrary: fc.jsonValue() });
const subscriptions = fc.record(
  { email: channel('can_receive_email_marketing'), sms: channel('can_receive_sms_marketing') },
  { requiredKeys: [] },
);

function consentedOn(day: string) {
  return { marketing: { consent: 'SUBSCRIBED', consent_timestamp: `${day}T10:00:00+00:00` } };
}

/** The promise, written a second time and without looking at the code. */
function mayReceive(given: unknown, medium: 'email' | 'sms'): boolean {
  const marketing = JSON.parse(JSON.stringify(given))?.[medium]?.marketing;
  const suppressed = marketing?.suppression;
  return (
    marketing?.consent === 'SUBSCRIBED' &&
    marketing[`can_receive_${medium}_marketing`] === true &&
    (suppressed === undefined || suppressed === null || (Array.isArray(suppressed) && suppressed.length === 0))
  );
}

describe('consent', () => {
  it('never opens a channel unless Klaviyo says subscribed and can receive and not suppressed', () => {
    let open = 0;
    fc.assert(
      fc.property(subscriptions, (given) => {
        const { emailBlocked, smsBlocked, lists } = rowOf({
          email: 'a@example.com',
          phone_number: '+14155550132',
          subscriptions: given,
        });
        expect(emailBlocked).toBe(!mayReceive(given, 'email'));
        expect(smsBlocked).toBe(!mayReceive(given, 'sms'));
        expect(lists.includes('subscribers')).toBe(!emailBlocked);
        if (!emailBlocked) open += 1;
      }),
      { seed: 7, numRuns: 3000 },
    );
    expect(open).toBeGreaterThan(20);
  });

  it('is closed for a channel the contact has no address in', () => {
    const all = { marketing: { consent: 'SUBSCRIBED', can_receive_email_marketing: true, can_receive_sms_marketing: true } };
    expect(rowOf({ email: 'a@example.com', subscriptions: { email: all, sms: all } }).smsBlocked).toBe(true);
    expect(rowOf({ phone_number: '+14155550132', subscriptions: { email: all, sms: all } }).emailBlocked).toBe(true);
  });

  it('is not given for an address from another field than Klaviyo’s own', () => {
    const email = { marketing: { consent: 'SUBSCRIBED', can_receive_email_marketing: true } };
    const item = parseItem(profiles, {
      type: 'profile',
      id: '01A',
      attributes: { email: 'a@example.com', properties: { work: 'w@example.com' }, subscriptions: { email } },
    });
    const mapped = profiles.map(item, { ...RULES, mapping: { work: 'EMAIL' } });
    expect(mapped).toMatchObject({ row: { email: 'w@example.com', emailBlocked: true, lists: ['all_contacts'] } });
    expect(mapped).toMatchObject({ row: { notes: [{ field: 'work' }] } });
  });

  it('counts the same words on both sides, whatever the profile', () => {
    const klaviyo: ConsentTally = {};
    const brevo: ConsentTally = {};
    fc.assert(
      fc.property(subscriptions, fc.boolean(), fc.boolean(), (given, hasEmail, hasPhone) => {
        const row = rowOf({
          email: hasEmail ? 'a@example.com' : null,
          phone_number: hasPhone || !hasEmail ? '+14155550132' : null,
          subscriptions: given,
        });
        const { email = '14155550132@mailin-sms.com', attributes } = toImportRow(row, 'ext_id');
        addTally(klaviyo, consentTally(row));
        addTally(
          brevo,
          consentTallyFromBrevo({ email, attributes, emailBlacklisted: row.emailBlocked, smsBlacklisted: row.smsBlocked }),
        );
      }),
      { seed: 8, numRuns: 1000 },
    );
    expect(brevo).toEqual(klaviyo);
    const counted = [
      'email.subscribed',
      'email.unsubscribed',
      'email.never_subscribed',
      'sms.subscribed',
      'mailable.email',
      'mailable.sms',
      'no_email',
      'no_phone',
    ];
    for (const key of counted) expect(klaviyo[key]).toBeGreaterThan(0);
    for (const reason of ['HARD_BOUNCE', 'INVALID_EMAIL', 'SPAM_COMPLAINT', 'UNSUBSCRIBE', 'USER_SUPPRESSED', 'UNKNOWN']) {
      expect(klaviyo[`suppressed.${reason}`]).toBeGreaterThan(0);
    }
  });

  it('shows when Brevo dropped the consent attributes', () => {
    const counts = consentTallyFromBrevo({
      email: 'a@example.com',
      attributes: {},
      emailBlacklisted: false,
      smsBlacklisted: false,
    });
    expect(counts).toEqual({ 'email.not_recorded': 1, 'sms.not_recorded': 1, 'mailable.email': 1, no_phone: 1 });
  });

  it('overwrites a lifted suppression, since imports skip empty values', () => {
    expect(rowOf({ email: 'a@example.com' }).attributes['KLAVIYO_SUPPRESSED']).toBe('NONE');
  });

  it('takes the date of the e-mail consent before that of SMS', () => {
    expect(
      rowOf({ email: 'a@example.com', subscriptions: { email: consentedOn('2026-01-05'), sms: consentedOn('2025-01-05') } })
        .attributes,
    ).toMatchObject({ KLAVIYO_CONSENT_AT: '2026-01-05' });
    expect(rowOf({ email: 'a@example.com', subscriptions: { sms: consentedOn('2025-01-05') } }).attributes).toMatchObject({
      KLAVIYO_CONSENT_AT: '2025-01-05',
    });
    expect(readConsent(null).email).not.toHaveProperty('since');
  });
});
