import { hash } from '../random.js';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** The multiplier and its inverse modulo 2^32: a place in the account becomes a number that looks like none, and back. */
const SCRAMBLE = 2_654_435_761;
const UNSCRAMBLE = 244_002_641;

/** A ULID-like id (26 characters, time first) that still tells the place of its profile, so that no table of ids is needed. */
export function profileId(seed: number, index: number, createdSecond: number): string {
  return base32(createdSecond * 1_000, 10) + base32(Math.imul(index, SCRAMBLE) >>> 0, 7) + base32(hash(seed, index, 20), 9);
}

/** The place an id claims. Whoever uses it checks that the profile there has this very id. */
export function indexInId(id: string): number | undefined {
  if (!/^[0-9A-HJKMNP-TV-Z]{26}$/.test(id)) return undefined;
  let scrambled = 0;
  for (const character of id.slice(10, 17)) scrambled = scrambled * 32 + ALPHABET.indexOf(character);
  return Math.imul(scrambled, UNSCRAMBLE) >>> 0;
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
