import { describe, expect, it } from '@jest/globals';
import { type ContactRow, createMark, printOfContact, printOfRow } from '@tajo/mapping';
import type { Link, Rejection } from '@tajo/store';
import type { ContactRules } from '../targets/contacts/rules.js';
import { type BrevoSide, compareRecord, type Ground, type Pair } from './compare-record.js';

const MARK = createMark('key');
const DAY = 86_400_000;
const NOW = Date.parse('2026-06-01T12:00:00Z');

const rules: ContactRules = {
  mapping: { first_name: 'FIRSTNAME', orders: 'ORDERS', vip: 'VIP' },
  listRoles: ['all_contacts', 'subscribers'],
  listRules: {},
  attributeTypes: { FIRSTNAME: 'text', ORDERS: 'float', VIP: 'text' },
  unmappedProperties: 'ignore',
  booleanAttributes: 'text',
  identity: 'ext_id',
  listIds: { all_contacts: 20, subscribers: 21 },
  counterparts: 'sweep',
};
const settings: Ground['settings'] = {
  direction: 'klaviyo-to-brevo',
  owner: { default: 'klaviyo', byName: {} },
  foreignChanges: 'put_back',
};
const ground: Ground = { rules, settings, carriedUpTo: NOW - DAY, startedAt: NOW };

const row: ContactRow = {
  sourceId: 'P1',
  email: 'ann@example.com',
  phone: '+14155550132',
  attributes: { FIRSTNAME: 'Ann', ORDERS: 3 },
  emailBlocked: false,
  smsBlocked: true,
  lists: ['all_contacts', 'subscribers'],
  consent: { email: 'subscribed', sms: 'never_subscribed', suppressions: [] },
  notes: [],
};
// What of a link the comparison reads.
const link = { at: new Date(NOW - 2 * DAY), blockedByUs: { email: false, sms: true }, lists: [20, 21] } as unknown as Link;
const read = { email: 'Ann@Example.com', attributes: { FIRSTNAME: 'Ann', ORDERS: '3', SMS: '14155550132', OWN: 'x' } };

function contact(changes: Partial<BrevoSide> & { read?: Parameters<typeof printOfContact>[0] } = {}): BrevoSide {
  const { read: own = read, ...rest } = changes;
  return {
    sourceId: 'P1',
    print: printOfContact(own, rules, MARK),
    emailBlocked: false,
    smsBlocked: true,
    lists: [20, 21],
    modifiedAt: NOW - 2 * DAY,
    ...rest,
  };
}

function compared(changes: Partial<Pair> = {}, where: Partial<Ground> = {}) {
  const wanted = printOfRow(changes.row ?? row, rules, MARK);
  const updatedAt = NOW - 3 * DAY;
  return compareRecord(
    { row, wanted, contact: contact(), link, rejection: undefined, updatedAt, phoneTaken: false, ...changes },
    { ...ground, ...where },
  );
}

const edited = contact({ read: { ...read, attributes: { ...read.attributes, FIRSTNAME: 'Bea' } }, modifiedAt: NOW - DAY / 2 });

describe('a profile beside its contact', () => {
  it('is alike whatever way values are written', () => {
    expect(compared()).toEqual([]);
  });

  it.each([
    [
      'changed in Brevo',
      { contact: edited },
      { kind: 'field', field: 'FIRSTNAME', explained: false, reason: 'changed in Brevo since it was written' },
    ],
    ['missing in Brevo', { contact: undefined }, { kind: 'missing_in_brevo', field: null, explained: false }],
    [
      'never written',
      { contact: undefined, link: undefined },
      { kind: 'missing_in_brevo', reason: 'never written', explained: false },
    ],
    ['off a list', { contact: contact({ lists: [20] }) }, { kind: 'list', field: 'subscribers', explained: false }],
    [
      'mailable though Klaviyo forbids it',
      { row: { ...row, emailBlocked: true, lists: ['all_contacts'] }, contact: contact({ lists: [20] }) },
      { kind: 'consent', field: 'e-mail', explained: false },
    ],
    [
      'blocked by somebody in Brevo',
      { contact: contact({ emailBlocked: true, lists: [20] }) },
      { kind: 'consent', explained: true },
    ],
    ['without our id', { contact: contact({ sourceId: null }) }, { kind: 'field', field: 'EXT_ID', explained: false }],
    [
      'without a value in Klaviyo',
      { row: { ...row, attributes: { FIRSTNAME: 'Ann' } } },
      { kind: 'field', field: 'ORDERS', explained: true },
    ],
    [
      'of a number somebody else has',
      { contact: contact({ read: { ...read, attributes: { FIRSTNAME: 'Ann', ORDERS: 3 } } }), phoneTaken: true },
      { kind: 'field', field: 'SMS', explained: true },
    ],
    [
      'with a value that does not fit',
      { row: { ...row, notes: [{ field: 'vip', reason: 'left out: it is a list' }] } },
      { kind: 'not_carried', field: 'vip', explained: true },
    ],
  ] as const)('is named when it is %s', (_, changes, expected) => {
    expect(compared(changes as Partial<Pair>)).toEqual([expect.objectContaining(expected)]);
  });

  it.each([
    [
      'it was refused',
      { rejection: { outcome: 'rejected', reason: 'duplicate_phone_id' } as Rejection },
      'rejected: duplicate_phone_id',
    ],
    [
      'Klaviyo changed it since the last run',
      { updatedAt: NOW - 60_000 },
      'changed in Klaviyo since the last run, the next one carries it',
    ],
    ['Klaviyo changed it meanwhile', { updatedAt: NOW + 1 }, 'changed after the look began'],
    ['Brevo changed it meanwhile', { contact: { ...edited, modifiedAt: NOW + 1 } }, 'changed after the look began'],
  ])('is explained when %s', (_, changes, reason) => {
    expect(compared({ contact: edited, ...changes })).toEqual([expect.objectContaining({ explained: true, reason })]);
  });

  it('keeps what Brevo owns, on both ways only', () => {
    const owner = { default: 'klaviyo', byName: { first_name: 'brevo' } } as const;
    const both = { settings: { ...settings, direction: 'both', owner } } as const;
    expect(compared({ contact: edited }, both)).toEqual([expect.objectContaining({ explained: true, reason: 'owned by Brevo' })]);
    expect(compared({ contact: edited }, { settings: { ...settings, owner } })).toEqual([
      expect.objectContaining({ explained: false }),
    ]);
    const left = { settings: { ...settings, direction: 'both', foreignChanges: 'leave' } } as const;
    expect(compared({ contact: edited }, left)).toEqual([expect.objectContaining({ explained: true })]);
  });

  it('is told by names and reasons alone', () => {
    const all = JSON.stringify([compared({ contact: edited }), compared({ contact: undefined }), printOfRow(row, rules, MARK)]);
    expect(all).not.toMatch(/Ann|Bea|example\.com|4155550132/);
  });
});
