import { describe, expect, it } from '@jest/globals';
import { hashRow } from './hash.js';
import { approxBytes, consentGroup, toImportRow } from './import-row.js';
import { parseItem, sourceIdOf } from './parse-item.js';
import { inferTypes, nameProperties } from './plan-attributes.js';
import type { ProfileItem } from './profile-item.js';
import { profiles } from './resources/profiles.js';
import { findValue, meetsRule, type ProfileRules } from './rules.js';

const RULES: ProfileRules = {
  mapping: {
    email: 'email',
    phone_number: 'SMS',
    first_name: 'firstname',
    lifetime_value: 'LTV',
    points: 'POINTS',
    joined: 'JOINED',
    vip: 'VIP',
    external_id: 'EXT_ID',
  },
  listRoles: ['all_contacts'],
  listRules: {},
  attributeTypes: { FIRSTNAME: 'text', LTV: 'float' },
  unmappedProperties: 'ignore',
  booleanAttributes: 'text',
  identity: 'ext_id',
};

function profile(attributes: Record<string, unknown>): ProfileItem {
  return parseItem(profiles, { type: 'profile', id: '01A', attributes: { email: 'a@example.com', ...attributes } });
}

function rowOf(attributes: Record<string, unknown>, rules = RULES) {
  const mapped = profiles.map(profile(attributes), rules);
  if (mapped.kind !== 'row') throw new Error(mapped.reason);
  return mapped.row;
}

describe('a left name', () => {
  const item = profile({
    title: '',
    last_name: 'Attribute',
    location: { city: 'Location', zip: '1' },
    properties: { last_name: 'x', city: 'x', title: 'Property', 'a.b': 'exact', a: { b: 'path', c: { d: 'deep' } }, list: ['x'] },
  });

  it.each([
    ['last_name', 'Attribute', 'attribute'],
    ['city', 'Location', 'location'],
    ['location.city', 'Location', 'location'],
    ['title', 'Property', 'property'],
    ['a.b', 'exact', 'property'],
    ['a.c.d', 'deep', 'property'],
    ['properties.last_name', 'x', 'property'],
  ])('%s finds %j in the %s', (name, value, from) => {
    expect(findValue(item, name)).toEqual({ value, from });
  });

  it.each([
    'nowhere',
    'a.x.y',
    'list.length',
    'list.0',
    'constructor',
    'toString.name',
    'properties',
    'subscriptions',
    '__proto__',
    '',
  ])('%j finds nothing', (name) => {
    expect(findValue(item, name)).toBeUndefined();
  });
});

describe('a list rule', () => {
  it.each([
    [{ gte: 500 }, 500, true],
    [{ gte: 500 }, '1,234.50', true],
    [{ gte: 500 }, 499.99, false],
    [{ gt: 500 }, 500, false],
    [{ gte: 100, lt: 200 }, 150, true],
    [{ gte: 100, lt: 200 }, 200, false],
    [{ lte: 5 }, 6, false],
    [{ gte: 0 }, 'plenty', false],
    [{ gte: 0 }, null, false],
    [{ equals: 'gold' }, ' Gold', true],
    [{ equals: true }, 'true', true],
    [{ equals: 3 }, '3.0', true],
    [{ equals: 'gold' }, ['gold'], false],
    [{}, 1, false],
  ])('%j with %j: %p', (rule, value, wanted) => {
    expect(meetsRule(profile({ properties: { it: value } }), { property: 'it', ...rule })).toBe(wanted);
  });

  it('decides who is on its list; a role without a rule has nobody', () => {
    const rules = {
      ...RULES,
      listRoles: ['high_value', 'mystery', 'all_contacts'],
      listRules: { high_value: { property: 'lifetime_value', gte: 500 } },
    };
    expect(rowOf({ properties: { lifetime_value: '$700' } }, rules).lists).toEqual(['all_contacts', 'high_value']);
    expect(rowOf({}, rules).lists).toEqual(['all_contacts']);
  });
});

describe('the attributes to create', () => {
  const sample = [
    profile({ properties: { points: 5, joined: '2026-01-01', vip: true, lifetime_value: 'n/a', Color: 'red', color: 1 } }),
    profile({ properties: { points: '7', joined: '2026-01-02', vip: false, Email: 'x' } }),
  ];

  it('have the types of their meaning, else of the sample, and cover consent', () => {
    expect(inferTypes(sample, RULES)).toEqual({
      FIRSTNAME: 'text',
      LTV: 'float',
      POINTS: 'float',
      JOINED: 'date',
      VIP: 'text',
      KLAVIYO_EMAIL_CONSENT: 'text',
      KLAVIYO_SMS_CONSENT: 'text',
      KLAVIYO_SUPPRESSED: 'text',
      KLAVIYO_CONSENT_AT: 'date',
    });
    expect(inferTypes(sample, { ...RULES, booleanAttributes: 'boolean', identity: 'attribute' })).toMatchObject({
      VIP: 'boolean',
      KLAVIYO_ID: 'text',
    });
  });

  it('include unmapped properties only on request, under names of their own', () => {
    expect(nameProperties(sample, RULES)).toEqual({});
    const rules: ProfileRules = { ...RULES, unmappedProperties: 'create' };
    const propertyNames = nameProperties(sample, rules);
    expect(Object.keys(propertyNames).sort()).toEqual(['Color', 'Email', 'color']);
    expect(propertyNames['Email']).toMatch(/^EMAIL_/);
    expect(new Set(Object.values(propertyNames)).size).toBe(3);
    const attributeTypes = inferTypes(sample, { ...rules, propertyNames });
    expect(attributeTypes[propertyNames['color'] ?? '']).toBe('float');
    const row = rowOf({ properties: { Color: 'red', color: 1 } }, { ...rules, propertyNames, attributeTypes });
    expect(row.attributes).toMatchObject({ [propertyNames['Color'] ?? '']: 'red', [propertyNames['color'] ?? '']: 1 });
    expect(row.notes).toEqual([]);
  });
});

