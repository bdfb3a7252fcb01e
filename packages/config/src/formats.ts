import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { BREVO_EVENTS, DELETE_POLICIES, OWNERS, SYNC_SWITCHES } from './account.js';

export const LIST_DIRECTIONS = ['klaviyo-to-brevo', 'both'] as const;

/** What a value must be. */
export interface Format {
  /** Completes «must be …». */
  readonly says: string;
  /** Empty when the value fits. `at` is the path below the setting, empty for the value itself; `problem` completes a sentence. */
  readonly check: (value: unknown) => readonly { readonly at: string; readonly problem: string }[];
  /** Turns text (from the environment, a flag or `${NAME}`) into the value, in a mapping every text; what does not fit stays text. */
  readonly coerce: (text: string) => unknown;
  /** A mapping with free keys: it is replaced as a whole, and its keys are not checked against the schema. */
  readonly mapping: boolean;
}

export const flag = scalar(
  'true or false',
  (value) => typeof value === 'boolean',
  (given) => ({ true: true, false: false })[given.toLowerCase()] ?? given,
);

export function wholeNumber(min: number, max: number): Format {
  const holds = (value: unknown) => typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
  return scalar(`a whole number from ${min} to ${max}`, holds, toNumber);
}

export const share = scalar(
  'a number above 0 and at most 1',
  (value) => typeof value === 'number' && value > 0 && value <= 1,
  toNumber,
);

export function oneOf(options: readonly string[]): Format {
  return scalar(`one of ${options.join(', ')}`, (value) => typeof value === 'string' && options.includes(value));
}

export function words(says = 'text', pattern = /^\S(?:.*\S)?$/): Format {
  const format = scalar(says, (value) => typeof value === 'string' && pattern.test(value));
  // YAML reads `123456` as a number.
  const check: Format['check'] = (value) =>
    typeof value === 'number' ? [{ at: '', problem: `must be ${says}; put the digits in quotes` }] : format.check(value);
  return { ...format, check };
}

export function secret(minLength: number): Format {
  const says = minLength > 1 ? `text of at least ${minLength} characters without spaces` : 'text without spaces';
  return scalar(says, (value) => typeof value === 'string' && /^\S+$/.test(value) && value.length >= minLength);
}

/** An address of a server of ours, e.g. `redis://…`. */
export function serverUrl(protocols: readonly string[]): Format {
  const begins = protocols.map((protocol) => `${protocol}//`);
  return scalar(
    `an address that begins with ${begins.join(' or ')}`,
    (value) => typeof value === 'string' && begins.some((beginning) => value.startsWith(beginning)),
  );
}

/** Where keys and personal data are sent to. Whether http will do is decided in `problemOfPlainHttp`, which needs to know the switch. */
export const baseUrl = scalar(
  'an https:// address (http:// only on this machine) without user name, query or fragment',
  (value) => {
    if (typeof value !== 'string' || !URL.canParse(value)) return false;
    const url = new URL(value);
    return /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
  },
  (value) => value.replace(/\/+$/, ''),
);

