import { RecordRejected } from '@tajo/errors';
import { describe, expect, it } from '@jest/globals';
import { parseItem, type Resource } from '@tajo/mapping';
import * as fc from 'fast-check';

/** `fixtures/<resource>.json`: records as Klaviyo returns them, each with what must become of it. */
export interface ResourceFixture {
  /** What `map` is handed beside the record. */
  readonly rules: unknown;
  readonly cases: readonly FixtureCase[];
}

export interface FixtureCase {
  readonly name: string;
  readonly item: unknown;
  readonly expect: { row: unknown } | { skip: string } | { rejected: string; message: string };
}

/** What every resource promises. `hash` is what recognises an unchanged row. */
export function resourceSuite<Item, Rules, Row>({ resource, fixture, rules, hash }: ResourceSuite<Item, Rules, Row>): void {
  const carry = (raw: unknown): Outcome<Row> => outcomeOf(resource, raw, rules);

  describe(`the resource ${resource.name}`, () => {
    it.each(fixture.cases.map((given): [string, FixtureCase] => [given.name, given]))(
      '%s',
      (_name, { item, expect: expected }) => {
        expect(carry(item)).toEqual(expected);
      },
    );

    it('has fixtures for rows and rejections', () => {
      const kinds = new Set(fixture.cases.flatMap((given) => Object.keys(given.expect)));
      expect([...kinds]).toEqual(expect.arrayContaining(['row', 'rejected']));
      expect(fixture.cases.length).toBeGreaterThanOrEqual(10);
    });

    it('turns any record, however broken, into a row, a skip or a rejection that can be read', () => {
      const seen = new Set<string>();
      fc.assert(
        fc.property(malformed(fixture), (raw) => {
          const outcome = carry(raw);
          seen.add(Object.keys(outcome)[0] ?? '');
          if ('skip' in outcome) expect(outcome.skip).toMatch(/^\w[\w ,-]{5,}$/);
          if ('rejected' in outcome) {
            expect(outcome.rejected).toMatch(/^[a-z]+(_[a-z]+)+$/);
            expect(outcome.message).toMatch(/^[A-Z][^\n{}[\]]{20,300}\.$/);
            expect(outcome.message).not.toMatch(/undefined|NaN|\[object/);
          }
        }),
        { seed: 20260115, numRuns: 1000 },
      );
      // The generator is worth nothing if all it makes is rejected at the door.
      expect(seen).toContain('row');
      expect(seen).toContain('rejected');
    });

    it('is pure: the same record gives the same result and is left as it was', () => {
      for (const { item } of fixture.cases) {
        const frozen = deepFreeze(structuredClone(item));
        expect(carry(frozen)).toEqual(carry(frozen));
        expect(frozen).toEqual(item);
      }
    });

    it('hashes a row alike whatever the order of keys, and differently when the row differs', () => {
      const hashes = new Map<string, string>();
      for (const { item } of fixture.cases) {
        const outcome = carry(item);
        const turned = carry(reversedKeys(item));
        if (!('row' in outcome) || !('row' in turned)) continue;
        expect(hash(turned.row)).toBe(hash(outcome.row));
        expect(hash(JSON.parse(JSON.stringify(outcome.row)))).toBe(hash(outcome.row));
        hashes.set(hash(outcome.row), JSON.stringify(outcome.row));
      }
      const rows = fixture.cases.filter((given) => 'row' in given.expect);
      expect(hashes.size).toBe(new Set(rows.map((given) => JSON.stringify(given.expect))).size);
    });

    it('puts every row into a batch group', () => {
      for (const { item } of fixture.cases) {
        const outcome = carry(item);
        if ('row' in outcome) expect(resource.write.groupBy(outcome.row)).not.toBe('');
      }
    });

    it('shows no e-mail address and no phone number in reasons and notes', () => {
      for (const { item } of fixture.cases) {
        const outcome = carry(item);
        const said = JSON.stringify('row' in outcome ? Object(outcome.row).notes : outcome) ?? '';
        for (const secret of personal(item)) expect(said).not.toContain(secret);
      }
    });
  });
}

export interface ResourceSuite<Item, Rules, Row> {
  readonly resource: Resource<Item, Rules, Row>;
  readonly fixture: ResourceFixture;
  readonly rules: Rules;
  readonly hash: (row: Row) => string;
}

type Outcome<Row> = { row: Row } | { skip: string } | { rejected: string; message: string };

/** Anything but a RecordRejected passes through and fails the test. */
function outcomeOf<Item, Rules, Row>(resource: Resource<Item, Rules, Row>, raw: unknown, rules: Rules): Outcome<Row> {
  try {
    const mapped = resource.map(parseItem(resource, raw), rules);
    return mapped.kind === 'row' ? { row: mapped.row } : { skip: mapped.reason };
  } catch (thrown) {
    if (thrown instanceof RecordRejected) return { rejected: thrown.code, message: thrown.message };
    throw thrown;
  }
}

/** Real records with some of their parts replaced, removed or added, and plain junk. */
function malformed({ cases }: ResourceFixture): fc.Arbitrary<unknown> {
  const change = fc.record({ at: fc.array(fc.nat(40), { minLength: 1, maxLength: 5 }), junk, remove: fc.boolean() });
  const broken = fc
    .tuple(fc.constantFrom(...cases.map((given) => given.item)), fc.array(change, { minLength: 1, maxLength: 6 }))
    .map(([item, changes]) =>
      changes.reduce<unknown>(
        (record, { at, junk: by, remove }) => changed(record, at, remove ? undefined : { by }),
        structuredClone(item),
      ),
    );
  return fc.oneof({ weight: 9, arbitrary: broken }, { weight: 1, arbitrary: junk });
}

const deep = fc.nat({ max: 4000 }).map((depth): unknown => JSON.parse(`${'['.repeat(depth)}1${']'.repeat(depth)}`));
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    '',
    ' ',
    0,
    -1,
    1e308,
    'SUBSCRIBED',
    '+',
    '@',
    '2026-02-30',
    '\ud800',
    {},
    [],
    [null],
    { reason: null },
  ),
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.jsonValue(),
  deep,
  // A key that would set the prototype if it were assigned carelessly.
  fc.constant<unknown>(JSON.parse('{"__proto__":{"email":"x@example.com"},"constructor":1}')),
);

