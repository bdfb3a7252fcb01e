import { hash } from '../random.js';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** The multiplier and its inverse modulo 2^32: a place in a table becomes a number that looks like none, and back. */
const SCRAMBLE = 2_654_435_761;
const UNSCRAMBLE = 244_002_641;

/** ULID-like (26 characters, time first), as campaigns and their messages have. `purpose` keeps the kinds apart. */
export function ulid(where: { seed: number; index: number; purpose: number; second: number }): string {
  const { seed, index, purpose, second } = where;
  return base32(second * 1_000, 10) + base32(hash(seed, index, purpose), 8) + base32(hash(seed, index, purpose + 1), 8);
}

/** Opaque and short, and still tells its place: no table of event ids is needed. */
export function eventId(seed: number, index: number): string {
  return `3${base32(Math.imul(index, SCRAMBLE) >>> 0, 7)}${base32(hash(seed, index, 60), 3)}`;
}

/** The place an event id claims; whoever uses it checks that the event there has this very id. */
export function indexInEventId(id: string): number | undefined {
  if (!/^3[0-9A-HJKMNP-TV-Z]{10}$/.test(id)) return undefined;
  let scrambled = 0;
  for (const character of id.slice(1, 8)) scrambled = scrambled * 32 + ALPHABET.indexOf(character);
  return Math.imul(scrambled, UNSCRAMBLE) >>> 0;
}

/** The pattern of lists, segments, metrics, flows: `LIST01`. */
export function numberedId(prefix: string, n: number): string {
  return `${prefix}${String(n).padStart(2, '0')}`;
}

/** Version 1, as Klaviyo derives it from the event's time; the digits are of no use to anybody. */
export function uuid(seed: number, index: number): string {
  const hex = (purpose: number) => hash(seed, index, purpose).toString(16).padStart(8, '0');
  const rest = hex(63);
  return `${hex(61)}-${hex(62).slice(0, 4)}-1${hex(62).slice(4, 7)}-8${rest.slice(0, 3)}-${rest.slice(3)}${hex(64).slice(1)}`;
}

function base32(value: number, length: number): string {
  let text = '';
  let rest = value;
  for (let at = 0; at < length; at += 1) {
    text = (ALPHABET[rest % 32] ?? '') + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
