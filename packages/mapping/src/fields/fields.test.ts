import { describe, expect, it } from '@jest/globals';
import { convert } from '../convert.js';
import { attributeName, attributeNames, MAX_NAME_LENGTH } from './attribute-name.js';
import { toBoolean } from './boolean.js';
import { toEmail } from './email.js';
import { inferType } from './infer-type.js';
import { toNumber } from './number.js';
import type { Outcome } from './outcome.js';
import { toPhone } from './phone.js';
import { regionOf } from './region.js';
import { MAX_TEXT_LENGTH, toText } from './text.js';
import { toDay } from './timestamp.js';

const REFUSED = Symbol('refused');

/** The value, undefined for "nothing there", REFUSED for a misfit. */
function plain<T>(outcome: Outcome<T>): T | undefined | typeof REFUSED {
  if (outcome.kind === 'value') return outcome.value;
  return outcome.kind === 'empty' ? undefined : REFUSED;
}

describe('an e-mail address', () => {
  it.each([
    ['Ann@Example.COM ', 'ann@example.com'],
    ["o'neil+tag@mail.example.co.uk", "o'neil+tag@mail.example.co.uk"],
    ['a@b-c.io', 'a@b-c.io'],
    ['ann@bücher.example', 'ann@xn--bcher-kva.example'],
    ['', undefined],
    [null, undefined],
    ['14155550132@mailin-sms.com', undefined],
  ])('%j becomes %j', (input, wanted) => {
    expect(plain(toEmail(input))).toBe(wanted);
  });

  it.each([
    'ann',
    '@example.com',
    'ann@',
    'ann@localhost',
    'ann@example',
    'ann@@example.com',
    'a b@example.com',
    '.a@example.com',
    'a.@example.com',
    'a..b@example.com',
    'ann@-example.com',
    'ann@example-.com',
    'ann@example..com',
    'ann@.example.com',
    'ann@example.com.',
    'ann@example.c',
    'ann@127.0.0.1',
    'ann@[127.0.0.1]',
    '"a b"@example.com',
    'ann@exa_mple.com',
    'a\u0000@example.com',
    'a\u200b@example.com',
    'Ann <ann@example.com>',
    'ann@example.com,bob@example.com',
    'zoë@example.com',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(64)}.com`,
    `a@${'b.'.repeat(126)}com`,
    42,
    ['a@example.com'],
  ])('%j is refused', (input) => {
    expect(plain(toEmail(input))).toBe(REFUSED);
  });

  it('is decided in no time whatever the input', () => {
    const started = performance.now();
    toEmail(`${'a.'.repeat(100_000)}@${'b.'.repeat(100_000)}`);
    toEmail(`${'a'.repeat(253)}!`);
    expect(performance.now() - started).toBeLessThan(200);
  });
});

describe('a phone number', () => {
  it.each([
    ['+1 (415) 555-0132', undefined, '+14155550132'],
    ['06 12 34 56 78', 'FR', '+33612345678'],
    ['0033 6 12 34 56 78', undefined, '+33612345678'],
    ['00 44 7911 123456', 'US', '+447911123456'],
    ['+447911123456', 'US', '+447911123456'],
    [33612345678, 'FR', '+33612345678'],
    ['', 'FR', undefined],
  ] as const)('%j in %j becomes %j', (input, region, wanted) => {
    expect(plain(toPhone(input, region))).toBe(wanted);
  });

  it.each([
    ['06 12 34 56 78', undefined],
    ['33612345678', undefined],
    ['+1999', undefined],
    ['call me on +33612345678', undefined],
    ['12', 'FR'],
    [true, 'FR'],
  ] as const)('%j in %j is refused', (input, region) => {
    expect(plain(toPhone(input, region))).toBe(REFUSED);
  });
});

it.each([
  ['fr', 'FR'],
  ['United States', 'US'],
  ['USA', 'US'],
  ['Deutschland', 'DE'],
  ["Côte d'Ivoire", 'CI'],
  ['espana', 'ES'],
  ['Türkiye', 'TR'],
  ['Turkey', 'TR'],
  ['Atlantis', undefined],
  ['constructor', undefined],
  [null, undefined],
])('the country %j is %j', (input, wanted) => {
  expect(regionOf(input)).toBe(wanted);
});

describe('a number', () => {
  it.each([
    [12.5, 12.5],
    ['1,234.50', 1234.5],
    ['1.234,50', 1234.5],
    ['1 234,50', 1234.5],
    ['1\u202f234', 1234],
    ["1'234.5", 1234.5],
    ['12,5', 12.5],
    ['0,123', 0.123],
    ['1,234', 1234],
    ['1.234', 1.234],
    ['1,234,567', 1234567],
    ['1.234.567', 1234567],
    ['$19.99', 19.99],
    ['19,99 €', 19.99],
    ['-5', -5],
    ['\u22125', -5],
    ['-0', 0],
    ['1e3', 1000],
    ['.5', 0.5],
    [' ', undefined],
  ])('%j becomes %j', (input, wanted) => {
    expect(plain(toNumber(input))).toBe(wanted);
  });

  it.each([
    'abc',
    '12%',
    '1,23,4',
    '1.2.3',
    '0x10',
    'Infinity',
    '1e999',
    '12345678901234567890',
    1e300,
    true,
    [1],
    '1 2',
    '--1',
    '1,234.5.6',
  ])('%j is refused', (input) => {
    expect(plain(toNumber(input))).toBe(REFUSED);
  });
});

describe('a date', () => {
  it.each([
    ['2026-01-05', '2026-01-05'],
    ['2026-01-05T23:10:00+00:00', '2026-01-05'],
    ['2026-01-05 23:10:00.123456', '2026-01-05'],
    ['2026-01-05T23:10Z', '2026-01-05'],
    ['1990-05-01T00:00:00+02:00', '1990-05-01'],
    ['5.1.2026', '2026-01-05'],
    ['2026/1/5', '2026-01-05'],
    ['20240229', '2024-02-29'],
    [1767225600, '2026-01-01'],
    [1767225600000, '2026-01-01'],
    ['1767225600', '2026-01-01'],
    [null, undefined],
  ])('%j becomes %j', (input, wanted) => {
    expect(plain(toDay(input))).toBe(wanted);
  });

  it.each([
    '2026-02-30',
    '2025-02-29',
    '0000-00-00',
    '2026-13-01',
    '03/04/2026',
    'tomorrow',
    12,
    -5,
    Number.NaN,
    1e18,
    true,
    '20241399',
    ['2026-01-05'],
  ])('%j is refused', (input) => {
    expect(plain(toDay(input))).toBe(REFUSED);
  });
});

it.each([
  [true, true],
  ['Yes', true],
  [0, false],
  ['', undefined],
  ['perhaps', REFUSED],
  ['constructor', REFUSED],
])('the boolean %j becomes %p', (input, wanted) => {
  expect(plain(toBoolean(input))).toBe(wanted);
});

describe('a text', () => {
  it('is cut between characters, with a note', () => {
    const outcome = toText('😀'.repeat(MAX_TEXT_LENGTH + 1));
    expect(outcome).toEqual({ kind: 'value', value: '😀'.repeat(MAX_TEXT_LENGTH), note: expect.stringContaining('cut') });
    expect(toText('😀'.repeat(MAX_TEXT_LENGTH))).not.toHaveProperty('note');
  });

  it.each([
    ['a\u0000b\u0085c\u007f', 'abc'],
    ['two\r\nlines\tand a tab', 'two\nlines\tand a tab'],
    ['half \ud83d a smile', 'half \ufffd a smile'],
    [{ b: 1, a: { d: [true], c: null } }, '{"a":{"c":null,"d":[true]},"b":1}'],
    [['x', 1], '["x",1]'],
    [12.5, '12.5'],
    [false, 'false'],
    [[], undefined],
    [{}, undefined],
    ['\u0000', undefined],
  ])('%j becomes %j', (input, wanted) => {
    expect(plain(toText(input))).toBe(wanted);
  });

  it('refuses what is nested too deeply instead of exhausting the stack', () => {
    expect(plain(toText(JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`)))).toBe(REFUSED);
  });
});