/** Walks to a place chosen by numbers and replaces what is there, or removes it. */
function changed(record: unknown, [step, ...rest]: readonly number[], replacement: { by: unknown } | undefined): unknown {
  if (typeof record !== 'object' || record === null) return replacement?.by;
  const keys = Object.keys(record);
  const key = step === undefined ? undefined : keys[step % Math.max(keys.length, 1)];
  if (key === undefined) return replacement?.by;
  // Records of a fixture are JSON; reading any part by name is safe.
  const from = record as Record<string, unknown>;
  const inner = from[key];
  const goesOn = rest.length > 0 && typeof inner === 'object' && inner !== null;
  if (goesOn) put(from, key, changed(inner, rest, replacement));
  else if (replacement) put(from, key, replacement.by);
  else delete from[key];
  return record;
}

/** A plain assignment to `__proto__`, which junk may have for a key, would set the prototype. */
function put(record: object, key: string, value: unknown): void {
  Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
}

function reversedKeys(record: unknown): unknown {
  if (Array.isArray(record)) return record.map(reversedKeys);
  if (typeof record !== 'object' || record === null) return record;
  return Object.fromEntries(
    Object.entries(record)
      .toReversed()
      .map(([key, inner]) => [key, reversedKeys(inner)]),
  );
}

function deepFreeze(record: unknown): unknown {
  if (typeof record === 'object' && record !== null) for (const inner of Object.values(Object.freeze(record))) deepFreeze(inner);
  return record;
}

/** Strings of a record that look like an address or a number to call. */
function personal(record: unknown): string[] {
  if (typeof record === 'string') return LOOKS_PERSONAL.test(record) ? [record.trim()] : [];
  return typeof record === 'object' && record !== null ? Object.values(record).flatMap(personal) : [];
}

const LOOKS_PERSONAL = /^(?!https:)(?!\d{4}-\d{2}-).*(?:@|\d{6})/;
