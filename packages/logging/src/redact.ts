import { types } from 'node:util';

/**
 * Takes secrets, e-mail addresses and phone numbers out of text and out of structured values. Errs on the side of hiding, but
 * leaves what an operator needs to find things: ids (ULID, UUID, run and job ids), timestamps, counts and numbers.
 */
const SECRET = '[secret]';
const EMAIL = '[email]';
const PHONE = '[phone]';

const MAX_DEPTH = 12;
const MAX_ITEMS = 1_000;
/** E.164 numbers stored as numbers start about here; counts under the same names (`sms: 1200`) stay below. */
const SMALLEST_PHONE_AS_NUMBER = 1_000_000_000;

/**
 * In order: what contains other patterns goes first. Every repetition is bounded, so that a megabyte of text without a match
 * costs linear time.
 */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // redis://user:password@host
  [/(:\/\/)[^\s/@"'<>]{1,300}@(?=[^\s/])/g, `$1${SECRET}@`],
  [/\bpk_[A-Za-z0-9_]{6,}/g, SECRET],
  [/\bx(?:keysib|smtpsib)-[A-Za-z0-9-]{4,}/g, SECRET],
  [/\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*/g, SECRET],
  [/\b(Bearer|Klaviyo-API-Key)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${SECRET}`],
  // Needs a digit or padding, or every «Basic configuration» in a sentence would go.
  [/\b(Basic)\s+(?=[A-Za-z0-9+/]{0,200}[\d=])[A-Za-z0-9+/]{6,}={0,2}/g, `$1 ${SECRET}`],
  [
    /\b((?:[a-z]+[_-]?)?(?:api[_-]?key|private[_-]?key|encryption[_-]?key|password|client[_-]?secret|(?:access|refresh)[_-]?token))(=|["']\s*:\s*["'])([^\s"'&,;}]+)/gi,
    `$1$2${SECRET}`,
  ],
  // The top-level domain is letters only, so that `pino@10.4.0` in a stack trace survives. `%40` is how addresses stand in URLs.
  [/[\p{L}\p{N}.!#$&'*+/=?^_`{|}~%-]{1,64}(?:@|%40)(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}{2,63}/giu, EMAIL],
  // E.164 begins with 1-9; a time zone offset (`…00+01:00`) follows a digit and is too short.
  [/(?<![\w+])\+[1-9](?:[ ().-]{0,2}\d){6,14}(?!\d)/g, PHONE],
  [/%2B[1-9]\d{6,14}(?!\d)/gi, PHONE],
  [/(?<![\w-])\(\d{3}\)\s?\d{3}[-. ]\d{4}(?!\d)/g, PHONE],
  // Country code and number without a plus: times in seconds and milliseconds have 10 and 13 digits, and nothing we count has so many.
  [/(?<![\w.+-])[1-9]\d{10,11}(?![\w-])/g, PHONE],
  // Shorter ones are a phone number only where the text says so: `SMS: 33612345678`.
  [
    /\b(sms|phone(?:[_ ]?number)?|whatsapp|mobile|landline)(["']?\s?[:= ]\s?["']?)\d(?:[ ().-]{0,2}\d){6,14}(?!\d)/gi,
    `$1$2${PHONE}`,
  ],
];

/** `text` without secrets, e-mail addresses and phone numbers. */
export function redact(text: string): string {
  let clean = text;
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
  return clean;
}

/**
 * A copy of `value` that may be logged or shown: every string passes `redact`, values under names of secrets and of phone or
 * e-mail fields are hidden, errors become `{ type, code, message, stack, cause, … }` (all the way down), request and response
 * objects hanging on errors are left out, cycles and very deep or long parts are cut.
 */
export function redactDeep(value: unknown): unknown {
  return copyOf(value, new Set(), 0);
}

function copyOf(value: unknown, above: Set<object>, depth: number): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null || types.isDate(value)) return value;
  if (above.has(value)) return '[circular]';
  if (depth >= MAX_DEPTH) return '[deep]';
  above.add(value);
  try {
    return copyOfObject(value, above, depth + 1);
  } finally {
    above.delete(value);
  }
}

function copyOfObject(value: object, above: Set<object>, depth: number): unknown {
  if (isError(value)) return copyOfError(value, above, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return copyOfList(value, above, depth);
  if (types.isSet(value)) return copyOfList([...value], above, depth);
  if (types.isMap(value)) return copyOfEntries([...value], above, depth);
  if ('toJSON' in value && typeof value.toJSON === 'function') return copyOf(value.toJSON(), above, depth);
  return copyOfEntries(Object.entries(value), above, depth);
}

/** Also errors of another realm, which are no `instanceof Error`. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

function copyOfList(items: readonly unknown[], above: Set<object>, depth: number): unknown[] {
  const copies = items.slice(0, MAX_ITEMS).map((item) => copyOf(item, above, depth));
  return items.length > MAX_ITEMS ? [...copies, `[${items.length - MAX_ITEMS} more]`] : copies;
}

function copyOfEntries(entries: readonly (readonly [unknown, unknown])[], above: Set<object>, depth: number): object {
  return Object.fromEntries(
    entries.slice(0, MAX_ITEMS).map(([key, item]) => {
      const name = String(key);
      return [redact(name), hiddenByName(name, item) ?? copyOf(item, above, depth)];
    }),
  );
}

/** `cause` and `errors` are followed; other objects on an error are mostly requests and responses, full of headers and bodies. */
function copyOfError(error: Error, above: Set<object>, depth: number): object {
  const own = Object.entries(error).filter(
    ([name, item]) => name === 'details' || typeof item !== 'object' || types.isDate(item),
  );
  return {
    type: error.name,
    message: redact(error.message),
    stack: redact(error.stack ?? ''),
    ...copyOfEntries(
      own.filter(([name]) => !['name', 'message', 'stack'].includes(name)),
      above,
      depth,
    ),
    ...(error.cause === undefined ? {} : { cause: copyOf(error.cause, above, depth) }),
    ...('errors' in error ? { errors: copyOf(error.errors, above, depth) } : {}),
  };
}

const SECRET_NAME =
  /(?:apikey|privatekey|publicapikey|encryptionkey|password|passphrase|secret|token|authorization|cookie|credentials)$/;
const CONTACT_NAME = /^(?:email|emailaddress|phone|phonenumber|sms|whatsapp|mobile|landline|landlinenumber)$/;

/** What stands in place of a value whose name alone says that it is a secret or a phone number; undefined when it may stay. */
function hiddenByName(name: string, value: unknown): string | undefined {
  if (value === null || value === undefined || value === '' || typeof value === 'boolean') return undefined;
  const plain = name.toLowerCase().replaceAll(/[^a-z]/g, '');
  if (SECRET_NAME.test(plain)) return SECRET;
  if (!CONTACT_NAME.test(plain)) return undefined;
  if (typeof value === 'number' || typeof value === 'bigint') return value >= SMALLEST_PHONE_AS_NUMBER ? PHONE : undefined;
  if (typeof value === 'string' && value.replaceAll(/\D/g, '').length >= 6 && !value.includes('@')) return PHONE;
  return undefined;
}
