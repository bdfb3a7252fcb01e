import { pick, turns } from '../random.js';

/** What names a generated profile. No two share an identifier as Klaviyo compares them; some are one person's number written twice. */
export interface Identity {
  readonly email: string | null;
  readonly phone: string | null;
  readonly externalId: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
}

type IdentityCase =
  | 'both'
  | 'email-only'
  | 'phone-only'
  | 'neither'
  | 'upper-case-email'
  | 'plus-address'
  | 'invalid-email'
  | 'odd-phone'
  | 'same-phone-as-before';

const PERIOD = 100;

const cases = turns<IdentityCase>(
  [60, 'both'],
  [22, 'email-only'],
  [4, 'phone-only'],
  [2, 'same-phone-as-before'],
  [2, 'neither'],
  [3, 'upper-case-email'],
  [3, 'plus-address'],
  [2, 'invalid-email'],
  [2, 'odd-phone'],
);

// 37 steps at a time: neighbours differ, and the neighbour before a 'same-phone-as-before' is a 'both'.
function caseOf(index: number): IdentityCase {
  return cases((index * 37) % PERIOD);
}

export function identityOf(seed: number, index: number): Identity {
  const kind = caseOf(index);
  const firstName = pick(firstNames, seed, index, 1);
  const lastName = pick(lastNames, seed, index, 2);
  return {
    email: emailOf(kind, seed, index),
    phone: phoneOf(kind, seed, index),
    externalId: kind === 'neither' || index % 2 === 0 ? `cust-${seed}-${index}` : null,
    firstName: index % 29 === 0 ? null : firstName,
    lastName: index % 31 === 0 ? '' : lastName,
  };
}

export const countries = ['US', 'FR', 'DE'] as const;

export function countryOf(seed: number, index: number): (typeof countries)[number] {
  return pick(countries, seed, index, 3);
}

function emailOf(kind: IdentityCase, seed: number, index: number): string | null {
  const name = `${pick(mailNames, seed, index, 4)}.${seed}.${index}`;
  const domain = pick(['example.com', 'example.org', 'mail.example.net'], seed, index, 5);
  switch (kind) {
    case 'phone-only':
    case 'neither':
      return null;
    case 'upper-case-email':
      return `${name.toUpperCase()}@${domain.toUpperCase()}`;
    case 'plus-address':
      return `${name}+shop&news@${domain}`;
    case 'invalid-email':
      return pick(
        [`${name}@localhost`, `${name}@@${domain}`, `${name}..x@${domain}`, `jürgen ${index}@${domain}`],
        seed,
        index,
        6,
      );
    default:
      return `${name}@${domain}`;
  }
}

function phoneOf(kind: IdentityCase, seed: number, index: number): string | null {
  switch (kind) {
    case 'email-only':
    case 'neither':
      return null;
    case 'odd-phone':
      return oddPhone(seed, index);
    case 'same-phone-as-before': {
      // Klaviyo compares the text, so both stand; normalised they are one number, and Brevo allows it once.
      const before = validPhone(seed, index - 1);
      return `${before.slice(0, 3)} ${before.slice(3, 6)}-${before.slice(6)}`;
    }
    default:
      return validPhone(seed, index);
  }
}

/** E.164, in ranges that phone libraries take for real mobile numbers; no two indexes below 8 million share one. */
function validPhone(seed: number, index: number): string {
  // Multiplying by a number prime to the modulus walks through every remainder once.
  const unique = (index * 7_919 + (seed % 1_000) * 101) % 7_999_993;
  const seven = String(2_000_000 + unique);
  return { US: `+1415${seven}`, FR: `+3361${seven}`, DE: `+49151${seven}0` }[countryOf(seed, index)];
}

function oddPhone(seed: number, index: number): string {
  const seven = validPhone(seed, index).slice(-7);
  return pick(
    [
      `(415) ${seven.slice(0, 3)}-${seven.slice(3)}`,
      `061${seven}`,
      `00 49 151 ${seven}0`,
      `12-${index}`,
      `call me ${index}`,
      `+1415${seven}ext9`,
    ],
    seed,
    index,
    7,
  );
}

const mailNames = ['ada', 'grace', 'zoe.o', 'jean-luc', 'm_ortiz', 'li'] as const;
const firstNames = ['Ada', 'Grace', 'Zoë', 'Jean-Luc', 'José', '李雷', 'مريم', 'Đặng', 'O’Neil', '🦊 Fox', 'Anne Marie'] as const;
// Separators, quotes and line breaks of a CSV, as people type them.
const lastNames = [
  'Lovelace',
  'Hopper',
  'Müller; Söhne',
  'O"Brien',
  "D'Angelo",
  'Smith, Jr.',
  'de la\nCruz',
  '=SUM(A1)',
  'Ng',
] as const;