describe('a mapped row', () => {
  it('takes the first of two fields with one target and says so', () => {
    const rules: ProfileRules = { ...RULES, mapping: { ...RULES.mapping, nick: 'FIRSTNAME' } };
    const row = rowOf({ first_name: 'Ann', properties: { nick: 'Annie' } }, rules);
    expect(row.attributes['FIRSTNAME']).toBe('Ann');
    expect(row.notes).toEqual([{ field: 'nick', reason: 'left out: another field already fills FIRSTNAME' }]);
    expect(rowOf({ properties: { nick: 'Annie' } }, rules).attributes['FIRSTNAME']).toBe('Annie');
  });

  it('keeps reserved attributes to itself', () => {
    const row = rowOf({ external_id: 'crm-1' });
    expect(row.notes).toEqual([{ field: 'external_id', reason: 'left out: EXT_ID is reserved for what the sync itself writes' }]);
    expect(toImportRow(row, 'ext_id').attributes['EXT_ID']).toBe('01A');
  });

  it('has no SMS when the mapping sends the phone number elsewhere', () => {
    const rules: ProfileRules = {
      ...RULES,
      mapping: { email: 'EMAIL', phone_number: 'MOBILE' },
      attributeTypes: { MOBILE: 'text' },
    };
    const row = rowOf({ phone_number: '+14155550132' }, rules);
    expect(row).not.toHaveProperty('phone');
    expect(row.attributes['MOBILE']).toBe('+14155550132');
  });

  it('becomes a row of an import, with the Klaviyo id where the account keeps it', () => {
    const row = rowOf({ phone_number: '+14155550132', first_name: 'Ann' });
    expect(toImportRow(row, 'ext_id')).toMatchObject({
      email: 'a@example.com',
      attributes: { FIRSTNAME: 'Ann', SMS: '+14155550132', EXT_ID: '01A' },
    });
    const other = toImportRow(row, 'attribute');
    expect(other.attributes['KLAVIYO_ID']).toBe('01A');
    expect(other.attributes).not.toHaveProperty('EXT_ID');
    expect(toImportRow(rowOf({ email: null, phone_number: '+14155550132' }), 'ext_id')).not.toHaveProperty('email');
  });

  it('counts as many bytes as it adds to the body', () => {
    const rows = [rowOf({ first_name: 'Zoë 😀' }), rowOf({ first_name: '"\\' })];
    const body = Buffer.byteLength(JSON.stringify(rows.map((each) => toImportRow(each, 'ext_id'))));
    expect(rows.reduce((sum, each) => sum + approxBytes(each, 'ext_id'), 1)).toBe(body);
  });

  it('travels only with rows of the same flags and lists', () => {
    const row = rowOf({});
    expect(consentGroup(row)).toBe('email:blocked sms:blocked lists:all_contacts');
    expect(consentGroup({ ...row, lists: ['b', 'a'] })).toBe(consentGroup({ ...row, lists: ['a', 'b'] }));
    const groups = [row, { ...row, emailBlocked: false }, { ...row, smsBlocked: false }, { ...row, lists: [] }].map(consentGroup);
    expect(new Set(groups).size).toBe(4);
  });

  it('has another hash as soon as anything that is written differs, and only then', () => {
    const row = rowOf({ first_name: 'Ann' });
    const same = hashRow({ ...row, notes: [{ field: 'x', reason: 'y' }] });
    expect(same).toBe(hashRow(row));
    const others = [
      { ...row, emailBlocked: false },
      { ...row, smsBlocked: false },
      { ...row, lists: [] },
      { ...row, phone: '+14155550132' },
      { ...row, email: 'b@example.com' },
      { ...row, attributes: { ...row.attributes, FIRSTNAME: 'Bea' } },
      { ...row, sourceId: '01B' },
    ].map((each) => hashRow(each));
    expect(new Set([hashRow(row), hashRow(row, 'lists 20,21'), ...others]).size).toBe(9);
  });
});

it.each([
  [{ id: '01A' }, '01A'],
  [{ id: 7 }, '7'],
  [{ id: 7.5 }, undefined],
  [{ id: '' }, undefined],
  [null, undefined],
  ['01A', undefined],
])('the id of the unreadable record %j is %j', (raw, wanted) => {
  expect(sourceIdOf(raw)).toBe(wanted);
});
