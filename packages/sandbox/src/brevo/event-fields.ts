import { isObject, type JsonObject } from '../http/exchange.js';
import { asDateTime } from './date-time.js';
import { identifiersOf, type NamedIdentifiers } from './named-contact.js';

export interface EventInput {
  readonly name: string;
  /** Epoch milliseconds; absent means when it was received. */
  readonly dateMs?: number;
  readonly identifiers: NamedIdentifiers;
  readonly eventProperties: JsonObject;
  readonly contactProperties: JsonObject;
}

/** The page says 50 KB and not which: the smaller reading keeps callers right under both. */
const MOST_PROPERTY_BYTES = 50_000;
const name = /^[A-Za-z0-9_-]{1,255}$/;

/** An event of POST /events or of a batch; a text says why it is refused (SDK 6.0.3, doc comments of CreateEventRequest). */
export function parseEvent(value: unknown): EventInput | string {
  if (!isObject(value)) return 'An event is an object';
  const { event_name: eventName, event_date: eventDate, identifiers, object } = value;
  const { event_properties: eventProperties = {}, contact_properties: contactProperties = {} } = value;
  if (typeof eventName !== 'string' || eventName === '') return 'event_name is missing';
  if (!name.test(eventName)) return 'event_name takes at most 255 letters, digits, hyphens and underscores';
  const dateMs = eventDate === undefined ? undefined : asDateTime(eventDate);
  if (eventDate !== undefined && dateMs === undefined) return 'event_date must be an ISO 8601 date-time with an offset';
  const named = isObject(identifiers) ? identifiersOf(identifiers) : [];
  if (typeof named === 'string') return named;
  if (named.length === 0) return 'At least one identifier is required';
  if (!isObject(eventProperties)) return 'event_properties must be an object';
  const flaw = flawIn(eventProperties);
  if (flaw) return flaw;
  if (Buffer.byteLength(JSON.stringify(eventProperties)) > MOST_PROPERTY_BYTES) return 'event_properties exceed 50 KB';
  if (!isObject(contactProperties) || !Object.values(contactProperties).every(isScalar))
    return 'contact_properties takes texts, numbers and booleans';
  if (object !== undefined && !isObject(object)) return 'object must be an object';
  return { name: eventName, ...(dateMs === undefined ? {} : { dateMs }), identifiers: named, eventProperties, contactProperties };
}

/** Keys keep one alphabet at every depth, and null is none of the types that are listed. */
function flawIn(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map(flawIn).find((flaw) => flaw !== undefined);
  if (!isObject(value))
    return isScalar(value) ? undefined : 'event_properties takes texts, numbers, booleans, objects and arrays';
  for (const [key, inner] of Object.entries(value)) {
    if (!name.test(key)) return 'Keys of event_properties take at most 255 letters, digits, hyphens and underscores';
    const flaw = flawIn(inner);
    if (flaw) return flaw;
  }
  return undefined;
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
