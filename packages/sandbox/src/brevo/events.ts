import { isObject, json, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import type { BrevoAccount } from './contacts.js';
import { asDateTime } from './date-time.js';
import { invalid, missing, outOfRange } from './errors.js';
import { type EventInput, parseEvent } from './event-fields.js';
import { EventStore, type StoredEvent } from './event-store.js';
import { contactNamedBy } from './named-contact.js';
import { pagingOf } from './paging.js';
import { valuesOf } from './query-values.js';
import { type WriteRules, writeAttributes } from './write-attributes.js';

const MOST_IN_A_BATCH = 200;
/** The page says 512 KB and not which: the smaller reading keeps callers right under both. */
const MOST_BATCH_BYTES = 512_000;
const DAY = 86_400_000;
const contactRules: WriteRules = { channel: 'single', emptyErases: true, booleans: 'written' };

/** Custom events. Brevo knows no event id and drops no duplicate: the same event sent twice is there twice (POST /events). */
export class Events {
  readonly #account: BrevoAccount;
  readonly #delayMs: number;
  readonly store = new EventStore();
  readonly counts = { accepted: 0, unknownContact: 0, refused: 0 };

  /** `delayMs`: until GET /events shows what was accepted. */
  constructor(account: BrevoAccount, delayMs: number) {
    this.#account = account;
    this.#delayMs = delayMs;
  }

  create(request: SandboxRequest): Reply {
    const event = this.#parse(parseBody(request));
    if (typeof event === 'string') return invalid(event);
    this.#accept(event);
    return { status: 204 };
  }

  /** POST /events/batch: 202 all queued, 207 some, 400 none; indexes of one message stand together. */
  createBatch(request: SandboxRequest): Reply {
    const body = parseBody(request);
    if (request.body.length > MOST_BATCH_BYTES) return outOfRange('The body exceeds 512 KB');
    // A bare array is refused since 2026-04-21 (changelog).
    const given = isObject(body) ? body['events'] : undefined;
    if (!Array.isArray(given) || given.length === 0) return missing('events is missing');
    if (given.length > MOST_IN_A_BATCH) return outOfRange(`A batch takes at most ${MOST_IN_A_BATCH} events`);
    const failures = new Map<string, number[]>();
    for (const [index, value] of given.entries()) {
      const event = this.#parse(value);
      if (typeof event === 'string') failures.set(event, [...(failures.get(event) ?? []), index]);
      else this.#accept(event);
    }
    const failed = [...failures.values()].flat().length;
    if (failed === 0) return json(202, { message: 'Events have been queued', count: given.length });
    return json(failed === given.length ? 400 : 207, {
      status: failed === given.length ? 'failed' : 'partiallyQueued',
      total_events: given.length,
      successful_events: given.length - failed,
      failed_events: failed,
      errors: [...failures].map(([message, eventIndex]) => ({ eventIndex, message })),
    });
  }

  /** GET /events: newest first, by internal contact id only, and nothing in an item names the event. */
  index(request: SandboxRequest): Reply {
    const paging = pagingOf(request, { limit: 100, most: 10_000 });
    if ('status' in paging) return paging;
    const range = rangeOf(request);
    if ('status' in range) return range;
    const contactIds = valuesOf(request, 'contact_id').map(Number);
    if (!contactIds.every((id) => Number.isInteger(id))) return invalid('contact_id must be an integer');
    const names = valuesOf(request, 'event_name');
    const types = valuesOf(request, 'object_type');
    const shownUntil = Date.now() - this.#delayMs;
    const found = this.store.newestFirst(contactIds).filter(
      (event) =>
        event.dateMs >= range.from &&
        event.dateMs <= range.to &&
        event.receivedAt <= shownUntil &&
        (names.length === 0 || names.includes(event.name)) &&
        // The account has no object records, so every `object` was ignored.
        types.length === 0,
    );
    return json(200, { events: found.slice(paging.offset, paging.offset + paging.limit).map(eventView), count: found.length });
  }

  forget({ id }: { readonly id: number }): void {
    this.store.forget(id);
  }

  #parse(value: unknown): EventInput | string {
    const event = parseEvent(value);
    if (typeof event === 'string') this.counts.refused += 1;
    return event;
  }

  #accept(event: EventInput): void {
    const { store, attributes } = this.#account;
    const [first] = event.identifiers;
    // The internal id wins even when nobody has it (SDK 6.0.3, doc comment of `identifiers.contact_id`).
    const deciding = first?.[0] === 'contact_id' ? [first] : event.identifiers;
    const contact = deciding.map(([type, text]) => contactNamedBy(store, type, text)).find((found) => found !== undefined);
    this.counts.accepted += 1;
    this.store.add(event, contact?.id);
    if (!contact) {
      this.counts.unknownContact += 1;
      return;
    }
    if (Object.keys(event.contactProperties).length === 0) return;
    writeAttributes(contact, event.contactProperties, attributes, contactRules);
    store.written(contact);
  }
}

/** An event as GET /events writes it. */
export function eventView(event: StoredEvent) {
  return {
    ...(event.contactId === undefined ? {} : { contact_id: event.contactId }),
    event_date: new Date(event.dateMs).toISOString(),
    event_name: event.name,
    event_properties: event.eventProperties,
    contact_properties: event.contactProperties,
  };
}

/** Both ends or none; without them the last six months (SDK 6.0.3, GetEventsRequest). A day as the end counts whole. */
function rangeOf({ query }: SandboxRequest): { from: number; to: number } | Reply {
  const [start, end] = [query.get('startDate'), query.get('endDate')];
  if (start === null && end === null) {
    const from = new Date();
    from.setUTCMonth(from.getUTCMonth() - 6);
    return { from: from.getTime(), to: Number.POSITIVE_INFINITY };
  }
  if (start === null || end === null) return missing('startDate and endDate must be used together');
  const [from, to] = [asDay(start) ?? asDateTime(start), endOfDay(asDay(end)) ?? asDateTime(end)];
  if (from === undefined || to === undefined) return invalid('Dates must be YYYY-MM-DD or RFC 3339');
  return from <= to ? { from, to } : invalid('startDate must not be after endDate');
}

function asDay(text: string): number | undefined {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? asDateTime(`${text}T00:00:00Z`) : undefined;
}

function endOfDay(day: number | undefined): number | undefined {
  return day === undefined ? undefined : day + DAY - 1;
}
