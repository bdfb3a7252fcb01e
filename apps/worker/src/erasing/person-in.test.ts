import { describe, expect, it } from '@jest/globals';
import { namesPerson, personIn } from './person-in.js';

const profile = { type: 'profile', id: 'P1', attributes: { email: 'Ann@Example.com', phone_number: '+14155550132' } };
const ann = { klaviyoIds: ['P1'], emails: ['Ann@Example.com'], phones: ['+14155550132'] };
const nobody = { klaviyoIds: [], emails: [], phones: [] };

describe('who a record is about', () => {
  it.each([
    ['a profile', profile, ann],
    [
      'a profile without an address',
      { type: 'profile', id: 'P1', attributes: { email: null } },
      { ...nobody, klaviyoIds: ['P1'] },
    ],
    ['a profile without attributes', { type: 'profile', id: 'P1' }, { ...nobody, klaviyoIds: ['P1'] }],
    [
      'an event that names a profile',
      { type: 'event', id: 'E1', relationships: { profile: { data: { type: 'profile', id: 'P1' } } } },
      { ...nobody, klaviyoIds: ['P1'] },
    ],
    ['an event whose profile came along', { type: 'event', id: 'E1', included: { profile } }, ann],
    ['a coupon', { type: 'coupon', id: 'C1', attributes: { email: 'shop@example.com' } }, nobody],
    ['nothing', null, nobody],
    ['nonsense', { relationships: 7, included: 'x' }, nobody],
  ])('%s', (_, item, expected) => {
    expect(personIn(item)).toEqual(expected);
  });
});

describe('a row that names a person', () => {
  const isTheirs = namesPerson({ klaviyoIds: ['01ABC'], emails: ['ann@example.com'], phones: ['14155550132'] });

  it.each([
    ['by id', { row: { sourceId: '01ABC' } }],
    ['as a member of a list', { sourceId: 'LIST1|01ABC' }],
    ['by an address in any case', { row: { email: 'ANN@Example.com' } }],
    ['by an address within a text', { properties: { note: ['please call ann@example.com back'] } }],
    ['by a number in any spelling', { phone: '+1 (415) 555-0132' }],
  ])('%s', (_, row) => {
    expect(isTheirs(row)).toBe(true);
  });

  it.each([
    ['another id that begins alike', { sourceId: '01ABCD' }],
    ['another address', { email: 'joann@example.org' }],
    ['a longer number', { phone: '+141555501329' }],
    ['a number that is none', { price: 14155550132, sku: 'x14155550132' }],
    ['nothing', null],
  ])('is not one with %s', (_, row) => {
    expect(isTheirs(row)).toBe(false);
  });
});