/** Undefined when `url` may be used: https anywhere; http on this machine, on `ownHost`, or with the switch. */
export function problemOfPlainHttp(url: string, { allowed, ownHost }: { allowed: boolean; ownHost: string }): string | undefined {
  const { protocol, hostname } = new URL(url);
  const bare = hostname.replace(/^\[|\]$/g, '');
  if (protocol === 'https:' || allowed || bare === ownHost || isLoopback(bare)) return undefined;
  return 'must be an https:// address; http:// is for addresses of this machine only, or keys would travel in the clear';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

const name = z.string().trim().min(1).max(200);
const count = z.number(must('be a number')).int(must('be a whole number')).min(1, must('be at least 1'));
const bound = z.number(must('be a number')).optional();
/** Brevo stores names in capitals; letters, digits and underscore. */
const ATTRIBUTE_NAME = 'be an attribute name: a letter, then letters, digits and underscores, at most 50';
const attributeName = z.string(must('be an attribute name')).regex(/^[A-Za-z][A-Za-z0-9_]{0,49}$/, must(ATTRIBUTE_NAME));
/** https://developers.brevo.com/reference/createevent */
const eventName = z
  .string(must('be an event name'))
  .regex(/^[A-Za-z0-9_-]{1,255}$/, must('be an event name: letters, digits, - and _, at most 255'));

/** Brevo list ids by role; `direction` is no role but what `lists_direction` says. */
export const listsByRole = mappingOf(
  'a mapping of roles to Brevo list ids',
  z
    .object({ direction: z.enum(LIST_DIRECTIONS, must(`be one of ${LIST_DIRECTIONS.join(', ')}`)).optional() })
    .catchall(count)
    .refine((lists) => !Object.hasOwn(lists, ''), must('not have an empty role')),
  toNumber,
);

export const rulesByRole = mappingOf(
  'a mapping of roles to rules',
  z.record(
    name,
    strict({
      property: name,
      gte: bound,
      gt: bound,
      lte: bound,
      lt: bound,
      equals: z.union([z.string(), z.number(), z.boolean()], must('be text, a number, true or false')).optional(),
    }).refine((rule) => Object.keys(rule).length > 1, must('have at least one of gte, gt, lte, lt and equals')),
  ),
);

const interval = z
  .string(must('be an interval such as 15m, a cron expression with its time zone, or off'))
  .regex(/^(?:off|[1-9]\d{0,4}[smhd])$/, must('be an interval of seconds, minutes, hours or days such as 15m, 6h or 1d, or off'));
const cron = strict({
  cron: z
    .string(must('be a cron expression'))
    .regex(/^[\d*/,A-Za-z-]+(?: [\d*/,A-Za-z-]+){4}$/, must('be a cron expression of five fields, e.g. 30 6 * * 1-5')),
  timezone: z.string().refine(isTimeZone, must('be a time zone, e.g. Europe/Paris')).optional(),
});

/** Times by switch of `sync`, or off altogether. */
export const scheduleBySwitch = mappingOf(
  `off, or a mapping of ${SYNC_SWITCHES.join(', ')} to intervals`,
  // `off` is as good as a mapping, and an error of a mapping shall name its key.
  z.preprocess(
    (value) => (value === 'off' || value === false ? {} : value),
    z.partialRecord(
      z.enum(SYNC_SWITCHES),
      z.union([interval, cron], must('be an interval such as 15m, a cron expression, or off')),
    ),
  ),
);

export const attributesBySource = mappingOf(
  'a mapping of Klaviyo names to Brevo attributes',
  z.record(name, attributeName).superRefine((mapping, context) => {
    const sources = new Map<string, string>();
    for (const [source, attribute] of Object.entries(mapping)) {
      const other = sources.get(attribute.toUpperCase());
      const message = `must not go to ${attribute} like ${other}; choose another attribute for one of them`;
      if (other !== undefined) context.addIssue({ code: 'custom', path: [source], message });
      sources.set(attribute.toUpperCase(), source);
    }
  }),
);

export const eventsByMetric = mappingOf('a mapping of Klaviyo metric names to Brevo event names', z.record(name, eventName));

const owner = z.enum(OWNERS, must(`be one of ${OWNERS.join(', ')}`));

/** One owner of everything, or one for each name with `default` for the rest. */
export const ownerByName = mappingOf(
  `one of ${OWNERS.join(', ')}, or a mapping of Klaviyo names (and default) to one of them`,
  orWord(owner, z.record(name, owner)),
);

export const sourcesByAttribute = mappingOf(
  'a mapping of Brevo attributes to Klaviyo names',
  z
    .record(z.string(), z.string(must('be a Klaviyo attribute or property')).trim().min(1).max(200))
    .superRefine((mapping, context) => {
      const takers = new Map<string, string>();
      const attributes = new Set<string>();
      for (const [attribute, source] of Object.entries(mapping)) {
        const complain = (message: string) => context.addIssue({ code: 'custom', path: [attribute], message });
        const other = takers.get(source);
        if (!attributeName.safeParse(attribute).success) complain(must(ATTRIBUTE_NAME));
        else if (attributes.has(attribute.toUpperCase())) complain('is given twice; keep one of them');
        else if (other !== undefined)
          complain(`must not go to ${source} like ${other}; choose another Klaviyo name for one of them`);
        takers.set(source, attribute);
        attributes.add(attribute.toUpperCase());
      }
    }),
);

export const metricsByBrevoEvent = mappingOf(
  `a mapping of ${BREVO_EVENTS.join(', ')} to Klaviyo metric names`,
  z
    .record(z.string(), z.string(must('be the name of a Klaviyo metric')).trim().min(1).max(127))
    .superRefine((mapping, context) => {
      for (const event of Object.keys(mapping)) {
        if (BREVO_EVENTS.some((known) => known === event)) continue;
        const message = `is no event of Brevo that can be carried; the nearest known one is ${closest(event, [...BREVO_EVENTS])}`;
        context.addIssue({ code: 'custom', path: [event], message });
      }
    }),
);

const deletePolicy = z.enum(DELETE_POLICIES, must(`be one of ${DELETE_POLICIES.join(', ')}`));
const maxShare = z.number(must('be a number')).gt(0, must('be above 0')).lte(1, must('be at most 1, which is all of them'));

/** A policy, or one with its guard. */
export const deletes = mappingOf(
  `one of ${DELETE_POLICIES.join(', ')}, or a mapping with policy and max_share`,
  orWord(deletePolicy, strict({ policy: deletePolicy.optional(), max_share: maxShare.optional() })),
  toNumber,
);

export const klaviyoLimits = mappingOf(
  'a mapping of lanes to burst, steady and daily',
  z.record(name, strict({ burst: count.optional(), steady: count.optional(), daily: count.optional() })),
  toNumber,
);

export const brevoLimits = mappingOf(
  'a mapping of lanes to per_second and per_hour',
  z.record(name, strict({ per_second: count.optional(), per_hour: count.optional() })),
  toNumber,
);

function scalar(says: string, holds: (value: unknown) => boolean, coerce: Format['coerce'] = (given) => given): Format {
  return { says, check: (value) => (holds(value) ? [] : [{ at: '', problem: `must be ${says}` }]), coerce, mapping: false };
}

/**
 * The value travels through convict inside a one-element list: convict merges mappings key by key (a default could never be taken
 * away) and trips over keys with a dot in them, but leaves lists alone.
 */
function mappingOf(says: string, schema: z.ZodType, coerce: Format['coerce'] = (given) => given): Format {
  const check: Format['check'] = (value) => {
    const parsed = schema.safeParse(unwrapMapping(value));
    if (parsed.success) return [];
    return parsed.error.issues.map(({ path, message }) => ({
      at: path.join('.'),
      problem: path.length ? message : `must be ${says}`,
    }));
  };
  return { says, check, coerce, mapping: true };
}

/** A word by itself, or a mapping: judged by what was given, so that a problem within a mapping names its key. */
function orWord(word: z.ZodType, mapping: z.ZodType): z.ZodType {
  return z.unknown().superRefine((value, context) => {
    const { error } = (typeof value === 'object' && value !== null ? mapping : word).safeParse(value);
    for (const { path, message } of error?.issues ?? []) context.addIssue({ code: 'custom', path, message });
  });
}

export function wrapMapping(value: unknown): [unknown] {
  return [value];
}

export function unwrapMapping(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}

/** An object without other keys; another key is answered with the nearest known one. */
function strict<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return `must be a mapping with ${Object.keys(shape).join(', ')}`;
      const [key = ''] = issue.keys;
      return `must not have the key ${key}; the nearest known one is ${closest(key, Object.keys(shape))}`;
    },
  });
}

function isTimeZone(zone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }));
  } catch {
    return false;
  }
}

function must(say: string): string {
  return `must ${say}`;
}

function toNumber(value: string): unknown {
  return /^-?\d{1,15}(?:\.\d+)?$/.test(value) ? Number(value) : value;
}