describe('the name of an attribute', () => {
  it.each([
    ['Favourite Color', 'FAVOURITE_COLOR'],
    ['firstPurchaseDate', 'FIRST_PURCHASE_DATE'],
    ['$source', 'SOURCE'],
    ['Größe', 'GROSSE'],
    ['café-club', 'CAFE_CLUB'],
    ['2nd order', 'P_2ND_ORDER'],
  ])('of %j is %j', (property, wanted) => {
    expect(attributeName(property)).toBe(wanted);
  });

  it('exists for names without a single usable character, and never exceeds the limit', () => {
    expect(attributeName('名前')).toMatch(/^PROPERTY_[0-9A-F]{8}$/);
    expect(attributeName('名前')).not.toBe(attributeName('年齢'));
    const [long, longer] = [attributeName('x'.repeat(80)), attributeName('x'.repeat(81))];
    expect(long).toHaveLength(MAX_NAME_LENGTH);
    expect(long).not.toBe(longer);
  });

  it('is one of its own for each property, whatever the order they are seen in', () => {
    const properties = ['Color', 'color', 'size', 'E-Mail', 'email'];
    const names = attributeNames(properties, { taken: ['EMAIL'] });
    expect(new Set(Object.values(names)).size).toBe(properties.length);
    expect(names['size']).toBe('SIZE');
    expect(Object.values(names)).not.toContain('COLOR');
    expect(Object.values(names)).not.toContain('EMAIL');
    expect(attributeNames(properties.toReversed(), { taken: ['EMAIL'] })).toEqual(names);
    for (const name of Object.values(names)) expect(name).toMatch(/^[A-Z][A-Z0-9_]*$/);
  });

  it('stays once given, also when a property that would share it turns up', () => {
    const first = attributeNames(['color']);
    const second = attributeNames(['Color', 'color'], { known: first });
    expect(second['color']).toBe('COLOR');
    expect(second['Color']).toMatch(/^COLOR_[0-9A-F]{8}$/);
  });
});

