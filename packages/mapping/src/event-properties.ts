import type { FieldNote } from './contact-row.js';
import { cleanText, cutText } from './fields/text.js';

export type EventValue = string | number | boolean | readonly EventValue[] | { readonly [key: string]: EventValue };
export type EventProperties = Readonly<Record<string, EventValue>>;

/** Brevo says 50 KB and not which; the smaller reading is right under both (developers.brevo.com/reference/create-event). */
const MAX_BYTES = 50_000;
const MAX_KEY_LENGTH = 255;
/** Deeper values are data dumps. The bound also keeps a hostile record from exhausting the stack. */
const MAX_DEPTH = 8;
/** What texts are cut to when an event does not fit. */
const MAX_TEXT_LENGTH = 1_000;
/** Everything that was left out is counted by its name, and a record may have thousands of them. */
const MAX_NOTES = 5;

/**
 * Klaviyo's properties as Brevo takes them: keys of letters, digits, `-` and `_`, no nulls, at most 50 KB. What does not fit is cut in an
 * order that depends on the event alone: first long texts, then the largest properties. `own` go first and are never cut.
 */
export function eventProperties(
  given: unknown,
  own: EventProperties,
): { properties: EventProperties; notes: readonly FieldNote[] } {
  const notes: FieldNote[] = [];
  const kept: Property[] = [];
  if (isGroup(given)) {
    const names = keysOf(Object.keys(given), Object.keys(own));
    for (const [field, raw] of Object.entries(given)) {
      const value = valueOf(raw, MAX_DEPTH);
      if (value === TOO_DEEP) notes.push({ field, reason: 'left out: the value is nested too deeply' });
      else if (value !== undefined) kept.push(property(field, names.get(field) ?? field, value));
    }
  } else if (given !== null && given !== undefined) {
    notes.push({ field: 'event_properties', reason: 'left out: they are no group of fields' });
  }
  const fitting = fit(kept, MAX_BYTES - bytesOf(own), notes);
  const properties = { ...own, ...Object.fromEntries(fitting.map(({ name, value }) => [name, value])) };
  return { properties, notes: notes.slice(0, MAX_NOTES) };
}

interface Property {
  readonly field: string;
  readonly name: string;
  readonly value: EventValue;
  /** As JSON, with its key and what separates it from the next. */
  readonly bytes: number;
}

function property(field: string, name: string, value: EventValue): Property {
  return { field, name, value, bytes: bytesOf(name) + bytesOf(value) + 2 };
}

function fit(all: readonly Property[], room: number, notes: FieldNote[]): readonly Property[] {
  const total = (some: readonly Property[]) => some.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total(all) <= room) return all;
  const shorter = all.map((one) => {
    const value = shortened(one.value);
    const cut = property(one.field, one.name, value);
    if (cut.bytes < one.bytes) notes.push({ field: one.field, reason: `cut to ${MAX_TEXT_LENGTH} characters: ${TOO_LARGE}` });
    return cut;
  });
  const largestFirst = shorter.toSorted((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  const dropped = new Set<Property>();
  for (let bytes = total(shorter); bytes > room; ) {
    const largest = largestFirst[dropped.size];
    if (!largest) break;
    dropped.add(largest);
    bytes -= largest.bytes;
    notes.unshift({ field: largest.field, reason: `left out: ${TOO_LARGE}` });
  }
  return shorter.filter((one) => !dropped.has(one));
}

const TOO_LARGE = 'the event is larger than the 50 KB that Brevo takes';
const TOO_DEEP = Symbol('too deep');

/** Undefined for nothing: Brevo refuses nulls. */
function valueOf(raw: unknown, depth: number): EventValue | undefined | typeof TOO_DEEP {
  if (typeof raw === 'string') return cleanText(raw);
  if (typeof raw === 'boolean') return raw;
  if (typeof raw === 'number') return Number.isFinite(raw) ? raw : undefined;
  if (typeof raw !== 'object' || raw === null) return undefined;
  if (depth === 0) return TOO_DEEP;
  const names = Array.isArray(raw) ? undefined : keysOf(Object.keys(raw), []);
  const inner: [string, EventValue][] = [];
  for (const [key, one] of Object.entries(raw)) {
    const value = valueOf(one, depth - 1);
    if (value === TOO_DEEP) return TOO_DEEP;
    if (value !== undefined) inner.push([names?.get(key) ?? key, value]);
  }
  return names ? Object.fromEntries(inner) : inner.map(([, value]) => value);
}

function shortened(value: EventValue): EventValue {
  if (typeof value === 'string') return cutText(value, MAX_TEXT_LENGTH);
  if (isList(value)) return value.map(shortened);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shortened(inner)]));
}

/**
 * Brevo's key for each of Klaviyo's. Keys that fit already keep their name; others that would come to share one are numbered in the order
 * of the alphabet, so that the order in which Klaviyo lists them does not matter.
 */
function keysOf(keys: readonly string[], taken: readonly string[]): ReadonlyMap<string, string> {
  const used = new Set(taken);
  const names = new Map<string, string>();
  const give = (key: string) => {
    const plain = plainKey(key);
    let name = plain;
    for (let n = 2; used.has(name); n += 1) name = `${plain.slice(0, MAX_KEY_LENGTH - 5)}_${n}`;
    used.add(name);
    names.set(key, name);
  };
  for (const key of keys.filter((one) => FITS.test(one))) give(key);
  for (const key of keys.filter((one) => !FITS.test(one)).sort()) give(key);
  return names;
}

const FITS = /^(?!__proto__$)[A-Za-z0-9_-]{1,255}$/;

/** `$value` becomes `value`, `Discount Code` `Discount_Code`, `größe` `grosse`. */
function plainKey(key: string): string {
  if (FITS.test(key)) return key;
  const plain = key
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_-]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return plain.slice(0, MAX_KEY_LENGTH) || 'property';
}

function bytesOf(value: EventValue): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function isGroup(it: unknown): it is Readonly<Record<string, unknown>> {
  return typeof it === 'object' && it !== null && !Array.isArray(it);
}

/** Array.isArray forgets that a list may be read-only. */
function isList(value: EventValue): value is readonly EventValue[] {
  return Array.isArray(value);
}