describe('the inferred type', () => {
  it.each([
    [[1, 2.5, null], 'float'],
    [[1, '2,5'], 'float'],
    [['01234', '80331'], 'text'],
    [[1, 'one'], 'text'],
    [[1, true], 'text'],
    [['2026-01-05', '2026-01-06T10:00:00Z'], 'date'],
    [['2026-01-05', 'soon'], 'text'],
    [['03.04.2026'], 'text'],
    [[['a']], 'text'],
    [[], 'text'],
    [[null, ''], 'text'],
  ] as const)('of %j is %j', (values, wanted) => {
    expect(inferType(values, 'text')).toBe(wanted);
  });

  it('of booleans is what the settings say', () => {
    expect(inferType([true, false, null], 'text')).toBe('text');
    expect(inferType([true, false, null], 'boolean')).toBe('boolean');
  });

  it('fits every value it was inferred from', () => {
    const samples = [[1, '2,5'], ['2026-01-05'], [true, 'x'], [{ a: 1 }, 3], [false]];
    for (const values of samples) {
      for (const each of values) expect(convert(each, inferType(values, 'boolean')).kind).toBe('value');
    }
  });
});

describe('a value on its way to an attribute', () => {
  it('fits a category as one label and a multiple choice as distinct options', () => {
    expect(plain(convert('Gold', 'category'))).toBe('Gold');
    expect(plain(convert(['Gold'], 'category'))).toBe(REFUSED);
    expect(plain(convert('tea', 'multiple-choice'))).toEqual(['tea']);
    expect(plain(convert(['tea', 1, null, ' tea'], 'multiple-choice'))).toEqual(['tea', '1']);
    expect(convert(['x'.repeat(201)], 'multiple-choice')).toHaveProperty('note');
  });

  it.each(['id', 'user', 'calculated'] as const)('is refused for the type %s, which Brevo fills itself', (type) => {
    expect(plain(convert('x', type))).toBe(REFUSED);
  });
});
